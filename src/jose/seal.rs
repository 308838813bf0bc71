//! Sealing: how private keys and other secrets lie in the store.

use josekit::jwe::{self, Dir, JweHeader};
use secrecy::{ExposeSecret, SecretBox};

/// The key that seals all others: 256 bits from a file or the environment, never in the store.
#[derive(Clone)]
pub struct KeyEncryptionKey(std::sync::Arc<SecretBox<[u8; 32]>>);

/// A compact JWE (RFC 7516) with `dir` and `A256GCM`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed(pub String);

#[derive(Debug, thiserror::Error)]
#[error(
    "a sealed secret cannot be opened: the key-encryption key is another than the one that sealed it"
)]
pub struct Unsealable;

impl KeyEncryptionKey {
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(std::sync::Arc::new(SecretBox::new(Box::new(bytes))))
    }

    pub fn seal(&self, secret: &[u8]) -> Sealed {
        let mut header = JweHeader::new();
        header.set_content_encryption("A256GCM");
        let encrypter =
            Dir.encrypter_from_bytes(self.0.expose_secret()).expect("the key has 256 bits");
        Sealed(jwe::serialize_compact(secret, &header, &encrypter).expect("AES-GCM needs no I/O"))
    }

    pub fn unseal(&self, sealed: &Sealed) -> Result<Vec<u8>, Unsealable> {
        let decrypter = Dir.decrypter_from_bytes(self.0.expose_secret()).map_err(|_| Unsealable)?;
        let opened = jwe::deserialize_compact(&sealed.0, &decrypter).map_err(|_| Unsealable)?;
        Ok(opened.0)
    }
}
