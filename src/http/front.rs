//! What every request passes before its route: it is observed, it has only so much time, a bug
//! in its way stops no other, and it finds the issuer that it is for.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use futures_util::FutureExt;
use tower::Service;
use tracing::Instrument;

use super::observe::Observed;
use super::{documents, error, form, located};
use crate::server::LiveIssuers;

/// The way of a request to its route. Plain code and not a stack of layers: each of those costs
/// as much as the answer to a small question.
#[derive(Clone)]
pub(super) struct Front {
    pub(super) issuers: Arc<LiveIssuers>,
    /// Of the process, whatever issuers it has.
    pub(super) process: Router,
    /// Of every issuer, below its path.
    pub(super) issuer: Router,
    /// For a request to arrive, with all of its body, and to be answered.
    pub(super) longest: Duration,
}

impl Front {
    /// What is asked of others is pinned where it stands: a future that is handed from one to
    /// the next is copied each time, and this one holds all of them.
    async fn answer(self, mut request: Request) -> Response {
        let shared = Arc::clone(self.issuers.shared());
        let observed = Observed::begin(&shared, &mut request);
        let longest = self.longest;
        let answer = pin!(AssertUnwindSafe(self.routed(request)).catch_unwind());
        let answer = answer.map(|it| it.unwrap_or_else(|panic| error::panicked(&*panic)));
        let answer = within(longest, answer).instrument(observed.span()).await;
        observed.end(answer)
    }

    async fn routed(mut self, request: Request) -> Response {
        // Nothing of a router has to become ready: its service says so of itself.
        let answer = match is_of_the_process(request.uri().path()) {
            true => self.process.call(request).await,
            // Which issuer a request is for has to be known before its path means anything.
            false => match located::locate(&self.issuers, form::arrived(request).await).await {
                Ok(request) => match documents::read(&request) {
                    Some(document) => Ok(document),
                    None => self.issuer.call(request).await,
                },
                Err(response) => Ok(response),
            },
        };
        answer.unwrap_or_else(|never| match never {})
    }
}

/// What `answer` comes to within `longest`.
pub(super) async fn within(longest: Duration, answer: impl Future<Output = Response>) -> Response {
    tokio::time::timeout(longest, answer).await.unwrap_or_else(|_| error::timed_out())
}

fn is_of_the_process(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/metrics") || path.starts_with("/assets/")
}

impl Service<Request> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin(self.clone().answer(request).map(Ok))
    }
}
