//! The JWT bearer grant, for ID-JAGs (RFC 7523 §2.1, ID-JAG §4.4).
//!
//! Here we are the Resource Authorization Server: another issuer, which we trust for
//! single sign-on, vouches for a user and a client, and we issue our own access token.

use super::accounts;
use super::audience::{self, NotGoverned};
use super::issuer_keys;
use super::response::TokenResponse;
use crate::clients::AuthenticatedClient;
use crate::issuance::{self, Attempt, Invitation, Invited, Redemption, Warrant};
use crate::jose::{BadJwt, KeySet, UnverifiedJwt};
use crate::model::{Accounts, BadDetails, LedgerEvent, Service};
use crate::oauth::{AuthorizationDetails, ErrorCode, ParamError, Params, Resource, Scope};
use crate::outbound::Unreachable;
use crate::policy::{self, TrustedIssuer};
use crate::server::AuthorizationServer;
use crate::store::StoreError;
use crate::tokens::{IdJag, PresentedIdJag, Unacceptable};

/// RFC 7523 §2.1, RFC 7521 §4.1 and RFC 8707 §2.2.
pub struct Request {
    assertion: String,
    scope: Option<Scope>,
    resources: Vec<Resource>,
    details: Option<AuthorizationDetails>,
    /// Whether the assertion has to be bound to a key (draft-parecki-oauth-jwt-dpop-grant §4).
    bound: bool,
}

impl Request {
    pub fn parse(params: &Params, bound: bool) -> Result<Self, ParamError> {
        Ok(Self {
            assertion: params.required("assertion")?.to_owned(),
            scope: params.scope()?,
            resources: params.resources()?,
            details: params.authorization_details()?,
            bound,
        })
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
    let service = server.service().ok_or(Refusal::UntrustedIssuer)?;

    // ID-JAG §9.1: confidential clients only. `docs/decisions/0006-public-clients.md`.
    if !client.is_confidential() {
        return Err(Refusal::PublicClient);
    }

    // RFC 7523 §3 (1): the issuer, which tells whose keys to use. Until they have
    // checked the signature, nothing else in the JWT is read; and nothing is fetched for an
    // issuer that nobody trusts.
    let jwt = UnverifiedJwt::read(&request.assertion)?;
    let trusts = || server.trusted_issuers.by_id_jag(jwt.issuer());
    let any = trusts().next().ok_or(Refusal::UntrustedIssuer)?;

    // RFC 7523 §3 (2)-(6) and (9), ID-JAG §4.4.1: signature, type, audience, time.
    let verify = |keys: &KeySet| IdJag::verify(&jwt, keys, &server.issuer, attempt.now);
    let id_jag = issuer_keys::verified::<_, Refusal>(server, any, verify).await?;

    // ID-JAG §4.4.1: "The client_id claim MUST identify the same client".
    let id_jag = id_jag.presented_by(client.id())?;
    attempt.parent = Some(id_jag.jti().to_string());
    attempt.user = accounts::meant(server, service, any, &id_jag);

    // ID-JAG §6.3: the same `sub` of another tenant is another person, for another trust to judge.
    let claims = id_jag.claims();
    let tenant = claims.tenant.as_deref();
    let trusted = trusts().find(|it| it.trust.is_for(tenant)).ok_or(Refusal::Tenant)?;
    id_jag.lives_for(trusted.trust.longest)?;

    // ID-JAG §9.8.1.2, and the coming -05 for certificates: what it is bound to comes with it.
    let confirmation = id_jag.confirmation()?;
    match &confirmation {
        None if request.bound => return Err(Refusal::NotBound),
        None => {}
        Some(bound) => client.meets(bound).map_err(Unacceptable::from)?,
    }
    // ID-JAG §3.2: "MUST denote the same" person, which only who can read it can tell.
    if claims.sub_id.is_some() {
        return Err(Refusal::SubId);
    }
    let terms = &trusted.trust.terms;
    if claims.aud_tenant.is_some() && claims.aud_tenant != terms.aud_tenant {
        return Err(Refusal::OurTenant);
    }

    // ID-JAG §4.4.1, MCP EMA §7.6.2: the resources of the claim are ours, and the request
    // names no others. `docs/decisions/0004-resource-outside-the-claim.md`.
    audience::of(server, id_jag.resources()).map_err(|_| Refusal::ClaimedResource)?;
    if terms.resource_required && id_jag.resources().is_empty() {
        return Err(Refusal::NoResource);
    }
    let resources = audience::narrowed(id_jag.resources(), request.resources)?;
    let audience = audience::of(server, &resources)?;

    // ID-JAG §4.4.1: "The granted scopes MAY be a subset".
    let scope = granted_scope(server, &id_jag, trusted, client, request.scope.as_ref());
    if scope.is_empty() {
        return Err(Refusal::NothingToGrant);
    }

    let details =
        granted_details(service, trusted, claims.authorization_details.as_ref(), request.details)?;

    // ID-JAG §9.7: home's word about who acts is ours.
    let act = match terms.act || trusted.trust.accounts == Accounts::SamePerson {
        true => id_jag.actor()?,
        false => None,
    };
    // Another issuer can vouch for its own agents alone.
    let act = match trusted.trust.accounts {
        Accounts::SamePerson => act,
        _ => act.map(|it| it.of(id_jag.issuer()).ok_or(Refusal::ForeignActor)).transpose()?,
    };

    // ID-JAG §4.1, subject resolution. An account is only made when nothing else can refuse.
    let account = match accounts::of(server, service, trusted, &id_jag).await {
        // Whoever it is about may have one all the same. `docs/decisions/0045-linking.md`.
        Err(Refusal::UnknownSubject) => {
            let invitation = issuance::invite(server, client, trusted, &id_jag, attempt).await?;
            return Err(match invitation {
                Invitation::None => Refusal::UnknownSubject,
                Invitation::Open => Refusal::LinksOpen,
                Invitation::Sent(invited) => Refusal::Unlinked(invited),
            });
        }
        account => account?,
    };

    // RFC 7523 §3 (7) against ID-JAG §4.4.3: see `model::Reuse`. The mark is set in the
    // commit, so that an ID-JAG which is refused for another reason is not used up.
    let warrant = Warrant::IdJag(Box::new(Redemption {
        id_jag,
        trusted,
        confirmation,
        account,
        scope,
        resources,
        details,
        act,
        audience,
    }));
    Ok(issuance::issue(server, client, warrant, attempt).await?.into())
}

/// The least of what the issuer vouched for, what it is trusted with, what the service has,
/// what the client may have, and what it asks for.
fn granted_scope(
    server: &AuthorizationServer,
    id_jag: &PresentedIdJag,
    trusted: &TrustedIssuer,
    client: &AuthenticatedClient,
    asked: Option<&Scope>,
) -> Scope {
    // Of a client that describes itself nobody said what it may have: the ID-JAG does.
    let offered = match (&client.record().described, server.service()) {
        (Some(_), Some(service)) => service.scope(),
        _ => server.offers(client.record()),
    };
    let trusted = policy::grant_scope(trusted.trust.scope.as_ref(), &offered);
    // An issuer that vouches for details alone has not vouched for every scope.
    let vouched = match (id_jag.scope(), &id_jag.claims().authorization_details) {
        (None, Some(_)) => return Scope::default(),
        (scope, _) => policy::grant_scope(scope, &trusted),
    };
    policy::grant_scope(asked, &vouched)
}

/// ID-JAG §4.4.1: what the issuer vouched for, as far as the service knows it. RFC 9396 §6: the
/// request may ask for less, and for nothing else.
fn granted_details(
    service: &Service,
    trusted: &TrustedIssuer,
    vouched: Option<&AuthorizationDetails>,
    asked: Option<AuthorizationDetails>,
) -> Result<Option<AuthorizationDetails>, Refusal> {
    if let Some(vouched) = vouched {
        service.authorization_details_types.admit(vouched)?;
        // Home's are narrowed by its connections; of others the trust says what they can give.
        let types = &trusted.trust.terms.authorization_details;
        let ours = trusted.trust.accounts == Accounts::SamePerson;
        if !ours && !vouched.each().all(|(typ, _)| types.iter().any(|it| it == typ)) {
            return Err(Refusal::UntrustedDetails);
        }
    }
    match (vouched, asked) {
        (vouched, None) => Ok(vouched.cloned()),
        (Some(vouched), Some(asked)) if vouched.cover(&asked) => Ok(Some(asked)),
        (_, Some(_)) => Err(Refusal::MoreDetails),
    }
}

/// Why the grant was refused. What each says is the `error_description` that is sent.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("a client without credentials cannot redeem an ID-JAG")]
    PublicClient,
    #[error("the assertion is not acceptable: {0}")]
    NotAJwt(#[from] BadJwt),
    #[error("the issuer of the assertion is not trusted here")]
    UntrustedIssuer,
    #[error("the assertion is not acceptable: {0}")]
    Unacceptable(#[from] Unacceptable),
    #[error("the assertion is not acceptable: its {0}")]
    AuthorizationDetails(#[from] BadDetails),
    #[error("the act of the assertion names an actor of another issuer")]
    ForeignActor,
    #[error("its issuer is not trusted with the authorization_details of the assertion")]
    UntrustedDetails,
    #[error("authorization_details asks for what is not in the assertion")]
    MoreDetails,
    #[error("the assertion is not bound to a key, which this grant wants")]
    NotBound,
    #[error("the assertion has a sub_id, which is not supported here")]
    SubId,
    #[error("the tenant of the assertion is not the one that is trusted here")]
    Tenant,
    #[error("the aud_tenant of the assertion is not a tenant of this service")]
    OurTenant,
    #[error("the assertion is for a resource that this server does not issue tokens for")]
    ClaimedResource,
    #[error("the assertion names no resource, and one is required of its issuer")]
    NoResource,
    #[error(transparent)]
    Resource(#[from] NotGoverned),
    #[error("no scope that was asked for can be granted")]
    NothingToGrant,
    #[error("the subject of the assertion has no account here")]
    UnknownSubject,
    #[error(
        "the subject of the assertion has no account here: who has one links it at tegata_link_uri"
    )]
    Unlinked(Invited),
    #[error(
        "the subject of the assertion has no account here: three links to tegata_link_uri are open already, so wait until the person answers one, or they run out"
    )]
    LinksOpen,
    #[error("the keys of the issuer cannot be had at the moment")]
    KeysUnreachable(#[from] Unreachable),
    #[error(transparent)]
    Issuance(#[from] issuance::Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal {
    /// RFC 7523 §3.1: `invalid_grant` for all that is wrong with the assertion.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::PublicClient => ErrorCode::UnauthorizedClient,
            Self::NotAJwt(_)
            | Self::UntrustedIssuer
            | Self::Unacceptable(_)
            | Self::AuthorizationDetails(_)
            | Self::UntrustedDetails
            | Self::ForeignActor
            | Self::NotBound
            | Self::SubId
            | Self::Tenant
            | Self::OurTenant
            | Self::ClaimedResource
            | Self::NoResource
            | Self::UnknownSubject
            | Self::Unlinked(_)
            | Self::LinksOpen => ErrorCode::InvalidGrant,
            Self::Resource(_) => ErrorCode::InvalidTarget,
            Self::NothingToGrant => ErrorCode::InvalidScope,
            Self::MoreDetails => ErrorCode::InvalidAuthorizationDetails,
            Self::KeysUnreachable(_) => ErrorCode::TemporarilyUnavailable,
            Self::Issuance(it) => it.code(),
            Self::Store(it) => it.code(),
        }
    }
}
