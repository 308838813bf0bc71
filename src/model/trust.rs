//! A service's word that it takes ID-JAGs of an issuer, or assertions of the programs it knows.

use time::Duration;

use super::terms::TrustTerms;
use super::workload::Workload;
use crate::oauth::{Issuer, Scope};

/// An issuer whose ID-JAGs a service accepts (ID-JAG §4.1), or its assertions about a workload
/// (RFC 7523 §2.1).
#[derive(Clone, Debug, PartialEq)]
pub struct Trust {
    pub issuer: Issuer,
    pub keys: TrustedKeys,
    /// The most that its ID-JAGs can give; `None` is all that the service has.
    pub scope: Option<Scope>,
    pub reuse: Reuse,
    /// Of a workload, which is nobody, it says nothing.
    pub accounts: Accounts,
    /// The longest time from `iat` to `exp` that is taken.
    pub longest: Duration,
    pub terms: TrustTerms,
    pub active: bool,
}

impl Trust {
    /// Whose assertions it takes, if not ID-JAGs.
    pub fn workload(&self) -> Option<&Workload> {
        self.terms.workload.as_ref()
    }

    /// Whether it takes ID-JAGs that say `tenant`, or none (ID-JAG §6.3).
    pub fn is_for(&self, tenant: Option<&str>) -> bool {
        self.workload().is_none() && self.terms.tenant.as_deref() == tenant
    }

    /// What no two trusts of a service have in common, in words.
    pub fn name(&self) -> String {
        match (self.workload(), &self.terms.tenant) {
            (Some(workload), _) => format!("{} for {workload}", self.issuer),
            (None, Some(tenant)) => format!("{}, tenant {tenant:?}", self.issuer),
            (None, None) => self.issuer.to_string(),
        }
    }
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

/// Whether an assertion may be presented more than once: `docs/decisions/0001-reuse.md`.
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
