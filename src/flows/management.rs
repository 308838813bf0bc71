//! What clients ask about tokens and about what they can reach: introspection (RFC 7662),
//! revocation (RFC 7009), and the services of ID-JAG §9.4.

use serde::Serialize;
use time::OffsetDateTime;

use crate::clients::{self, AuthenticatedClient, BadCredentials, Headers, Presented};
use crate::issuance::{self, Attempt, NotRecorded};
use crate::jose::UnverifiedJwt;
use crate::limits::{Endpoint, Party, TurnedAway};
use crate::model::{Approval, Connection, ConnectionGrant, Digest, LedgerEvent, RefreshToken};
use crate::oauth::{
    AuthorizationDetails, ClientId, ErrorCode, Issuer, Jti, ParamError, Params, Resource, Scope,
    Subject, TokenType,
};
use crate::policy;
use crate::server::AuthorizationServer;
use crate::store::{CommitError, Conflict, Effect, StoreError, refresh_tokens};
use crate::tokens::{AccessTokenClaims, Actor, Confirmation, OneOrMany, VerifiedAccessToken};

#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Parameters(#[from] ParamError),
    #[error(transparent)]
    Client(#[from] clients::Refusal),
    #[error("a client without credentials cannot ask about that")]
    PublicClient,
    #[error("the token was issued to another client")]
    OtherClient,
    #[error("tokens of this kind cannot be revoked: they end when they expire")]
    Kind,
    #[error("client authentication failed: the assertion was already used")]
    ProofReplayed,
    #[error("{0}")]
    TurnedAway(#[from] TurnedAway),
    #[error("it could not be recorded")]
    Commit(#[source] CommitError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<BadCredentials> for Refusal {
    fn from(bad: BadCredentials) -> Self {
        Self::Client(bad.into())
    }
}

impl From<CommitError> for Refusal {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict(Conflict::ProofUsed) => Self::ProofReplayed,
            error => Self::Commit(error),
        }
    }
}

impl From<NotRecorded> for Refusal {
    fn from(error: NotRecorded) -> Self {
        error.into_refusal()
    }
}

impl Refusal {
    /// RFC 6749 §5.2; RFC 7009 §2.2.1.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Parameters(it) => it.code(),
            Self::Client(it) => it.code(),
            Self::ProofReplayed => ErrorCode::InvalidClient,
            Self::PublicClient => ErrorCode::UnauthorizedClient,
            Self::OtherClient => ErrorCode::InvalidGrant,
            Self::Kind => ErrorCode::UnsupportedTokenType,
            Self::TurnedAway(_) => ErrorCode::SlowDown,
            Self::Commit(it) => it.code(),
            Self::Store(it) => it.code(),
        }
    }
}

/// Does `act` for a client that proves who it is, and records it if that is refused.
pub async fn for_client<T>(
    server: &AuthorizationServer,
    headers: Headers<'_>,
    params: &Params,
    attempt: &mut Attempt,
    act: impl AsyncFnOnce(&AuthenticatedClient, &Attempt) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let address = match attempt.party {
        Party::Address(address) => address,
        Party::Client(_) => None,
    };
    let done = async {
        server.shared.limits.visit(Endpoint::Token, address)?;
        params.none_repeated(&[])?;
        let presented = Presented::read(headers, params)?;
        attempt.client = presented.client_id().cloned();
        let client = clients::authenticate(server, &presented, attempt.now).await?;
        attempt.proven(server, &client)?;
        act(&client, attempt).await
    };
    let done = done.await;
    if let Err(refusal) = &done {
        attempt.failed(server, refusal.code(), refusal).await?;
    }
    done
}

/// RFC 7662 §2.2.
#[derive(Debug, Default, Serialize)]
#[serde(default)]
pub struct Introspection {
    pub active: bool,
    #[serde(flatten)]
    pub about: Option<About>,
}

/// What is told of an active token.
#[derive(Debug, Serialize)]
pub struct About {
    pub iss: Issuer,
    pub client_id: ClientId,
    pub sub: Subject,
    pub scope: Scope,
    pub exp: i64,
    /// RFC 6749 §7.1; a refresh token has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<OneOrMany<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<Jti>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_details: Option<AuthorizationDetails>,
}

/// RFC 7662 §2: any client that authenticates here may ask about an access token that it has, and
/// about its own refresh tokens. Of everything else it hears no more than that it is not active.
pub async fn introspect(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    token: &str,
    attempt: &Attempt,
) -> Result<Introspection, Refusal> {
    if !client.is_confidential() {
        return Err(Refusal::PublicClient);
    }
    used_up(server, client.effects(), attempt).await?;
    let now = attempt.now;
    let about = match access_token(server, token, now) {
        // Anybody could be a client that describes itself.
        Some(claims) if client.record().described.is_some() && claims.client_id != *client.id() => {
            None
        }
        Some(claims) => is_good(server, &claims).await?.then(|| of_access_token(claims)),
        None => {
            let token =
                refresh_tokens::find(server.shared.store.read(), &Digest::of(token)).await?;
            let own = token.filter(|it| it.family.client == *client.id());
            let own = own.filter(|it| is_alive(server, it, now));
            let own = match own {
                Some(it) => person_is_there(server, &it).await?.then_some(it),
                None => None,
            };
            own.map(|it| of_refresh_token(server, client, &it)).transpose()?
        }
    };
    Ok(Introspection { active: about.is_some(), about })
}

fn access_token(
    server: &AuthorizationServer,
    token: &str,
    now: OffsetDateTime,
) -> Option<AccessTokenClaims> {
    let jwt = UnverifiedJwt::read(token).ok()?;
    let keys = server.keys.published();
    let token = VerifiedAccessToken::of_ours(&jwt, keys, &server.issuer, now).ok()?;
    Some(token.into_claims())
}

/// Whether nobody revoked it or was switched off since it was issued.
async fn is_good(
    server: &AuthorizationServer,
    claims: &AccessTokenClaims,
) -> Result<bool, StoreError> {
    match issuance::stands(server, claims).await {
        Ok(_) => Ok(true),
        Err(issuance::Refusal::Store(error)) => Err(error),
        Err(_) => Ok(false),
    }
}

fn is_alive(server: &AuthorizationServer, token: &RefreshToken, now: OffsetDateTime) -> bool {
    let family = &token.family;
    family.issuer == server.issuer && !token.used && !family.revoked && token.expires_at > now
}

/// Whether the person is active whom it was issued for.
async fn person_is_there(
    server: &AuthorizationServer,
    token: &RefreshToken,
) -> Result<bool, StoreError> {
    Ok(server.shared.store.user(&token.family.user).await?.is_some_and(|it| it.active))
}

fn of_access_token(claims: AccessTokenClaims) -> About {
    About {
        token_type: Some(claims.token_type()),
        iss: claims.iss,
        client_id: claims.client_id,
        sub: claims.sub,
        scope: claims.scope,
        exp: claims.exp,
        iat: Some(claims.iat),
        aud: Some(claims.aud),
        jti: Some(claims.jti),
        auth_time: claims.auth_time,
        acr: claims.acr,
        act: claims.act,
        cnf: claims.cnf,
        authorization_details: claims.authorization_details,
    }
}

/// RFC 7662 §2.2: its client is told of the person what it would be told by tokens.
fn of_refresh_token(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    token: &RefreshToken,
) -> Result<About, StoreError> {
    let family = &token.family;
    Ok(About {
        iss: family.issuer.clone(),
        client_id: family.client.clone(),
        sub: server.names_for(client.record()).subject(&family.user)?,
        scope: family.scope.clone(),
        exp: token.expires_at.unix_timestamp(),
        token_type: None,
        iat: None,
        aud: None,
        jti: None,
        auth_time: None,
        acr: None,
        act: None,
        cnf: None,
        authorization_details: None,
    })
}

/// RFC 7009 §2: whatever is revoked, all that came from the same authorization ends. What is not
/// known is as good as revoked (§2.2).
pub async fn revoke(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    token: &str,
    attempt: &Attempt,
) -> Result<(), Refusal> {
    let now = attempt.now;
    let family = match access_token(server, token, now) {
        // One that is bound to a key may have been found by somebody who has not the key: without
        // credentials nothing else says whose it is.
        Some(it) if it.cnf.is_some() && !client.is_confidential() => return Err(Refusal::Kind),
        Some(it) if it.client_id != *client.id() => return Err(Refusal::OtherClient),
        Some(AccessTokenClaims { grant_id: Some(family), .. }) => {
            let family = server.shared.store.family(&family).await?;
            // One that was exchanged for another's: that one's client decides about the rest.
            if family.as_ref().is_some_and(|it| it.client != *client.id()) {
                return Err(Refusal::Kind);
            }
            family.map(|it| (*it).clone())
        }
        Some(_) => return Err(Refusal::Kind),
        None => {
            let found =
                refresh_tokens::find(server.shared.store.read(), &Digest::of(token)).await?;
            found.map(|it| (*it.family).clone())
        }
    };
    let family = family.filter(|it| it.issuer == server.issuer);
    if family.as_ref().is_some_and(|it| it.client != *client.id()) {
        return Err(Refusal::OtherClient);
    }
    let mut effects = client.effects();
    // What is revoked already is not revoked again, and leaves no more entries.
    if let Some(family) = family.filter(|it| !it.revoked) {
        let (user, parent) = (Some(family.user), Some(family.id.clone()));
        let entry = Attempt { user, parent, ..attempt.clone() };
        let entry = entry.issued(LedgerEvent::Revocation, None);
        effects.extend([Effect::RevokeFamily(family.id), Effect::Record(Box::new(entry))]);
    }
    used_up(server, effects, attempt).await
}

/// Commits what a request uses up, if it does, as long as it was decided on what is true now.
pub(super) async fn used_up(
    server: &AuthorizationServer,
    effects: Vec<Effect>,
    attempt: &Attempt,
) -> Result<(), Refusal> {
    if effects.is_empty() {
        return Ok(());
    }
    let store = &server.shared.store;
    Ok(store.begin_commit(effects, attempt.now, attempt.heard)?.durable().await?)
}

/// The services that a client of home can reach (ID-JAG §9.4: "MUST require client
/// authentication", and answers for that client alone).
#[derive(Debug, Serialize)]
pub struct Reachable {
    pub services: Vec<ReachableService>,
}

#[derive(Debug, Serialize)]
pub struct ReachableService {
    /// What to send as `audience`.
    pub issuer: Issuer,
    pub name: String,
    /// The client's identifier there.
    pub client_id: ClientId,
    pub scope: Scope,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Resource>,
    /// What may be asked for, where that is not ID-JAGs alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requested_token_types: Vec<TokenType>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authorization_details_types: Vec<String>,
    /// Whether the person has to have consented.
    pub consent_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub acr_values: Vec<String>,
}

pub async fn reachable(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    attempt: &Attempt,
) -> Result<Reachable, Refusal> {
    if !client.is_confidential() {
        return Err(Refusal::PublicClient);
    }
    used_up(server, client.effects(), attempt).await?;
    let connections = server.catalogue.connections_of(client.id());
    let open = policy::open(connections, server.catalogue.services());
    let services = open.map(|(connection, service, scope)| {
        let resources = match connection.resources.as_slice() {
            [] => service.resources.clone(),
            some => some.to_vec(),
        };
        ReachableService {
            issuer: service.issuer.clone(),
            name: service.name.clone(),
            client_id: connection.client_there.clone(),
            scope,
            resources,
            requested_token_types: requested(connection),
            authorization_details_types: connection.terms.authorization_details.clone(),
            consent_required: connection.approval == Approval::User,
            max_age: connection.terms.max_age,
            acr_values: connection.terms.acr.clone(),
        }
    });
    Ok(Reachable { services: services.collect() })
}

fn requested(connection: &Connection) -> Vec<TokenType> {
    let grants = connection.terms.grants.iter().map(|grant| match grant {
        ConnectionGrant::IdJag => TokenType::IdJag,
        ConnectionGrant::Chaining => TokenType::Jwt,
    });
    grants.collect()
}
