//! Token exchange at home, for JWT authorization grants (RFC 8693 §2,
//! draft-ietf-oauth-identity-chaining-17 §2.3).
//!
//! Who may have one, and for whom, is decided as for an ID-JAG. But `resource` means another thing
//! here: the authorization server, and not what it protects.

use std::sync::Arc;

use super::response::TokenResponse;
use super::token_exchange::{self, Asking, Exchange};
use crate::clients::AuthenticatedClient;
use crate::issuance::Attempt;
use crate::model::{ConnectionGrant, LedgerEvent, Service};
use crate::oauth::{ErrorCode, ParamError, Params, Resource};
use crate::server::AuthorizationServer;

/// Identity chaining §2.3.1.
pub struct Request {
    /// The issuer identifier of an authorization server.
    resources: Vec<Resource>,
    /// Its names, as we know it.
    audiences: Vec<String>,
    asking: Asking,
}

impl Request {
    /// `refresh_tokens` says whether they are taken as subject tokens.
    pub fn parse(params: &Params, refresh_tokens: bool) -> Result<Self, ParamError> {
        let resources = params.resources()?;
        let audiences: Vec<_> = params.repeated("audience").map(str::to_owned).collect();
        // "Required if the audience is not set", and the other way round.
        if resources.is_empty() && audiences.is_empty() {
            return Err(ParamError::Missing("resource or audience"));
        }
        let asking = Asking::parse(params, refresh_tokens)?;
        Ok(Self { resources, audiences, asking })
    }
}

pub async fn grant(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    request: Request,
    attempt: &mut Attempt,
) -> Result<TokenResponse, Refusal> {
    attempt.event = LedgerEvent::JwtGrant;
    let named = Resource::all(&request.resources);
    attempt.asks_for(named.as_deref().or(request.audiences.first().map(String::as_str)));
    let service = target(server, &request);
    let grant = ConnectionGrant::Chaining;
    let exchange = Exchange { grant, service, resources: vec![], asking: request.asking };
    Ok(exchange.answer(server, client, attempt).await?)
}

/// The one authorization server that all of `resource` and `audience` name.
fn target(server: &AuthorizationServer, request: &Request) -> Option<Arc<Service>> {
    let catalogue = &server.catalogue;
    let by_issuer = request.resources.iter().map(|it| {
        let service = catalogue.service_named(it.as_str());
        service.filter(|service| service.issuer.as_str() == it.as_str())
    });
    let by_name = request.audiences.iter().map(|it| catalogue.service_named(it));
    let mut named = by_issuer.chain(by_name);
    let first = named.next()??;
    named.all(|it| it.is_some_and(|it| it.id == first.id)).then(|| Arc::clone(first))
}

/// Why the grant was refused. What each says is the `error_description` that is sent.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("a client without credentials cannot obtain a JWT authorization grant")]
    PublicClient,
    #[error("resource and audience do not name one authorization server that is known here")]
    UnknownTarget,
    #[error(transparent)]
    Exchange(token_exchange::Refusal),
}

impl From<token_exchange::Refusal> for Refusal {
    fn from(refusal: token_exchange::Refusal) -> Self {
        match refusal {
            token_exchange::Refusal::PublicClient => Self::PublicClient,
            token_exchange::Refusal::UnknownAudience => Self::UnknownTarget,
            other => Self::Exchange(other),
        }
    }
}

impl Refusal {
    /// Identity chaining §2.3.2 and RFC 8693 §2.2.2: a target that is "unacceptable based on policy" is
    /// `invalid_target`, and what is wrong with a subject token `invalid_request`, where ID-JAG
    /// §4.3.4.3 has `access_denied` and `invalid_grant`.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::PublicClient => ErrorCode::UnauthorizedClient,
            Self::UnknownTarget => ErrorCode::InvalidTarget,
            Self::Exchange(it) if it.is_about_target() => ErrorCode::InvalidTarget,
            Self::Exchange(it) => token_exchange::plainly(it.code()),
        }
    }
}
