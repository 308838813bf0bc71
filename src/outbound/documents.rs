//! What clients say of themselves at their own address (draft-ietf-oauth-client-id-metadata-document
//! -02, §5).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use time::{Duration, OffsetDateTime};
use tokio::sync::Semaphore;
use url::Url;

use super::client_document::{BadDocument, ClientDocument};
use super::http::{Ask, Http, Reply};
use super::keys::max_age;
use super::unreachable::Unreachable;
use crate::environment::Environment;

/// The longest document that is read, in bytes (§8.7: 5 kilobytes are recommended).
pub const LONGEST_DOCUMENT: usize = 5 * 1024;

/// So many documents are kept.
const MOST: usize = 1024;

/// So many are fetched at a time, and so many of one host in a minute: strangers can make us ask.
const AT_ONCE: usize = 64;
const OF_ONE_HOST: u32 = 30;

/// A host that takes longer keeps a place from others.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(3);

/// How long a document is used after its time if its host cannot be reached (RFC 9111 §4.2.4).
const STALE: Duration = Duration::hours(1);

/// How long one is kept if nothing is said, at least, and at most. One request for a token and the one
/// before it are one look.
const USUAL: Duration = Duration::minutes(5);
const SHORTEST: Duration = Duration::seconds(10);
const LONGEST: Duration = Duration::hours(24);

/// Who chose an address to fetch from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedBy {
    /// It is fetched from the public internet alone.
    Strangers,
    /// It is fetched from wherever `outbound` allows.
    Administrator,
}

/// Fetches documents, and keeps them for as long as their hosts say.
pub(super) struct Documents {
    http: Http,
    environment: Environment,
    kept: Mutex<HashMap<String, Kept>>,
    /// How often each host was asked since when.
    asked: Mutex<HashMap<String, (OffsetDateTime, u32)>>,
    places: Semaphore,
}

struct Kept {
    document: Arc<ClientDocument>,
    until: OffsetDateTime,
    /// Until then it is better than nothing.
    at_worst: OffsetDateTime,
}

impl Documents {
    pub(super) fn new(http: Http, environment: Environment) -> Self {
        let (kept, asked) = (Mutex::default(), Mutex::default());
        Self { http, environment, kept, asked, places: Semaphore::new(AT_ONCE) }
    }

    /// What is at `url`. Only an answer of 200 counts, and only what is well-formed is kept.
    pub(super) async fn at(&self, url: &str) -> Result<Arc<ClientDocument>, Unreachable> {
        let now = self.environment.clock.now();
        if let Some(document) = self.kept(url, now) {
            return Ok(document);
        }
        match self.fetched(url, now).await {
            Err(error) if error.may_pass() => self.spare(url, now).ok_or(error),
            fetched => fetched,
        }
    }

    async fn fetched(
        &self,
        url: &str,
        now: OffsetDateTime,
    ) -> Result<Arc<ClientDocument>, Unreachable> {
        let _place = self.places.try_acquire().map_err(|_| Unreachable::Busy)?;
        self.count(url, now)?;
        let reply = self.http.send(Ask::get(url).header("accept", "application/json"));
        let reply =
            tokio::time::timeout(PATIENCE, reply).await.map_err(|_| Unreachable::Late)??;
        if reply.status != 200 {
            return Err(Unreachable::Status(reply.status));
        }
        if !is_json(&reply) {
            return Err(Unreachable::Document(BadDocument::Json));
        }
        let document = ClientDocument::read(url, &reply.body).map_err(Unreachable::Document)?;
        let document = Arc::new(document);
        let (fresh, stale) = times(&reply);
        let until = now + fresh;
        let kept = Kept { document: Arc::clone(&document), until, at_worst: until + stale };
        self.keep(url, kept, now);
        Ok(document)
    }

    /// Notes that the host of `url` is asked, unless it was asked too often. Where a document has been
    /// is counted by itself: names that somebody makes up at the same host take nothing from it.
    fn count(&self, url: &str, now: OffsetDateTime) -> Result<(), Unreachable> {
        let parsed = Url::parse(url).map_err(|_| Unreachable::Url)?;
        let host = match self.has_been_at(url) {
            true => url.to_owned(),
            false => parsed.host_str().unwrap_or_default().to_owned(),
        };
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.len() >= MOST {
            asked.retain(|_, (since, _)| now < *since + Duration::MINUTE);
        }
        if asked.len() >= MOST {
            return Err(Unreachable::Busy);
        }
        let (since, times) = asked.entry(host).or_insert((now, 0));
        if now >= *since + Duration::MINUTE {
            (*since, *times) = (now, 0);
        }
        *times += 1;
        match *times > OF_ONE_HOST {
            true => Err(Unreachable::Busy),
            false => Ok(()),
        }
    }

    /// What is kept of `url`, as long as it is good.
    fn kept(&self, url: &str, now: OffsetDateTime) -> Option<Arc<ClientDocument>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(url).filter(|it| now < it.until).map(|it| Arc::clone(&it.document))
    }

    fn has_been_at(&self, url: &str) -> bool {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).contains_key(url)
    }

    /// The same, as long as it is better than nothing.
    fn spare(&self, url: &str, now: OffsetDateTime) -> Option<Arc<ClientDocument>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(url).filter(|it| now < it.at_worst).map(|it| Arc::clone(&it.document))
    }

    fn keep(&self, url: &str, it: Kept, now: OffsetDateTime) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.retain(|_, it| now < it.at_worst);
        }
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(url.to_owned(), it);
    }
}

fn is_json(reply: &Reply) -> bool {
    let typ = reply.header("content-type").unwrap_or_default();
    let typ = typ.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    typ == "application/json" || (typ.starts_with("application/") && typ.ends_with("+json"))
}

/// How long an answer is good, and for how long after that better than nothing (RFC 9111 §4.2.4 and
/// §5.2.2).
fn times(reply: &Reply) -> (Duration, Duration) {
    let says = |names: &[&str]| {
        let mut directives = reply.headers_named("cache-control").flat_map(|it| it.split(','));
        directives.any(|it| names.iter().any(|name| it.trim().eq_ignore_ascii_case(name)))
    };
    match says(&["no-store", "no-cache"]) {
        true => (SHORTEST, Duration::ZERO),
        false => {
            let stale = if says(&["must-revalidate"]) { Duration::ZERO } else { STALE };
            (max_age(reply).unwrap_or(USUAL).clamp(SHORTEST, LONGEST), stale)
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a server for one test ends with it")]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::environment::Clock;
    use crate::outbound::{FetchKeys, Limits, NamedBy, Reach, RemoteKeys, Wanted};

    // A request to the server cannot tell what was fetched, so this is tested here.

    struct ByHand(Mutex<OffsetDateTime>);

    impl Clock for ByHand {
        fn now(&self) -> OffsetDateTime {
            *self.0.lock().unwrap()
        }
    }

    /// A host that answers every request by this head, and its document or another body.
    struct Host {
        documents: Documents,
        clock: Arc<ByHand>,
        url: String,
        asked: Arc<AtomicUsize>,
        away: Arc<AtomicBool>,
    }

    async fn host(head: &'static str, body: Option<&'static str>) -> Host {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/client.json", listener.local_addr().unwrap());
        let (asked, away) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (name, count, closed) = (url.clone(), Arc::clone(&asked), Arc::clone(&away));
        tokio::task::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 4096]).await;
                count.fetch_add(1, Ordering::SeqCst);
                if closed.load(Ordering::SeqCst) {
                    continue;
                }
                let document = format!(
                    r#"{{"client_id":"{name}","client_name":"A","redirect_uris":["https://a.example/b"]}}"#
                );
                let body = body.map_or(document, str::to_owned);
                let answer = format!(
                    "HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        let clock = Arc::new(ByHand(Mutex::new(OffsetDateTime::UNIX_EPOCH)));
        let environment = Environment { clock: clock.clone(), ..Environment::system() };
        let documents = Documents::new(http(Reach::Everywhere), environment);
        Host { documents, clock, url, asked, away }
    }

    fn http(reach: Reach) -> Http {
        let timeout = std::time::Duration::from_secs(5);
        Http::new(Limits { reach, timeout, largest: LONGEST_DOCUMENT }).unwrap()
    }

    impl Host {
        async fn ask(&self) -> Result<Arc<ClientDocument>, Unreachable> {
            self.documents.at(&self.url).await
        }
    }

    /// How often the host is asked, by two at once, a while later, and later still.
    async fn asked_in_time(head: &'static str, seconds: [i64; 2]) -> Vec<usize> {
        let host = host(head, None).await;
        let mut counts = vec![];
        for wait in [0, seconds[0], seconds[1]] {
            *host.clock.0.lock().unwrap() += Duration::seconds(wait);
            host.ask().await.unwrap();
            counts.push(host.asked.load(Ordering::SeqCst));
        }
        counts
    }

    #[tokio::test]
    async fn documents_are_kept_as_their_hosts_say() {
        let plain = "200 OK\r\nContent-Type: application/json";
        assert_eq!(asked_in_time(plain, [299, 1]).await, [1, 1, 2]);
        let aged = "200 OK\r\nContent-Type: application/json\r\nCache-Control: max-age=60";
        assert_eq!(asked_in_time(aged, [59, 1]).await, [1, 1, 2]);
        let never = "200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store";
        assert_eq!(asked_in_time(never, [9, 1]).await, [1, 1, 2]);
        let long =
            "200 OK\r\nContent-Type: application/x+json;a=b\r\nCache-Control: max-age=9999999";
        assert_eq!(asked_in_time(long, [86_399, 1]).await, [1, 1, 2]);
    }

    /// Whoever makes up names at a host keeps nobody from the one that is there.
    #[tokio::test]
    async fn names_that_are_made_up() {
        let host =
            host("200 OK\r\nContent-Type: application/json\r\nCache-Control: max-age=60", None)
                .await;
        host.ask().await.unwrap();
        for number in 0..OF_ONE_HOST {
            let _ = host.documents.at(&format!("{}{number}", host.url)).await;
        }
        let made_up = host.documents.at(&format!("{}x", host.url)).await;
        assert!(matches!(made_up, Err(Unreachable::Busy)));
        *host.clock.0.lock().unwrap() += Duration::seconds(59);
        assert!(host.documents.at(&format!("{}x", host.url)).await.is_err());
        *host.clock.0.lock().unwrap() += Duration::seconds(1);
        let before = host.asked.load(Ordering::SeqCst);
        host.ask().await.unwrap();
        assert_eq!(host.asked.load(Ordering::SeqCst), before + 1);
    }

    /// RFC 9111 §4.2.4: one that is old is better than none, unless its host says otherwise.
    #[tokio::test]
    async fn what_is_used_while_its_host_is_away() {
        for (control, expected) in [
            ("max-age=60", [true, true, false]),
            ("max-age=60, must-revalidate", [true, false, false]),
            ("no-cache", [false, false, false]),
            ("no-store", [false, false, false]),
        ] {
            let head =
                format!("200 OK\r\nContent-Type: application/json\r\nCache-Control: {control}");
            let host = host(head.leak(), None).await;
            host.ask().await.unwrap();
            host.away.store(true, Ordering::SeqCst);
            let mut used = vec![];
            for wait in [59, 3_600, 1] {
                *host.clock.0.lock().unwrap() += Duration::seconds(wait);
                used.push(host.ask().await.is_ok());
            }
            assert_eq!(used, expected, "{control}");
        }
    }

    /// Row 168.
    #[tokio::test]
    async fn nothing_bad_is_kept() {
        let large = "{\"a\":\"".to_owned() + &"x".repeat(LONGEST_DOCUMENT) + "\"}";
        let large: &'static str = large.leak();
        let json = "200 OK\r\nContent-Type: application/json";
        for (head, body) in [
            ("404 Not Found\r\nContent-Type: application/json", None),
            ("302 Found\r\nLocation: /other.json\r\nContent-Type: application/json", None),
            ("201 Created\r\nContent-Type: application/json", None),
            ("200 OK\r\nContent-Type: text/html", None),
            (json, Some("{}")),
            (json, Some("no JSON")),
            (json, Some(large)),
        ] {
            let host = host(head, body).await;
            for expected in [1, 2] {
                assert!(host.ask().await.is_err(), "{head}");
                assert_eq!(host.asked.load(Ordering::SeqCst), expected, "{head}");
            }
        }
    }

    /// Neither documents nor the keys that they point to come from private places.
    /// Rows 168, 169.
    #[tokio::test]
    async fn nothing_is_fetched_from_private_places() {
        let http = http(Reach::Public);
        let remote = RemoteKeys::new(http.clone(), http, Environment::system());
        for url in ["https://127.0.0.1/client.json", "https://[fd00::1]/x", "https://10.1.2.3/x"] {
            let document = remote.document_at(url, NamedBy::Strangers).await;
            assert!(matches!(document, Err(Unreachable::SpecialUse)), "{url}");
            assert!(remote.set_at(url, Wanted::Cached).await.is_err(), "{url}");
        }
        let plain =
            remote.document_at("http://agent.example/client.json", NamedBy::Strangers).await;
        assert!(matches!(plain, Err(Unreachable::Plain)));
    }
}
