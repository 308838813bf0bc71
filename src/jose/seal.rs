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
        if !is_whole(&sealed.0) {
            return Err(Unsealable);
        }
        let decrypter = Dir.decrypter_from_bytes(self.0.expose_secret()).map_err(|_| Unsealable)?;
        let opened = jwe::deserialize_compact(&sealed.0, &decrypter).map_err(|_| Unsealable)?;
        Ok(opened.0)
    }
}

/// In base64url: an IV of 96 bits, and a tag of 128.
const IV: usize = 16;
const TAG: usize = 22;

/// RFC 7518 §5.3: "The requested size of the Authentication Tag output MUST be 128 bits". OpenSSL takes
/// a tag of one byte as well, which whoever writes to the store finds in 256 tries; and without an
/// IV it ends the program.
fn is_whole(jwe: &str) -> bool {
    let parts: Vec<_> = jwe.split('.').collect();
    matches!(parts[..], [_, "", iv, _, tag] if iv.len() == IV && tag.len() == TAG)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by fuzzing.
    #[test]
    fn a_part_that_is_cut() {
        let kek = KeyEncryptionKey::new([7; 32]);
        let Sealed(whole) = kek.seal(b"secret");
        assert_eq!(kek.unseal(&Sealed(whole.clone())).unwrap(), b"secret");
        let parts: Vec<_> = whole.split('.').collect();
        let [header, _, iv, text, tag] = parts[..] else { panic!("a JWE has five parts") };
        for cut in [
            format!("{header}..{iv}.{text}.{}", &tag[..4]),
            format!("{header}..{iv}.{text}.{}", &tag[..16]),
            format!("{header}..{iv}.{text}."),
            format!("{header}...{text}.{tag}"),
            format!("{header}..{}.{text}.{tag}", &iv[..8]),
            format!("{header}..{iv}.{text}"),
        ] {
            assert!(kek.unseal(&Sealed(cut.clone())).is_err(), "{cut}");
        }
    }
}
