//! The keys of one issuer: which signs, and which are published.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::document::Document;
use crate::environment::Environment;
use crate::jose::{Algorithm, KeyEncryptionKey, KeySet, Sealed, SigningKey, Unsealable};
use crate::model::{KeyRecord, KeyState};
use crate::oauth::Issuer;
use crate::store::changes::{self, Change};
use crate::store::{self, Store, StoreError, leases};

/// Signers and verifiers, built once for as long as the keys stay as they are.
#[derive(Clone)]
pub struct IssuerKeys {
    signers: BTreeMap<Algorithm, SigningKey>,
    /// All that are not gone, by their ids.
    opened: BTreeMap<String, SigningKey>,
    published: Arc<KeySet>,
    jwks: Document,
}

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error(transparent)]
    Unsealable(#[from] Unsealable),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl IssuerKeys {
    /// The algorithm of ID-JAGs, of access tokens unless their service has another, and of what
    /// vouches for the ledger. Every issuer has a key for it from its first start.
    pub const MAIN: Algorithm = Algorithm::ES256;

    /// What the keys in `records` that are of `issuer` are good for at `now`. Those that are in
    /// `before` are open already.
    pub fn of(
        issuer: &Issuer,
        records: &[KeyRecord],
        kek: &KeyEncryptionKey,
        now: OffsetDateTime,
        before: Option<&Self>,
    ) -> Result<Self, Unsealable> {
        let (mut signers, mut opened, mut public) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        for record in records.iter().filter(|it| it.issuer == *issuer) {
            let state = record.state(now);
            if state == KeyState::Gone {
                continue;
            }
            let key = match before.and_then(|it| it.opened.get(&record.key_id)) {
                Some(key) => key.clone(),
                None => SigningKey::unseal(&Sealed(record.sealed.clone()), kek)?,
            };
            opened.insert(record.key_id.clone(), key.clone());
            public.push(key.public_jwk());
            // The records are in the order in which they sign, so the newest stays.
            if state == KeyState::Signing {
                signers.insert(key.algorithm(), key);
            }
        }
        let jwks = Document::of(&json!({ "keys": public }));
        let published = KeySet::parse(&jwks.text).unwrap_or_default();
        Ok(Self { signers, opened, published: Arc::new(published), jwks })
    }

    /// The key that signs by `algorithm`, if there is one.
    pub fn signer(&self, algorithm: Algorithm) -> Option<&SigningKey> {
        self.signers.get(&algorithm)
    }

    /// All algorithms that there is a signing key for.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.signers.keys().copied()
    }

    /// The keys that verify what this issuer signed.
    pub fn published(&self) -> &Arc<KeySet> {
        &self.published
    }

    /// The JWK set (RFC 7517 §5) as it is served.
    pub fn jwks(&self) -> &Document {
        &self.jwks
    }
}

/// Makes the keys that `issuer` lacks for `algorithms`. The first ones can sign at once; others have
/// to be known everywhere first, and [`IssuerKeys::MAIN`] goes on until then.
///
/// Of nodes that find one lacking at the same time, one publishes its own, and the others find
/// that in `records` afterwards.
pub(super) async fn make_missing(
    store: &Store,
    environment: &Environment,
    kek: &KeyEncryptionKey,
    issuer: &Issuer,
    algorithms: &BTreeSet<Algorithm>,
    later: Duration,
    records: &mut Vec<KeyRecord>,
) -> Result<(), KeyError> {
    let now = environment.clock.now();
    let has = |records: &[KeyRecord], algorithm: Algorithm| {
        let of_it = |it: &&KeyRecord| it.issuer == *issuer && it.algorithm == algorithm.as_str();
        // Where another one goes on until then, it is enough that one is going to sign.
        let waits = algorithm != IssuerKeys::MAIN && later.is_positive();
        records.iter().filter(of_it).any(|it| match it.state(now) {
            KeyState::Signing => true,
            KeyState::Published => waits,
            KeyState::Retired | KeyState::Gone => false,
        })
    };
    let from = if has(records, IssuerKeys::MAIN) { now + later } else { now };
    // It takes long, so nobody is kept waiting meanwhile.
    let missing = algorithms.iter().copied().filter(|it| !has(records, *it));
    let made = join_all(missing.map(async |algorithm| {
        (algorithm, new_record(environment, kek, issuer, algorithm, from).await)
    }));
    let made = made.await;
    if made.is_empty() {
        return Ok(());
    }
    let transaction = store.begin().await?;
    leases::alone(&transaction, leases::KEYS).await?;
    *records = store::keys::all(&transaction).await?;
    for (algorithm, record) in made {
        if !has(records, algorithm) {
            store::keys::publish(&transaction, &record).await?;
            records.push(record);
        }
    }
    changes::announce(&transaction, &[Change::Directory]).await?;
    Ok(Store::finish(transaction).await?)
}

/// A new key, which signs from `signs_from` on.
pub(super) async fn new_record(
    environment: &Environment,
    kek: &KeyEncryptionKey,
    issuer: &Issuer,
    algorithm: Algorithm,
    signs_from: OffsetDateTime,
) -> KeyRecord {
    let key_id = environment.unique_id();
    let (id, kek) = (key_id.clone(), kek.clone());
    // RSA keys take long to find: not on the threads that answer requests.
    let made = tokio::task::spawn_blocking(move || SigningKey::generate(algorithm, &id).seal(&kek));
    let Sealed(sealed) = made.await.expect("making a key does not panic");
    KeyRecord {
        key_id,
        issuer: issuer.clone(),
        algorithm: algorithm.as_str().to_owned(),
        sealed,
        created_at: environment.clock.now(),
        signs_from,
        retired_at: None,
        gone_at: None,
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::*;

    /// Each is as a node of its own, which has just seen that there is no key.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn nodes_that_start_together() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("tegata.db").display());
        let mut starting = JoinSet::new();
        for _ in 0..4 {
            let store = Store::open(&url).await.unwrap();
            starting.spawn(async move {
                let (environment, kek) = (Environment::system(), KeyEncryptionKey::new([7; 32]));
                let issuer = Issuer::parse("https://id.example").unwrap();
                let (main, mut records) = ([IssuerKeys::MAIN].into(), vec![]);
                make_missing(
                    &store,
                    &environment,
                    &kek,
                    &issuer,
                    &main,
                    Duration::ZERO,
                    &mut records,
                )
                .await
                .unwrap();
                records.into_iter().map(|it| it.key_id).collect::<Vec<_>>()
            });
        }
        let found = starting.join_all().await;
        assert_eq!(found[0].len(), 1);
        assert!(found.iter().all(|it| *it == found[0]), "they have different keys: {found:?}");
    }
}
