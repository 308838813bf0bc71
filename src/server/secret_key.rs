//! Keys that the server makes for itself once: that under which client secrets are kept
//! (`docs/decisions/0018-secrets-by-hmac.md`), and others.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::keys::KeyError;
use crate::environment::Environment;
use crate::jose::{KeyEncryptionKey, Sealed, Unsealable};
use crate::store::{self, Store};

/// 256 bits. With it and a secret one can tell whether the secret is a client's; with the
/// store alone one cannot.
#[derive(Clone)]
pub struct SecretKey(Arc<SecretBox<Vec<u8>>>);

/// Under which name the store has it.
const NAME: &str = "client-secret-mac";

impl SecretKey {
    /// The key of `store`, sealed under `kek`. On first start it is made.
    pub async fn load_or_make(
        store: &Store,
        kek: &KeyEncryptionKey,
        environment: &Environment,
    ) -> Result<Self, KeyError> {
        Self::load_or_make_named(NAME, store, kek, environment).await
    }

    /// The same for the key of another name.
    pub(super) async fn load_or_make_named(
        name: &str,
        store: &Store,
        kek: &KeyEncryptionKey,
        environment: &Environment,
    ) -> Result<Self, KeyError> {
        if let Some(sealed) = store::secrets::find(store.read(), name).await? {
            return Ok(Self::new(kek.unseal(&Sealed(sealed))?));
        }
        let mut bytes = Zeroizing::new([0; 32]);
        environment.entropy.fill(&mut *bytes);
        let Sealed(sealed) = kek.seal(&*bytes);
        store::secrets::keep(store.write(), name, &sealed).await?;
        // Another process may have been faster: then its key counts.
        let sealed = store::secrets::find(store.write(), name).await?.ok_or(Unsealable)?;
        Ok(Self::new(kek.unseal(&Sealed(sealed))?))
    }

    /// Whether `store` has one already, so that a new key-encryption key would be a wrong one.
    pub async fn is_made(store: &Store) -> Result<bool, KeyError> {
        Ok(store::secrets::find(store.read(), NAME).await?.is_some())
    }

    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(SecretBox::new(Box::new(bytes))))
    }

    /// What is kept of a secret.
    pub fn mac(&self, secret: &str) -> Vec<u8> {
        self.mac_256(secret).to_vec()
    }

    /// The same as the 256 bits that it is.
    pub(super) fn mac_256(&self, secret: &str) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret())
            .expect("HMAC takes keys of any length");
        mac.update(secret.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Whether `secret` is the one of which `kept` was kept, in constant time.
    pub fn proves(&self, secret: &str, kept: &[u8]) -> bool {
        self.mac(secret).ct_eq(kept).into()
    }
}
