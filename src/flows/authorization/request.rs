//! The authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, OIDC Core §3.1.2.1).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::response::Redirected;
use crate::jose::{Thumbprint, UnverifiedJwt};
use crate::model::Client;
use crate::oauth::{
    ClientId, CodeChallenge, ErrorCode, GrantType, Issuer, ParamError, Params, RedirectUri,
    Resource, Scope, SessionId, Subject,
};
use crate::outbound::Unreachable;
use crate::server::{AuthorizationServer, Unknowable};
use crate::store::StoreError;
use crate::tokens::{Hint, IdTokenClaims};

/// A request that a client of ours may make, kept while the person signs in and consents.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// Where it was made.
    pub issuer: Issuer,
    pub client: ClientId,
    pub redirect_uri: RedirectUri,
    pub state: Option<String>,
    pub nonce: Option<String>,
    pub scope: Scope,
    pub resources: Vec<Resource>,
    pub challenge: CodeChallenge,
    pub prompt: Vec<Prompt>,
    /// In seconds.
    pub max_age: Option<i64>,
    /// By which the person should sign in, in the order of the client's preference.
    #[serde(default)]
    pub acr_values: Vec<String>,
    /// The thumbprint of the key that the code is to be bound to (RFC 9449 §10).
    #[serde(default)]
    pub dpop_jkt: Option<Thumbprint>,
    pub login_hint: Option<String>,
    pub ui_locales: Option<String>,
    /// Whom the client means, if it said so by an ID Token.
    pub hinted: Option<Subject>,
    #[serde(with = "time::serde::timestamp")]
    pub began_at: OffsetDateTime,
    /// The login that was there already when it was made.
    pub found: Option<SessionId>,
}

/// OIDC Core §3.1.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Prompt {
    None,
    Login,
    Consent,
    SelectAccount,
}

/// Why a request is refused before anything is proven: the person is told, nobody is
/// redirected (RFC 6749 §4.1.2.1).
#[derive(Debug, thiserror::Error)]
pub enum Unproven {
    #[error("{0}")]
    Parameters(#[from] ParamError),
    #[error("the application is not known here, or not active")]
    UnknownClient,
    #[error("what the application says of itself at its own address cannot be taken: {}", .0.told())]
    Undescribed(#[source] Unreachable),
    #[error("the redirect_uri is not one that the application registered")]
    UnregisteredRedirectUri(RedirectUri),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Unknowable> for Unproven {
    fn from(why: Unknowable) -> Self {
        match why {
            Unknowable::Document(why) => Self::Undescribed(why),
            Unknowable::Store(error) => Self::Store(error),
        }
    }
}

impl Unproven {
    /// Whether it is known whom it is about: anybody can send any name.
    pub fn is_of_a_known_client(&self) -> bool {
        matches!(self, Self::UnregisteredRedirectUri(_) | Self::Undescribed(_))
    }

    /// The same for the ledger, with what came: whoever wrote the client looks for a difference.
    pub fn recorded(&self) -> String {
        match self {
            Self::UnregisteredRedirectUri(came) => format!("{self}: {}", came.without_query()),
            other => other.to_string(),
        }
    }

    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Parameters(it) => it.code(),
            Self::Undescribed(it) if it.is_busy() => ErrorCode::TemporarilyUnavailable,
            Self::UnknownClient | Self::Undescribed(_) => ErrorCode::UnauthorizedClient,
            Self::UnregisteredRedirectUri(_) => ErrorCode::InvalidRequest,
            Self::Store(it) => it.code(),
        }
    }
}

/// What is wrong with a request whose client and redirect URI are proven.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("{0}")]
    Parameters(#[from] ParamError),
    #[error("response_type must be code")]
    ResponseType,
    #[error("response_mode must be query")]
    ResponseMode,
    #[error("request objects are not supported: send the parameters themselves")]
    RequestObject,
    #[error("request_uri is not supported: send the parameters themselves")]
    RequestUri,
    #[error("registration is not supported: clients are registered beforehand")]
    Registration,
    #[error("authorization_details are not taken here: ask for an ID-JAG with them")]
    Details,
    #[error("the client is not registered to use the authorization code grant")]
    UnauthorizedClient,
    #[error("code_challenge is required (RFC 7636)")]
    NoChallenge,
    #[error("code_challenge_method must be S256")]
    ChallengeMethod,
    #[error("the client may not ask for any of this scope")]
    Scope,
    #[error("the resource is not one that this server issues tokens for")]
    Resource,
    #[error("prompt none cannot be combined with another")]
    Prompt,
    #[error("id_token_hint is not an ID Token of this issuer")]
    Hint,
    #[error("id_token_hint was issued to another client, which may call people something else")]
    HintOfAnother,
}

impl Refusal {
    /// RFC 6749 §4.1.2.1, RFC 8707 §2 and OIDC Core §3.1.2.6.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Parameters(it) => it.code(),
            Self::ResponseType => ErrorCode::UnsupportedResponseType,
            Self::RequestObject => ErrorCode::RequestNotSupported,
            Self::RequestUri => ErrorCode::RequestUriNotSupported,
            Self::Registration => ErrorCode::RegistrationNotSupported,
            Self::Details => ErrorCode::InvalidAuthorizationDetails,
            Self::UnauthorizedClient => ErrorCode::UnauthorizedClient,
            Self::Scope => ErrorCode::InvalidScope,
            Self::Resource => ErrorCode::InvalidTarget,
            Self::ResponseMode
            | Self::NoChallenge
            | Self::ChallengeMethod
            | Self::Prompt
            | Self::Hint
            | Self::HintOfAnother => ErrorCode::InvalidRequest,
        }
    }
}

/// A client that is proven to have asked, and where its answer goes.
pub struct Proven {
    pub client: Arc<Client>,
    pub to: Redirected,
}

/// RFC 6749 §4.1.2.1: first client and redirect URI, for until they are proven nobody may be
/// sent anywhere.
pub async fn prove(server: &AuthorizationServer, params: &Params) -> Result<Proven, Unproven> {
    let id = params.read("client_id", ClientId::parse)?;
    let id = id.ok_or(ParamError::Missing("client_id"))?;
    let client = server.active_client(&id).await?.ok_or(Unproven::UnknownClient)?;

    let redirect_uri = params.read("redirect_uri", RedirectUri::parse)?;
    let redirect_uri = redirect_uri.ok_or(ParamError::Missing("redirect_uri"))?;
    if !client.redirect_uris.iter().any(|registered| registered.admits(&redirect_uri)) {
        return Err(Unproven::UnregisteredRedirectUri(redirect_uri));
    }
    let state = short(params, "state", LONGEST)?;
    Ok(Proven { client, to: Redirected { redirect_uri, state, issuer: server.issuer.clone() } })
}

/// And then the rest, whose faults the client is told.
pub fn check(
    server: &AuthorizationServer,
    proven: &Proven,
    params: &Params,
    now: OffsetDateTime,
) -> Result<AuthorizationRequest, Refusal> {
    params.none_repeated(&["resource"])?;
    let client = &proven.client;

    // OIDC Core §6: what we cannot read must not be passed over.
    if params.optional("request")?.is_some() {
        return Err(Refusal::RequestObject);
    }
    if params.optional("request_uri")?.is_some() {
        return Err(Refusal::RequestUri);
    }
    if params.optional("registration")?.is_some() {
        return Err(Refusal::Registration);
    }
    // RFC 9396 §5: what nobody can be asked for here is not passed over.
    if params.optional("authorization_details")?.is_some() {
        return Err(Refusal::Details);
    }
    if params.required("response_type")? != "code" {
        return Err(Refusal::ResponseType);
    }
    if params.optional("response_mode")?.is_some_and(|mode| mode != "query") {
        return Err(Refusal::ResponseMode);
    }
    if !client.may_use(GrantType::AuthorizationCode) {
        return Err(Refusal::UnauthorizedClient);
    }

    // RFC 7636 §4.3, for all clients: RFC 9700 §2.1.1. Without a method it would be "plain".
    let challenge = params.read("code_challenge", CodeChallenge::parse);
    if params.optional("code_challenge_method")?.unwrap_or("plain") != "S256" {
        return Err(match params.optional("code_challenge")? {
            Some(_) => Refusal::ChallengeMethod,
            None => Refusal::NoChallenge,
        });
    }
    let challenge = challenge?.ok_or(Refusal::NoChallenge)?;

    // RFC 6749 §3.3: the server may "process the request using a pre-defined default value";
    // OIDC Core §3.1.2.1: values that are not understood are ignored.
    // What goes on when the person is away is never a default (OIDC Core §11).
    let offered = server.offers(client);
    let scope = match params.scope()? {
        Some(asked) => asked.intersection(&offered),
        None => offered.without(&Scope::parse("offline_access").unwrap_or_default()),
    };
    if scope.is_empty() {
        return Err(Refusal::Scope);
    }
    let resources = params.resources()?;
    if !resources.iter().all(|it| server.governs(it)) {
        return Err(Refusal::Resource);
    }

    Ok(AuthorizationRequest {
        issuer: server.issuer.clone(),
        client: client.id.clone(),
        redirect_uri: proven.to.redirect_uri.clone(),
        state: proven.to.state.clone(),
        nonce: short(params, "nonce", LONGEST)?,
        scope,
        resources,
        challenge,
        prompt: prompts(params)?,
        max_age: max_age(params)?,
        acr_values: acr_values(params)?,
        dpop_jkt: dpop_jkt(params)?,
        login_hint: short(params, "login_hint", LONGEST_HINT)?,
        ui_locales: short(params, "ui_locales", LONGEST_HINT)?,
        hinted: hinted(server, client, params)?,
        began_at: now,
        found: None,
    })
}

/// What is kept while it waits for the person, and anybody may send, has at most so many bytes.
const LONGEST: usize = 2_048;
const LONGEST_HINT: usize = 256;

fn short(params: &Params, name: &'static str, most: usize) -> Result<Option<String>, ParamError> {
    match params.optional(name)? {
        Some(text) if text.len() > most => {
            Err(ParamError::malformed(name, format!("it is longer than {most} bytes")))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

fn prompts(params: &Params) -> Result<Vec<Prompt>, Refusal> {
    let words = params.optional("prompt")?.unwrap_or_default().split_ascii_whitespace();
    let prompts = words
        .map(|word| match word {
            "none" => Ok(Prompt::None),
            "login" => Ok(Prompt::Login),
            "consent" => Ok(Prompt::Consent),
            "select_account" => Ok(Prompt::SelectAccount),
            _ => Err(ParamError::malformed("prompt", "it has a value that is not known")),
        })
        .collect::<Result<Vec<_>, _>>()?;
    match prompts.contains(&Prompt::None) && prompts.len() > 1 {
        true => Err(Refusal::Prompt),
        false => Ok(prompts),
    }
}

fn max_age(params: &Params) -> Result<Option<i64>, ParamError> {
    let seconds = params.optional("max_age")?.map(str::parse::<u32>).transpose();
    let seconds = seconds.map_err(|_| ParamError::malformed("max_age", "it is no whole number"))?;
    Ok(seconds.map(i64::from))
}

/// OIDC Core §3.1.2.1: "a space-separated string".
fn acr_values(params: &Params) -> Result<Vec<String>, ParamError> {
    let text = short(params, "acr_values", LONGEST_HINT)?.unwrap_or_default();
    Ok(text.split_ascii_whitespace().map(str::to_owned).collect())
}

/// RFC 9449 §10.
fn dpop_jkt(params: &Params) -> Result<Option<Thumbprint>, ParamError> {
    let thumbprint = params.optional("dpop_jkt")?.map(Thumbprint::parse).transpose();
    thumbprint.map_err(|_| ParamError::malformed("dpop_jkt", "it is no thumbprint of a key"))
}

fn hinted(
    server: &AuthorizationServer,
    client: &Client,
    params: &Params,
) -> Result<Option<Subject>, Refusal> {
    let Some(hint) = params.optional("id_token_hint")? else { return Ok(None) };
    let jwt = UnverifiedJwt::read(hint).map_err(|_| Refusal::Hint)?;
    let hint = Hint::verify(&jwt, server.keys.published(), &server.issuer);
    let hint = hint.map_err(|_| Refusal::Hint)?;
    let IdTokenClaims { sub, aud, .. } = hint.claims();
    // OIDC Core §8: a client that must not know who somebody is elsewhere is not told by a hint that
    // another has.
    let own = client.sector.is_none() || aud.as_slice().contains(&client.id);
    let person = server.names_for(client).person(sub).filter(|_| own);
    person.map(Some).ok_or(Refusal::HintOfAnother)
}

impl AuthorizationRequest {
    pub fn asks(&self, prompt: Prompt) -> bool {
        self.prompt.contains(&prompt)
    }

    /// Where its answer goes.
    pub fn redirected(&self) -> Redirected {
        Redirected {
            redirect_uri: self.redirect_uri.clone(),
            state: self.state.clone(),
            issuer: self.issuer.clone(),
        }
    }
}
