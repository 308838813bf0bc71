//! The issuers whose ID-JAGs a service takes.

use std::sync::Arc;

use crate::jose::KeySet;
use crate::model::Trust;
use crate::oauth::Issuer;

/// A trust with the keys that need no fetching: local and inline ones, read once.
#[derive(Clone)]
pub struct TrustedIssuer {
    pub trust: Trust,
    pub keys: Option<Arc<KeySet>>,
}

/// The issuers that a server trusts. It is never one of them: ID-JAG §9.3 forbids an
/// issuer to give access tokens for its own ID-JAGs.
#[derive(Clone, Default)]
pub struct TrustedIssuers(Vec<TrustedIssuer>);

#[derive(Debug, thiserror::Error)]
#[error("{0} cannot be among its own trusted issuers (ID-JAG §9.3)")]
pub struct TrustsItself(Issuer);

impl TrustedIssuers {
    pub fn of(us: &Issuer, issuers: Vec<TrustedIssuer>) -> Result<Self, TrustsItself> {
        match issuers.iter().any(|it| it.trust.issuer == *us) {
            true => Err(TrustsItself(us.clone())),
            false => Ok(Self(issuers)),
        }
    }

    /// The trust in the issuer that calls itself `issuer`, if it is in force.
    pub fn find(&self, issuer: &str) -> Option<&TrustedIssuer> {
        self.0.iter().find(|it| it.trust.active && it.trust.issuer.as_str() == issuer)
    }
}
