//! The keys of trusted issuers, and of clients that publish theirs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use time::Duration;

use super::cache::{Entry, Fetched};
use super::discovery;
use super::http::{Ask, Http, Reply};
use super::unreachable::Unreachable;
use crate::environment::Environment;
use crate::jose::KeySet;
use crate::model::TrustedKeys;
use crate::oauth::Issuer;

/// Fetches the keys that others publish.
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
    /// Nothing is fetched before it is asked for.
    pub fn new(http: Http, environment: Environment) -> Self {
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
        self.keys(source, wanted).await
    }

    async fn set_at(&self, uri: &str, wanted: Wanted) -> Result<Arc<KeySet>, Unreachable> {
        self.keys(Source::Uri(uri.to_owned()), wanted).await
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
    let directives = reply.headers_named("cache-control").flat_map(|value| value.split(','));
    let max_age = directives
        .filter_map(|directive| directive.trim().split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("max-age"))
        .and_then(|(_, seconds)| seconds.trim_matches('"').parse::<u32>().ok());
    let asked = max_age.map_or(USUAL, |seconds| Duration::seconds(seconds.into()));
    asked.clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests;
