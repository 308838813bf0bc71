//! Whom another issuer means.

use crate::oauth::{Issuer, Subject};

/// A subject of another issuer. ID-JAG §6.3: the same `sub` of another tenant is somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Foreign {
    pub issuer: Issuer,
    pub tenant: Option<String>,
    pub subject: Subject,
}

impl Foreign {
    /// A subject of an issuer that has no tenants.
    pub fn of(issuer: Issuer, subject: Subject) -> Self {
        Self { issuer, tenant: None, subject }
    }

    /// In whose namespace the subject is. No issuer identifier has a space in it.
    pub fn realm(&self) -> String {
        match &self.tenant {
            None => self.issuer.to_string(),
            Some(tenant) => format!("{} {tenant}", self.issuer),
        }
    }

    /// The other way round.
    pub fn in_realm(realm: &str, subject: Subject) -> Option<Self> {
        let (issuer, tenant) = match realm.split_once(' ') {
            Some((issuer, tenant)) => (issuer, Some(tenant.to_owned())),
            None => (realm, None),
        };
        Some(Self { issuer: Issuer::parse(issuer).ok()?, tenant, subject })
    }
}
