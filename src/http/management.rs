//! `POST /oauth2/introspect`, `/oauth2/revoke` and `/oauth2/reachable`.

use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::error::{self, NOT_KEPT, OAuthError};
use super::form::{BadForm, Form};
use super::located::Here;
use super::token::authorization;
use crate::clients::{AuthenticatedClient, Headers};
use crate::flows::management::{self, Refusal};
use crate::issuance::Attempt;
use crate::model::LedgerEvent;
use crate::oauth::Params;

/// RFC 7662 §2.1.
pub(super) async fn introspect(
    here: Here,
    headers: HeaderMap,
    form: Result<Form, BadForm>,
) -> Result<Response, OAuthError> {
    let Form(params) = form?;
    let answer =
        answered(&here, &headers, &params, LedgerEvent::TokenRequest, async |client, it| {
            management::introspect(&here.server, client, params.required("token")?, it).await
        });
    Ok((NOT_KEPT, Json(answer.await?)).into_response())
}

/// RFC 7009 §2.1.
pub(super) async fn revoke(
    here: Here,
    headers: HeaderMap,
    form: Result<Form, BadForm>,
) -> Result<Response, OAuthError> {
    let Form(params) = form?;
    let done = answered(&here, &headers, &params, LedgerEvent::Revocation, async |client, it| {
        management::revoke(&here.server, client, params.required("token")?, it).await
    });
    done.await?;
    Ok((StatusCode::OK, NOT_KEPT).into_response())
}

/// ID-JAG §9.4.
pub(super) async fn reachable(
    here: Here,
    headers: HeaderMap,
    form: Result<Form, BadForm>,
) -> Result<Response, OAuthError> {
    if !here.server.is_home() {
        return Ok(error::nothing_there());
    }
    let Form(params) = form?;
    let answer =
        answered(&here, &headers, &params, LedgerEvent::TokenRequest, async |client, it| {
            management::reachable(&here.server, client, it).await
        });
    Ok((NOT_KEPT, Json(answer.await?)).into_response())
}

/// What comes of `act` for the client that asks. Nothing is bound to a key here.
async fn answered<T>(
    here: &Here,
    headers: &HeaderMap,
    params: &Params,
    event: LedgerEvent,
    act: impl AsyncFnOnce(&AuthenticatedClient, &Attempt) -> Result<T, Refusal>,
) -> Result<T, OAuthError> {
    let server = &here.server;
    let mut attempt = here.attempt(event);
    let headers = Headers { authorization: authorization(headers), ..Headers::default() };
    let done = management::for_client(server, headers, params, &mut attempt, act).await;
    done.map_err(|it| OAuthError::from(it).told_to(here))
}

impl From<Refusal> for OAuthError {
    fn from(refusal: Refusal) -> Self {
        let code = refusal.code();
        error::log(code, &refusal);
        let seconds = match &refusal {
            Refusal::TurnedAway(early) => Some(early.seconds),
            _ => None,
        };
        Self::of(code, &refusal.to_string(), seconds)
    }
}
