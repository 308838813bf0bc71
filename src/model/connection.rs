//! A connection: what the administrator decided about a client and a service.

use super::terms::ConnectionTerms;
use crate::oauth::{ClientId, Resource, Scope, ServiceId};

/// The administrator's word that a client of home may act at a service (ID-JAG §4.3.3, §5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    pub client: ClientId,
    pub service: ServiceId,
    /// The client's identifier there.
    pub client_there: ClientId,
    pub scope: Scope,
    /// The resources that it may name; empty is every one that the service governs.
    pub resources: Vec<Resource>,
    /// Whose members may be acted for; empty is everybody.
    pub groups: Vec<String>,
    pub approval: Approval,
    pub terms: ConnectionTerms,
    pub active: bool,
}

/// Who decides, besides the administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// Nobody: no questions asked.
    Admin,
    /// The person acted for must have consented.
    User,
}
