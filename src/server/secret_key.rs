//! The key under which client secrets are kept (`docs/decisions/0018-secrets-by-hmac.md`).

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// 256 bits. With it and a secret one can tell whether the secret is a client's; with the
/// store alone one cannot.
#[derive(Clone)]
pub struct SecretKey(Arc<SecretBox<Vec<u8>>>);

impl SecretKey {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(SecretBox::new(Box::new(bytes))))
    }

    /// What is kept of a secret.
    pub fn mac(&self, secret: &str) -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret())
            .expect("HMAC takes keys of any length");
        mac.update(secret.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }

    /// Whether `secret` is the one of which `kept` was kept, in constant time.
    pub fn proves(&self, secret: &str, kept: &[u8]) -> bool {
        self.mac(secret).ct_eq(kept).into()
    }
}
