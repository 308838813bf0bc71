//! The authorization code grant (RFC 6749 §4.1.3, RFC 7636 §4.5, OIDC Core §3.1.3).

use super::audience::{self, NotGoverned};
use super::response::TokenResponse;
use crate::clients::AuthenticatedClient;
use crate::issuance::{self, Attempt, CodeMismatch, ProvenCode, Shown, Warrant};
use crate::model::Digest;
use crate::oauth::{CodeVerifier, ErrorCode, ParamError, Params, RedirectUri, Resource};
use crate::server::AuthorizationServer;
use crate::store::StoreError;

/// RFC 6749 §4.1.3, RFC 7636 §4.5 and RFC 8707 §2.2.
pub struct Request {
    code: Digest,
    redirect_uri: Option<RedirectUri>,
    code_verifier: CodeVerifier,
    resources: Vec<Resource>,
}

impl Request {
    pub fn parse(params: &Params) -> Result<Self, ParamError> {
        Ok(Self {
            code: Digest::of(params.required("code")?),
            redirect_uri: params.read("redirect_uri", RedirectUri::parse)?,
            code_verifier: params
                .read("code_verifier", CodeVerifier::parse)?
                .ok_or(ParamError::Missing("code_verifier"))?,
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
    let code = store.code(&request.code, attempt.now).await?.ok_or(Refusal::UnknownCode)?;
    attempt.parent = Some(code.family.clone());

    // RFC 6749 §4.1.3: "ensure that the authorization code was issued to the authenticated
    // [...] client", "verify that the authorization code is valid", "ensure that the
    // "redirect_uri" parameter is present"; RFC 7636 §4.6.
    let redirect_uri = request.redirect_uri.as_ref();
    let code =
        ProvenCode::prove(server, code, client, redirect_uri, &request.code_verifier, attempt.now)?;

    let shown = Shown::code(&code);
    let done = granted(server, client, code, request.resources, attempt).await;
    shown.unless_used(server, attempt.now, done, Refusal::is_settled).await
}

async fn granted(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    code: ProvenCode,
    resources: Vec<Resource>,
    attempt: &mut Attempt,
) -> Result<TokenResponse, Refusal> {
    // RFC 8707 §2.2: the token may be for fewer resources than the code, not for others.
    let resources = audience::narrowed(&code.record().resources, resources)?;
    let audience = audience::of(server, &resources)?;

    let warrant = Warrant::Code { code, resources, audience };
    Ok(issuance::issue(server, client, warrant, attempt).await?.into())
}

#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("the code is unknown: it may be mistyped, or long expired")]
    UnknownCode,
    #[error(transparent)]
    Mismatch(#[from] CodeMismatch),
    #[error(transparent)]
    Resource(#[from] NotGoverned),
    #[error(transparent)]
    Issuance(#[from] issuance::Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal {
    /// Whether it does not matter any more if the code was used before.
    fn is_settled(&self) -> bool {
        matches!(self, Self::Issuance(it) if it.is_reuse()) || self.code().is_ours()
    }

    /// RFC 6749 §5.2.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::UnknownCode | Self::Mismatch(_) => ErrorCode::InvalidGrant,
            Self::Resource(_) => ErrorCode::InvalidTarget,
            Self::Issuance(it) => it.code(),
            Self::Store(it) => it.code(),
        }
    }
}
