//! An authorization code.

use time::OffsetDateTime;

use super::refresh::Digest;
use crate::oauth::{
    ClientId, CodeChallenge, Issuer, RedirectUri, Resource, Scope, SessionId, Subject,
};

/// What a code stands for (RFC 6749 §4.1.2): bound to client, redirect URI and verifier.
#[derive(Clone, Debug, PartialEq)]
pub struct AuthorizationCode {
    pub digest: Digest,
    /// The family of all that it gives.
    pub family: String,
    pub issuer: Issuer,
    pub client: ClientId,
    pub user: Subject,
    pub sid: SessionId,
    pub redirect_uri: RedirectUri,
    pub challenge: CodeChallenge,
    pub nonce: Option<String>,
    pub scope: Scope,
    pub resources: Vec<Resource>,
    /// The thumbprint of the key that it is bound to (RFC 9449 §10).
    pub key: Option<String>,
    /// Whether a refresh token may come with what it gives.
    pub lasting: bool,
    pub expires_at: OffsetDateTime,
    pub used: bool,
}
