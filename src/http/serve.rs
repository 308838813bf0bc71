//! Connections: how many there are at a time, and how long one may take over its requests.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderValue, Version, header};
use axum::response::Response;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tower::Service;
use tower::util::{MapRequest, MapResponse};

use super::neighbours::Neighbours;
use super::spoken;
use crate::config::Bounds;
use crate::server::Readiness;

/// How often we look whether an idle connection asks anything, while it may be idle.
const LOOKS: u32 = 8;

/// How long we wait when the system cannot give us a connection, as when there are too many
/// open files.
const PAUSE: Duration = Duration::from_millis(200);

/// Who gets in, and what they may take of us.
pub(super) struct Door<F> {
    pub bounds: Bounds,
    /// Whether others should be sent elsewhere.
    pub readiness: Readiness,
    /// Addresses that may have all connections.
    pub free: F,
}

/// Answers on `listener` until `until`, and then finishes what is under way.
pub(super) async fn serve<S>(
    listener: TcpListener,
    routes: S,
    door: Door<impl Fn(IpAddr) -> bool>,
    until: impl Future<Output = ()>,
) where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send>,
    S: Clone + Send + 'static,
{
    let Door { bounds, readiness, free } = door;
    let places = Arc::new(Semaphore::new(bounds.connections));
    let neighbours = Neighbours::default();
    // Who drops this future ends all connections with it.
    let (graceful, mut connections) = (GracefulShutdown::new(), JoinSet::new());
    let mut until = pin!(until);
    loop {
        let (stream, peer, place) = tokio::select! {
            () = &mut until => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &places) => accepted,
        };
        let neighbour = match free(peer.ip()) {
            true => None,
            false => match neighbours.enter(peer.ip(), bounds.connections_per_address) {
                Some(neighbour) => Some(neighbour),
                // It has not said anything, and an answer before a question is none.
                None => continue,
            },
        };
        let (routes, watcher) = (routes.clone(), graceful.watcher());
        let readiness = readiness.clone();
        connections.spawn(async move {
            answer((stream, peer), routes, bounds, readiness, watcher).await;
            drop((place, neighbour));
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let place = Arc::clone(places).acquire_owned().await.expect("it is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, place),
            // It went away before we looked.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                log(&error);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn log(error: &io::Error) {
    let error: &dyn std::error::Error = error;
    tracing::error!(error, "connections cannot be accepted");
}

/// Answers the requests of one connection.
async fn answer<S>(
    (stream, peer): (TcpStream, SocketAddr),
    routes: S,
    bounds: Bounds,
    readiness: Readiness,
    watcher: Watcher,
) where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send>,
    S: Clone + Send + 'static,
{
    let asked = Arc::new(AtomicUsize::new(0));
    let asks = Arc::clone(&asked);
    // HTTP/2 has no header that ends a connection (RFC 9113 §8.2.2): it is told by GOAWAY.
    let has_header = Arc::new(AtomicBool::new(true));
    let speaks = Arc::clone(&has_header);
    let service = MapRequest::new(routes, move |request: Request<_>| {
        let mut request = with_any_body(request);
        asks.fetch_add(1, Ordering::Relaxed);
        speaks.store(request.version() < Version::HTTP_2, Ordering::Relaxed);
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    });
    // Whoever asks on while we are about to end shall ask on another connection.
    let service = MapResponse::new(service, move |mut response: Response| {
        if readiness.is_leaving() && has_header.load(Ordering::Relaxed) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    });
    let builder = spoken::builder(bounds);
    let service = TowerToHyperService::new(service);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(watcher.watch(connection));
    // hyper's own limit begins when it knows which version of HTTP is spoken, which some never
    // say; and in HTTP/2 a connection may be alive and yet ask nothing.
    let (header, idle) = (bounds.header.unsigned_abs(), bounds.idle.unsigned_abs());
    let (mut seen, mut quiet, mut rest) = (0, 0, header);
    loop {
        tokio::select! {
            _ = &mut connection => return,
            () = tokio::time::sleep(rest) => {}
        }
        // Looked at now and then, so that a request costs no more than the counting of it.
        let now = asked.load(Ordering::Relaxed);
        quiet = if now == seen { quiet + 1 } else { 0 };
        if now == 0 || quiet == LOOKS {
            return;
        }
        (seen, rest) = (now, idle / LOOKS);
    }
}

fn with_any_body<B>(request: Request<B>) -> Request
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    request.map(Body::new)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Bytes;
    use axum::middleware::{Next, from_fn};
    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;

    use super::super::form::{BadForm, Form, arrived};
    use super::super::front::within;
    use super::super::spoken::STREAM_WINDOW;
    use super::*;

    const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    fn bounds() -> Bounds {
        Bounds {
            connections: 10,
            connections_per_address: 10,
            header: time::Duration::milliseconds(200),
            request: time::Duration::milliseconds(300),
            idle: time::Duration::seconds(2),
            header_bytes: 8192,
            header_fields: 20,
            streams: 7,
        }
    }

    /// A server that takes a moment for `/slow`, where it listens, and what ends it.
    async fn start(bounds: Bounds, tasks: &mut JoinSet<()>) -> (SocketAddr, oneshot::Sender<()>) {
        start_with(bounds, Readiness::default(), tasks).await
    }

    async fn start_with(
        bounds: Bounds,
        readiness: Readiness,
        tasks: &mut JoinSet<()>,
    ) -> (SocketAddr, oneshot::Sender<()>) {
        let slow = || async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "slow"
        };
        let peer = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() };
        let longest = bounds.request.unsigned_abs();
        let longest =
            from_fn(move |request: Request, next: Next| within(longest, next.run(request)));
        let whole = |body: Bytes| async move { body.len().to_string() };
        let form = |form: Result<Form, BadForm>| async move { form.err().unwrap().to_string() };
        let arrived = from_fn(async |it: Request, next: Next| next.run(arrived(it).await).await);
        let router = Router::new().route("/whole", post(whole)).layer(longest);
        let router = router.merge(Router::new().route("/form", post(form)).layer(arrived));
        let router = router.route("/", get(peer)).route("/slow", get(slow));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let until = async move {
            let _ = stopped.await;
        };
        let door = Door { bounds, readiness, free: |_| false };
        tasks.spawn(serve(listener, router, door, until));
        (address, stop)
    }

    async fn open(address: SocketAddr, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    /// All that comes until the server closes the connection, which it does in time.
    async fn rest(mut stream: TcpStream) -> String {
        let mut bytes = vec![];
        let read = stream.read_to_end(&mut bytes);
        let in_time = tokio::time::timeout(Duration::from_secs(5), read).await;
        let _ = in_time.expect("the connection is closed");
        String::from_utf8(bytes).unwrap()
    }

    /// Half a header, half of what HTTP/2 begins with, and nothing at all; others are served
    /// meanwhile, and told from where they come.
    #[tokio::test]
    async fn who_does_not_come_to_the_point() {
        let mut tasks = JoinSet::new();
        let (address, _stop) = start(bounds(), &mut tasks).await;
        let mut idlers = vec![];
        for bytes in [&b"GET / HTTP/1.1\r\nHost: x\r\nX-A"[..], b"PRI * HT", b"P", b""] {
            idlers.push(open(address, bytes).await);
        }
        let other = open(address, GET).await;
        let from = other.local_addr().unwrap().to_string();
        assert!(rest(other).await.ends_with(&from));
        for idler in idlers {
            assert!(!rest(idler).await.contains("200 OK"));
        }
    }

    /// One after the other, if there is only one place.
    #[tokio::test]
    async fn more_connections_than_there_are_places() {
        let mut tasks = JoinSet::new();
        let (address, _stop) = start(Bounds { connections: 1, ..bounds() }, &mut tasks).await;
        let (first, second) = (open(address, b"").await, open(address, GET).await);
        assert!(rest(second).await.starts_with("HTTP/1.1 200 OK"));
        assert_eq!(rest(first).await, "");
    }

    /// Whoever keeps a connection asks on until we are about to end. Then there is one more
    /// answer, on this one and on new ones.
    #[tokio::test]
    async fn about_to_end() {
        let (mut tasks, readiness) = (JoinSet::new(), Readiness::default());
        let (address, _stop) = start_with(bounds(), readiness.clone(), &mut tasks).await;
        let asks = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        let mut kept = open(address, asks).await;
        let mut first = [0; 15];
        kept.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200 OK");
        readiness.leave();
        kept.write_all(asks).await.unwrap();
        for stream in [kept, open(address, asks).await] {
            let rest = rest(stream).await;
            assert_eq!(rest.matches("connection: close").count(), 1, "{rest}");
        }
    }

    #[tokio::test]
    async fn what_is_under_way_is_finished() {
        let mut tasks = JoinSet::new();
        let (address, stop) = start(bounds(), &mut tasks).await;
        let asked = open(address, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.send(()).unwrap();
        assert!(rest(asked).await.ends_with("slow"));
        tasks.join_next().await.unwrap().unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }

    /// The third connection of one address is closed, until one of the others has ended.
    #[tokio::test]
    async fn more_connections_than_an_address_may_have() {
        let mut tasks = JoinSet::new();
        let few = Bounds { connections_per_address: 2, ..bounds() };
        let (address, _stop) = start(few, &mut tasks).await;
        let (first, second) = (open(address, b"").await, open(address, b"").await);
        let mut third = TcpStream::connect(address).await.unwrap();
        // It may be closed before there is anything to read.
        let _ = third.write_all(GET).await;
        let mut bytes = vec![];
        let _ = third.read_to_end(&mut bytes).await;
        assert_eq!(bytes, b"");
        assert_eq!(rest(first).await + &rest(second).await, "");
        assert!(rest(open(address, GET).await).await.starts_with("HTTP/1.1 200 OK"));
    }

    /// RFC 6585 §5 and RFC 9110 §15.5.15.
    #[tokio::test]
    async fn a_header_that_is_too_large() {
        let mut tasks = JoinSet::new();
        let (address, _stop) = start(bounds(), &mut tasks).await;
        let fields = "x: y\r\n".repeat(21);
        let long = "x".repeat(8192);
        for (header, status) in [
            (format!("GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n"), "431"),
            (format!("GET / HTTP/1.1\r\nHost: x\r\nX-A: {long}\r\n\r\n"), "431"),
            (format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(1 << 16)), "431"),
        ] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            // It may be answered before all is sent.
            let _ = stream.write_all(header.as_bytes()).await;
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).await.unwrap();
            assert_eq!(answer, format!("HTTP/1.1 {status}").as_bytes());
        }
    }

    /// Each byte comes in time, and the last one never.
    #[tokio::test]
    async fn a_body_that_trickles() {
        let mut tasks = JoinSet::new();
        let (address, _stop) = start(bounds(), &mut tasks).await;
        let header = b"POST /whole HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n";
        let (read, mut write) = open(address, header).await.into_split();
        tasks.spawn(async move {
            while write.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let mut answer = [0; 12];
        let mut read = read;
        read.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 408");
    }

    /// RFC 9112 §9.6: it is answered when it is there, so that the answer is seen.
    #[tokio::test]
    async fn a_form_that_is_too_large() {
        let mut tasks = JoinSet::new();
        let (address, _stop) = start(bounds(), &mut tasks).await;
        let header = "POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nConnection: close\r\n\
                      Content-Type: application/x-www-form-urlencoded\r\n\r\n";
        let mut stream = open(address, header.as_bytes()).await;
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            stream.write_all(&vec![b'x'; 100_000]).await.unwrap();
        }
        assert!(rest(stream).await.ends_with("the body is larger than 64 KiB"));
    }

    /// RFC 9113 §6.5.2: what is told of concurrent streams (3), windows (4) and headers (6).
    #[tokio::test]
    async fn what_http_2_is_told() {
        let mut tasks = JoinSet::new();
        let (address, _stop) = start(bounds(), &mut tasks).await;
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
        let mut stream = open(address, preface).await;
        let mut frame = [0; 9];
        stream.read_exact(&mut frame).await.unwrap();
        assert_eq!(frame[3], 4, "SETTINGS");
        let mut settings = vec![0; usize::from(frame[2])];
        stream.read_exact(&mut settings).await.unwrap();
        let told = |id: u8| {
            let found = settings.chunks(6).find(|it| it[1] == id)?;
            Some(u32::from_be_bytes(found[2..].try_into().unwrap()))
        };
        assert_eq!((told(3), told(6)), (Some(7), Some(8192)));
        assert_eq!(told(4).unwrap_or(65_535), STREAM_WINDOW);
    }
}
