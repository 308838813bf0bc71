//! Finding out which issuer a request is for, and taking the issuer's path off its own.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::uri::{Authority, PathAndQuery, Uri};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};

use super::error::{self, Misdirected, OAuthError, TwoHosts};
use crate::config::TrustedProxies;
use crate::issuance::Attempt;
use crate::limits::{Endpoint, Party};
use crate::model::LedgerEvent;
use crate::oauth::RequestId;
use crate::server::{AuthorizationServer, LiveIssuers};
use crate::telemetry::with_causes;

/// The server that a request is for, and what else every handler may want to know.
#[derive(Clone)]
pub(super) struct Here {
    pub server: Arc<AuthorizationServer>,
    pub live: Arc<LiveIssuers>,
    pub request: RequestId,
    /// Where the request comes from, if that is known.
    pub address: Option<IpAddr>,
    /// Whether a trusted proxy sent it to us that says whose certificate it verified.
    pub tells_of_certificates: bool,
    /// The path as it was asked for, with that of the issuer.
    pub path: String,
}

impl Here {
    /// Begins what the request asks for. Whoever is at its address answers for it, for now.
    pub(super) fn attempt(&self, event: LedgerEvent) -> Attempt {
        let mut attempt = Attempt::begin(&self.server, self.request.clone(), event);
        attempt.party = Party::Address(self.address);
        attempt
    }
}

/// Puts [`Here`] into the request and leaves it the path below the issuer; or says why not.
pub(super) async fn locate(
    live: &Arc<LiveIssuers>,
    mut request: Request,
) -> Result<Request, Response> {
    // RFC 9112 §3.2: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1
    // request message that […] contains more than one Host header field line".
    if request.headers().get_all(header::HOST).iter().count() > 1 {
        return Err(TwoHosts.into_response());
    }
    let path = request.uri().path().to_owned();
    // Keys and metadata are good without the database; what is decided is decided on what is
    // true now.
    let issuers = match is_public(&path) {
        true => live.last_known(),
        false => match live.current().await {
            Ok(issuers) => issuers,
            Err(error) => {
                live.shared().metrics.database_failed();
                tracing::warn!(error = with_causes(&error), "the directory is unread");
                if is_for_machines(&path) {
                    return Err(error::unavailable());
                }
                // A page says it in the words of people. It decides nothing: what is decided by
                // old news does not happen.
                live.last_known()
            }
        },
    };
    let authority = authority(request.uri(), request.headers()).unwrap_or_default();
    let Some(located) = issuers.locate(authority, &path) else {
        let home = issuers.home().issuer.clone();
        return Err(Misdirected { home }.into_response());
    };
    let Some(id) = request.extensions().get::<RequestId>().cloned() else {
        unreachable!("`observe` gives every request an id before anything else happens")
    };
    let server = located.server;
    let proxies = &server.shared.trusted_proxies;
    let (address, tells_of_certificates) =
        (origin(proxies, &request), tells_of_certificates(proxies, &request));
    if is_document(&located.path)
        && let Err(early) = server.shared.limits.visit(Endpoint::Documents, address)
    {
        return Err(OAuthError::from(early).into_response());
    }
    if located.path != path {
        *request.uri_mut() = below(request.uri(), &located.path);
    }
    request.extensions_mut().insert(Here {
        server,
        live: Arc::clone(live),
        request: id,
        address,
        tells_of_certificates,
        path,
    });
    Ok(request)
}

/// What needs no database, at whatever issuer: it is as true as it was.
fn is_public(path: &str) -> bool {
    path.ends_with("/oauth2/jwks") || path.contains("/.well-known/")
}

fn is_for_machines(path: &str) -> bool {
    const PATHS: [&str; 6] = [
        "/oauth2/token",
        "/oauth2/userinfo",
        "/oauth2/introspect",
        "/oauth2/revoke",
        "/oauth2/reachable",
        "/oauth2/register",
    ];
    PATHS.iter().any(|it| path.ends_with(it)) || path.contains("/oauth2/register/")
}

fn is_document(path: &str) -> bool {
    is_public(path) || path == "/oauth2/userinfo"
}

fn origin(proxies: &TrustedProxies, request: &Request) -> Option<IpAddr> {
    let ConnectInfo(peer) = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
    let forwarded = request.headers().get_all("x-forwarded-for").iter();
    // What is no text ends the list where it stands.
    Some(proxies.origin(peer.ip(), forwarded.map(|it| it.to_str().unwrap_or("?"))))
}

fn tells_of_certificates(proxies: &TrustedProxies, request: &Request) -> bool {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let sent_by_one = peer.is_some_and(|ConnectInfo(peer)| proxies.contains(peer.ip()));
    sent_by_one && proxies.can_bring_certificates()
}

/// HTTP/2 has the authority in the URI, HTTP/1.1 in `Host`.
fn authority<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let authority = match uri.authority() {
        Some(authority) => authority.as_str(),
        None => headers.get(header::HOST)?.to_str().ok()?,
    };
    // What is no authority, as one with two ports, must not become one by losing its end.
    authority.parse::<Authority>().ok()?;
    Some(authority.strip_suffix(":443").or(authority.strip_suffix(":80")).unwrap_or(authority))
}

fn below(uri: &Uri, path: &str) -> Uri {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut parts = uri.clone().into_parts();
    let rest = format!("{path}{query}");
    parts.path_and_query = rest.parse::<PathAndQuery>().ok();
    Uri::from_parts(parts).unwrap_or_default()
}

impl<S: Sync> FromRequestParts<S> for Here {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let Some(here) = parts.extensions.get::<Self>().cloned() else {
            unreachable!("`locate` stands before every route that asks for it")
        };
        Ok(here)
    }
}
