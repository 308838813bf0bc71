//! What administrators decided. Pure functions; the specs leave these answers to us.

mod entitlement;
mod trusted_issuers;

pub use entitlement::{Asked, Denied, Entitlement, Person, consent_of, open, reachable};
pub use trusted_issuers::{TrustedIssuer, TrustedIssuers, TrustsItself};

use crate::oauth::Scope;

/// The least of what was asked and what is allowed. Absent means all that is allowed:
/// `docs/decisions/0002-absent-scope.md`.
pub fn grant_scope(asked: Option<&Scope>, allowed: &Scope) -> Scope {
    match asked {
        Some(asked) => asked.intersection(allowed),
        None => allowed.clone(),
    }
}
