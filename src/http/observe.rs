//! What every request gets: an id, a line in the log, a count.

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::HeaderName;
use axum::response::Response;
use tracing::Instrument;

use crate::oauth::RequestId;
use crate::server::Shared;
use crate::telemetry::Stopwatch;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Ids are ours alone: one that came with a request could be anything, or somebody else's.
pub(super) async fn observe(
    shared: &Shared,
    mut request: Request,
    answer: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let _in_flight = shared.metrics.begin();
    let stopwatch = Stopwatch::start();
    let id = shared.environment.unique_id();
    let span = tracing::info_span!("request", request.id = %id);
    if let Ok(id) = RequestId::parse(&id) {
        request.extensions_mut().insert(id);
    }
    let method = request.method().clone();
    let endpoint = endpoint(request.uri().path());

    let mut response = answer(request).instrument(span.clone()).await;
    let (status, took) = (response.status().as_u16(), stopwatch.elapsed());
    shared.metrics.answered(endpoint, status, took);
    span.in_scope(|| {
        let took = took.as_micros();
        // Answers are counted, and what is issued or refused is in the ledger: a line for each of
        // them would cost as much as the answer.
        tracing::debug!(
            http.method = method.as_str(),
            endpoint,
            http.status = status,
            took_us = took,
            "answered"
        );
    });
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

/// A path as one of a few names: a label, and nothing that a stranger could fill the log with.
fn endpoint(path: &str) -> &'static str {
    const NAMES: [(&str, &str); 12] = [
        ("/oauth2/token", "token"),
        ("/oauth2/authorize", "authorize"),
        ("/oauth2/jwks", "jwks"),
        ("/oauth2/userinfo", "userinfo"),
        ("/oauth2/logout", "logout"),
        ("/sign-in", "sign-in"),
        ("/consent", "consent"),
        ("/healthz", "healthz"),
        ("/readyz", "readyz"),
        ("/metrics", "metrics"),
        ("/.well-known/openid-configuration", "metadata"),
        ("/.well-known/oauth-authorization-server", "metadata"),
    ];
    if path == "/" {
        return "home";
    }
    let inserted = |it: &str| it.starts_with("/.well-known/") && path.starts_with(it);
    let known = NAMES.iter().find(|(suffix, _)| path.ends_with(suffix) || inserted(suffix));
    known.map_or("other", |(_, name)| name)
}
