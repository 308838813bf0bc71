//! What a person has allowed a client.

use std::collections::BTreeMap;

use super::Client;
use super::portrait::Portrait;
use crate::oauth::{ClientId, Issuer, Scope, ServiceId, Subject};

/// Remembered until more is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    pub user: Subject,
    /// Where the client is registered, and the scope belongs.
    pub issuer: Issuer,
    pub client: ClientId,
    /// Of a client that nobody declared with `offline_access`, wherever it may go on without the
    /// person.
    pub scope: Scope,
    /// The services that the person let the client reach for them, where the connection asks
    /// for it, and with what.
    pub services: BTreeMap<ServiceId, Scope>,
    /// Of a client that describes itself: what it said then (`Client::described`).
    pub described: Option<String>,
    /// The same in a form that can be shown; nothing was kept of it in former times.
    pub portrait: Option<Portrait>,
}

impl Consent {
    /// What was allowed to a client of another description was allowed to another client: where its
    /// answers go, or whose keys count, is part of it.
    pub fn is_for(&self, client: &Client) -> bool {
        self.described == client.described
    }

    pub fn covers_service(&self, service: &ServiceId, scope: &Scope) -> bool {
        self.services.get(service).is_some_and(|given| given.covers(scope))
    }
}
