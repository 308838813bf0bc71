//! `GET` and `POST /oauth2/userinfo` (OIDC Core §5.3.1).

use axum::Json;
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};

use super::challenge::Scheme;
use super::client_certificate;
use super::error::{self, ResourceError};
use super::located::Here;
use super::token::authorization;
use crate::flows::userinfo::{self, Presented};

pub(super) async fn userinfo(here: Here, method: Method, headers: HeaderMap) -> Response {
    let server = &here.server;
    if !server.is_home() {
        return error::nothing_there();
    }
    let Some(presented) = presented(&method, &headers) else {
        return error::no_token(&[Scheme::Bearer, Scheme::Dpop]);
    };
    let now = server.shared.environment.clock.now();
    let answer = match client_certificate::of(&here, &headers) {
        Ok(certificate) => {
            let presented = Presented { certificate: certificate.as_ref(), ..presented };
            userinfo::userinfo(server, presented, now).await
        }
        Err(bad) => Err(bad.into()),
    };
    match answer {
        Ok(claims) => ([(header::CACHE_CONTROL, "no-store")], Json(claims)).into_response(),
        Err(refusal) => {
            let code = refusal.code();
            error::log(code, &refusal);
            server.shared.metrics.refused("userinfo", code.as_str());
            let scope = matches!(refusal, userinfo::Refusal::Scope).then_some("openid");
            let description = refusal.to_string();
            let scheme = match (&refusal, presented.proof) {
                (userinfo::Refusal::Bound, _) => Scheme::Dpop,
                (userinfo::Refusal::Unbound, _) | (_, None) => Scheme::Bearer,
                (_, Some(_)) => Scheme::Dpop,
            };
            let nonce = match refusal {
                userinfo::Refusal::NonceWanted(nonce) => Some(nonce),
                _ => None,
            };
            ResourceError { scheme, code, description, scope, nonce }.into_response()
        }
    }
}

/// RFC 6750 §2.1 and RFC 9449 §7.1: the header is the one way that we take. A proof that is missing,
/// or that came twice, is none that can be right.
fn presented<'a>(method: &'a Method, headers: &'a HeaderMap) -> Option<Presented<'a>> {
    let (scheme, token) = authorization(headers)?.split_once(' ')?;
    let mut proofs = headers.get_all("dpop").iter().map(|it| it.to_str().unwrap_or_default());
    let proof = match (scheme.to_ascii_lowercase().as_str(), proofs.next(), proofs.next()) {
        ("bearer", ..) => None,
        ("dpop", Some(proof), None) => Some(proof),
        ("dpop", ..) => Some(""),
        _ => return None,
    };
    Some(Presented { token: token.trim(), proof, method: method.as_str(), certificate: None })
}
