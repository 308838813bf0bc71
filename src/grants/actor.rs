//! Who acts for the subject of a token exchange (RFC 8693 §2.1 and §4.1, ID-JAG §9.7).

use time::OffsetDateTime;

use crate::jose::{BadJwt, UnverifiedJwt};
use crate::oauth::{ErrorCode, ParamError, Params, TokenType};
use crate::server::AuthorizationServer;
use crate::tokens::{Actor, Unacceptable, VerifiedAccessToken};

/// Reads `actor_token`. RFC 8693 §2.1: its type "is REQUIRED when the `actor_token` parameter is
/// present in the request but MUST NOT be included otherwise".
pub(super) fn token(params: &Params) -> Result<Option<String>, ParamError> {
    let token = params.optional("actor_token")?;
    match (token, params.optional("actor_token_type")?) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(ParamError::Missing("actor_token")),
        (Some(_), None) => Err(ParamError::Missing("actor_token_type")),
        (Some(token), Some(typ)) if TokenType::parse(typ) == Some(TokenType::AccessToken) => {
            Ok(Some(token.to_owned()))
        }
        (Some(_), Some(_)) => {
            let only = TokenType::AccessToken.as_str();
            let why = format!("only {only} is supported: an agent's own");
            Err(ParamError::malformed("actor_token_type", why))
        }
    }
}

/// The agent whose own access token `token` is, and for whom it acts itself.
pub(super) fn verified(
    server: &AuthorizationServer,
    token: &str,
    now: OffsetDateTime,
) -> Result<Actor, Refusal> {
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
        false => Ok(actor),
    }
}

/// All who act, each of whom the connection has to name.
pub(super) fn names(actor: &Actor) -> Vec<String> {
    actor.all().map(|it| it.sub.to_string()).collect()
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
    #[error("more than {most} act for one another", most = Actor::MOST)]
    TooMany,
}

impl Refusal {
    /// RFC 8693 §2.2.2 for the token; `access_denied` for what no other token would change.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::TooMany => ErrorCode::AccessDenied,
            _ => ErrorCode::InvalidRequest,
        }
    }
}
