//! Refresh tokens and the families that they form.

use std::fmt;
use std::sync::Arc;

use sha2::Digest as _;
use time::OffsetDateTime;

use crate::oauth::{ClientId, Issuer, Resource, Scope, SessionId, Subject};

/// The SHA-256 of a secret with 256 random bits: all that we keep of a code or a refresh token.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Digest(pub Vec<u8>);

impl Digest {
    pub fn of(secret: &str) -> Self {
        Self(sha2::Sha256::digest(secret.as_bytes()).to_vec())
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
