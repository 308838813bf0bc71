//! `GET` and `POST /oauth2/userinfo` (OIDC Core §5.3.1).

use axum::Json;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};

use super::error::{self, BearerError};
use super::located::Here;
use crate::flows::userinfo;

pub(super) async fn userinfo(here: Here, headers: HeaderMap) -> Response {
    let server = &here.server;
    if !server.is_home() {
        return error::nothing_there();
    }
    let Some(token) = bearer(&headers) else { return error::no_token() };
    let now = server.shared.environment.clock.now();
    match userinfo::userinfo(server, token, now).await {
        Ok(claims) => ([(header::CACHE_CONTROL, "no-store")], Json(claims)).into_response(),
        Err(refusal) => {
            let code = refusal.code();
            error::log(code, &refusal);
            server.shared.metrics.refused("userinfo", code.as_str());
            let scope = matches!(refusal, userinfo::Refusal::Scope).then_some("openid");
            let description = if code.is_ours() { String::new() } else { refusal.to_string() };
            BearerError { code, description, scope }.into_response()
        }
    }
}

/// RFC 6750 §2.1: the header is the one way that we take.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}
