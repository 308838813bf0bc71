//! One authorization server: an issuer, its part, its keys, and whom it trusts.

use std::sync::{Arc, OnceLock};

use time::Duration;

use super::catalogue::Catalogue;
use super::clients::Clients;
use super::document::Document;
use super::dpop_nonces::DpopNonces;
use super::keys::IssuerKeys;
use super::names::PairwiseKey;
use super::readiness::Readiness;
use super::secret_key::SecretKey;
use crate::config::{Bounds, ClientHosts, Lifetimes, SignIn, Tiers, TrustedProxies};
use crate::environment::Environment;
use crate::jose::Algorithm;
use crate::limits::Limits;
use crate::model::{Client, Registrations, Service, User};
use crate::oauth::{ClientId, GrantType, Issuer, Resource, Scope};
use crate::outbound::FetchKeys;
use crate::passwords::Passwords;
use crate::policy::TrustedIssuers;
use crate::store::Store;
use crate::telemetry::Metrics;
use crate::tokens::AccessTokenClaims;

/// Everything that answering a request to one issuer takes.
#[derive(Clone)]
pub struct AuthorizationServer {
    pub issuer: Issuer,
    pub role: Role,
    pub keys: IssuerKeys,
    pub trusted_issuers: TrustedIssuers,
    /// Who is registered here.
    pub clients: Clients,
    /// What home's clients can reach; at a service it is empty.
    pub catalogue: Arc<Catalogue>,
    /// Its metadata, once somebody asked for them.
    pub metadata: OnceLock<Document>,
    pub shared: Arc<Shared>,
}

/// Which part of the ID-JAG's way a server plays.
#[derive(Clone, Debug)]
pub enum Role {
    /// The identity provider: people sign in, ID-JAGs are issued.
    Home,
    /// A resource authorization server: ID-JAGs are taken.
    Service(Service),
}

impl Role {
    /// What its token endpoint takes of everybody who may use it.
    pub fn grant_types(&self) -> &'static [GrantType] {
        match self {
            Self::Home => &[
                GrantType::AuthorizationCode,
                GrantType::RefreshToken,
                GrantType::ClientCredentials,
                GrantType::TokenExchange,
            ],
            Self::Service(_) => &[
                GrantType::AuthorizationCode,
                GrantType::RefreshToken,
                GrantType::ClientCredentials,
                GrantType::JwtBearer,
                GrantType::JwtDpop,
            ],
        }
    }
}

/// What all issuers of a process have in common.
pub struct Shared {
    pub store: Store,
    pub environment: Environment,
    pub passwords: Passwords,
    pub remote_keys: Arc<dyn FetchKeys>,
    pub secret_key: SecretKey,
    pub pairwise_key: PairwiseKey,
    pub dpop_nonces: DpopNonces,
    /// The group whose members may read what was decided about others.
    pub administrators: Option<String>,
    /// Where clients may describe themselves.
    pub client_hosts: ClientHosts,
    /// How far those are trusted.
    pub tiers: Tiers,
    /// Who may register clients at home.
    pub registrations: Registrations,
    /// Whether clients hear nothing of services that they cannot reach.
    pub id_jag_hide_services: bool,
    /// Whether refresh tokens may be exchanged for ID-JAGs.
    pub id_jag_by_refresh_token: bool,
    pub lifetimes: Lifetimes,
    pub sign_in: SignIn,
    pub trusted_proxies: TrustedProxies,
    pub bounds: Bounds,
    pub limits: Limits,
    /// How long rows of the ledger are kept at least; `None` is for ever.
    pub keep_ledger: Option<Duration>,
    pub metrics: Metrics,
    pub readiness: Readiness,
    /// The issuer of the identity provider in this process.
    pub home: Issuer,
}

impl Shared {
    /// Whether `user` may read what was decided about others.
    pub fn is_administrator(&self, user: &User) -> bool {
        self.administrators.as_ref().is_some_and(|it| user.groups.contains(it))
    }
}

impl AuthorizationServer {
    /// The service that it is, if it is one.
    pub fn service(&self) -> Option<&Service> {
        match &self.role {
            Role::Home => None,
            Role::Service(service) => Some(service),
        }
    }

    /// What its token endpoint takes. A service exchanges tokens only for those whom the directory
    /// says it of, and knows nothing of that where there are none.
    pub fn grant_types(&self) -> impl Iterator<Item = GrantType> {
        let exchange = !self.is_home() && self.clients.exchange();
        let more = exchange.then_some(GrantType::TokenExchange);
        self.role.grant_types().iter().copied().chain(more)
    }

    /// Who may register clients here.
    pub fn registrations(&self) -> Registrations {
        match &self.role {
            Role::Home => self.shared.registrations,
            Role::Service(service) => service.registrations,
        }
    }

    /// Whether it issues tokens for `resource` (RFC 8707 §2). Home has one resource: itself, that
    /// is its userinfo endpoint.
    pub fn governs(&self, resource: &Resource) -> bool {
        match &self.role {
            Role::Home => resource.as_str() == self.issuer.as_str(),
            Role::Service(service) => service.governs(resource),
        }
    }

    /// All the scope that `client` may have here today.
    pub fn offers(&self, client: &Client) -> Scope {
        match &self.role {
            Role::Home => client.scope.clone(),
            Role::Service(service) => service.offered(&client.scope),
        }
    }

    /// Whether an access token with these claims is of a client that acts for itself (RFC 9068 §2.2),
    /// whoever has it now. Of a person's, it is known when they signed in, or no client is called so.
    pub fn is_of_client_itself(&self, claims: &AccessTokenClaims) -> bool {
        let known = |id: &ClientId| *id == claims.client_id || self.clients.find(id).is_some();
        claims.auth_time.is_none()
            && ClientId::parse(claims.sub.as_str()).is_ok_and(|id| known(&id))
    }

    /// ES256, unless the directory says otherwise of the service: RFC 9068 §2.1 wants RS256 to be
    /// on offer, for resource servers that know nothing else. A new key does not sign before it
    /// is known.
    pub fn access_tokens_are_signed_by(&self) -> Algorithm {
        let chosen = self.service().and_then(|it| Algorithm::parse(&it.access_token_signing_alg));
        let ready = chosen.filter(|it| self.keys.signer(*it).is_some());
        ready.unwrap_or(IssuerKeys::MAIN)
    }

    /// Whether `client` may only have access tokens that are bound to a key or a certificate of it
    /// here: it said so itself (RFC 9449 §5.2, RFC 8705 §3.4), or the service's resources demand it
    /// (RFC 9728 §2).
    pub fn wants_bound_tokens(&self, client: &Client) -> bool {
        let service = self.service().is_some_and(|it| it.dpop_bound_access_tokens_required);
        service
            || client.dpop_bound_access_tokens
            || client.tls_client_certificate_bound_access_tokens
    }

    pub fn is_home(&self) -> bool {
        self.service().is_none()
    }
}
