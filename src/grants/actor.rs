//! Who acts for the subject of a token exchange (RFC 8693 §2.1 and §4.1, ID-JAG §9.7).

use time::OffsetDateTime;

use crate::clients::AuthenticatedClient;
use crate::issuance::{self, LivePerson};
use crate::jose::{BadJwt, UnverifiedJwt};
use crate::model::{Service, User};
use crate::oauth::{ErrorCode, ParamError, Params, TokenType};
use crate::server::AuthorizationServer;
use crate::store::StoreError;
use crate::tokens::{Actor, Unacceptable, VerifiedAccessToken, VerifiedIdToken};

/// What says who acts.
pub(super) enum ActorToken {
    AccessToken(String),
    IdToken(String),
}

/// Reads `actor_token`. RFC 8693 §2.1: its type "is REQUIRED when the `actor_token` parameter is
/// present in the request but MUST NOT be included otherwise".
pub(super) fn token(params: &Params) -> Result<Option<ActorToken>, ParamError> {
    let token = params.optional("actor_token")?.map(str::to_owned);
    let (token, typ) = match (token, params.optional("actor_token_type")?) {
        (None, None) => return Ok(None),
        (None, Some(_)) => return Err(ParamError::Missing("actor_token")),
        (Some(_), None) => return Err(ParamError::Missing("actor_token_type")),
        (Some(token), Some(typ)) => (token, TokenType::parse(typ)),
    };
    match typ {
        Some(TokenType::AccessToken) => Ok(Some(ActorToken::AccessToken(token))),
        Some(TokenType::IdToken) => Ok(Some(ActorToken::IdToken(token))),
        _ => {
            let both = [TokenType::AccessToken.as_str(), TokenType::IdToken.as_str()];
            let why = format!("it must be {}: an agent's own", both.join(" or "));
            Err(ParamError::malformed("actor_token_type", why))
        }
    }
}

/// Who acts: agents that are clients of home, or the account of one.
pub(super) enum Acting {
    Clients(Actor),
    Account(Box<LivePerson>),
}

impl Acting {
    /// The agent whose own token `token` is, and for whom it acts itself.
    pub(super) async fn verified(
        server: &AuthorizationServer,
        client: &AuthenticatedClient,
        token: &ActorToken,
        now: OffsetDateTime,
    ) -> Result<Self, Refusal> {
        match token {
            ActorToken::AccessToken(token) => by_access_token(server, token, now),
            ActorToken::IdToken(token) => by_id_token(server, client, token, now).await,
        }
    }

    /// The clients, each of whom the connection has to name.
    pub(super) fn clients(&self) -> Vec<String> {
        match self {
            Self::Clients(actor) => actor.all().map(|it| it.sub.to_string()).collect(),
            Self::Account(_) => vec![],
        }
    }

    /// The name of the account, which the connection has to name as well.
    pub(super) fn account(&self) -> Option<&str> {
        match self {
            Self::Clients(_) => None,
            Self::Account(agent) => Some(&agent.user().username),
        }
    }

    /// What `service` is told of them. Nobody acts for themselves.
    pub(super) fn told_to(
        self,
        server: &AuthorizationServer,
        service: &Service,
        person: &User,
    ) -> Result<Actor, Refusal> {
        let agent = match self {
            Self::Clients(actor) => return Ok(actor),
            Self::Account(agent) => agent,
        };
        if agent.user().id == person.id {
            return Err(Refusal::Itself);
        }
        let sub = server.shared.names_at(service).subject(&agent.user().id)?;
        Ok(Actor { iss: Some(server.issuer.clone()), sub, act: None })
    }
}

fn by_access_token(
    server: &AuthorizationServer,
    token: &str,
    now: OffsetDateTime,
) -> Result<Acting, Refusal> {
    let jwt = UnverifiedJwt::read(token)?;
    let keys = server.keys.published();
    let token = VerifiedAccessToken::of_ours(&jwt, keys, &server.issuer, now)?;
    let claims = token.into_claims();
    // A token that a client has for a person says who the person is, not who the agent is.
    if claims.sub.as_str() != claims.client_id.as_str() {
        return Err(Refusal::OfAPerson);
    }
    if claims.cnf.is_some() {
        return Err(Refusal::Bound);
    }
    if server.clients.active(&claims.client_id).is_none() {
        return Err(Refusal::Inactive);
    }
    let actor = Actor { iss: Some(claims.iss), sub: claims.sub, act: claims.act.map(Box::new) };
    match actor.depth() > Actor::MOST {
        true => Err(Refusal::TooMany),
        false => Ok(Acting::Clients(actor)),
    }
}

/// The account of an agent that signed in with the very client that asks, and still is.
async fn by_id_token(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    token: &str,
    now: OffsetDateTime,
) -> Result<Acting, Refusal> {
    let jwt = UnverifiedJwt::read(token)?;
    let keys = server.keys.published();
    let token = VerifiedIdToken::verify(&jwt, keys, &server.issuer, client.id(), now)?;
    let names = server.names_for(client.record());
    match issuance::person_of(server, &names, &token).await {
        Ok(agent) => Ok(Acting::Account(Box::new(agent))),
        Err(ours) if ours.code().is_ours() => Err(ours.into()),
        Err(_) => Err(Refusal::SignedOut),
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("the actor token is not acceptable: {0}")]
    NotAJwt(#[from] BadJwt),
    #[error("the actor token is not acceptable: {0}")]
    Unacceptable(#[from] Unacceptable),
    #[error("the actor token is not acceptable: it was issued for a person")]
    OfAPerson,
    #[error("the actor token is not acceptable: it is bound to what nobody shows here")]
    Bound,
    #[error("the actor token is not acceptable: its client is not active")]
    Inactive,
    #[error("the actor token is not acceptable: its account is not signed in, or not active")]
    SignedOut,
    #[error("the actor token is not acceptable: it is about the person themselves")]
    Itself,
    #[error(transparent)]
    Issuance(#[from] issuance::Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("more than {most} act for one another", most = Actor::MOST)]
    TooMany,
}

impl Refusal {
    /// RFC 8693 §2.2.2 for the token; `access_denied` for what no other token would change.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::TooMany => ErrorCode::AccessDenied,
            Self::Issuance(it) => it.code(),
            Self::Store(it) => it.code(),
            _ => ErrorCode::InvalidRequest,
        }
    }
}
