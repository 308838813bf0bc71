//! What anybody may read and keep: metadata, keys, stylesheet.

use axum::Json;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::error;
use super::located::Here;
use super::pages;
use crate::flows::metadata;

/// Applications in browsers may read them, too.
const FROM_ANYWHERE: (header::HeaderName, &str) = (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");

/// How long others may keep a key set. A new key is published for longer than that before it
/// signs: see `tegata keys rotate`.
const FOR_FIVE_MINUTES: (header::HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=300");

/// RFC 8414 §3.2 and OIDC Discovery §4.2.
pub(super) async fn metadata(here: Here) -> impl IntoResponse {
    ([FOR_FIVE_MINUTES, FROM_ANYWHERE], Json(metadata::metadata(&here.server)))
}

/// RFC 7517 §5 and §8.5.1.
pub(super) async fn jwks(here: Here) -> impl IntoResponse {
    let headers =
        [FOR_FIVE_MINUTES, FROM_ANYWHERE, (header::CONTENT_TYPE, "application/jwk-set+json")];
    (headers, here.server.keys.jwks().to_string())
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
