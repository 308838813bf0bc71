//! The clients of one issuer.

use std::collections::HashMap;
use std::sync::Arc;

use crate::jose::KeySet;
use crate::model::Client;
use crate::oauth::{ClientId, GrantType, Issuer};

/// A client with the keys that it registered, read once.
#[derive(Clone)]
pub struct RegisteredClient {
    pub record: Arc<Client>,
    /// Of its `jwks`; `None` if it has none, or none that can be read.
    pub keys: Option<Arc<KeySet>>,
}

/// All clients that are registered at an issuer, active or not.
#[derive(Clone, Default)]
pub struct Clients {
    by_id: Arc<HashMap<ClientId, RegisteredClient>>,
    exchange: bool,
}

impl Clients {
    /// Those of `all` that are registered at `issuer`.
    pub(super) fn of(issuer: &Issuer, all: &[Arc<Client>]) -> Self {
        let registered = |record: &Arc<Client>| {
            let keys = KeySet::registered(record.jwks.as_deref());
            let client = RegisteredClient { record: Arc::clone(record), keys };
            (record.id.clone(), client)
        };
        let here = || all.iter().filter(|it| it.issuer == *issuer);
        Self {
            by_id: Arc::new(here().map(registered).collect()),
            exchange: here().any(|it| it.active && it.may_use(GrantType::TokenExchange)),
        }
    }

    pub fn find(&self, id: &ClientId) -> Option<&RegisteredClient> {
        self.by_id.get(id)
    }

    /// The record of a client that is active.
    pub fn active(&self, id: &ClientId) -> Option<Arc<Client>> {
        let record = &self.find(id)?.record;
        record.active.then(|| Arc::clone(record))
    }

    /// Whether a client without credentials is among them that can get something by its name: metadata
    /// tell.
    pub fn has_public_ones(&self) -> bool {
        let by_code = |it: &Client| it.is_public() && it.may_use(GrantType::AuthorizationCode);
        self.by_id.values().any(|it| it.record.active && by_code(&it.record))
    }

    /// Whether one that may exchange tokens is among them.
    pub fn exchange(&self) -> bool {
        self.exchange
    }
}
