//! What anybody may read and keep: metadata, keys, stylesheet.

use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Path, Request};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::error;
use super::located::Here;
use super::pages;
use crate::flows::metadata;
use crate::server::Document;

/// Applications in browsers may read them, too.
const FROM_ANYWHERE: (header::HeaderName, &str) = (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");

/// How long others may keep a key set. A new key is published for longer than that before it
/// signs: see `tegata keys rotate`.
const FOR_FIVE_MINUTES: (header::HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=300");

/// The metadata (RFC 8414 §3.2, OIDC Discovery §4.2) or the keys (RFC 7517 §5 and §8.5.1), if
/// `request` is for one of them. They are asked for more than anything else, so no router stands
/// before them: it would cost as much as they do.
pub(super) fn read(request: &Request) -> Option<Response> {
    let server = &request.extensions().get::<Here>()?.server;
    let (document, media_type) = match request.uri().path() {
        "/oauth2/jwks" => (server.keys.jwks(), "application/jwk-set+json"),
        "/.well-known/openid-configuration" | "/.well-known/oauth-authorization-server" => {
            let metadata = || Document::of(&metadata::metadata(server));
            (server.metadata.get_or_init(metadata), "application/json")
        }
        _ => return None,
    };
    Some(match *request.method() {
        Method::GET => answer(document, media_type, request.headers()),
        Method::HEAD => only_its_head(answer(document, media_type, request.headers())),
        // RFC 9110 §15.5.6.
        _ => (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET,HEAD")]).into_response(),
    })
}

/// The document; or that it is the one which is known already (RFC 9110 §13.1.2).
fn answer(document: &Document, media_type: &'static str, asked: &HeaderMap) -> Response {
    let known = asked.get(header::IF_NONE_MATCH).and_then(|it| it.to_str().ok());
    let same = |tag: &str| matches!(tag.trim(), "*") || is_same(tag.trim(), &document.etag);
    let mut response = match known.is_some_and(|tags| tags.split(',').any(same)) {
        true => error::not_modified(),
        false => {
            let media_type = [(header::CONTENT_TYPE, HeaderValue::from_static(media_type))];
            (media_type, Bytes::from_owner(Arc::clone(&document.text))).into_response()
        }
    };
    let headers = response.headers_mut();
    for (name, value) in [FOR_FIVE_MINUTES, FROM_ANYWHERE] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(etag) = HeaderValue::from_str(&document.etag) {
        headers.insert(header::ETAG, etag);
    }
    response
}

/// RFC 9110 §9.3.2: what GET would tell, its length too.
fn only_its_head(response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact().filter(|it| *it > 0) {
        head.headers.insert(header::CONTENT_LENGTH, length.into());
    }
    Response::from_parts(head, Body::empty())
}

/// The weak comparison of RFC 9110 §8.8.3.2.
fn is_same(asked: &str, ours: &str) -> bool {
    asked.strip_prefix("W/").unwrap_or(asked) == ours
}

pub(super) async fn asset(Path(name): Path<String>) -> Response {
    let Some(asset) = pages::asset(&name) else { return error::nothing_there() };
    let headers = [
        (header::CONTENT_TYPE, asset.media_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, asset.bytes).into_response()
}
