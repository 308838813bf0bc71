//! The keys of trusted issuers, and of clients that publish theirs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use time::Duration;

use super::cache::{Entry, Fetched};
use super::client_document::ClientDocument;
use super::discovery;
use super::documents::{Documents, NamedBy};
use super::http::{Ask, Http, Reply};
use super::unreachable::Unreachable;
use crate::environment::Environment;
use crate::jose::KeySet;
use crate::model::TrustedKeys;
use crate::oauth::Issuer;

/// Fetches what others publish: their keys, and what clients say of themselves.
#[async_trait::async_trait]
pub trait FetchKeys: Send + Sync {
    /// The keys of a trusted issuer. [`TrustedKeys::Local`] are not for fetching.
    async fn keys_of(
        &self,
        issuer: &Issuer,
        keys: &TrustedKeys,
        wanted: Wanted,
    ) -> Result<Arc<KeySet>, Unreachable>;

    /// The key set at a client's `jwks_uri`.
    async fn set_at(&self, uri: &str, wanted: Wanted) -> Result<Arc<KeySet>, Unreachable>;

    /// The key set that a client names in a document at its own address. Nobody here vouched for
    /// either, so it is fetched from the public internet alone.
    async fn described_set_at(&self, uri: &str, wanted: Wanted)
    -> Result<Arc<KeySet>, Unreachable>;

    /// What a client says of itself at its own address.
    async fn document_at(&self, url: &str, by: NamedBy)
    -> Result<Arc<ClientDocument>, Unreachable>;
}

/// How new the keys must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Those that are kept, as long as they may be.
    Cached,
    /// Those that are published now, since a JWT has a `kid` that is not among those kept.
    /// Granted once in a while only; else the kept ones come again.
    Newer,
}

/// Keys by HTTP, kept for as long as their issuers say.
pub struct RemoteKeys {
    trusted: Sets,
    /// Of clients that describe themselves: strangers may fill these, and none else.
    described: Sets,
    documents: Documents,
    /// Of clients that the administrator knows.
    known: Documents,
}

/// Key sets from one part of the world.
struct Sets {
    http: Http,
    environment: Environment,
    entries: Mutex<HashMap<Source, Arc<Entry>>>,
}

/// Where a key set is. Two issuers that share one share what is kept of it.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Source {
    Inline(String),
    Uri(String),
    Discovered(Issuer),
}

/// So many key sets are kept.
const MOST_ENTRIES: usize = 1024;

/// How long a key set is kept without asking: at least, if nothing is said, at most.
const SHORTEST: Duration = Duration::minutes(1);
const USUAL: Duration = Duration::minutes(15);
const LONGEST: Duration = Duration::hours(24);

impl RemoteKeys {
    /// Nothing is fetched before it is asked for. What clients say of themselves is fetched by
    /// `documents`, which reads no more than [`super::LONGEST_DOCUMENT`], and nothing private.
    pub fn new(http: Http, documents: Http, environment: Environment) -> Self {
        let known = http.reading(super::LONGEST_DOCUMENT);
        Self {
            trusted: Sets::new(http, environment.clone()),
            described: Sets::new(documents.clone(), environment.clone()),
            known: Documents::new(known, environment.clone()),
            documents: Documents::new(documents, environment),
        }
    }
}

impl Sets {
    fn new(http: Http, environment: Environment) -> Self {
        Self { http, environment, entries: Mutex::default() }
    }

    async fn keys(&self, source: Source, wanted: Wanted) -> Result<Arc<KeySet>, Unreachable> {
        let entry = self.entry(&source);
        // What an administrator wrote down does not get newer.
        let wanted = match source {
            Source::Inline(_) => Wanted::Cached,
            _ => wanted,
        };
        entry.keys(&*self.environment.clock, wanted, fetch(&self.http, &source)).await
    }

    fn entry(&self, source: &Source) -> Arc<Entry> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get(source) {
            return Arc::clone(entry);
        }
        if entries.len() >= MOST_ENTRIES {
            let now = self.environment.clock.now();
            entries.retain(|_, entry| entry.is_fresh(now));
        }
        if entries.len() >= MOST_ENTRIES {
            entries.clear();
        }
        Arc::clone(entries.entry(source.clone()).or_default())
    }
}

#[async_trait::async_trait]
impl FetchKeys for RemoteKeys {
    async fn keys_of(
        &self,
        issuer: &Issuer,
        keys: &TrustedKeys,
        wanted: Wanted,
    ) -> Result<Arc<KeySet>, Unreachable> {
        let source = match keys {
            TrustedKeys::Local => return Err(Unreachable::Local),
            TrustedKeys::Inline(json) => Source::Inline(json.clone()),
            TrustedKeys::Uri(uri) => Source::Uri(uri.clone()),
            TrustedKeys::Discovered => Source::Discovered(issuer.clone()),
        };
        self.trusted.keys(source, wanted).await
    }

    async fn set_at(&self, uri: &str, wanted: Wanted) -> Result<Arc<KeySet>, Unreachable> {
        self.trusted.keys(Source::Uri(uri.to_owned()), wanted).await
    }

    async fn described_set_at(
        &self,
        uri: &str,
        wanted: Wanted,
    ) -> Result<Arc<KeySet>, Unreachable> {
        self.described.keys(Source::Uri(uri.to_owned()), wanted).await
    }

    async fn document_at(
        &self,
        url: &str,
        by: NamedBy,
    ) -> Result<Arc<ClientDocument>, Unreachable> {
        match by {
            NamedBy::Strangers => self.documents.at(url).await,
            NamedBy::Administrator => self.known.at(url).await,
        }
    }
}

async fn fetch(http: &Http, source: &Source) -> Result<Fetched, Unreachable> {
    match source {
        Source::Inline(json) => {
            let keys = KeySet::parse(json.as_bytes()).map_err(Unreachable::NoKeySet)?;
            Ok(Fetched { keys, fresh_for: Duration::weeks(5200) })
        }
        Source::Uri(uri) => set(http, uri).await,
        Source::Discovered(issuer) => set(http, &discovery::jwks_uri(http, issuer).await?).await,
    }
}

async fn set(http: &Http, uri: &str) -> Result<Fetched, Unreachable> {
    let ask = Ask::get(uri).header("accept", "application/jwk-set+json, application/json");
    let reply = http.send(ask).await?;
    if reply.status != 200 {
        return Err(Unreachable::Status(reply.status));
    }
    let keys = KeySet::parse(&reply.body).map_err(Unreachable::NoKeySet)?;
    Ok(Fetched { keys, fresh_for: fresh_for(&reply) })
}

/// RFC 9111 §5.2.2.1, within our bounds.
fn fresh_for(reply: &Reply) -> Duration {
    max_age(reply).unwrap_or(USUAL).clamp(SHORTEST, LONGEST)
}

/// RFC 9111 §5.2.2.1.
pub(super) fn max_age(reply: &Reply) -> Option<Duration> {
    let directives = reply.headers_named("cache-control").flat_map(|value| value.split(','));
    let seconds = directives
        .filter_map(|directive| directive.trim().split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("max-age"))
        .and_then(|(_, seconds)| seconds.trim_matches('"').parse::<u32>().ok());
    seconds.map(|it| Duration::seconds(it.into()))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a server for one test ends with it")]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use time::OffsetDateTime;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::environment::Clock;
    use crate::outbound::{Limits, Reach};

    // No request to the server can move its clock, so this is tested here.

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
                let answer = format!(
                    "HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}"
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        let limits = Limits {
            reach: Reach::Everywhere,
            timeout: std::time::Duration::from_secs(5),
            largest: 10_000,
        };
        let clock = Arc::new(ByHand(Mutex::new(OffsetDateTime::UNIX_EPOCH)));
        let environment = Environment { clock: clock.clone(), ..Environment::system() };
        let http = Http::new(limits).unwrap();
        let keys = RemoteKeys::new(http.clone(), http, environment);
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
        assert!(matches!(world.ask(Wanted::Cached).await, Err(Unreachable::Shared(_))));
        world.pass(Duration::seconds(5));
        assert!(world.ask(Wanted::Cached).await.is_ok());
    }

    /// RFC 8414 §3.1: an authorization server that signs nobody in.
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
}
