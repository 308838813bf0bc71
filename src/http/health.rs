//! What those who run the server ask: is it there, can it serve, how much does it do.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::error;
use crate::server::LiveIssuers;
use crate::store::Away;
use crate::telemetry::{METRICS_TYPE, with_causes};

/// The process lives.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// It can serve: the database can be read, and written as far as one knows; and it is not about
/// to end.
pub(super) async fn readyz(State(issuers): State<Arc<LiveIssuers>>) -> Response {
    if issuers.shared().readiness.is_leaving() {
        return error::not_ready("it is about to end: ask another node");
    }
    match issuers.shared().store.health().await {
        Ok(()) => "ready\n".into_response(),
        Err(error) => {
            issuers.shared().metrics.database_failed();
            tracing::warn!(error = with_causes(&error), "the database is away");
            error::not_ready(error.away().map_or("the database fails", Away::as_str))
        }
    }
}

/// Prometheus asks for it.
pub(super) async fn metrics(State(issuers): State<Arc<LiveIssuers>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, METRICS_TYPE)], issuers.shared().metrics.render())
}
