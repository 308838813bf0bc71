//! The issuers as the store has them now.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;

use super::algorithms;
use super::authorization_server::{AuthorizationServer, Role, Shared};
use super::catalogue::Catalogue;
use super::clients::Clients;
use super::issuers::Issuers;
use super::keys::{self, IssuerKeys, KeyError};
use super::rotation::JWKS_CACHED;
use crate::jose::{KeyEncryptionKey, KeySet, Unsealable};
use crate::model::{Client, KeyRecord, Service, TrustedKeys};
use crate::policy::{TrustedIssuer, TrustedIssuers, TrustsItself};
use crate::store::{self, StoreError};
use crate::telemetry::Stopwatch;

/// Services, trusts, clients, connections and keys are held in memory, and read again when the
/// store says that somebody changed them, or when the time of a key has come.
pub struct LiveIssuers {
    shared: Arc<Shared>,
    kek: KeyEncryptionKey,
    current: ArcSwap<Issuers>,
    next_key_change: AtomicI64,
    /// Whether something changed that was not read yet.
    outdated: AtomicBool,
    /// Held by the one who reads; when the last one failed, if they did.
    reading: Mutex<Option<Stopwatch>>,
}

/// How long we listen for changes: less than the second in which they have to be known.
const HEARING: std::time::Duration = std::time::Duration::from_millis(800);

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Unsealable(#[from] Unsealable),
    #[error(transparent)]
    Trust(#[from] TrustsItself),
}

impl LiveIssuers {
    /// Reads all issuers, and makes the keys that they lack.
    pub async fn load(shared: Arc<Shared>, kek: KeyEncryptionKey) -> Result<Self, StartError> {
        // First, so that a change in between is noticed the next time.
        shared.store.hear().await?;
        let (issuers, next) = read(&shared, &kek, None).await?;
        Ok(Self {
            shared,
            kek,
            current: ArcSwap::from_pointee(issuers),
            next_key_change: AtomicI64::new(next),
            outdated: AtomicBool::new(false),
            reading: Mutex::new(None),
        })
    }

    /// The issuers as they are now: what was changed anywhere a second ago is in them.
    pub async fn current(&self) -> Result<Arc<Issuers>, StartError> {
        if !self.is_current() {
            // Seldom, and large: it should not be a part of every request.
            Box::pin(self.caught_up()).await?;
        }
        Ok(self.last_known())
    }

    async fn caught_up(&self) -> Result<(), StartError> {
        let waited = Stopwatch::start();
        let mut failed = self.reading.lock().await;
        // Somebody else may have read while we waited, or tried to.
        if failed.is_some_and(|it| it.elapsed() < waited.elapsed()) {
            return Err(StoreError::Late.into());
        }
        match self.is_current() {
            true => Ok(()),
            false => self.catch_up(&mut failed).await,
        }
    }

    /// The issuers as they were read last, be it long ago.
    pub fn last_known(&self) -> Arc<Issuers> {
        self.current.load_full()
    }

    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Reads what is new. Called several times a second, and when somebody says that there is
    /// something new.
    pub async fn refresh(&self) -> Result<(), StartError> {
        let mut failed = self.reading.lock().await;
        self.catch_up(&mut failed).await
    }

    fn is_current(&self) -> bool {
        self.shared.store.is_current() && !self.outdated.load(Ordering::Acquire)
    }

    async fn catch_up(&self, failed: &mut Option<Stopwatch>) -> Result<(), StartError> {
        let caught_up = self.read_on().await;
        *failed = caught_up.is_err().then(Stopwatch::start);
        caught_up
    }

    async fn read_on(&self) -> Result<(), StartError> {
        let heard = tokio::time::timeout(HEARING, self.shared.store.hear()).await;
        let heard = heard.unwrap_or(Err(StoreError::Late))?;
        let now = self.shared.environment.clock.now().unix_timestamp();
        if heard.directory || now >= self.next_key_change.load(Ordering::Acquire) {
            self.outdated.store(true, Ordering::Release);
        }
        if !self.outdated.load(Ordering::Acquire) {
            return Ok(());
        }
        let (issuers, next) = read(&self.shared, &self.kek, Some(&self.last_known())).await?;
        self.current.store(Arc::new(issuers));
        self.next_key_change.store(next, Ordering::Release);
        self.outdated.store(false, Ordering::Release);
        Ok(())
    }
}

/// The issuers, and when a key changes its state next. Keys that are in `before` are not opened
/// again.
async fn read(
    shared: &Arc<Shared>,
    kek: &KeyEncryptionKey,
    before: Option<&Issuers>,
) -> Result<(Issuers, i64), StartError> {
    let db = shared.store.read();
    let services = store::services::all(db).await?;
    let connections = store::connections::all(db).await?;
    let clients: Vec<_> = store::clients::all(db).await?.into_iter().map(Arc::new).collect();
    let mut desk = Desk { shared, kek, before, clients, records: store::keys::all(db).await? };

    let mut hosted = Vec::new();
    for service in services.iter().filter(|it| it.hosted && it.active) {
        hosted.push(desk.build(Role::Service(service.clone())).await?);
    }
    let mut home = desk.build(Role::Home).await?;
    home.catalogue = Arc::new(Catalogue::of(services, connections));
    let local: Vec<_> = hosted
        .iter()
        .chain([&home])
        .map(|it| (it.issuer.clone(), Arc::clone(it.keys.published())))
        .collect();
    for server in &mut hosted {
        let Role::Service(service) = &server.role else { continue };
        let trusted = trusted_by(shared, service, &local).await?;
        server.trusted_issuers = TrustedIssuers::of(&server.issuer, trusted)?;
    }
    let next = next_change(&desk.records, shared.environment.clock.now());
    Ok((Issuers::new(home, hosted), next))
}

/// What every issuer is made from.
struct Desk<'a> {
    shared: &'a Arc<Shared>,
    kek: &'a KeyEncryptionKey,
    before: Option<&'a Issuers>,
    clients: Vec<Arc<Client>>,
    records: Vec<KeyRecord>,
}

impl Desk<'_> {
    async fn build(&mut self, role: Role) -> Result<AuthorizationServer, StartError> {
        let (shared, kek) = (self.shared, self.kek);
        let (issuer, algorithms, later) = match &role {
            // A client that comes with an algorithm of its own does not wait for its ID Tokens.
            Role::Home => {
                let clients = self.clients.iter().map(Arc::as_ref);
                (shared.home.clone(), algorithms::of_home(&shared.home, clients), Duration::ZERO)
            }
            Role::Service(it) => (it.issuer.clone(), algorithms::of_service(it), JWKS_CACHED),
        };
        let (environment, records) = (&shared.environment, &mut self.records);
        let store = &shared.store;
        keys::make_missing(store, environment, kek, &issuer, &algorithms, later, records).await?;
        let before = self.before.and_then(|it| it.named(&issuer)).map(|it| &it.keys);
        let keys = IssuerKeys::of(&issuer, records, kek, environment.clock.now(), before)?;
        Ok(AuthorizationServer {
            clients: Clients::of(&issuer, &self.clients),
            issuer,
            role,
            keys,
            trusted_issuers: TrustedIssuers::default(),
            catalogue: Arc::default(),
            metadata: OnceLock::new(),
            shared: Arc::clone(shared),
        })
    }
}

async fn trusted_by(
    shared: &Shared,
    service: &Service,
    local: &[(crate::oauth::Issuer, Arc<KeySet>)],
) -> Result<Vec<TrustedIssuer>, StoreError> {
    let trusts = store::trusts::of(shared.store.read(), &service.id).await?;
    Ok(trusts
        .into_iter()
        .map(|trust| {
            let keys = match &trust.keys {
                TrustedKeys::Local => local
                    .iter()
                    .find(|(issuer, _)| *issuer == trust.issuer)
                    .map(|(_, keys)| Arc::clone(keys)),
                TrustedKeys::Inline(jwks) => KeySet::registered(Some(jwks)),
                TrustedKeys::Uri(_) | TrustedKeys::Discovered => None,
            };
            TrustedIssuer { trust, keys }
        })
        .collect())
}

fn next_change(records: &[KeyRecord], now: OffsetDateTime) -> i64 {
    records
        .iter()
        .flat_map(|it| [Some(it.signs_from), it.retired_at, it.gone_at])
        .flatten()
        .filter(|at| *at > now)
        .min()
        .unwrap_or(now + Duration::days(365))
        .unix_timestamp()
}
