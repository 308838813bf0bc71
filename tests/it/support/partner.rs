//! The IdP of a partner, whose keys are fetched and not in our store.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use serde_json::json;
use tegata::jose::{Algorithm, KeySet, SigningKey};
use tegata::model::TrustedKeys;
use tegata::oauth::Issuer;
use tegata::outbound::{FetchKeys, Unreachable, Wanted};

/// Publishes one key, and counts who asks for it.
pub struct Partner {
    pub key: SigningKey,
    fetches: AtomicUsize,
}

impl Partner {
    pub fn new() -> Self {
        let key = SigningKey::generate(Algorithm::ES256, "partner-1");
        Self { key, fetches: AtomicUsize::new(0) }
    }

    /// How often somebody asked for keys of others.
    pub fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    fn keys(&self) -> Arc<KeySet> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let jwks = json!({ "keys": [self.key.public_jwk()] }).to_string();
        Arc::new(KeySet::parse(jwks.as_bytes()).unwrap())
    }
}

#[async_trait]
impl FetchKeys for Partner {
    async fn keys_of(
        &self,
        _: &Issuer,
        _: &TrustedKeys,
        _: Wanted,
    ) -> Result<Arc<KeySet>, Unreachable> {
        Ok(self.keys())
    }

    async fn set_at(&self, _: &str, _: Wanted) -> Result<Arc<KeySet>, Unreachable> {
        Ok(self.keys())
    }
}
