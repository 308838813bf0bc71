//! Signing out (OpenID Connect RP-Initiated Logout 1.0).

use std::sync::Arc;

use crate::issuance::Attempt;
use crate::jose::UnverifiedJwt;
use crate::model::{Client, LedgerEvent, Login};
use crate::oauth::{ClientId, ErrorCode, ParamError, Params, RedirectUri};
use crate::server::AuthorizationServer;
use crate::store::{CommitError, Effect};
use crate::tokens::Hint;

/// RP-Initiated Logout §2.
pub struct LogoutRequest {
    /// Who asks, if it said so.
    pub client: Option<Arc<Client>>,
    /// Where the person goes afterwards: an address that the client registered.
    pub back: Option<String>,
}

/// What is told to the person; nobody is redirected (RP-Initiated Logout §4).
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("{0}")]
    Parameters(#[from] ParamError),
    #[error("id_token_hint is not an ID Token of this issuer")]
    Hint,
    #[error("client_id is not the client that the id_token_hint was issued to")]
    OtherClient,
    #[error("the application is not known here")]
    UnknownClient,
    #[error("post_logout_redirect_uri is not one that the application registered")]
    UnregisteredUri,
}

impl Refusal {
    pub fn code(&self) -> ErrorCode {
        ErrorCode::InvalidRequest
    }
}

impl LogoutRequest {
    pub async fn check(server: &AuthorizationServer, params: &Params) -> Result<Self, Refusal> {
        let named = params.read("client_id", ClientId::parse)?;
        let hinted = match params.optional("id_token_hint")? {
            None => None,
            Some(hint) => {
                let jwt = UnverifiedJwt::read(hint).map_err(|_| Refusal::Hint)?;
                let hint = Hint::verify(&jwt, server.keys.published(), &server.issuer);
                let hint = hint.map_err(|_| Refusal::Hint)?;
                Some(hint.claims().aud.sole().ok_or(Refusal::Hint)?.clone())
            }
        };
        if let (Some(named), Some(hinted)) = (&named, &hinted)
            && named != hinted
        {
            return Err(Refusal::OtherClient);
        }
        let client = match hinted.or(named) {
            None => None,
            Some(id) => {
                let client = server.active_client(&id).await.ok().flatten();
                Some(client.ok_or(Refusal::UnknownClient)?)
            }
        };
        let back = back(client.as_deref(), params)?;
        Ok(Self { client, back })
    }
}

/// RP-Initiated Logout §3: "The OP also MUST NOT perform post-logout redirection if the
/// `post_logout_redirect_uri` value supplied does not exactly match one of the previously
/// registered `post_logout_redirect_uris` values."
fn back(client: Option<&Client>, params: &Params) -> Result<Option<String>, Refusal> {
    let Some(uri) = params.read("post_logout_redirect_uri", RedirectUri::parse)? else {
        return Ok(None);
    };
    let registered = client.is_some_and(|it| it.post_logout_redirect_uris.contains(&uri));
    let state = params.optional("state")?.map(|state| ("state", state));
    match registered {
        true => Ok(Some(state.map_or(uri.to_string(), |state| uri.with(&[state])))),
        false => Err(Refusal::UnregisteredUri),
    }
}

/// Ends `login`, and records it.
pub async fn end(
    server: &AuthorizationServer,
    login: &Login,
    attempt: &mut Attempt,
) -> Result<(), CommitError> {
    attempt.event = LedgerEvent::SignOut;
    attempt.user = Some(login.user.clone());
    let entry = attempt.issued(LedgerEvent::SignOut, Some(login.sid.to_string()));
    let effects = vec![Effect::EndLogin(login.sid.clone()), Effect::Record(Box::new(entry))];
    server.shared.store.commit(effects, attempt.now).await
}
