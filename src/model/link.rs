//! Who somebody is at another issuer, linked to their account here, and what that is done by.

use time::OffsetDateTime;

use super::foreign::Foreign;
use super::refresh::Digest;
use crate::oauth::{ClientId, Jti, ServiceId, Subject};

/// A subject of another issuer that stands for an account of a service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Link {
    pub service: ServiceId,
    pub whose: Foreign,
    pub account: Subject,
}

/// A genuine ID-JAG found no account at a service: for a while, whoever it is about may say that
/// they have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkInvitation {
    /// By which we call it; it tells nobody the code.
    pub id: Jti,
    /// Of the code.
    pub digest: Digest,
    pub service: ServiceId,
    pub whose: Foreign,
    /// What the issuer says that they are reached by, verified.
    pub email: String,
    /// Who brought the ID-JAG.
    pub client: ClientId,
    /// The `jti` of the ID-JAG.
    pub jti: Jti,
    pub expires_at: OffsetDateTime,
}

impl LinkInvitation {
    /// Whose it is, and where. An answer to one ends all that are about the same.
    pub fn about(&self) -> (ServiceId, Foreign) {
        (self.service.clone(), self.whose.clone())
    }

    /// Whether a person who types this knows whom it is about.
    pub fn is_about(&self, typed: &str) -> bool {
        self.email.eq_ignore_ascii_case(typed.trim())
    }
}
