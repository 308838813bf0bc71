//! The JWT bearer grant, for workloads (RFC 7523 §2.1 and §3, MCP workload identity federation).
//!
//! A program has no secret, but an issuer that knows it by where it runs: what that says of it makes
//! it a client of ours. It acts for itself, as by `client_credentials`, and for nobody else.

use super::audience::{self, NotGoverned};
use super::client_credentials;
use super::issuer_keys;
use super::response::TokenResponse;
use crate::clients::{self, AuthenticatedClient, Presented};
use crate::issuance::{self, Attempt, Warrant};
use crate::jose::{BadJwt, KeySet, UnverifiedJwt};
use crate::model::LedgerEvent;
use crate::oauth::{ErrorCode, GrantType, ParamError, Params, Resource, Scope};
use crate::outbound::Unreachable;
use crate::policy::{self, TrustedIssuer};
use crate::server::AuthorizationServer;
use crate::tokens::{Unacceptable, VouchedWorkload, WorkloadAssertion};

/// RFC 7521 §4.1 and RFC 8707 §2.2.
pub struct Request {
    scope: Option<Scope>,
    resources: Vec<Resource>,
}

impl Request {
    pub fn parse(params: &Params) -> Result<Self, ParamError> {
        Ok(Self { scope: params.scope()?, resources: params.resources()? })
    }
}

/// A workload that a trust vouches for.
pub struct Vouched<'a> {
    trusted: &'a TrustedIssuer,
    workload: VouchedWorkload,
}

/// The assertion of a request that is for this grant: it comes without credentials, and is of no
/// other type. All else has to authenticate.
pub fn assertion(
    presented: &Presented,
    grant_type: GrantType,
    params: &Params,
) -> Option<UnverifiedJwt> {
    if grant_type != GrantType::JwtBearer || presented.has_proof() {
        return None;
    }
    let jwt = UnverifiedJwt::read(params.optional("assertion").ok()??).ok()?;
    WorkloadAssertion::may_be(&jwt).then_some(jwt)
}

/// Finds out which client `jwt` makes of whoever brings it.
pub async fn identify<'a>(
    server: &'a AuthorizationServer,
    presented: &Presented,
    jwt: &UnverifiedJwt,
    attempt: &mut Attempt,
) -> Result<(AuthenticatedClient, Vouched<'a>), Refusal> {
    let trusts = || server.trusted_issuers.by_workload(jwt.issuer());
    let any = trusts().next().ok_or(Refusal::UntrustedIssuer)?;

    // RFC 7523 §3 (1)-(6) and (9): signature, type, audience, time.
    let verify = |keys: &KeySet| WorkloadAssertion::verify(jwt, keys, &server.issuer, attempt.now);
    let assertion = issuer_keys::verified::<_, Refusal>(server, any, verify).await?;
    attempt.event = LedgerEvent::AccessToken;
    attempt.user = Some(assertion.name()?);
    attempt.parent = assertion.jti().map(ToString::to_string);

    // RFC 7523 §3 (2): the subject, and what else the trust wants to know. No two trusts want what
    // one assertion could say.
    let meant = |it: &&TrustedIssuer| {
        it.trust.workload().is_some_and(|workload| workload.is_meant_by(assertion.claims()))
    };
    let trusted = trusts().find(meant).ok_or(Refusal::NotMeant)?;
    let workload = assertion.under(&trusted.trust, attempt.now)?;
    attempt.client = Some(workload.client().clone());
    let client = clients::vouched_for(server, presented, &workload, attempt.now);
    let client = client.map_err(|why| match why {
        // It did not try to authenticate, and there is nobody whom it could be.
        clients::Refusal::Failed => Refusal::NotMeant,
        why => why.into(),
    })?;
    Ok((client, Vouched { trusted, workload }))
}

pub async fn grant(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    vouched: Vouched<'_>,
    request: Request,
    attempt: &mut Attempt,
) -> Result<TokenResponse, Refusal> {
    attempt.scope.clone_from(&request.scope);
    let Vouched { trusted, workload } = vouched;

    // RFC 7800 §3.1: what it is bound to comes with it.
    let confirmation = workload.assertion().confirmation()?;
    if let Some(bound) = &confirmation {
        client.meets(bound).map_err(Unacceptable::from)?;
    }

    // The least of what the client may have, what the trust gives, and what is asked for.
    let own = client_credentials::own_scope(server, client.record());
    let given = policy::grant_scope(trusted.trust.scope.as_ref(), &own);
    let scope = policy::grant_scope(request.scope.as_ref(), &given);
    if scope.is_empty() {
        return Err(Refusal::NothingToGrant);
    }
    let ceiling = trusted.trust.workload().map_or(&[][..], |it| &it.resources);
    let resources = audience::narrowed(ceiling, request.resources)?;
    let audience = audience::of(server, &resources)?;

    let warrant = Warrant::Workload { workload, trusted, confirmation, scope, resources, audience };
    Ok(issuance::issue(server, client, warrant, attempt).await?.into())
}

/// Why the grant was refused. What each says is the `error_description` that is sent.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Whoever has no true assertion hears what anybody without credentials does: whom this server
    /// trusts is nobody's business.
    #[error("client authentication is required")]
    Stranger(#[source] BadJwt),
    #[error("client authentication is required")]
    UntrustedIssuer,
    #[error("the assertion is not acceptable: {0}")]
    Unacceptable(#[source] Unacceptable),
    #[error("no client here is meant by what the assertion says of its workload")]
    NotMeant,
    #[error("no scope that was asked for can be granted to the workload")]
    NothingToGrant,
    #[error(transparent)]
    Resource(#[from] NotGoverned),
    #[error("the keys of the issuer cannot be had at the moment")]
    KeysUnreachable(#[from] Unreachable),
    #[error(transparent)]
    Client(#[from] clients::Refusal),
    #[error(transparent)]
    Issuance(#[from] issuance::Refusal),
}

impl From<Unacceptable> for Refusal {
    fn from(why: Unacceptable) -> Self {
        match why {
            // What it says is read only once it is known who signed it.
            Unacceptable::Untrue(bad) if bad != BadJwt::Claims => Self::Stranger(bad),
            other => Self::Unacceptable(other),
        }
    }
}

impl Refusal {
    /// RFC 7523 §3.1: `invalid_grant` for all that is wrong with the assertion.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Stranger(_) | Self::UntrustedIssuer => ErrorCode::InvalidClient,
            Self::Unacceptable(_) | Self::NotMeant => ErrorCode::InvalidGrant,
            Self::NothingToGrant => ErrorCode::InvalidScope,
            Self::Resource(_) => ErrorCode::InvalidTarget,
            Self::KeysUnreachable(_) => ErrorCode::TemporarilyUnavailable,
            Self::Client(it) => it.code(),
            Self::Issuance(it) => it.code(),
        }
    }
}
