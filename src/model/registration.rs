//! A client that registered itself (RFC 7591), and who may.

use time::OffsetDateTime;

use super::client_metadata::ClientMetadata;
use super::refresh::Digest;
use crate::oauth::{ClientId, Issuer};

/// Who may register a client at an issuer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Registrations {
    /// Administrators alone, in the directory.
    #[default]
    Off,
    /// Whoever has an initial access token (RFC 7591 §1.2).
    ByToken,
    /// Everybody.
    Open,
}

/// Something else is written there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is neither off, token nor open")]
pub struct NoSuchDoor;

impl Registrations {
    pub fn parse(text: &str) -> Result<Self, NoSuchDoor> {
        let all = [Self::Off, Self::ByToken, Self::Open];
        all.into_iter().find(|it| it.as_str() == text).ok_or(NoSuchDoor)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::ByToken => "token",
            Self::Open => "open",
        }
    }
}

/// A registration as its client made it.
#[derive(Clone, Debug, PartialEq)]
pub struct Registration {
    pub issuer: Issuer,
    pub client: ClientId,
    pub metadata: ClientMetadata,
    /// HMAC-SHA-256 of the secret, under a key of this server.
    pub secret_mac: Option<Vec<u8>>,
    /// Of the registration access token (RFC 7592 §1.2).
    pub token: Digest,
    pub registered_at: OffsetDateTime,
    /// When it is forgotten unless the client got something by then; `None` is never.
    pub forget_after: Option<OffsetDateTime>,
}

/// What the identifiers of such clients begin with, so that no other is looked for among them.
const PREFIX: &str = "reg_";

/// The identifier with these 128 random bits.
pub fn registered_id(random: &str) -> Option<ClientId> {
    ClientId::parse(&format!("{PREFIX}{random}")).ok()
}

/// Whether `id` is one that we gave to a client that registered itself.
pub fn is_registered(id: &ClientId) -> bool {
    let random = id.as_str().strip_prefix(PREFIX).unwrap_or_default();
    random.len() == 32 && random.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}
