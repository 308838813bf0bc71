//! `POST /oauth2/token` (RFC 6749 §3.2).

use axum::Json;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;

use super::error::{NOT_KEPT, OAuthError};
use super::form::{BadForm, Form};
use super::located::Here;
use crate::grants;

pub(super) async fn token(
    here: Here,
    headers: HeaderMap,
    form: Result<Form, BadForm>,
) -> Result<impl IntoResponse, OAuthError> {
    let server = &here.server;
    let answer = match form {
        Ok(Form(params)) => {
            let authorization = authorization(&headers);
            grants::answer(server, authorization, &params, here.request, here.address).await
        }
        Err(bad) => Err(grants::unread(server, here.request, here.address, bad.into()).await),
    };
    match &answer {
        Ok(response) => server.shared.metrics.issued(response.kind()),
        Err(error) => server.shared.metrics.refused("token", error.code().as_str()),
    }
    Ok((NOT_KEPT, Json(answer?)))
}

/// A header that is no text is as wrong as one in an unknown form.
fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default())
}
