//! What every request gets: an id, a line in the log, a count.

use axum::extract::Request;
use axum::http::header::HeaderName;
use axum::http::{HeaderValue, Method};
use axum::response::Response;
use tracing::Span;

use crate::oauth::RequestId;
use crate::server::Shared;
use crate::telemetry::{InFlight, Metrics, Stopwatch};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request that is being answered.
pub(super) struct Observed {
    id: String,
    span: Span,
    method: Method,
    endpoint: &'static str,
    since: Stopwatch,
    metrics: Metrics,
    _in_flight: InFlight,
}

impl Observed {
    /// Ids are ours alone: one that came with a request could be anything, or somebody else's.
    pub(super) fn begin(shared: &Shared, request: &mut Request) -> Self {
        let (metrics, since) = (shared.metrics.clone(), Stopwatch::start());
        // With the time in it, so that `tegata explain` finds its rows without an index.
        let id = shared.environment.ordered_id(shared.environment.clock.now());
        let endpoint = endpoint(request.uri().path());
        // What anybody may read decides nothing, so there is nothing to tell of it.
        let span = match is_read_by_anybody(endpoint) {
            true => tracing::debug_span!("request", request.id = %id),
            false => tracing::info_span!("request", request.id = %id),
        };
        if let Ok(id) = RequestId::parse(&id) {
            request.extensions_mut().insert(id);
        }
        let method = request.method().clone();
        Self { _in_flight: metrics.begin(), id, span, method, endpoint, since, metrics }
    }

    /// What all lines of the log about the request stand in.
    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    pub(super) fn end(self, mut response: Response) -> Response {
        let (status, took) = (response.status().as_u16(), self.since.elapsed());
        self.metrics.answered(self.endpoint, status, took);
        // Answers are counted, and what is issued or refused is in the ledger: a line for each of
        // them would cost as much as the answer.
        self.span.in_scope(|| {
            tracing::debug!(
                http.method = self.method.as_str(),
                endpoint = self.endpoint,
                http.status = status,
                took_us = took.as_micros(),
                "answered"
            );
        });
        if let Ok(value) = HeaderValue::try_from(self.id) {
            response.headers_mut().insert(X_REQUEST_ID, value);
        }
        response
    }
}

fn is_read_by_anybody(endpoint: &str) -> bool {
    matches!(endpoint, "jwks" | "metadata" | "healthz" | "readyz" | "metrics")
}

/// A path as one of a few names: a label, and nothing that a stranger could fill the log with.
fn endpoint(path: &str) -> &'static str {
    const NAMES: [(&str, &str); 14] = [
        ("/oauth2/token", "token"),
        ("/oauth2/authorize", "authorize"),
        ("/oauth2/jwks", "jwks"),
        ("/oauth2/userinfo", "userinfo"),
        ("/oauth2/logout", "logout"),
        ("/sign-in", "sign-in"),
        ("/consent", "consent"),
        ("/link", "link"),
        ("/links", "links"),
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
