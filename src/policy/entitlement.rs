//! Whether a client may act for a person at a service (ID-JAG §4.3.3).

use std::sync::Arc;

use crate::model::{Approval, Connection, Consent, Service, User};
use crate::oauth::{Resource, Scope};

/// What a client asks for at a service.
#[derive(Debug)]
pub struct Asked<'a> {
    pub scope: Option<&'a Scope>,
    pub resources: &'a [Resource],
}

/// The administrator, and where it is theirs to say the person, let this client act for this
/// person at this service. Only [`Entitlement::decide`] makes one.
#[derive(Clone, Debug)]
pub struct Entitlement {
    connection: Connection,
    service: Arc<Service>,
    scope: Scope,
    resources: Vec<Resource>,
}

/// Which rule said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    NoConnection,
    ConnectionInactive,
    ServiceInactive,
    Groups,
    Resource,
    Scope,
    Consent,
}

impl Entitlement {
    pub fn decide(
        connection: Option<Connection>,
        service: Arc<Service>,
        user: &User,
        consent: Option<&Consent>,
        asked: &Asked<'_>,
    ) -> Result<Self, Denied> {
        // The administrator's word first: nothing else matters without it.
        let connection = connection.ok_or(Denied::NoConnection)?;
        if !connection.active {
            return Err(Denied::ConnectionInactive);
        }
        if !service.active {
            return Err(Denied::ServiceInactive);
        }
        if !is_for(&connection, user) {
            return Err(Denied::Groups);
        }

        // MCP EMA §7.6.1: valid pairs of audience and resource, and no others.
        let governed = |it: &Resource| {
            service.governs(it)
                && (connection.resources.is_empty() || connection.resources.contains(it))
        };
        if !asked.resources.iter().all(governed) {
            return Err(Denied::Resource);
        }

        // ID-JAG §4.3.3: scope may be narrowed, never widened.
        let allowed = service.offered(&connection.scope);
        let scope = super::grant_scope(asked.scope, &allowed);
        if scope.is_empty() {
            return Err(Denied::Scope);
        }

        // And the person's word, where the administrator left it to them.
        let allowed_by_person =
            || consent.is_some_and(|consent| consent.covers_service(&service.id, &scope));
        if connection.approval == Approval::User && !allowed_by_person() {
            return Err(Denied::Consent);
        }
        let resources = match (asked.resources, connection.resources.as_slice()) {
            ([], ceiling) => ceiling.iter().filter(|it| service.governs(it)).cloned().collect(),
            (asked, _) => asked.to_vec(),
        };
        // A ceiling of which nothing is left is not the same as none.
        if resources.is_empty() && !connection.resources.is_empty() {
            return Err(Denied::Resource);
        }
        Ok(Self { connection, service, scope, resources })
    }

    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    pub fn service(&self) -> &Service {
        &self.service
    }

    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// What the ID-JAG is restricted to; empty where nobody asked for a restriction.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }
}

fn is_for(connection: &Connection, user: &User) -> bool {
    connection.groups.is_empty() || connection.groups.iter().any(|it| user.groups.contains(it))
}

/// The services that a client could reach for `user`, with the scope that it could get there:
/// what a person who consents should know.
pub fn reachable<'a>(
    connections: &'a [Connection],
    services: &'a [Arc<Service>],
    user: &User,
) -> Vec<(&'a Connection, &'a Service, Scope)> {
    connections
        .iter()
        .filter(|connection| connection.active && is_for(connection, user))
        .filter_map(|connection| {
            let here = |it: &&Arc<Service>| it.id == connection.service && it.active;
            let service: &Service = services.iter().find(here)?;
            let scope = service.offered(&connection.scope);
            (!scope.is_empty()).then_some((connection, service, scope))
        })
        .collect()
}

/// What remains to be asked of a person: the reachable services whose connection leaves it to
/// them, as far as `consent` does not cover them yet.
pub fn consent_of<'a>(
    reachable: &[(&'a Connection, &'a Service, Scope)],
    consent: Option<&Consent>,
) -> Vec<(&'a Service, Scope)> {
    reachable
        .iter()
        .filter(|(connection, _, _)| connection.approval == Approval::User)
        .filter(|(_, service, scope)| {
            !consent.is_some_and(|it| it.covers_service(&service.id, scope))
        })
        .map(|(_, service, scope)| (*service, scope.clone()))
        .collect()
}
