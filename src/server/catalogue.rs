//! What home's clients can reach: services, and the connections to them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{Connection, ConnectionGrant, Service};
use crate::oauth::{ClientId, ServiceId};

/// The services that are known here, and who is connected with them.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    services: Vec<Arc<Service>>,
    /// Issuer identifiers and aliases, with the place of whose they are.
    names: HashMap<String, usize>,
    connections: HashMap<ClientId, Vec<Connection>>,
}

impl Catalogue {
    pub(super) fn of(services: Vec<Service>, connections: Vec<Connection>) -> Self {
        let services: Vec<_> = services.into_iter().map(Arc::new).collect();
        let mut names = HashMap::new();
        for (index, service) in services.iter().enumerate().rev() {
            for alias in &service.audience_aliases {
                names.insert(alias.clone(), index);
            }
        }
        // An issuer is nobody's alias.
        for (index, service) in services.iter().enumerate() {
            names.insert(service.issuer.to_string(), index);
        }
        let mut by_client: HashMap<_, Vec<_>> = HashMap::new();
        for connection in connections {
            by_client.entry(connection.client.clone()).or_default().push(connection);
        }
        Self { services, names, connections: by_client }
    }

    pub fn services(&self) -> &[Arc<Service>] {
        &self.services
    }

    /// The service that a token exchange names as `audience`: by issuer identifier or, where the
    /// administrator gave it another name, by that.
    pub fn service_named(&self, audience: &str) -> Option<&Arc<Service>> {
        self.services.get(*self.names.get(audience)?)
    }

    /// All connections of a client of home, active or not.
    pub fn connections_of(&self, client: &ClientId) -> &[Connection] {
        self.connections.get(client).map_or(&[], Vec::as_slice)
    }

    /// Whether anybody may have `grant`.
    pub fn give(&self, grant: ConnectionGrant) -> bool {
        self.connections.values().flatten().any(|it| it.active && it.terms.give(grant))
    }

    /// The connection of a client of home to a service, active or not.
    pub fn connection(&self, client: &ClientId, service: &ServiceId) -> Option<&Connection> {
        self.connections_of(client).iter().find(|it| it.service == *service)
    }
}
