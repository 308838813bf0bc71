//! Browser sessions: tower-sessions, kept in our store.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use time::Duration;
use tower_sessions::cookie::SameSite;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{Expiry, SessionManagerLayer, SessionStore};

use crate::model::Digest;
use crate::server::Shared;
use crate::store::Effect;
use crate::store::sessions::{self, Kept};
use crate::telemetry::with_causes;

/// Sessions in the table `sessions`, found by the digest of what is in the cookie: who reads
/// the table cannot take a session over.
#[derive(Clone)]
pub(super) struct Sessions(Arc<Shared>);

/// How long a session lives in which nobody has signed in: anybody can open one, and each is a
/// row of ours.
pub(super) const NOBODYS: Duration = Duration::minutes(30);

/// The layer of all routes for people.
pub(super) fn layer(shared: &Arc<Shared>) -> SessionManagerLayer<Sessions> {
    let secure = shared.home.as_str().starts_with("https:");
    // rfc6265bis §4.1.3.2 (a draft, see `docs/specs.md`): "__Host-" ties the cookie to https, to this host and to "/".
    let name = if secure { "__Host-tegata" } else { "tegata" };
    SessionManagerLayer::new(Sessions(Arc::clone(shared)))
        .with_name(name)
        .with_path("/")
        .with_secure(secure)
        .with_http_only(true)
        // Lax, for the person comes from another site: the application that sends them.
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnInactivity(NOBODYS))
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.commit(Effect::OpenSession(kept(record)?)).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.commit(Effect::KeepSession(kept(record)?)).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let now = self.0.environment.clock.now();
        let found = sessions::find(self.0.store.read(), &digest(id), now).await.map_err(failed)?;
        found
            .map(|(data, expiry_date)| {
                let data = serde_json::from_str(&data);
                let data = data.map_err(|error| Error::Decode(error.to_string()))?;
                Ok(Record { id: *id, data, expiry_date })
            })
            .transpose()
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.commit(Effect::CloseSession(digest(id))).await
    }
}

impl Sessions {
    async fn commit(&self, effect: Effect) -> Result<()> {
        let now = self.0.environment.clock.now();
        self.0.store.commit(vec![effect], now).await.map_err(failed)
    }
}

fn digest(id: &Id) -> Digest {
    Digest::of(&id.to_string())
}

fn kept(record: &Record) -> Result<Box<Kept>> {
    let data = serde_json::to_string(&record.data);
    let data = data.map_err(|error| Error::Encode(error.to_string()))?;
    Ok(Box::new(Kept { digest: digest(&record.id), data, expires_at: record.expiry_date }))
}

fn failed(error: impl std::error::Error + 'static) -> Error {
    tracing::error!(error = with_causes(&error), "sessions cannot be kept");
    Error::Backend(error.to_string())
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions")
    }
}
