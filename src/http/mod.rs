//! HTTP. The only room that knows axum. Reads requests, writes answers, decides nothing.

mod authorize;
mod browser;
mod challenge;
mod client_certificate;
mod consent;
mod decisions;
mod documents;
mod error;
mod form;
mod front;
mod health;
mod home;
mod link;
mod links;
mod located;
mod logout;
mod management;
mod neighbours;
mod observe;
mod pages;
mod policy_headers;
mod registration;
mod serve;
mod session;
mod sign_in;
mod spoken;
mod token;
mod userinfo;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{any, get, post};
use tokio::net::TcpListener;

use self::front::Front;
use crate::server::LiveIssuers;

/// Answers on `listener` until `until`, and then finishes what is under way.
pub async fn serve(
    listener: TcpListener,
    issuers: &Arc<LiveIssuers>,
    until: impl Future<Output = ()>,
) {
    let shared = issuers.shared();
    let free = |it: IpAddr| shared.trusted_proxies.contains(it) || shared.limits.is_exempt(it);
    let (bounds, readiness) = (shared.bounds, shared.readiness.clone());
    serve::serve(listener, front(issuers), serve::Door { bounds, readiness, free }, until).await;
}

/// The same without a listener, for who sends requests by themselves.
pub fn router(issuers: &Arc<LiveIssuers>) -> Router {
    Router::new().fallback_service(front(issuers))
}

/// Everything that the server answers to: the same for home and for each service, below the
/// path of its issuer.
fn front(issuers: &Arc<LiveIssuers>) -> Front {
    let machines = Router::new()
        .route("/oauth2/token", post(token::token).fallback(error::method_not_allowed))
        .route("/oauth2/introspect", post(management::introspect))
        .route("/oauth2/revoke", post(management::revoke))
        .route("/oauth2/reachable", post(management::reachable))
        .route("/oauth2/register", post(registration::register))
        .route(
            "/oauth2/register/{client}",
            get(registration::read).put(registration::change).delete(registration::remove),
        )
        .route("/oauth2/userinfo", get(userinfo::userinfo).post(userinfo::userinfo));

    let people = Router::new()
        .route("/", get(home::home))
        .route("/oauth2/authorize", get(authorize::by_query).post(authorize::by_form))
        .route("/sign-in", get(sign_in::show).post(sign_in::submit))
        .route("/consent", get(consent::show).post(consent::submit))
        .route("/link", get(link::show).post(link::submit))
        .route("/links", get(links::show).post(links::submit))
        .route("/oauth2/logout", get(logout::show).post(logout::submit))
        .route("/decisions/{decision}", get(decisions::show).post(decisions::ask))
        .fallback(any(browser::not_found))
        .layer(from_fn(browser::not_too_often))
        .layer(session::layer(issuers.shared()))
        .layer(from_fn(browser::kept))
        .layer(from_fn(policy_headers::for_pages));

    let process = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route("/assets/{name}", get(documents::asset))
        .with_state(Arc::clone(issuers));

    let longest = issuers.shared().bounds.request.unsigned_abs();
    Front { issuers: Arc::clone(issuers), process, issuer: machines.merge(people), longest }
}
