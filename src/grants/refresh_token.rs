//! The refresh token grant (RFC 6749 §6, RFC 9700 §4.14, OIDC Core §12).

use super::audience::{self, NotGoverned};
use super::response::TokenResponse;
use crate::clients::AuthenticatedClient;
use crate::issuance::{self, Attempt, ProvenRefreshToken, RefreshMismatch, Shown, Warrant};
use crate::model::Digest;
use crate::oauth::{ErrorCode, ParamError, Params, Resource, Scope};
use crate::server::AuthorizationServer;
use crate::store::StoreError;

/// RFC 6749 §6 and RFC 8707 §2.2.
pub struct Request {
    refresh_token: Digest,
    scope: Option<Scope>,
    resources: Vec<Resource>,
}

impl Request {
    pub fn parse(params: &Params) -> Result<Self, ParamError> {
        Ok(Self {
            refresh_token: Digest::of(params.required("refresh_token")?),
            scope: params.scope()?,
            resources: params.resources()?,
        })
    }
}

pub async fn grant(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    request: Request,
    attempt: &mut Attempt,
) -> Result<TokenResponse, Refusal> {
    let store = &server.shared.store;
    let token = store.refresh_token(&request.refresh_token, attempt.now).await?;
    let token = token.ok_or(Refusal::Unknown)?;
    attempt.parent = Some(token.family.id.clone());
    let token = ProvenRefreshToken::prove(server, token, client, attempt.now)?;
    let shown = Shown::refresh_token(&token);
    let done = granted(server, client, token, request, attempt).await;
    shown.unless_used(server, attempt.now, done, Refusal::is_settled).await
}

async fn granted(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    token: ProvenRefreshToken,
    request: Request,
    attempt: &mut Attempt,
) -> Result<TokenResponse, Refusal> {
    let family = &token.record().family;

    // RFC 6749 §6: "The requested scope MUST NOT include any scope not originally granted".
    let scope = match request.scope {
        Some(asked) if !family.scope.covers(&asked) => return Err(Refusal::MoreScope),
        Some(asked) => asked,
        None => family.scope.clone(),
    };
    let resources = audience::narrowed(&family.resources, request.resources)?;
    let audience = audience::of(server, &resources)?;

    let warrant = Warrant::Refresh { token, scope, resources, audience };
    Ok(issuance::issue(server, client, warrant, attempt).await?.into())
}

#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("the refresh token is unknown")]
    Unknown,
    #[error(transparent)]
    Mismatch(#[from] RefreshMismatch),
    #[error("scope asks for more than was granted")]
    MoreScope,
    #[error(transparent)]
    Resource(#[from] NotGoverned),
    #[error(transparent)]
    Issuance(#[from] issuance::Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal {
    /// Whether it does not matter any more if the token was used before.
    fn is_settled(&self) -> bool {
        matches!(self, Self::Issuance(it) if it.is_reuse()) || self.code().is_ours()
    }

    /// RFC 6749 §5.2.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown | Self::Mismatch(_) => ErrorCode::InvalidGrant,
            Self::MoreScope => ErrorCode::InvalidScope,
            Self::Resource(_) => ErrorCode::InvalidTarget,
            Self::Issuance(it) => it.code(),
            Self::Store(it) => it.code(),
        }
    }
}
