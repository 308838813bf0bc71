//! A signing key as it is kept.

use time::OffsetDateTime;

use crate::oauth::Issuer;

/// A key of an issuer: its private part sealed, and when it does what.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyRecord {
    pub key_id: String,
    pub issuer: Issuer,
    /// The `alg` that it serves.
    pub algorithm: String,
    /// A compact JWE; opened with the key-encryption key.
    pub sealed: String,
    pub created_at: OffsetDateTime,
    /// From then on it signs; until then it is only published.
    pub signs_from: OffsetDateTime,
    /// From then on nothing is signed with it, but what was can still be verified.
    pub retired_at: Option<OffsetDateTime>,
    /// From then on it is no longer published, and may be deleted.
    pub gone_at: Option<OffsetDateTime>,
}

/// publish → wait out caches → sign → retire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    Published,
    Signing,
    Retired,
    Gone,
}

impl KeyRecord {
    pub fn state(&self, now: OffsetDateTime) -> KeyState {
        let reached = |at: Option<OffsetDateTime>| at.is_some_and(|at| at <= now);
        match () {
            () if reached(self.gone_at) => KeyState::Gone,
            () if reached(self.retired_at) => KeyState::Retired,
            () if self.signs_from <= now => KeyState::Signing,
            () => KeyState::Published,
        }
    }
}
