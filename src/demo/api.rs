//! The APIs of the demo: resource servers that take the services' access tokens.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::verification::{AccessToken, AccessTokenVerifier, Rejection};
use crate::environment::Environment;

/// One API: a list that can be read and added to, each with its own scope.
pub struct Api {
    /// What people call it.
    pub name: &'static str,
    /// Its one path.
    pub path: &'static str,
    /// What GET needs.
    pub read: &'static str,
    /// What POST needs.
    pub write: &'static str,
    /// Whose tokens it takes, and by what name it goes.
    pub verifier: AccessTokenVerifier,
    /// Where its metadata are.
    pub metadata_url: String,
    /// The time.
    pub environment: Environment,
    /// What it keeps.
    pub items: Mutex<Vec<String>>,
}

/// The list grows to this length and then forgets what is oldest.
const LONGEST_LIST: usize = 100;

/// RFC 9728 §3: where the metadata of a resource with `path` are.
pub fn metadata_path(path: &str) -> String {
    format!("/.well-known/oauth-protected-resource{path}")
}

/// All of the API.
pub fn router(api: Api) -> Router {
    Router::new()
        .route(api.path, get(read).post(write))
        .route(&metadata_path(api.path), get(metadata))
        .with_state(Arc::new(api))
}

/// RFC 9728 §2.
async fn metadata(State(api): State<Arc<Api>>) -> Json<Value> {
    Json(json!({
        "resource": api.verifier.resource(),
        "authorization_servers": [api.verifier.issuer()],
        "scopes_supported": [api.read, api.write],
        "bearer_methods_supported": ["header"],
        "resource_name": api.name,
    }))
}

async fn read(State(api): State<Arc<Api>>, headers: HeaderMap) -> Result<Json<Value>, Response> {
    let token = api.admit(&headers, api.read).await?;
    let items = api.items.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(Json(json!({
        "acting_for": token.subject(),
        "client": token.client(),
        "items": items,
    })))
}

async fn write(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<impl IntoResponse, Response> {
    // The token first: strangers are not told what is wrong with their bodies.
    let token = api.admit(&headers, api.write).await?;
    let text = body.ok().and_then(|Json(body)| body["text"].as_str().map(str::to_owned));
    let text = text.ok_or_else(|| {
        (StatusCode::BAD_REQUEST, Json(json!({ "error": "send {\"text\": \"…\"}" })))
            .into_response()
    })?;
    let mut items = api.items.lock().unwrap_or_else(PoisonError::into_inner);
    if items.len() == LONGEST_LIST {
        items.remove(0);
    }
    items.push(text.clone());
    let answer = json!({ "acting_for": token.subject(), "client": token.client(), "item": text });
    Ok((StatusCode::CREATED, Json(answer)))
}

impl Api {
    /// Whoever wants in shows a token with `scope`, or is told what to do.
    async fn admit(&self, headers: &HeaderMap, scope: &str) -> Result<AccessToken, Response> {
        // RFC 6750 §3.1: who brings no token is told of no error.
        let Some(token) = bearer(headers) else {
            return Err(self.challenge(StatusCode::UNAUTHORIZED, &[("scope", scope)]));
        };
        let now = self.environment.clock.now();
        let token = self.verifier.verify(token, now).await.map_err(|why| match why {
            Rejection::Keys(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            _ => {
                let why = why.to_string();
                let params = [("error", "invalid_token"), ("error_description", why.as_str())];
                self.challenge(StatusCode::UNAUTHORIZED, &params)
            }
        })?;
        match token.scope().contains(scope) {
            true => Ok(token),
            false => {
                let params = [("error", "insufficient_scope"), ("scope", scope)];
                Err(self.challenge(StatusCode::FORBIDDEN, &params))
            }
        }
    }

    /// RFC 6750 §3, with the parameter of RFC 9728 §5.1.
    fn challenge(&self, status: StatusCode, params: &[(&str, &str)]) -> Response {
        let metadata = [("resource_metadata", self.metadata_url.as_str())];
        let params = params.iter().chain(&metadata);
        let params: Vec<_> = params.map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        let challenge = format!("Bearer {}", params.join(", "));
        (status, [(header::WWW_AUTHENTICATE, challenge)]).into_response()
    }
}

/// RFC 6750 §2.1. The scheme is compared without regard to case (RFC 9110 §11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' '))
}
