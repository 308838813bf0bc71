//! The APIs of the demo: MCP servers that take the services' access tokens. Here is the door, as
//! MCP 2026-07-28 (Authorization) wants it; what is behind it is in `tools`.

use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::tools;
use super::verification::{AccessToken, AccessTokenVerifier, Rejection};
use crate::environment::Environment;
use crate::oauth::strict_json;

/// One API: a list that can be read and added to, each by a tool with its own scope.
pub struct Api {
    /// What people call it.
    pub name: &'static str,
    /// Its one path.
    pub path: &'static str,
    /// The tool that reads.
    pub read: Tool,
    /// The tool that adds.
    pub write: Tool,
    /// Whose tokens it takes, and by what name it goes.
    pub verifier: AccessTokenVerifier,
    /// Where its metadata are.
    pub metadata_url: String,
    /// The time.
    pub environment: Environment,
    /// What it keeps.
    pub items: Mutex<Vec<String>>,
}

/// What can be done there.
pub struct Tool {
    /// What agents call it.
    pub name: &'static str,
    /// What it needs.
    pub scope: &'static str,
    /// What it does, for a model to read.
    pub about: &'static str,
}

/// In bytes; nobody has that much to say here.
pub(super) const LARGEST_MESSAGE: usize = 64 * 1024;

/// RFC 9728 §3: where the metadata of a resource with `path` are.
pub fn metadata_path(path: &str) -> String {
    format!("/.well-known/oauth-protected-resource{path}")
}

/// All of the API.
pub fn router(api: Api) -> Router {
    let api = Arc::new(api);
    Router::new()
        .route_service(api.path, tools::service(&api))
        // Only before the route above: the metadata are for everybody.
        .route_layer(from_fn_with_state(Arc::clone(&api), admit))
        .route(&metadata_path(api.path), get(metadata))
        .with_state(api)
}

/// RFC 9728 §2.
async fn metadata(State(api): State<Arc<Api>>) -> Json<Value> {
    Json(json!({
        "resource": api.verifier.resource(),
        "authorization_servers": [api.verifier.issuer()],
        "scopes_supported": [api.read.scope, api.write.scope],
        "bearer_methods_supported": ["header"],
        "resource_name": api.name,
    }))
}

/// Whoever wants in shows a token that is good for the message, or is told what to do.
async fn admit(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    match api.admitted(request).await {
        Ok(request) => next.run(request).await,
        Err(refusal) => refusal,
    }
}

impl Api {
    /// The request, with the token that it brings as an extension.
    async fn admitted(&self, request: Request) -> Result<Request, Response> {
        let (mut head, body) = request.into_parts();
        // That of a stranger as well: who still sends while we answer and hang up sees a connection
        // that was reset, and not the answer (RFC 9112 §9.6).
        let message = to_bytes(body, LARGEST_MESSAGE).await;
        let token = self.believed(&head.headers).await?;
        let message = message.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE.into_response())?;
        let scope = self.scope_of(&message);
        if !token.scope().contains(scope) {
            // For this operation, and no more: clients add it to what they have (SEP-2350).
            let params = [("error", "insufficient_scope"), ("scope", scope)];
            return Err(self.challenge(StatusCode::FORBIDDEN, &params));
        }
        head.extensions.insert(token);
        Ok(Request::from_parts(head, Body::from(message)))
    }

    async fn believed(&self, headers: &HeaderMap) -> Result<AccessToken, Response> {
        // What it takes to begin with; the rest is asked for when it is needed.
        let scope = ("scope", self.read.scope);
        // RFC 6750 §3.1: who brings no token is told of no error.
        let Some(token) = bearer(headers) else {
            return Err(self.challenge(StatusCode::UNAUTHORIZED, &[scope]));
        };
        let now = self.environment.clock.now();
        self.verifier.verify(token, now).await.map_err(|why| match why {
            Rejection::Keys(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            _ => {
                let why = why.to_string();
                let params =
                    [("error", "invalid_token"), ("error_description", why.as_str()), scope];
                self.challenge(StatusCode::UNAUTHORIZED, &params)
            }
        })
    }

    /// What a message needs: to call a tool the scope of that, anything else the right to read.
    fn scope_of(&self, message: &[u8]) -> &'static str {
        let message: Value = strict_json::object(message).unwrap_or_default();
        let writes =
            message["method"] == "tools/call" && message["params"]["name"] == self.write.name;
        if writes { self.write.scope } else { self.read.scope }
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
