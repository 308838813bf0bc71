//! `POST /oauth2/register`, and `GET`, `PUT` and `DELETE` of a client's own registration.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};

use super::challenge::Scheme;
use super::error::{self, NOT_KEPT, OAuthError, ResourceError};
use super::form::{BadForm, Object};
use super::located::Here;
use super::token::authorization;
use crate::flows::registration::{self, ClientInformation, Refusal};
use crate::issuance::Attempt;
use crate::model::{LedgerEvent, Registrations};
use crate::oauth::ErrorCode;

/// RFC 7591 §3.1.
pub(super) async fn register(
    here: Here,
    headers: HeaderMap,
    asked: Result<Object, BadForm>,
) -> Response {
    let server = &here.server;
    if server.registrations() == Registrations::Off {
        return error::nothing_there();
    }
    let token = bearer(&headers);
    if token.is_none() && server.registrations() == Registrations::ByToken {
        return error::no_token(&[Scheme::Bearer]);
    }
    let mut attempt = here.attempt(LedgerEvent::Registration);
    if let Err(early) = server.shared.limits.registration(here.address) {
        return refused(&here, &attempt, early.into()).await;
    }
    let Object(asked) = match asked {
        Ok(asked) => asked,
        Err(bad) => return OAuthError::from(bad).told_to(&here).into_response(),
    };
    let token = token.as_ref().map(ExposeSecret::expose_secret);
    match registration::register(server, token, &asked, &mut attempt).await {
        Ok(it) => (StatusCode::CREATED, NOT_KEPT, Json(it)).into_response(),
        Err(refusal) => refused(&here, &attempt, refusal).await,
    }
}

/// RFC 7592 §2.1.
pub(super) async fn read(here: Here, Path(client): Path<String>, headers: HeaderMap) -> Response {
    let Some(token) = bearer(&headers) else { return error::no_token(&[Scheme::Bearer]) };
    let read = registration::read(&here.server, &client, &token).await;
    answered(&here, &here.attempt(LedgerEvent::Registration), read).await
}

/// RFC 7592 §2.2.
pub(super) async fn change(
    here: Here,
    Path(client): Path<String>,
    headers: HeaderMap,
    asked: Result<Object, BadForm>,
) -> Response {
    let Some(token) = bearer(&headers) else { return error::no_token(&[Scheme::Bearer]) };
    let Object(asked) = match asked {
        Ok(asked) => asked,
        Err(bad) => return OAuthError::from(bad).told_to(&here).into_response(),
    };
    let mut attempt = here.attempt(LedgerEvent::Registration);
    let whose = (client.as_str(), &token);
    let changed = registration::change(&here.server, whose, &asked, &mut attempt).await;
    answered(&here, &attempt, changed).await
}

/// RFC 7592 §2.3.
pub(super) async fn remove(here: Here, Path(client): Path<String>, headers: HeaderMap) -> Response {
    let Some(token) = bearer(&headers) else { return error::no_token(&[Scheme::Bearer]) };
    let mut attempt = here.attempt(LedgerEvent::Registration);
    match registration::remove(&here.server, (&client, &token), &mut attempt).await {
        Ok(()) => (StatusCode::NO_CONTENT, NOT_KEPT).into_response(),
        Err(refusal) => refused(&here, &attempt, refusal).await,
    }
}

async fn answered(
    here: &Here,
    attempt: &Attempt,
    answer: Result<ClientInformation, Refusal>,
) -> Response {
    match answer {
        Ok(it) => (NOT_KEPT, Json(it)).into_response(),
        Err(refusal) => refused(here, attempt, refusal).await,
    }
}

/// RFC 6750 §3 for tokens, RFC 7591 §3.2.2 for the rest.
async fn refused(here: &Here, attempt: &Attempt, refusal: Refusal) -> Response {
    let recorded = attempt.failed(&here.server, refusal.code(), &refusal).await;
    let refusal = recorded.err().map_or(refusal, Refusal::from);
    let code = refusal.code();
    error::log(code, &refusal);
    here.server.shared.metrics.refused("registration", code.as_str());
    let description = refusal.to_string();
    if code == ErrorCode::InvalidToken {
        let (scope, nonce) = (None, None);
        return ResourceError { scheme: Scheme::Bearer, code, description, scope, nonce }
            .into_response();
    }
    let seconds = match &refusal {
        Refusal::TurnedAway(early) => Some(early.seconds),
        _ => None,
    };
    OAuthError::of(code, &description, seconds).told_to(here).into_response()
}

/// RFC 6750 §2.1: the header is the one way that we take.
fn bearer(headers: &HeaderMap) -> Option<SecretString> {
    let (scheme, token) = authorization(headers)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().into())
}
