//! Clients that register themselves: RFC 7591, and RFC 7592 for what they do with it later.
//! `docs/decisions/0038-registrations.md`.

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;
use time::Duration;

use crate::issuance::{Attempt, NotRecorded};
use crate::jose::KeySet;
use crate::limits::TurnedAway;
use crate::model::{
    BadMetadata, ClientMetadata, Digest, LedgerEvent, Registration, Registrations, is_registered,
    registered_id,
};
use crate::oauth::{AuthMethod, ClientId, ErrorCode, GrantType};
use crate::server::{AuthorizationServer, Invitation};
use crate::store::{CommitError, Conflict, Effect, StoreError};

/// Whoever registered at an open door and got nothing for so long is forgotten.
const UNUSED: Duration = Duration::DAY;

/// What is kept of a client is not longer than this, in bytes.
const LONGEST: usize = 8 * 1024;

/// What each says is the `error_description` that is sent.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("the initial access token is not good for this issuer, or not any more")]
    Invitation,
    #[error("the initial access token was already used")]
    InvitationUsed,
    #[error("the registration access token is not that of this client")]
    Token,
    #[error("no software statement is approved here: leave it out")]
    SoftwareStatement,
    #[error("the registration is not acceptable: {0}")]
    Metadata(#[from] BadMetadata),
    #[error("the registration is not acceptable: it is longer than 8 KiB")]
    TooLong,
    #[error("the registration is not acceptable: its jwks is no set of keys that can be used here")]
    Jwks,
    #[error(
        "the registration is not acceptable: keys are not fetched from the host of its jwks_uri: put them into jwks"
    )]
    JwksUri,
    #[error(
        "the registration is not acceptable: a client that registers itself cannot have any of its grant_types here"
    )]
    NoGrant,
    #[error("{0} is given by the server and cannot be sent")]
    Ours(&'static str),
    #[error("client_id is not that of this registration")]
    OtherClient,
    #[error("{0}")]
    TurnedAway(#[from] TurnedAway),
    #[error("it could not be recorded")]
    Commit(#[source] CommitError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal {
    /// RFC 7591 §3.2.2, RFC 7592 §2 and RFC 6750 §3.1.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Invitation | Self::InvitationUsed | Self::Token => ErrorCode::InvalidToken,
            Self::SoftwareStatement => ErrorCode::UnapprovedSoftwareStatement,
            Self::Metadata(BadMetadata::RedirectUris) => ErrorCode::InvalidRedirectUri,
            Self::Metadata(_) | Self::TooLong | Self::Jwks | Self::JwksUri | Self::NoGrant => {
                ErrorCode::InvalidClientMetadata
            }
            Self::Ours(_) | Self::OtherClient => ErrorCode::InvalidRequest,
            Self::TurnedAway(_) => ErrorCode::SlowDown,
            Self::Commit(it) => it.code(),
            Self::Store(it) => it.code(),
        }
    }
}

impl From<CommitError> for Refusal {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict(Conflict::InvitationUsed) => Self::InvitationUsed,
            error => Self::Commit(error),
        }
    }
}

impl From<NotRecorded> for Refusal {
    fn from(error: NotRecorded) -> Self {
        error.into_refusal()
    }
}

/// RFC 7591 §3.2.1 and RFC 7592 §3.
#[derive(Serialize)]
pub struct ClientInformation {
    client_id: ClientId,
    client_id_issued_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    /// "REQUIRED if `client_secret` is issued": 0 is never.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<u8>,
    registration_access_token: String,
    registration_client_uri: String,
    response_types: &'static [&'static str],
    #[serde(flatten)]
    metadata: ClientMetadata,
}

/// RFC 7591 §3: registers what `asked` says, for whoever may by `token`.
pub async fn register(
    server: &AuthorizationServer,
    token: Option<&str>,
    asked: &Map<String, Value>,
    attempt: &mut Attempt,
) -> Result<ClientInformation, Refusal> {
    let now = attempt.now;
    let invitation = invitation(server, token, attempt)?;
    attempt.parent = invitation.as_ref().map(|it| it.id.clone());
    let environment = &server.shared.environment;
    let id = registered_id(&environment.unique_id()).expect("these are a few letters and digits");
    let metadata = acceptable(server, &id, asked)?;
    attempt.client = Some(id.clone());
    attempt.scope.clone_from(&metadata.scope);

    let secret = is_secret(metadata.token_endpoint_auth_method).then(|| environment.secret());
    let token = environment.secret();
    let registration = Registration {
        issuer: server.issuer.clone(),
        client: id,
        secret_mac: secret.as_ref().map(|it| server.shared.secret_key.mac(it)),
        token: Digest::of(&token),
        registered_at: now,
        forget_after: invitation.is_none().then(|| now + UNUSED),
        metadata,
    };
    let information = informed(server, &registration, &token, secret);
    let used = invitation.filter(|it| !it.reusable).map(|it| used_up(server, &it));
    let mut effects: Vec<_> = used.into_iter().collect();
    effects.push(Effect::Register(Box::new(registration)));
    committed(server, effects, attempt).await?;
    Ok(information)
}

/// RFC 7592 §2.1: what is registered.
pub async fn read(
    server: &AuthorizationServer,
    client: &str,
    token: &SecretString,
) -> Result<ClientInformation, Refusal> {
    let registration = proven(server, client, token).await?;
    Ok(informed(server, &registration, token.expose_secret(), None))
}

/// RFC 7592 §2.2: puts what `asked` says in the place of what is registered, all of it.
pub async fn change(
    server: &AuthorizationServer,
    (client, token): (&str, &SecretString),
    asked: &Map<String, Value>,
    attempt: &mut Attempt,
) -> Result<ClientInformation, Refusal> {
    let before = proven(server, client, token).await?;
    attempt.client = Some(before.client.clone());
    // "The client MUST NOT include" these.
    const OURS: [&str; 4] = [
        "registration_access_token",
        "registration_client_uri",
        "client_secret_expires_at",
        "client_id_issued_at",
    ];
    if let Some(ours) = OURS.into_iter().find(|it| asked.contains_key(*it)) {
        return Err(Refusal::Ours(ours));
    }
    // "The client MUST include its "client_id" field in the request, and it MUST be the same".
    if asked.get("client_id").and_then(Value::as_str) != Some(client) {
        return Err(Refusal::OtherClient);
    }
    // "If the client includes the "client_secret" field in the request, the value of this field
    // MUST match the currently issued client secret".
    let mut asked = asked.clone();
    if let Some(secret) = asked.shift_remove("client_secret") {
        let kept = before.secret_mac.as_deref().unwrap_or_default();
        let proves = |it: &str| server.shared.secret_key.proves(it, kept);
        if !secret.as_str().is_some_and(proves) {
            return Err(BadMetadata::Secret.into());
        }
    }
    let metadata = acceptable(server, &before.client, &asked)?;
    attempt.scope.clone_from(&metadata.scope);
    let wants = is_secret(metadata.token_endpoint_auth_method);
    let new = (wants && before.secret_mac.is_none()).then(|| server.shared.environment.secret());
    let secret_mac = match &new {
        Some(secret) => Some(server.shared.secret_key.mac(secret)),
        None => before.secret_mac.clone().filter(|_| wants),
    };
    let after = Registration { metadata, secret_mac, ..before };
    let information = informed(server, &after, token.expose_secret(), new);
    committed(server, vec![Effect::ChangeRegistration(Box::new(after))], attempt).await?;
    Ok(information)
}

/// RFC 7592 §2.3: takes the registration out.
pub async fn remove(
    server: &AuthorizationServer,
    (client, token): (&str, &SecretString),
    attempt: &mut Attempt,
) -> Result<(), Refusal> {
    let registration = proven(server, client, token).await?;
    attempt.client = Some(registration.client.clone());
    let removed = Effect::RemoveRegistration(server.issuer.clone(), registration.client);
    committed(server, vec![removed], attempt).await
}

/// Who comes with a token wants it to count, whatever is open to everybody.
fn invitation(
    server: &AuthorizationServer,
    token: Option<&str>,
    attempt: &Attempt,
) -> Result<Option<Invitation>, Refusal> {
    let key = &server.shared.secret_key;
    match (token, server.registrations()) {
        (None, Registrations::Open) => Ok(None),
        (token, _) => {
            let token = token.unwrap_or_default();
            let invitation = Invitation::read(key, &server.issuer, token, attempt.now);
            invitation.map(Some).ok_or(Refusal::Invitation)
        }
    }
}

/// One token, one client.
fn used_up(server: &AuthorizationServer, invitation: &Invitation) -> Effect {
    Effect::UseOnce {
        // No issuer identifier has a space in it.
        issuer: format!("{} registration", server.issuer),
        jti: invitation.jti(),
        forget_after: invitation.expires_at,
        otherwise: Conflict::InvitationUsed,
    }
}

/// What of `asked` can be registered here: RFC 7591 §3.2.1 lets us "reject or replace any of the
/// client's requested metadata values", and the answer says what it came to.
fn acceptable(
    server: &AuthorizationServer,
    id: &ClientId,
    asked: &Map<String, Value>,
) -> Result<ClientMetadata, Refusal> {
    if asked.contains_key("software_statement") {
        return Err(Refusal::SoftwareStatement);
    }
    // Secrets are given and not taken: a person's choice could be guessed.
    if asked.contains_key("client_secret") {
        return Err(BadMetadata::Secret.into());
    }
    // §2: "If unspecified or omitted, the default is "client_secret_basic"".
    let mut metadata = ClientMetadata::read(asked, AuthMethod::ClientSecretBasic)?;
    server.keeps_word_to(&metadata)?;
    let gist = metadata.gist();
    let keys = KeySet::registered(gist.jwks.as_deref());
    if gist.jwks.is_some() && keys.is_none_or(|it| it.is_empty()) {
        return Err(Refusal::Jwks);
    }
    // Strangers do not choose what we fetch: only where clients may describe themselves anyway.
    if metadata.jwks_uri.as_ref().is_some_and(|it| !server.admits_host_of(it)) {
        return Err(Refusal::JwksUri);
    }
    let client = server.undeclared(id, &metadata, &gist);
    if client.grant_types.iter().all(|it| *it == GrantType::RefreshToken) {
        return Err(Refusal::NoGrant);
    }
    let by_id_jag = [GrantType::TokenExchange, GrantType::JwtBearer];
    if !client.grant_types.iter().any(|it| by_id_jag.contains(it)) {
        metadata.authorization_grant_profiles_supported.clear();
    }
    metadata.grant_types = client.grant_types;
    metadata.scope = Some(client.scope);
    // A service has no ID tokens.
    let alg = server.is_home().then_some(client.id_token_signed_response_alg);
    metadata.id_token_signed_response_alg = alg;
    metadata.subject_type = metadata.subject_type.filter(|_| server.is_home());
    if serde_json::to_vec(&metadata).map_or(true, |it| it.len() > LONGEST) {
        return Err(Refusal::TooLong);
    }
    Ok(metadata)
}

fn is_secret(method: AuthMethod) -> bool {
    matches!(method, AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost)
}

/// RFC 7592 §2.1: of a client that is not there a stranger hears the same as of a wrong token.
async fn proven(
    server: &AuthorizationServer,
    client: &str,
    token: &SecretString,
) -> Result<Registration, Refusal> {
    let id = ClientId::parse(client).ok().filter(is_registered).ok_or(Refusal::Token)?;
    // What an administrator declared by that name is not the client's to change.
    let declared = server.clients.find(&id).is_some();
    let registered = server.registered(&id).await?.filter(|_| !declared).ok_or(Refusal::Token)?;
    let shown = Digest::of(token.expose_secret());
    match bool::from(shown.0.ct_eq(&registered.registration.token.0)) {
        true => Ok(registered.registration.clone()),
        false => Err(Refusal::Token),
    }
}

fn informed(
    server: &AuthorizationServer,
    registration: &Registration,
    token: &str,
    secret: Option<String>,
) -> ClientInformation {
    let by_code = registration.metadata.grant_types.contains(&GrantType::AuthorizationCode);
    ClientInformation {
        client_id: registration.client.clone(),
        client_id_issued_at: registration.registered_at.unix_timestamp(),
        client_secret_expires_at: registration.secret_mac.is_some().then_some(0),
        client_secret: secret,
        registration_access_token: token.to_owned(),
        registration_client_uri: server
            .issuer
            .at(&format!("/oauth2/register/{}", registration.client)),
        response_types: if by_code { &["code"] } else { &[] },
        metadata: registration.metadata.clone(),
    }
}

/// Durable, with its entry, before anybody hears of it.
async fn committed(
    server: &AuthorizationServer,
    mut effects: Vec<Effect>,
    attempt: &Attempt,
) -> Result<(), Refusal> {
    let entry = attempt.issued(LedgerEvent::Registration, None);
    effects.push(Effect::Record(Box::new(entry)));
    let store = &server.shared.store;
    Ok(store.begin_commit(effects, attempt.now, attempt.heard)?.durable().await?)
}
