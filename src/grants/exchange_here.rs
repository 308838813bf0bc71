//! Token exchange at a service: an access token of its own for a narrower one (RFC 8693 §2).
//!
//! `docs/decisions/0040-exchanges-at-services.md` says who may do that, and why nobody else.

use super::actor;
use super::audience::{self, NotGoverned};
use super::response::TokenResponse;
use super::token_exchange;
use crate::clients::AuthenticatedClient;
use crate::issuance::{self, AccessTokenMismatch, Attempt, Narrowed, ProvenAccessToken, Warrant};
use crate::jose::{BadJwt, UnverifiedJwt};
use crate::model::{BadDetails, LedgerEvent, Service};
use crate::oauth::{
    AuthorizationDetails, ErrorCode, ParamError, Params, Resource, Scope, Subject, TokenType,
};
use crate::policy;
use crate::server::AuthorizationServer;
use crate::tokens::{AccessTokenClaims, Actor, Unacceptable, VerifiedAccessToken};

/// RFC 8693 §2.1, in the order of its list.
pub struct Request {
    resources: Vec<Resource>,
    audiences: Vec<String>,
    scope: Option<Scope>,
    details: Option<AuthorizationDetails>,
    subject_token: String,
}

impl Request {
    pub fn parse(params: &Params) -> Result<Self, ParamError> {
        if let Some(typ) = params.optional("requested_token_type")? {
            is_access_token("requested_token_type", typ)?;
        }
        let subject_token = params.required("subject_token")?.to_owned();
        is_access_token("subject_token_type", params.required("subject_token_type")?)?;
        for name in ["actor_token", "actor_token_type"] {
            if params.optional(name)?.is_some() {
                let why = "a service takes none: whoever exchanges a token acts";
                return Err(ParamError::malformed(name, why));
            }
        }
        Ok(Self {
            resources: params.resources()?,
            audiences: params.repeated("audience").map(str::to_owned).collect(),
            scope: params.scope()?,
            details: params.authorization_details()?,
            subject_token,
        })
    }
}

fn is_access_token(name: &'static str, typ: &str) -> Result<(), ParamError> {
    match TokenType::parse(typ) {
        Some(TokenType::AccessToken) => Ok(()),
        _ => {
            let only = TokenType::AccessToken.as_str();
            Err(ParamError::malformed(name, format!("at a service it must be {only}")))
        }
    }
}

pub async fn grant(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    request: Request,
    attempt: &mut Attempt,
) -> Result<TokenResponse, Refusal> {
    attempt.event = LedgerEvent::AccessToken;
    attempt.scope.clone_from(&request.scope);
    attempt.resource = Resource::all(&request.resources);
    let service = server.service().ok_or(Refusal::NoService)?;

    // `docs/decisions/0006-public-clients.md`: who only names themselves would be anybody.
    if !client.is_confidential() {
        return Err(Refusal::PublicClient);
    }

    // RFC 8693 §2.1: "MUST perform the appropriate validation procedures for the indicated token
    // type": an access token that we issued ourselves.
    let jwt = UnverifiedJwt::read(&request.subject_token)?;
    let keys = server.keys.published();
    let token = VerifiedAccessToken::of_ours(&jwt, keys, &server.issuer, attempt.now)?;
    let claims = token.claims();
    attempt.parent = Some(claims.jti.to_string());
    attempt.user = match server.is_of_client_itself(claims) {
        true => None,
        false => server.shared.names_at(service).person(&claims.sub),
    };
    let token = ProvenAccessToken::prove(token, client, attempt.now)?;
    let claims = token.claims();

    // RFC 8693 §2.2.2: `invalid_target`. What was issued for one API is good at no other.
    let audience = narrowed_audience(server, claims, &request)?;

    // RFC 8693 §2.1: what was granted is the most that there is; and no more than who exchanges
    // it, and those who had it, may have today.
    let offered = server.offers(client.record()).intersection(&claims.scope);
    let before = claims.clients().filter_map(|it| server.clients.find(&it));
    let offered = before.fold(offered, |all, it| all.intersection(&server.offers(&it.record)));
    let scope = policy::grant_scope(request.scope.as_ref(), &offered);
    if scope.is_empty() {
        return Err(Refusal::NothingToGrant);
    }
    let details =
        narrowed_details(service, claims.authorization_details.as_ref(), request.details)?;

    // RFC 8693 §4.1.
    let act = acting(server, claims, client)?;

    let resources = request.resources;
    let narrowed = Narrowed { token, scope, resources, details, act, audience };
    let issued =
        issuance::issue(server, client, Warrant::AccessToken(Box::new(narrowed)), attempt).await?;
    // RFC 8693 §2.2.1: "issued_token_type" is REQUIRED.
    let issued_token_type = Some(TokenType::AccessToken);
    Ok(TokenResponse { issued_token_type, ..issued.into() })
}

/// What of the token's audience is named, as far as the service still governs it.
fn narrowed_audience(
    server: &AuthorizationServer,
    claims: &AccessTokenClaims,
    request: &Request,
) -> Result<Vec<String>, NotGoverned> {
    let today = audience::of(server, &[])?;
    let had = claims.aud.as_slice().iter().filter(|it| today.contains(it));
    let resources = request.resources.iter().map(Resource::as_str);
    let named: Vec<_> = resources.chain(request.audiences.iter().map(String::as_str)).collect();
    let narrowed: Vec<_> =
        had.filter(|it| named.is_empty() || named.contains(&it.as_str())).cloned().collect();
    let all = named.iter().all(|it| narrowed.iter().any(|had| had == it));
    match all && !narrowed.is_empty() {
        true => Ok(narrowed),
        false => Err(NotGoverned),
    }
}

/// RFC 9396 §6: less may be asked for, and nothing else.
fn narrowed_details(
    service: &Service,
    had: Option<&AuthorizationDetails>,
    asked: Option<AuthorizationDetails>,
) -> Result<Option<AuthorizationDetails>, Refusal> {
    let details = match (had, asked) {
        (had, None) => had.cloned(),
        (Some(had), Some(asked)) if had.cover(&asked) => Some(asked),
        (_, Some(_)) => return Err(Refusal::MoreDetails),
    };
    if let Some(details) = &details {
        service.authorization_details_types.admit(details)?;
    }
    Ok(details)
}

/// Who exchanges the token acts now, for the client that had it, for those who acted before.
fn acting(
    server: &AuthorizationServer,
    claims: &AccessTokenClaims,
    client: &AuthenticatedClient,
) -> Result<Option<Actor>, Refusal> {
    let mut act = claims.act.clone();
    for id in [&claims.client_id, client.id()] {
        let sub = Subject::parse(id.as_str()).map_err(|_| BadJwt::Claims)?;
        act = Actor::over(act, &server.issuer, sub, &claims.sub);
    }
    match act.as_ref().is_some_and(|it| it.depth() > Actor::MOST) {
        true => Err(actor::Refusal::TooMany.into()),
        false => Ok(act),
    }
}

/// Why the grant was refused. What each says is the `error_description` that is sent.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("access tokens are exchanged by services alone")]
    NoService,
    #[error("a client without credentials cannot exchange an access token")]
    PublicClient,
    #[error("the subject token is not acceptable: {0}")]
    NotAJwt(#[from] BadJwt),
    #[error("the subject token is not acceptable: {0}")]
    Unacceptable(#[from] Unacceptable),
    #[error("the subject token is not acceptable: {0}")]
    Mismatch(#[from] AccessTokenMismatch),
    #[error("resource and audience may only name what the subject token is for")]
    Target(#[from] NotGoverned),
    #[error("no scope that was asked for can be granted")]
    NothingToGrant,
    #[error("the subject token is not acceptable any more: its {0}")]
    AuthorizationDetails(#[from] BadDetails),
    #[error("authorization_details asks for what is not in the subject token")]
    MoreDetails,
    #[error(transparent)]
    Actor(#[from] actor::Refusal),
    #[error(transparent)]
    Issuance(#[from] issuance::Refusal),
}

impl Refusal {
    /// RFC 8693 §2.2.2.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::PublicClient => ErrorCode::UnauthorizedClient,
            Self::NoService | Self::NotAJwt(_) | Self::Unacceptable(_) | Self::Mismatch(_) => {
                ErrorCode::InvalidRequest
            }
            Self::Target(_) => ErrorCode::InvalidTarget,
            Self::NothingToGrant => ErrorCode::InvalidScope,
            Self::AuthorizationDetails(_) | Self::MoreDetails => {
                ErrorCode::InvalidAuthorizationDetails
            }
            Self::Actor(it) => it.code(),
            Self::Issuance(it) => token_exchange::plainly(it.code()),
        }
    }
}
