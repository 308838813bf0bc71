//! What clients say of themselves at their own address (draft-ietf-oauth-client-id-metadata-document
//! -02, §4).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use time::{Duration, OffsetDateTime};

use super::client_document::{BadDocument, ClientDocument};
use super::http::{Ask, Http, Reply};
use super::keys::max_age;
use super::unreachable::Unreachable;
use crate::environment::Environment;

/// The longest document that is read, in bytes (§6.6: 5 kilobytes are recommended).
pub const LONGEST_DOCUMENT: usize = 5 * 1024;

/// So many documents are kept.
const MOST: usize = 1024;

/// How long one is kept if nothing is said, and at most.
const USUAL: Duration = Duration::minutes(5);
const LONGEST: Duration = Duration::hours(24);

/// Fetches documents, and keeps them for as long as their hosts say.
pub(super) struct Documents {
    http: Http,
    environment: Environment,
    kept: Mutex<HashMap<String, Kept>>,
}

struct Kept {
    document: Arc<ClientDocument>,
    until: OffsetDateTime,
}

impl Documents {
    pub(super) fn new(http: Http, environment: Environment) -> Self {
        Self { http, environment, kept: Mutex::default() }
    }

    /// What is at `url`. Only an answer of 200 counts, and only what is well-formed is kept.
    pub(super) async fn at(&self, url: &str) -> Result<Arc<ClientDocument>, Unreachable> {
        let now = self.environment.clock.now();
        if let Some(document) = self.fresh(url, now) {
            return Ok(document);
        }
        let reply = self.http.send(Ask::get(url).header("accept", "application/json")).await?;
        if reply.status != 200 {
            return Err(Unreachable::Status(reply.status));
        }
        if !is_json(&reply) {
            return Err(Unreachable::Document(BadDocument::Json));
        }
        let document = ClientDocument::read(url, &reply.body).map_err(Unreachable::Document)?;
        let document = Arc::new(document);
        let until = now + fresh_for(&reply);
        self.keep(url, Kept { document: Arc::clone(&document), until }, now);
        Ok(document)
    }

    fn fresh(&self, url: &str, now: OffsetDateTime) -> Option<Arc<ClientDocument>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let it = kept.get(url).filter(|it| now < it.until)?;
        Some(Arc::clone(&it.document))
    }

    fn keep(&self, url: &str, it: Kept, now: OffsetDateTime) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.retain(|_, it| now < it.until);
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

/// RFC 9111 §5.2.2.
fn fresh_for(reply: &Reply) -> Duration {
    let mut directives = reply.headers_named("cache-control").flat_map(|it| it.split(','));
    let never = |it: &str| {
        let it = it.trim();
        it.eq_ignore_ascii_case("no-store") || it.eq_ignore_ascii_case("no-cache")
    };
    match directives.any(never) {
        true => Duration::ZERO,
        false => max_age(reply).unwrap_or(USUAL).min(LONGEST),
    }
}
