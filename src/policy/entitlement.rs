//! Whether a client may act for a person at a service (ID-JAG §4.3.3).

use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use crate::model::{
    Approval, BadDetails, Connection, ConnectionGrant, ConnectionTerms, Consent, Login, Service,
    User,
};
use crate::oauth::{AuthorizationDetails, Resource, Scope};

/// What a client asks for at a service.
#[derive(Debug)]
pub struct Asked<'a> {
    pub grant: ConnectionGrant,
    pub scope: Option<&'a Scope>,
    pub resources: &'a [Resource],
    pub details: Option<&'a AuthorizationDetails>,
    /// The clients that act for the person, besides the one that asks.
    pub actors: &'a [String],
    /// The account of the agent that acts for them, by its name.
    pub account: Option<&'a str>,
}

/// The administrator, and where it is theirs to say the person, let this client act for this
/// person at this service. Only [`Entitlement::decide`] makes one.
#[derive(Clone, Debug)]
pub struct Entitlement {
    grant: ConnectionGrant,
    connection: Connection,
    service: Arc<Service>,
    scope: Scope,
    resources: Vec<Resource>,
    details: Option<AuthorizationDetails>,
}

/// Which rule said no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    NoConnection,
    ConnectionInactive,
    /// The connection gives something else.
    Grant,
    ServiceInactive,
    Groups,
    /// One who is to act is not named by the connection.
    Actor,
    Resource,
    /// A request has to name a resource, and this one does not.
    NoResource,
    Scope,
    /// What is wrong with the details themselves.
    Details(BadDetails),
    /// The connection allows none of the types that were asked for.
    NoDetails,
    Consent,
    /// The login is of a kind that the connection does not take, and no other login can be of one.
    Login,
    /// The person has to sign in again, by one of these `acr` and at most so many seconds ago.
    StepUp {
        acr: Vec<String>,
        max_age: Option<u32>,
    },
}

impl Entitlement {
    pub fn decide(
        connection: Option<Connection>,
        service: Arc<Service>,
        person: Person<'_>,
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
        if !connection.terms.give(asked.grant) {
            return Err(Denied::Grant);
        }
        if !is_for(&connection, person.user) {
            return Err(Denied::Groups);
        }
        let terms = &connection.terms;
        let named = |it: &str| terms.actor_accounts.iter().any(|account| account == it);
        if !asked.actors.iter().all(|it| terms.actors.contains(it))
            || !asked.account.is_none_or(named)
        {
            return Err(Denied::Actor);
        }

        // MCP EMA §7.6.1: valid pairs of audience and resource, and no others.
        let governed = |it: &Resource| {
            service.governs(it)
                && (connection.resources.is_empty() || connection.resources.contains(it))
        };
        if !asked.resources.iter().all(governed) {
            return Err(Denied::Resource);
        }
        if connection.terms.resource_required && asked.resources.is_empty() {
            return Err(Denied::NoResource);
        }

        // ID-JAG §4.3.3: scope may be narrowed, never widened.
        let allowed = service.offered(&connection.scope);
        let scope = super::grant_scope(asked.scope, &allowed);
        if scope.is_empty() {
            return Err(Denied::Scope);
        }

        // RFC 9396 §5; ID-JAG §4.3.3: they may be narrowed, too.
        let details = match asked.details {
            None => None,
            Some(details) => {
                service.authorization_details_types.admit(details).map_err(Denied::Details)?;
                let allowed = details.only(&connection.terms.authorization_details);
                Some(allowed.ok_or(Denied::NoDetails)?)
            }
        };

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
        // ID-JAG §9.2, last: only where a better login is all that is missing.
        if !person.signed_in_as(&connection.terms) {
            return Err(step_up(&connection.terms));
        }
        Ok(Self { grant: asked.grant, connection, service, scope, resources, details })
    }

    /// What it is for.
    pub fn grant(&self) -> ConnectionGrant {
        self.grant
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

    /// What of the details that were asked for is granted.
    pub fn details(&self) -> Option<&AuthorizationDetails> {
        self.details.as_ref()
    }

    /// What the ID-JAG is restricted to; empty where nobody asked for a restriction.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }
}

/// A person and the login by which they are acted for.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    pub user: &'a User,
    pub login: &'a Login,
    pub now: OffsetDateTime,
}

impl Person<'_> {
    /// Whether the login is of a kind and an age that `terms` take.
    fn signed_in_as(&self, terms: &ConnectionTerms) -> bool {
        let age = self.now - self.login.auth_time;
        let recent = terms.max_age.is_none_or(|it| age <= Duration::seconds(it.into()));
        recent && (terms.acr.is_empty() || terms.acr.contains(&self.login.acr))
    }
}

/// What the client is told that has to send the person to sign in again.
fn step_up(terms: &ConnectionTerms) -> Denied {
    let can_be = |it: &&String| Login::ACR.contains(&it.as_str());
    let acr: Vec<_> = terms.acr.iter().filter(can_be).cloned().collect();
    match acr.is_empty() && !terms.acr.is_empty() {
        true => Denied::Login,
        false => Denied::StepUp { acr, max_age: terms.max_age },
    }
}

fn is_for(connection: &Connection, user: &User) -> bool {
    connection.groups.is_empty() || connection.groups.iter().any(|it| user.groups.contains(it))
}

/// The active connections that lead to an active service, with what of their scope it has.
pub fn open<'a>(
    connections: &'a [Connection],
    services: &'a [Arc<Service>],
) -> impl Iterator<Item = (&'a Connection, &'a Service, Scope)> {
    connections.iter().filter(|it| it.active).filter_map(|connection| {
        let there = |it: &&Arc<Service>| it.id == connection.service && it.active;
        let service: &Service = services.iter().find(there)?;
        Some((connection, service, service.offered(&connection.scope)))
    })
}

/// The services that a client could reach for `user`, with the scope that it could get there:
/// what a person who consents should know.
pub fn reachable<'a>(
    connections: &'a [Connection],
    services: &'a [Arc<Service>],
    user: &User,
) -> Vec<(&'a Connection, &'a Service, Scope)> {
    open(connections, services)
        .filter(|(connection, _, scope)| is_for(connection, user) && !scope.is_empty())
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
