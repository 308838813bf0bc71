//! A login: one person, signed in once.

use time::OffsetDateTime;

use crate::oauth::{SessionId, Subject};

/// What every token that comes from it says about how the person signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The `sid` of tokens (OIDC Front-Channel Logout §3).
    pub sid: SessionId,
    pub user: Subject,
    pub auth_time: OffsetDateTime,
    pub acr: String,
    pub amr: Vec<String>,
    /// Set when the person signed out, or an administrator did it for them.
    pub ended_at: Option<OffsetDateTime>,
}

impl Login {
    /// `acr` of a password alone.
    pub const PASSWORD: &str = "urn:tegata:acr:password";

    /// Every `acr` that a login here can have.
    pub const ACR: [&str; 1] = [Self::PASSWORD];

    /// Whether the person signed in for what began at `began_at`, where the login `found` was there
    /// already.
    pub fn is_for(&self, found: Option<&SessionId>, began_at: OffsetDateTime) -> bool {
        found != Some(&self.sid) && self.auth_time.unix_timestamp() >= began_at.unix_timestamp()
    }
}
