//! Connections: how many there are at a time, and how long one may take over its requests.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Request, Response, Version, header};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tower::util::{MapRequest, MapResponse};

use crate::server::Readiness;

/// What strangers may take of us before they have said anything.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// That many connections at a time. The others wait to be accepted.
    pub connections: usize,
    /// For the header of a request.
    pub header: Duration,
    /// Without another request. It is longer than a request may take to be answered, so that
    /// nothing is under way when it is over.
    pub idle: Duration,
}

/// How long we wait when the system cannot give us a connection, as when there are too many
/// open files.
const PAUSE: Duration = Duration::from_millis(200);

/// Answers on `listener` until `until`, and then finishes what is under way.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    readiness: Readiness,
    until: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(bounds.connections));
    // Who drops this future ends all connections with it.
    let (graceful, mut connections) = (GracefulShutdown::new(), JoinSet::new());
    let mut until = pin!(until);
    loop {
        let (stream, peer, place) = tokio::select! {
            () = &mut until => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &places) => accepted,
        };
        let (router, watcher) = (router.clone(), graceful.watcher());
        let readiness = readiness.clone();
        connections.spawn(async move {
            answer((stream, peer), router, bounds, readiness, watcher).await;
            drop(place);
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
async fn answer(
    (stream, peer): (TcpStream, SocketAddr),
    router: Router,
    bounds: Bounds,
    readiness: Readiness,
    watcher: Watcher,
) {
    let asked = Arc::new(Notify::new());
    let asks = Arc::clone(&asked);
    // HTTP/2 has no header that ends a connection (RFC 9113 §8.2.2): it is told by GOAWAY.
    let has_header = Arc::new(AtomicBool::new(true));
    let speaks = Arc::clone(&has_header);
    let service = MapRequest::new(router, move |mut request: Request<_>| {
        asks.notify_one();
        speaks.store(request.version() < Version::HTTP_2, Ordering::Relaxed);
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    });
    // Whoever asks on while we are about to end shall ask on another connection.
    let service = MapResponse::new(service, move |mut response: Response<_>| {
        if readiness.is_leaving() && has_header.load(Ordering::Relaxed) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    });
    let builder = builder(bounds);
    let service = TowerToHyperService::new(service);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(watcher.watch(connection));
    // hyper's own limit begins when it knows which version of HTTP is spoken, which some never
    // say; and in HTTP/2 a connection may be alive and yet ask nothing.
    let mut rest = bounds.header;
    loop {
        tokio::select! {
            _ = &mut connection => return,
            () = asked.notified() => rest = bounds.idle,
            () = tokio::time::sleep(rest) => return,
        }
    }
}

fn builder(bounds: Bounds) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // It runs between requests, too; how long the first may take is for the clock above.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(bounds.idle);
    let mut http2 = builder.http2();
    http2.timer(TokioTimer::new());
    http2.keep_alive_interval(bounds.idle / 3).keep_alive_timeout(bounds.header);
    builder
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;

    use super::*;

    const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    /// A server that takes a moment for `/slow`, where it listens, and what ends it.
    async fn start(
        connections: usize,
        tasks: &mut JoinSet<()>,
    ) -> (SocketAddr, oneshot::Sender<()>) {
        start_with(connections, Readiness::default(), tasks).await
    }

    async fn start_with(
        connections: usize,
        readiness: Readiness,
        tasks: &mut JoinSet<()>,
    ) -> (SocketAddr, oneshot::Sender<()>) {
        let slow = || async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "slow"
        };
        let peer = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() };
        let router = Router::new().route("/", get(peer)).route("/slow", get(slow));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let (header, idle) = (Duration::from_millis(200), Duration::from_secs(2));
        let until = async move {
            let _ = stopped.await;
        };
        let bounds = Bounds { connections, header, idle };
        tasks.spawn(serve(listener, router, bounds, readiness, until));
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
        let (address, _stop) = start(10, &mut tasks).await;
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
        let (address, _stop) = start(1, &mut tasks).await;
        let (first, second) = (open(address, b"").await, open(address, GET).await);
        assert!(rest(second).await.starts_with("HTTP/1.1 200 OK"));
        assert_eq!(rest(first).await, "");
    }

    /// Whoever keeps a connection asks on until we are about to end. Then there is one more
    /// answer, on this one and on new ones.
    #[tokio::test]
    async fn about_to_end() {
        let (mut tasks, readiness) = (JoinSet::new(), Readiness::default());
        let (address, _stop) = start_with(10, readiness.clone(), &mut tasks).await;
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
        let (address, stop) = start(10, &mut tasks).await;
        let asked = open(address, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.send(()).unwrap();
        assert!(rest(asked).await.ends_with("slow"));
        tasks.join_next().await.unwrap().unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}
