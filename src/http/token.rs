//! `POST /oauth2/token` (RFC 6749 §3.2).

use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;

use super::client_certificate;
use super::error::{NOT_KEPT, OAuthError};
use super::form::{BadForm, Form};
use super::located::Here;
use crate::clients::Headers;
use crate::grants::{self, TokenError, TokenResponse};
use crate::oauth::Params;
use crate::server::AuthorizationServer;

const JSON: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];

/// What an answer is long besides its tokens, in bytes.
const LIKELY: usize = 512;

pub(super) async fn token(
    here: Here,
    headers: HeaderMap,
    form: Result<Form, BadForm>,
) -> Result<impl IntoResponse, OAuthError> {
    let server = &here.server;
    let answer = match form {
        // It is large, and handed from one to the next by axum: better a pointer to it.
        Ok(Form(params)) => match read(&here, &headers) {
            Ok(headers) => Box::pin(answered(&here, headers, &params)).await,
            Err(bad) => Err(unread(&here, bad).await),
        },
        Err(bad) => Err(unread(&here, bad.into()).await),
    };
    match &answer {
        Ok(response) => server.shared.metrics.issued(response.kind()),
        Err(error) => server.shared.metrics.refused("token", error.code().as_str()),
    }
    let nonces = &server.shared.dpop_nonces;
    let now = server.shared.environment.clock.now();
    let nonce = nonces.are_required().then(|| [("dpop-nonce", nonces.current(now))]);
    let answer = answer.map_err(|it| OAuthError::from(it).told_to(&here))?;
    Ok((NOT_KEPT, JSON, nonce, written(&answer)))
}

async fn unread(here: &Here, bad: TokenError) -> TokenError {
    grants::unread(&here.server, here.request.clone(), here.address, bad).await
}

/// What took so long that it may be wrong by now, as when somebody's keys had to be fetched, is
/// decided once more by what is true now.
async fn answered(
    here: &Here,
    headers: Headers<'_>,
    params: &Params,
) -> Result<TokenResponse, TokenError> {
    let ask = async |server: &AuthorizationServer| {
        grants::answer(server, headers.clone(), params, here.request.clone(), here.address).await
    };
    let answer = ask(&here.server).await;
    if !answer.as_ref().is_err_and(TokenError::is_late) || here.live.refresh().await.is_err() {
        return answer;
    }
    match here.live.last_known().named(&here.server.issuer) {
        Some(server) => ask(server).await,
        None => answer,
    }
}

/// As `axum::Json` would, in one piece of memory: it holds a few tokens, whose length is known.
fn written(response: &TokenResponse) -> Vec<u8> {
    let mut body = Vec::with_capacity(LIKELY + response.tokens().map(str::len).sum::<usize>());
    serde_json::to_writer(&mut body, response).expect("a plain struct, into memory");
    body
}

/// RFC 9449 §4.3 (1): "There is not more than one DPoP HTTP request header field."
fn read<'a>(here: &Here, headers: &'a HeaderMap) -> Result<Headers<'a>, TokenError> {
    let mut proofs = headers.get_all("dpop").iter();
    let dpop = match (proofs.next(), proofs.next()) {
        (first, None) => first.map(|it| it.to_str().unwrap_or_default()),
        (_, Some(_)) => return Err(TokenError::SeveralProofs),
    };
    let certificate = client_certificate::of(here, headers)?;
    Ok(Headers { authorization: authorization(headers), dpop, certificate })
}

/// A header that is no text, or that stands there twice, is as wrong as one in an unknown form:
/// whoever stands before us may read another one of two.
pub(super) fn authorization(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let first = values.next()?;
    Some(match values.next() {
        None => first.to_str().unwrap_or_default(),
        Some(_) => "",
    })
}
