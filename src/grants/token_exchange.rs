//! Token exchange at home, for ID-JAGs (RFC 8693 §2, ID-JAG §4.3).
//!
//! Here we are the IdP: a client shows the ID Token we gave it for a user, and asks for an
//! ID-JAG that another authorization server, which trusts us, will take as a grant.

use std::sync::Arc;

use super::actor::{self, Acting, ActorToken};
use super::response::TokenResponse;
use crate::clients::AuthenticatedClient;
use crate::issuance::{
    self, Attempt, LivePerson, ProvenRefreshToken, RefreshMismatch, Shown, Warrant,
};
use crate::jose::{BadJwt, UnverifiedJwt};
use crate::model::{Approval, ConnectionGrant, Digest, LedgerEvent, Service};
use crate::oauth::{
    AuthorizationDetails, ErrorCode, GrantType, ParamError, Params, Resource, Scope, TokenType,
};
use crate::policy::{Asked, Denied, Entitlement, Person};
use crate::server::AuthorizationServer;
use crate::store::{StoreError, refresh_tokens};
use crate::tokens::{Unacceptable, VerifiedIdToken};

/// ID-JAG §4.3, in the order of its table.
pub struct Request {
    audience: String,
    resources: Vec<Resource>,
    asking: Asking,
}

/// What is the same whatever token is requested.
pub(super) struct Asking {
    scope: Option<Scope>,
    details: Option<AuthorizationDetails>,
    subject_token: SubjectToken,
    actor_token: Option<ActorToken>,
}

/// What says who is meant: an identity assertion, or the refresh token that came with one.
enum SubjectToken {
    IdToken(String),
    RefreshToken(Digest),
}

impl Request {
    /// `refresh_tokens` says whether they are taken as subject tokens.
    pub fn parse(params: &Params, refresh_tokens: bool) -> Result<Self, ParamError> {
        let audience = params.required("audience")?.to_owned();
        let resources = params.resources()?;
        let asking = Asking::parse(params, refresh_tokens)?;
        Ok(Self { audience, resources, asking })
    }
}

impl Asking {
    pub(super) fn parse(params: &Params, refresh_tokens: bool) -> Result<Self, ParamError> {
        Ok(Self {
            scope: params.scope()?,
            details: params.authorization_details()?,
            subject_token: subject_token(params, refresh_tokens)?,
            actor_token: actor::token(params)?,
        })
    }
}

fn subject_token(params: &Params, refresh_tokens: bool) -> Result<SubjectToken, ParamError> {
    let token = params.required("subject_token")?;
    let name = "subject_token_type";
    match TokenType::parse(params.required(name)?) {
        Some(TokenType::IdToken) => Ok(SubjectToken::IdToken(token.to_owned())),
        Some(TokenType::RefreshToken) if !refresh_tokens => {
            let only = TokenType::IdToken.as_str();
            let why = format!("refresh tokens are not taken here: it must be {only}");
            Err(ParamError::malformed(name, why))
        }
        Some(TokenType::RefreshToken) => Ok(SubjectToken::RefreshToken(Digest::of(token))),
        Some(TokenType::Saml2) => Err(ParamError::malformed(
            name,
            "SAML assertions are not taken here: sign in by OpenID",
        )),
        _ => {
            let (id_token, refresh) =
                (TokenType::IdToken.as_str(), TokenType::RefreshToken.as_str());
            Err(ParamError::malformed(name, format!("it must be {id_token} or {refresh}")))
        }
    }
}

pub async fn grant(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    request: Request,
    attempt: &mut Attempt,
) -> Result<TokenResponse, Refusal> {
    attempt.event = LedgerEvent::IdJag;
    attempt.asks_for(Some(&request.audience));
    attempt.resource = Resource::all(&request.resources);
    // ID-JAG §4.3: the audience is the issuer of a resource authorization server.
    let service = server.catalogue.service_named(&request.audience).cloned();
    let (grant, resources) = (ConnectionGrant::IdJag, request.resources);
    let exchange = Exchange { grant, service, resources, asking: request.asking };
    exchange.answer(server, client, attempt).await
}

/// A request of which only this is left to say: who is meant, and whether it may be.
pub(super) struct Exchange {
    pub(super) grant: ConnectionGrant,
    /// The authorization server that is named, if it is one.
    pub(super) service: Option<Arc<Service>>,
    /// Of that server.
    pub(super) resources: Vec<Resource>,
    pub(super) asking: Asking,
}

impl Exchange {
    pub(super) async fn answer(
        self,
        server: &AuthorizationServer,
        client: &AuthenticatedClient,
        attempt: &mut Attempt,
    ) -> Result<TokenResponse, Refusal> {
        let Self { grant, service, resources, asking } = self;
        attempt.scope.clone_from(&asking.scope);

        // ID-JAG §9.1: confidential clients only. `docs/decisions/0006-public-clients.md`.
        if !client.is_confidential() {
            return Err(Refusal::PublicClient);
        }

        let person = match &asking.subject_token {
            SubjectToken::IdToken(token) => by_id_token(server, client, token, attempt).await?,
            SubjectToken::RefreshToken(token) => {
                by_refresh_token(server, client, token, attempt).await?
            }
        };

        // RFC 8693 §2.1: "actor_token".
        let acting = match &asking.actor_token {
            Some(token) => Some(Acting::verified(server, client, token, attempt.now).await?),
            None => None,
        };

        // ID-JAG §9.3: it is never ourselves. RFC 8693 §2.2.2: `invalid_target`.
        let service = service.filter(|it| it.issuer != server.issuer);
        let service = service.ok_or(Refusal::UnknownAudience)?;
        let issuer = service.issuer.to_string();

        // ID-JAG §4.3.3: "evaluates administrator-defined policy".
        let (scope, details) = (asking.scope.as_ref(), asking.details.as_ref());
        let actors = acting.as_ref().map(Acting::clients).unwrap_or_default();
        let account = acting.as_ref().and_then(Acting::account);
        let resources = &resources;
        let asked = Asked { grant, scope, resources, details, actors: &actors, account };
        let entitlement = entitlement(server, client, &person, service, &asked, attempt).await;
        // ID-JAG §9.4: who must not know that it is there may read what was decided, too.
        if !matches!(entitlement, Err(Refusal::UnknownAudience)) {
            attempt.service = Some(issuer);
        }
        let entitlement = entitlement?;

        let told = |it: Acting| it.told_to(server, entitlement.service(), person.user());
        let actor = acting.map(told).transpose()?;
        let (person, entitlement) = (Box::new(person), Box::new(entitlement));
        let warrant = Warrant::Entitlement { person, entitlement, actor };
        Ok(issuance::issue(server, client, warrant, attempt).await?.into())
    }
}

/// ID-JAG §4.3.3: "MUST validate the assertion and MUST validate that the audience of the assertion
/// [...] matches the `client_id` of the client authentication".
async fn by_id_token(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    token: &str,
    attempt: &mut Attempt,
) -> Result<LivePerson, Refusal> {
    let jwt = UnverifiedJwt::read(token)?;
    let our_keys = server.keys.published();
    let id_token =
        VerifiedIdToken::verify(&jwt, our_keys, &server.issuer, client.id(), attempt.now)?;
    let names = server.names_for(client.record());
    attempt.user = names.person(id_token.subject());
    attempt.parent = Some(id_token.claims().jti.to_string());
    Ok(issuance::person_of(server, &names, &id_token).await?)
}

/// ID-JAG §4.3.3: a refresh token is validated as the refresh token grant does it. The database is
/// asked, for what this node remembers may have been used up at another one.
async fn by_refresh_token(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    token: &Digest,
    attempt: &mut Attempt,
) -> Result<LivePerson, Refusal> {
    let token = refresh_tokens::find(server.shared.store.read(), token).await?;
    let token = token.ok_or(Refusal::UnknownRefreshToken)?;
    attempt.parent = Some(token.family.id.clone());
    attempt.user = Some(token.family.user.clone());
    let token = ProvenRefreshToken::prove(server, token, client, attempt.now)?;
    // As the refresh token grant would refuse it: what was allowed then may have been withdrawn.
    let offered = server.offers(client.record()).intersection(&token.record().family.scope);
    let goes_on = offered.contains("openid") && offered.contains("offline_access");
    if !goes_on || !client.record().may_use(GrantType::RefreshToken) {
        return Err(issuance::Refusal::NothingLeft.into());
    }
    let shown = Shown::refresh_token(&token);
    let person = match token.record().used {
        true => Err(issuance::Refusal::RefreshTokenReused),
        false => issuance::person_of_refresh_token(server, &token, attempt.now).await,
    };
    let person = person.map_err(Refusal::Issuance);
    shown.unless_used(server, attempt.now, person, |_| false).await
}

async fn entitlement(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    person: &LivePerson,
    service: Arc<Service>,
    asked: &Asked<'_>,
    attempt: &Attempt,
) -> Result<Entitlement, Refusal> {
    let (user, login) = (person.user(), person.login());
    let connection = server.catalogue.connection(client.id(), &service.id);
    // What the person said only counts where the administrator left it to them.
    let consent = match connection.map(|it| it.approval) {
        Some(Approval::User) => {
            let consent =
                server.shared.store.consent(&user.id, &server.issuer, client.id()).await?;
            consent.filter(|it| it.is_for(client.record()))
        }
        Some(Approval::Admin) | None => None,
    };
    let person = Person { user, login, now: attempt.now };
    let decided =
        Entitlement::decide(connection.cloned(), service, person, consent.as_deref(), asked);
    // ID-JAG §9.4.
    let hidden = server.shared.id_jag_hide_services;
    decided.map_err(|denied| match denied {
        Denied::NoConnection if hidden => Refusal::UnknownAudience,
        denied => Refusal::Denied(denied),
    })
}

/// The code of a refusal where ID-JAG §4.3.4.3 does not hold. RFC 8693 §2.2.2: if a token that is
/// shown is "invalid for any reason", it "MUST be the `invalid_request` error code".
pub(super) fn plainly(code: ErrorCode) -> ErrorCode {
    match code {
        ErrorCode::InvalidGrant => ErrorCode::InvalidRequest,
        other => other,
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("a client without credentials cannot obtain an ID-JAG")]
    PublicClient,
    #[error("the subject token is not acceptable: {0}")]
    NotAJwt(#[from] BadJwt),
    #[error("the subject token is not acceptable: {0}")]
    Unacceptable(#[from] Unacceptable),
    #[error("the subject token is no refresh token that is known here")]
    UnknownRefreshToken,
    #[error("the subject token is not acceptable: {0}")]
    RefreshToken(#[from] RefreshMismatch),
    #[error(transparent)]
    Actor(#[from] actor::Refusal),
    #[error("the audience is not the issuer of a service that is known here")]
    UnknownAudience,
    #[error("{}", said(.0))]
    Denied(Denied),
    #[error(transparent)]
    Issuance(#[from] issuance::Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn said(denied: &Denied) -> String {
    let said = match denied {
        Denied::Actor => "the administrator does not let this actor act by this connection",
        Denied::Details(bad) => return bad.to_string(),
        Denied::NoDetails => "no type of authorization_details that was asked for can be granted",
        Denied::NoConnection => "the administrator has not connected the client with this service",
        Denied::ConnectionInactive => "the administrator has suspended this connection",
        Denied::Grant => "the administrator lets the client have something else by this connection",
        Denied::ServiceInactive => "the administrator has suspended this service",
        Denied::Groups => "the administrator has not opened this connection to the person",
        Denied::Resource => "the resource is not one of this audience that the client may name",
        Denied::NoResource => "resource is required at this audience, and there is none",
        Denied::Scope => "no scope that was asked for can be granted",
        Denied::Consent => {
            "the person has not consented yet: send them to the authorization endpoint"
        }
        Denied::Login => "the administrator wants a way to sign in that there is not here",
        Denied::StepUp { .. } => {
            "the person has to sign in again: send them to the authorization endpoint with the \
             acr_values and the max_age of this answer"
        }
    };
    said.to_owned()
}

impl Refusal {
    /// How the person has to sign in before the next try (ID-JAG §9.2).
    pub fn step_up(&self) -> Option<(&[String], Option<u32>)> {
        match self {
            Self::Denied(Denied::StepUp { acr, max_age }) => Some((acr, *max_age)),
            _ => None,
        }
    }

    /// Whether the administrator lets the client have nothing at all for this person there.
    pub(super) fn is_about_target(&self) -> bool {
        matches!(
            self,
            Self::Denied(
                Denied::NoConnection
                    | Denied::ConnectionInactive
                    | Denied::Grant
                    | Denied::ServiceInactive
                    | Denied::Groups
            )
        )
    }

    /// ID-JAG §4.3.4.3 for the subject token, where RFC 8693 §2.2.2 has `invalid_request`
    /// (`docs/decisions/0009-bad-subject-token.md`); RFC 8693 §2.2.2 for the target;
    /// `docs/decisions/0005-entitlement-is-access-denied.md` and `0012-consent-required.md`.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::PublicClient => ErrorCode::UnauthorizedClient,
            Self::Actor(it) => it.code(),
            Self::NotAJwt(_)
            | Self::Unacceptable(_)
            | Self::UnknownRefreshToken
            | Self::RefreshToken(_) => ErrorCode::InvalidGrant,
            Self::UnknownAudience | Self::Denied(Denied::Resource | Denied::NoResource) => {
                ErrorCode::InvalidTarget
            }
            Self::Denied(Denied::Scope) => ErrorCode::InvalidScope,
            Self::Denied(Denied::Details(_) | Denied::NoDetails) => {
                ErrorCode::InvalidAuthorizationDetails
            }
            Self::Denied(Denied::Consent) => ErrorCode::ConsentRequired,
            Self::Denied(Denied::StepUp { .. }) => ErrorCode::InsufficientUserAuthentication,
            Self::Denied(_) => ErrorCode::AccessDenied,
            Self::Issuance(it) => it.code(),
            Self::Store(it) => it.code(),
        }
    }
}
