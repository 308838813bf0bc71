//! The keys of one issuer: which signs, and which are published.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use time::OffsetDateTime;

use super::document::Document;
use crate::environment::Environment;
use crate::jose::{Algorithm, KeyEncryptionKey, KeySet, Sealed, SigningKey, Unsealable};
use crate::model::{KeyRecord, KeyState};
use crate::oauth::Issuer;
use crate::store::{self, Store, StoreError};

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
    /// The algorithm of access tokens and ID-JAGs. Every issuer has a key for it from its
    /// first start.
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
        let published = KeySet::parse(jwks.text.as_bytes()).unwrap_or_default();
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

/// Makes the keys that `issuer` lacks, so that each of `algorithms` can sign at once.
pub(super) async fn make_missing(
    store: &Store,
    environment: &Environment,
    kek: &KeyEncryptionKey,
    issuer: &Issuer,
    algorithms: &[Algorithm],
    records: &mut Vec<KeyRecord>,
) -> Result<(), KeyError> {
    let now = environment.clock.now();
    for algorithm in algorithms {
        let signs = |it: &KeyRecord| {
            it.issuer == *issuer
                && it.algorithm == algorithm.as_str()
                && it.state(now) == KeyState::Signing
        };
        if records.iter().any(signs) {
            continue;
        }
        let record = new_record(environment, kek, issuer, *algorithm, now).await;
        store::keys::publish(store.write(), &record).await?;
        records.push(record);
    }
    Ok(())
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
