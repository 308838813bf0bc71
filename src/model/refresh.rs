//! Refresh tokens and the families that they form.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::Digest as _;
use time::OffsetDateTime;

use crate::oauth::{ClientId, Issuer, Resource, Scope, SessionId, Subject};

/// The SHA-256 of a secret with 256 random bits: all that we keep of a code or a refresh token.
/// Before it stands the time at which the secret was made, if that is in it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub Vec<u8>);

/// How long a secret is that has the time in it, and how long the time is, both in bytes: see
/// `Environment::ordered_secret`.
const ORDERED: usize = 38;
const TIME: usize = 6;

impl Digest {
    pub fn of(secret: &str) -> Self {
        let hash = sha2::Sha256::digest(secret.as_bytes());
        let mut bytes = [0; ORDERED];
        let decoded = BASE64_URL_SAFE_NO_PAD.decode_slice(secret, &mut bytes);
        let time = if decoded == Ok(ORDERED) { &bytes[..TIME] } else { &[] };
        Self([time, &hash].concat())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest")
    }
}

/// All tokens that come from one authorization code. What is wrong with one of its refresh
/// tokens is wrong with all of them, so it is revoked as a whole (RFC 9700 §4.14.2).
#[derive(Clone, Debug, PartialEq)]
pub struct TokenFamily {
    pub id: String,
    pub issuer: Issuer,
    pub client: ClientId,
    pub user: Subject,
    pub sid: SessionId,
    /// All that the person allowed this time.
    pub scope: Scope,
    pub resources: Vec<Resource>,
    /// The thumbprint of the key that its refresh tokens are bound to (RFC 9449 §5).
    pub key: Option<String>,
    pub revoked: bool,
}

/// One refresh token of a family. It is good once; its successor carries on.
#[derive(Clone, Debug, PartialEq)]
pub struct RefreshToken {
    pub digest: Digest,
    pub family: Arc<TokenFamily>,
    pub expires_at: OffsetDateTime,
    pub used: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is made later stands later, and what does not tell when it was made is a plain hash.
    #[test]
    fn digests_in_order_of_time() {
        let secret =
            |time: u8| BASE64_URL_SAFE_NO_PAD.encode([vec![time; 6], vec![7; 32]].concat());
        let digests = [1, 2, 3].map(|time| Digest::of(&secret(time)).0);
        assert!(digests.is_sorted());
        assert_eq!(digests[0][..6], [1; 6]);
        assert_ne!(digests[0][6..], digests[1][6..]);
        for other in ["", "?", &"A".repeat(50), &"A".repeat(52), &"A".repeat(43)] {
            assert_eq!(Digest::of(other).0.len(), 32, "{other}");
        }
    }
}
