//! A service's word that it takes ID-JAGs of an issuer.

use time::Duration;

use super::terms::TrustTerms;
use crate::oauth::{Issuer, Scope};

/// An issuer whose ID-JAGs a service accepts (ID-JAG §4.1).
#[derive(Clone, Debug, PartialEq)]
pub struct Trust {
    pub issuer: Issuer,
    pub keys: TrustedKeys,
    /// The most that its ID-JAGs can give; `None` is all that the service has.
    pub scope: Option<Scope>,
    pub reuse: Reuse,
    pub accounts: Accounts,
    /// The longest time from `iat` to `exp` that is taken.
    pub longest: Duration,
    pub terms: TrustTerms,
    pub active: bool,
}

/// Where the keys of a trusted issuer come from. Never from the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustedKeys {
    /// The issuer is another one of this process.
    Local,
    /// A JWK set that the administrator wrote down, as JSON text.
    Inline(String),
    /// The address of a JWK set.
    Uri(String),
    /// The `jwks_uri` of the issuer's own metadata.
    Discovered,
}

/// Whether an ID-JAG may be presented more than once: `docs/decisions/0001-reuse.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    Once,
    UntilExpiry,
}

/// How a service finds the account of a subject (ID-JAG §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accounts {
    /// It is the same person of the same directory: home's own ID-JAGs.
    SamePerson,
    /// Only subjects that were linked before.
    Linked,
    /// An account is made when a subject comes for the first time.
    JustInTime,
}
