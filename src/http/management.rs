//! `POST /oauth2/introspect`, `/oauth2/revoke` and `/oauth2/reachable`.

use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::error::{self, NOT_KEPT, OAuthError};
use super::form::{BadForm, Form};
use super::located::Here;
use super::token::authorization;
use crate::clients::Headers;
use crate::flows::management::{self, Refusal};
use crate::issuance::Attempt;
use crate::limits::Party;
use crate::model::LedgerEvent;

/// RFC 7662 §2.1.
pub(super) async fn introspect(
    here: Here,
    headers: HeaderMap,
    form: Result<Form, BadForm>,
) -> Result<Response, OAuthError> {
    let Form(params) = form?;
    let mut attempt = attempt(&here, LedgerEvent::TokenRequest);
    let server = &here.server;
    let answer = management::for_client(
        server,
        of(&headers),
        &params,
        &mut attempt,
        async |client, attempt| {
            let token = params.required("token")?;
            management::introspect(server, client, token, attempt).await
        },
    );
    let answer = answer.await.map_err(|it| OAuthError::from(it).told_to(&here.request))?;
    Ok((NOT_KEPT, Json(answer)).into_response())
}

/// RFC 7009 §2.1.
pub(super) async fn revoke(
    here: Here,
    headers: HeaderMap,
    form: Result<Form, BadForm>,
) -> Result<Response, OAuthError> {
    let Form(params) = form?;
    let mut attempt = attempt(&here, LedgerEvent::Revocation);
    let server = &here.server;
    let done = management::for_client(
        server,
        of(&headers),
        &params,
        &mut attempt,
        async |client, attempt| {
            management::revoke(server, client, params.required("token")?, attempt).await
        },
    );
    done.await.map_err(|it| OAuthError::from(it).told_to(&here.request))?;
    Ok((StatusCode::OK, NOT_KEPT).into_response())
}

/// ID-JAG §9.4.
pub(super) async fn reachable(
    here: Here,
    headers: HeaderMap,
    form: Result<Form, BadForm>,
) -> Result<Response, OAuthError> {
    let server = &here.server;
    if !server.is_home() {
        return Ok(error::nothing_there());
    }
    let Form(params) = form?;
    let mut attempt = attempt(&here, LedgerEvent::TokenRequest);
    let answer = management::for_client(
        server,
        of(&headers),
        &params,
        &mut attempt,
        async |client, attempt| management::reachable(server, client, attempt).await,
    );
    let answer = answer.await.map_err(|it| OAuthError::from(it).told_to(&here.request))?;
    Ok((NOT_KEPT, Json(answer)).into_response())
}

fn attempt(here: &Here, event: LedgerEvent) -> Attempt {
    let mut attempt = Attempt::begin(&here.server, here.request.clone(), event);
    attempt.party = Party::Address(here.address);
    attempt
}

/// Nothing is bound to a key here.
fn of(headers: &HeaderMap) -> Headers<'_> {
    Headers { authorization: authorization(headers), dpop: None }
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
