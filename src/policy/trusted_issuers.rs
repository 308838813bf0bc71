//! The issuers whose ID-JAGs and workloads a service takes.

use std::sync::Arc;

use crate::jose::KeySet;
use crate::model::{Foreign, Trust};
use crate::oauth::{Issuer, Subject};

/// A trust with the keys that need no fetching: local and inline ones, read once.
#[derive(Clone)]
pub struct TrustedIssuer {
    pub trust: Trust,
    pub keys: Option<Arc<KeySet>>,
}

impl TrustedIssuer {
    /// Whoever this issuer, or this tenant of it, calls so.
    pub fn whose(&self, subject: &Subject) -> Foreign {
        Foreign {
            issuer: self.trust.issuer.clone(),
            tenant: self.trust.terms.tenant.clone(),
            subject: subject.clone(),
        }
    }
}

/// The issuers that a server trusts. It is never one of them: ID-JAG §9.3 forbids an
/// issuer to give access tokens for its own ID-JAGs.
///
/// All trusts in one issuer have the same keys, for only these tell which of them is meant.
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

    /// The trusts in the ID-JAGs of the issuer that calls itself `issuer` which are in force: one
    /// for each of its tenants.
    pub fn by_id_jag(&self, issuer: &str) -> impl Iterator<Item = &TrustedIssuer> {
        self.in_force(issuer).filter(|it| it.trust.workload().is_none())
    }

    /// The same of its assertions about workloads.
    pub fn by_workload(&self, issuer: &str) -> impl Iterator<Item = &TrustedIssuer> {
        self.in_force(issuer).filter(|it| it.trust.workload().is_some())
    }

    fn in_force(&self, issuer: &str) -> impl Iterator<Item = &TrustedIssuer> {
        self.0.iter().filter(move |it| it.trust.active && it.trust.issuer.as_str() == issuer)
    }
}
