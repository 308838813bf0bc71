//! The client credentials grant (RFC 6749 §4.4): the client acts for itself.

use super::audience::{self, NotGoverned};
use super::response::TokenResponse;
use crate::clients::AuthenticatedClient;
use crate::issuance::{self, Attempt, Warrant};
use crate::model::Client;
use crate::oauth::{ErrorCode, ParamError, Params, Resource, Scope};
use crate::policy;
use crate::server::AuthorizationServer;

/// Scopes that say something about a person; a client that acts for itself has none.
const OF_PEOPLE: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// RFC 6749 §4.4.2 and RFC 8707 §2.2.
pub struct Request {
    scope: Option<Scope>,
    resources: Vec<Resource>,
}

impl Request {
    pub fn parse(params: &Params) -> Result<Self, ParamError> {
        Ok(Self { scope: params.scope()?, resources: params.resources()? })
    }
}

pub async fn grant(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    request: Request,
    attempt: &mut Attempt,
) -> Result<TokenResponse, Refusal> {
    // RFC 6749 §4.4: "MUST only be used by confidential clients."
    if !client.is_confidential() {
        return Err(Refusal::PublicClient);
    }
    let own = own_scope(server, client.record());
    let scope = policy::grant_scope(request.scope.as_ref(), &own);
    if scope.is_empty() {
        return Err(Refusal::NothingToGrant);
    }
    let audience = audience::of(server, &request.resources)?;

    let warrant = Warrant::ClientItself { scope, resources: request.resources, audience };
    Ok(issuance::issue(server, client, warrant, attempt).await?.into())
}

/// What a client may have for itself.
pub(super) fn own_scope(server: &AuthorizationServer, client: &Client) -> Scope {
    server.offers(client).only(|token| !OF_PEOPLE.contains(&token))
}

#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("a client without credentials cannot act for itself")]
    PublicClient,
    #[error("no scope that was asked for can be granted to the client itself")]
    NothingToGrant,
    #[error(transparent)]
    Resource(#[from] NotGoverned),
    #[error(transparent)]
    Issuance(#[from] issuance::Refusal),
}

impl Refusal {
    /// RFC 6749 §5.2.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::PublicClient => ErrorCode::UnauthorizedClient,
            Self::NothingToGrant => ErrorCode::InvalidScope,
            Self::Resource(_) => ErrorCode::InvalidTarget,
            Self::Issuance(it) => it.code(),
        }
    }
}
