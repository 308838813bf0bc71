//! The issuers as the store has them now.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use time::{Duration, OffsetDateTime};

use super::authorization_server::{AuthorizationServer, Role, Shared};
use super::issuers::Issuers;
use super::keys::{self, IssuerKeys, KeyError};
use crate::jose::{Algorithm, KeyEncryptionKey, KeySet, Unsealable};
use crate::model::{Client, KeyRecord, Service, TrustedKeys};
use crate::policy::{TrustedIssuer, TrustedIssuers, TrustsItself};
use crate::store::{self, StoreError, versions};

/// Services, trusts and keys are held in memory, and read again when a version in the store
/// says that somebody changed them, or when the time of a key has come.
pub struct LiveIssuers {
    shared: Arc<Shared>,
    kek: KeyEncryptionKey,
    current: ArcSwap<Issuers>,
    version: AtomicI64,
    next_key_change: AtomicI64,
}

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
        let (issuers, version, next) = read(&shared, &kek).await?;
        Ok(Self {
            shared,
            kek,
            current: ArcSwap::from_pointee(issuers),
            version: AtomicI64::new(version),
            next_key_change: AtomicI64::new(next),
        })
    }

    pub fn current(&self) -> Arc<Issuers> {
        self.current.load_full()
    }

    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Reads everything again, if there is anything new. Called every second.
    pub async fn refresh(&self) -> Result<(), StartError> {
        let version = versions::current(self.shared.store.read(), versions::DIRECTORY).await?;
        let now = self.shared.environment.clock.now().unix_timestamp();
        let unchanged = version == self.version.load(Ordering::Acquire);
        if unchanged && now < self.next_key_change.load(Ordering::Acquire) {
            return Ok(());
        }
        let (issuers, version, next) = read(&self.shared, &self.kek).await?;
        self.current.store(Arc::new(issuers));
        self.version.store(version, Ordering::Release);
        self.next_key_change.store(next, Ordering::Release);
        Ok(())
    }
}

/// The issuers, the version that they are of, and when a key changes its state next.
async fn read(
    shared: &Arc<Shared>,
    kek: &KeyEncryptionKey,
) -> Result<(Issuers, i64, i64), StartError> {
    let db = shared.store.read();
    // Read first, so that a change in between is noticed the next time.
    let version = versions::current(db, versions::DIRECTORY).await?;
    let services = store::services::all(db).await?;
    let mut records = store::keys::all(db).await?;
    let clients = store::clients::all(db).await?;

    let home = build(shared, kek, Role::Home, &clients, &mut records).await?;
    let mut hosted = Vec::new();
    for service in services.iter().filter(|it| it.hosted && it.active) {
        let role = Role::Service(service.clone());
        hosted.push(build(shared, kek, role, &clients, &mut records).await?);
    }
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
    let next = next_change(&records, shared.environment.clock.now());
    Ok((Issuers::new(home, hosted), version, next))
}

async fn build(
    shared: &Arc<Shared>,
    kek: &KeyEncryptionKey,
    role: Role,
    clients: &[Client],
    records: &mut Vec<KeyRecord>,
) -> Result<AuthorizationServer, StartError> {
    let (issuer, algorithms) = match &role {
        Role::Home => (shared.home.clone(), algorithms_of_home(shared, clients)),
        Role::Service(service) => (service.issuer.clone(), vec![Algorithm::ES256]),
    };
    let environment = &shared.environment;
    keys::make_missing(&shared.store, environment, kek, &issuer, &algorithms, records).await?;
    let keys = IssuerKeys::of(&issuer, records, kek, environment.clock.now())?;
    let trusted_issuers = TrustedIssuers::default();
    let is_public = |it: &Client| it.issuer == issuer && it.active && it.is_public();
    let has_public_clients = clients.iter().any(is_public);
    let shared = Arc::clone(shared);
    Ok(AuthorizationServer { issuer, role, keys, trusted_issuers, has_public_clients, shared })
}

/// ES256 for what we define, RS256 because OIDC Core has it as the default of ID Tokens, and
/// what clients registered besides.
fn algorithms_of_home(shared: &Shared, clients: &[Client]) -> Vec<Algorithm> {
    let mut algorithms = vec![Algorithm::ES256, Algorithm::RS256];
    for client in clients.iter().filter(|it| it.issuer == shared.home) {
        algorithms.extend(Algorithm::parse(&client.id_token_signed_response_alg));
    }
    algorithms.sort_unstable();
    algorithms.dedup();
    algorithms
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
                TrustedKeys::Inline(jwks) => KeySet::parse(jwks.as_bytes()).ok().map(Arc::new),
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
