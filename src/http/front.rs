//! What every request passes before its route: it is observed, it has only so much time, a bug
//! in its way stops no other, and it finds the issuer that it is for.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use futures_util::FutureExt;
use tower::{Service, ServiceExt};

use super::{error, form, located, observe};
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
    async fn answer(self, request: Request) -> Response {
        let shared = Arc::clone(self.issuers.shared());
        observe::observe(&shared, request, async |request| {
            let longest = self.longest;
            let answered = AssertUnwindSafe(self.routed(request)).catch_unwind();
            let answer = answered.map(|it| it.unwrap_or_else(|panic| error::panicked(&*panic)));
            within(longest, answer).await
        })
        .await
    }

    async fn routed(self, request: Request) -> Response {
        let answer = match is_of_the_process(request.uri().path()) {
            true => self.process.oneshot(request).await,
            // Which issuer a request is for has to be known before its path means anything.
            false => match located::locate(&self.issuers, form::arrived(request).await).await {
                Ok(request) => self.issuer.oneshot(request).await,
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
