//! Token exchange, for ID-JAGs (RFC 8693 §2, ID-JAG §4.3).
//!
//! Here we are the IdP: a client shows the ID Token we gave it for a user, and asks for an
//! ID-JAG that another authorization server, which trusts us, will take as a grant.

use std::sync::Arc;

use super::response::TokenResponse;
use crate::clients::AuthenticatedClient;
use crate::issuance::{self, Attempt, Warrant};
use crate::jose::{BadJwt, UnverifiedJwt};
use crate::model::{Approval, LedgerEvent, Service, User};
use crate::oauth::{ErrorCode, ParamError, Params, Resource, Scope, TokenType};
use crate::policy::{Asked, Denied, Entitlement};
use crate::server::AuthorizationServer;
use crate::store::StoreError;
use crate::tokens::{Unacceptable, VerifiedIdToken};

/// ID-JAG §4.3, in the order of its table.
pub struct Request {
    audience: String,
    resources: Vec<Resource>,
    scope: Option<Scope>,
    subject_token: String,
}

impl Request {
    pub fn parse(params: &Params) -> Result<Self, ParamError> {
        expect(params, "requested_token_type", TokenType::IdJag)?;
        let audience = params.required("audience")?.to_owned();
        let resources = params.resources()?;
        let scope = params.scope()?;
        unsupported(params, "authorization_details")?;
        let subject_token = params.required("subject_token")?.to_owned();
        expect(params, "subject_token_type", TokenType::IdToken)?;
        unsupported(params, "actor_token")?;
        unsupported(params, "actor_token_type")?;
        Ok(Self { audience, resources, scope, subject_token })
    }
}

fn expect(params: &Params, name: &'static str, only: TokenType) -> Result<(), ParamError> {
    match TokenType::parse(params.required(name)?) {
        Some(given) if given == only => Ok(()),
        _ => Err(ParamError::malformed(name, format!("only {} is supported", only.as_str()))),
    }
}

/// What would change the meaning of the request cannot be passed over.
fn unsupported(params: &Params, name: &'static str) -> Result<(), ParamError> {
    match params.optional(name)? {
        Some(_) => Err(ParamError::malformed(name, "it is not supported here")),
        None => Ok(()),
    }
}

pub async fn grant(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    request: Request,
    attempt: &mut Attempt,
) -> Result<TokenResponse, Refusal> {
    attempt.event = LedgerEvent::IdJag;
    attempt.service = Some(request.audience.chars().take(512).collect());
    attempt.scope.clone_from(&request.scope);
    attempt.resource = shown(&request.resources);

    // ID-JAG §9.1: confidential clients only. `docs/decisions/0006-public-clients.md`.
    if !client.is_confidential() {
        return Err(Refusal::PublicClient);
    }

    // ID-JAG §4.3.3: "MUST validate the assertion and MUST validate that the audience of
    // the assertion [...] matches the client_id of the client authentication".
    let jwt = UnverifiedJwt::read(&request.subject_token)?;
    let our_keys = server.keys.published();
    let id_token =
        VerifiedIdToken::verify(&jwt, our_keys, &server.issuer, client.id(), attempt.now)?;
    attempt.user = Some(id_token.subject().clone());
    attempt.parent = Some(id_token.claims().jti.to_string());
    let person = issuance::person_of(server, id_token).await?;

    // ID-JAG §4.3: the audience is the issuer of a resource authorization server. §9.3: it is
    // never ourselves. RFC 8693 §2.2.2: `invalid_target`.
    let named = server.catalogue.service_named(&request.audience);
    let service = named.filter(|it| it.issuer != server.issuer);
    let service = Arc::clone(service.ok_or(Refusal::UnknownAudience)?);
    attempt.service = Some(service.issuer.to_string());

    // ID-JAG §4.3.3: "evaluates administrator-defined policy".
    let asked = Asked { scope: request.scope.as_ref(), resources: &request.resources };
    let entitlement = entitlement(server, client, person.user(), service, &asked).await?;

    let warrant =
        Warrant::Entitlement { person: Box::new(person), entitlement: Box::new(entitlement) };
    Ok(issuance::issue(server, client, warrant, attempt).await?.into())
}

async fn entitlement(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    user: &User,
    service: Arc<Service>,
    asked: &Asked<'_>,
) -> Result<Entitlement, Refusal> {
    let connection = server.catalogue.connection(client.id(), &service.id);
    // What the person said only counts where the administrator left it to them.
    let consent = match connection.map(|it| it.approval) {
        Some(Approval::User) => {
            server.shared.store.consent(&user.id, &server.issuer, client.id()).await?
        }
        Some(Approval::Admin) | None => None,
    };
    let decided =
        Entitlement::decide(connection.cloned(), service, user, consent.as_deref(), asked);
    decided.map_err(Refusal::Denied)
}

fn shown(resources: &[Resource]) -> Option<String> {
    let names: Vec<_> = resources.iter().map(Resource::as_str).collect();
    (!names.is_empty()).then(|| names.join(" "))
}

#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("a client without credentials cannot obtain an ID-JAG")]
    PublicClient,
    #[error("the subject token is not acceptable: {0}")]
    NotAJwt(#[from] BadJwt),
    #[error("the subject token is not acceptable: {0}")]
    Unacceptable(#[from] Unacceptable),
    #[error("the audience is not the issuer of a service that is known here")]
    UnknownAudience,
    #[error("{}", said(*.0))]
    Denied(Denied),
    #[error(transparent)]
    Issuance(#[from] issuance::Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn said(denied: Denied) -> &'static str {
    match denied {
        Denied::NoConnection => "the administrator has not connected the client with this service",
        Denied::ConnectionInactive => "the administrator has suspended this connection",
        Denied::ServiceInactive => "the administrator has suspended this service",
        Denied::Groups => "the administrator has not opened this connection to the person",
        Denied::Resource => "the resource is not one of this audience that the client may name",
        Denied::Scope => "no scope that was asked for can be granted",
        Denied::Consent => {
            "the person has not consented yet: send them to the authorization endpoint"
        }
    }
}

impl Refusal {
    /// ID-JAG §4.3.4.3 for the subject token, where RFC 8693 §2.2.2 has `invalid_request`
    /// (`docs/decisions/0009-bad-subject-token.md`); RFC 8693 §2.2.2 for the target;
    /// `docs/decisions/0005-entitlement-is-access-denied.md` and `0012-consent-required.md`.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::PublicClient => ErrorCode::UnauthorizedClient,
            Self::NotAJwt(_) | Self::Unacceptable(_) => ErrorCode::InvalidGrant,
            Self::UnknownAudience | Self::Denied(Denied::Resource) => ErrorCode::InvalidTarget,
            Self::Denied(Denied::Scope) => ErrorCode::InvalidScope,
            Self::Denied(Denied::Consent) => ErrorCode::ConsentRequired,
            Self::Denied(_) => ErrorCode::AccessDenied,
            Self::Issuance(it) => it.code(),
            Self::Store(it) => it.code(),
        }
    }
}
