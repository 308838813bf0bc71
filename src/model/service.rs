//! A service: a resource authorization server.

use super::detail_types::DetailTypes;
use super::registration::Registrations;
use crate::oauth::{Issuer, Resource, Scope, Sector, ServiceId};

/// A resource authorization server, hosted here or elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub id: ServiceId,
    pub name: String,
    pub issuer: Issuer,
    /// Whether this process answers for it.
    pub hosted: bool,
    pub active: bool,
    /// The protected resources that it governs (RFC 8707).
    pub resources: Vec<Resource>,
    /// Other names that a token exchange may use for it as `audience`.
    pub audience_aliases: Vec<String>,
    /// Each scope with what it allows, in the words that a person is shown.
    pub scopes: Vec<(String, String)>,
    /// By which algorithm its access tokens are signed (RFC 7518 §3.1), if it is hosted.
    pub access_token_signing_alg: String,
    /// Whether its access tokens have to be bound to a key of the client (RFC 9728 §2).
    pub dpop_bound_access_tokens_required: bool,
    /// What clients that nobody registered may have here by code, where people let them.
    pub described_scope: Scope,
    /// Who may register clients here.
    pub registrations: Registrations,
    /// What may be asked for by `authorization_details`.
    pub authorization_details_types: DetailTypes,
    /// By which it knows people, if it knows them by pairwise subjects (OIDC Core §8.1).
    pub sector: Option<Sector>,
}

impl Service {
    /// All its scopes.
    pub fn scope(&self) -> Scope {
        self.scopes
            .iter()
            .filter_map(|(name, _)| Scope::parse(name).ok())
            .fold(Scope::default(), |all, one| all.union(&one))
    }

    /// What of `scope` it has.
    pub fn offered(&self, scope: &Scope) -> Scope {
        scope.only(|token| self.scopes.iter().any(|(name, _)| name == token))
    }

    /// What a scope of it allows, in plain words.
    pub fn describe<'a>(&'a self, scope: &'a str) -> &'a str {
        self.scopes.iter().find(|(name, _)| name == scope).map_or(scope, |(_, words)| words)
    }

    pub fn governs(&self, resource: &Resource) -> bool {
        self.resources.contains(resource)
    }
}
