//! Tests of when keys are fetched. No request to the server can move its clock.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::environment::Clock;
use crate::outbound::Limits;

/// An issuer that counts how often its keys are fetched, and a clock that is set by hand.
struct World {
    keys: RemoteKeys,
    issuer: Issuer,
    clock: Arc<ByHand>,
    published: Arc<Published>,
}

struct ByHand(Mutex<OffsetDateTime>);

#[derive(Default)]
struct Published {
    fetches: AtomicUsize,
    down: AtomicBool,
    without_openid: AtomicBool,
    other_issuer: AtomicBool,
}

impl Clock for ByHand {
    fn now(&self) -> OffsetDateTime {
        *self.0.lock().unwrap()
    }
}

impl Published {
    fn answer(&self, issuer: &str, path: &str) -> Option<String> {
        if self.down.load(Ordering::SeqCst) {
            return None;
        }
        let named =
            if self.other_issuer.load(Ordering::SeqCst) { "http://127.0.0.1" } else { issuer };
        match path {
            "/jwks" => {
                self.fetches.fetch_add(1, Ordering::SeqCst);
                Some(r#"{"keys":[]}"#.to_owned())
            }
            "/idp/.well-known/openid-configuration"
                if !self.without_openid.load(Ordering::SeqCst) =>
            {
                Some(format!(
                    r#"{{"issuer":"{named}","authorization_endpoint":"{issuer}/a","jwks_uri":"{issuer}/../jwks","response_types_supported":["code"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"]}}"#
                ))
            }
            "/.well-known/oauth-authorization-server/idp" => {
                Some(format!(r#"{{"issuer":"{named}","jwks_uri":"{issuer}/../jwks"}}"#))
            }
            _ => None,
        }
    }
}

async fn world() -> World {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}/idp", listener.local_addr().unwrap());
    let published = Arc::new(Published::default());
    let (its, name) = (Arc::clone(&published), issuer.clone());
    tokio::task::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default();
            let (status, body) = match its.answer(&name, path) {
                Some(body) => ("200 OK", body),
                None => ("404 Not Found", String::new()),
            };
            let head = "Connection: close\r\nCache-Control: public, max-age=300";
            let length = body.len();
            let answer =
                format!("HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let limits = Limits {
        allow_private_networks: true,
        timeout: std::time::Duration::from_secs(5),
        largest: 10_000,
    };
    let clock = Arc::new(ByHand(Mutex::new(OffsetDateTime::UNIX_EPOCH)));
    let environment = Environment { clock: clock.clone(), ..Environment::system() };
    let keys = RemoteKeys::new(Http::new(limits).unwrap(), environment);
    World { keys, issuer: Issuer::parse(&issuer).unwrap(), clock, published }
}

impl World {
    async fn ask(&self, wanted: Wanted) -> Result<Arc<KeySet>, Unreachable> {
        self.keys.keys_of(&self.issuer, &TrustedKeys::Discovered, wanted).await
    }

    fn pass(&self, time: Duration) {
        *self.clock.0.lock().unwrap() += time;
    }

    fn fetches(&self) -> usize {
        self.published.fetches.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn keys_are_kept_for_their_max_age() {
    let world = world().await;
    let (one, two) = tokio::join!(world.ask(Wanted::Cached), world.ask(Wanted::Cached));
    assert!(one.is_ok() && two.is_ok());
    world.pass(Duration::seconds(299));
    world.ask(Wanted::Cached).await.unwrap();
    assert_eq!(world.fetches(), 1);
    world.pass(Duration::seconds(1));
    world.ask(Wanted::Cached).await.unwrap();
    assert_eq!(world.fetches(), 2);
}

#[tokio::test]
async fn newer_keys_once_a_minute() {
    let world = world().await;
    world.ask(Wanted::Cached).await.unwrap();
    for expected in [2, 2] {
        world.ask(Wanted::Newer).await.unwrap();
        assert_eq!(world.fetches(), expected);
    }
    world.pass(Duration::minutes(1));
    world.ask(Wanted::Newer).await.unwrap();
    assert_eq!(world.fetches(), 3);
}

#[tokio::test]
async fn an_issuer_that_is_down() {
    let world = world().await;
    world.ask(Wanted::Cached).await.unwrap();
    world.published.down.store(true, Ordering::SeqCst);
    world.pass(Duration::hours(23));
    assert!(world.ask(Wanted::Cached).await.is_ok());
    world.pass(Duration::hours(1));
    assert!(world.ask(Wanted::Cached).await.is_err());
    world.published.down.store(false, Ordering::SeqCst);
    assert!(matches!(world.ask(Wanted::Cached).await, Err(Unreachable::Recently(_))));
    world.pass(Duration::seconds(5));
    assert!(world.ask(Wanted::Cached).await.is_ok());
}

/// RFC 8414 §3.1: an authorization server that is no OpenID provider.
#[tokio::test]
async fn metadata_without_openid() {
    let world = world().await;
    world.published.without_openid.store(true, Ordering::SeqCst);
    world.ask(Wanted::Cached).await.unwrap();
    assert_eq!(world.fetches(), 1);
}

#[tokio::test]
async fn metadata_of_another_issuer() {
    let world = world().await;
    world.published.other_issuer.store(true, Ordering::SeqCst);
    let refused = world.ask(Wanted::Cached).await.err().unwrap();
    assert!(refused.to_string().contains("another issuer"), "{refused}");
    assert_eq!(world.fetches(), 0);
}

#[tokio::test]
async fn keys_that_are_not_fetched() {
    let world = world().await;
    let inline = TrustedKeys::Inline(r#"{"keys":[]}"#.to_owned());
    assert!(world.keys.keys_of(&world.issuer, &inline, Wanted::Newer).await.is_ok());
    let local = world.keys.keys_of(&world.issuer, &TrustedKeys::Local, Wanted::Cached).await;
    assert!(matches!(local, Err(Unreachable::Local)));
}
