//! Reading a form or an object of JSON, strictly and with bounds.

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{Version, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use crate::grants::TokenError;
use crate::oauth::{NotAForm, Params, strict_json};

/// The largest form that we read, in bytes: a few JWTs fit in.
const LARGEST: usize = 64 * 1024;

/// What we read of a larger one so that it can be answered, in bytes.
const LARGEST_AWAY: usize = 4 * 1024 * 1024;

/// The parameters of a form body.
pub(super) struct Form(pub Params);

#[derive(Debug, thiserror::Error)]
pub(super) enum BadForm {
    #[error("the Content-Type must be {0}")]
    ContentType(&'static str),
    #[error("the body is larger than 64 KiB")]
    TooLarge,
    #[error("the body broke off")]
    Body,
    #[error("the body is no object of JSON in which each name stands once")]
    Json,
    #[error("{0}")]
    Syntax(#[from] NotAForm),
}

impl From<BadForm> for TokenError {
    fn from(bad: BadForm) -> Self {
        match bad {
            BadForm::TooLarge => Self::TooLarge(bad.to_string()),
            _ => Self::Unread(bad.to_string()),
        }
    }
}

impl<S: Sync> FromRequest<S> for Form {
    type Rejection = BadForm;

    async fn from_request(request: Request, _: &S) -> Result<Self, BadForm> {
        Ok(Self(Params::parse(&body(request, "application/x-www-form-urlencoded").await?)?))
    }
}

/// An object of JSON in a body.
pub(super) struct Object(pub Map<String, Value>);

impl<S: Sync> FromRequest<S> for Object {
    type Rejection = BadForm;

    async fn from_request(request: Request, _: &S) -> Result<Self, BadForm> {
        let body = body(request, "application/json").await?;
        strict_json::object(&body).map(Self).map_err(|_| BadForm::Json)
    }
}

async fn body(request: Request, wanted: &'static str) -> Result<Bytes, BadForm> {
    let mut content_types = request.headers().get_all(header::CONTENT_TYPE).iter();
    let content_type = content_types.next().and_then(|it| it.to_str().ok()).unwrap_or_default();
    if content_types.next().is_some() {
        return Err(BadForm::ContentType(wanted));
    }
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case(wanted) {
        return Err(BadForm::ContentType(wanted));
    }
    if let Some(bad) = request.extensions().get::<BadBody>() {
        return Err(match bad {
            BadBody::TooLarge => BadForm::TooLarge,
            BadBody::Broken => BadForm::Body,
        });
    }
    to_bytes(request.into_body(), LARGEST).await.map_err(|_| BadForm::Body)
}

/// A body that did not arrive as it should.
#[derive(Clone, Copy)]
enum BadBody {
    TooLarge,
    Broken,
}

/// The request once its body is here. Only then anything is decided, by what is true then: a body
/// that trickles must not keep what was true when it began.
pub(super) async fn arrived(request: Request) -> Request {
    if request.body().is_end_stream() {
        return request;
    }
    let (parts, mut body) = request.into_parts();
    match Limited::new(&mut body, LARGEST).collect().await {
        Ok(whole) => Request::from_parts(parts, Body::from(whole.to_bytes())),
        Err(error) => {
            let bad = match error.is::<LengthLimitError>() {
                true => BadBody::TooLarge,
                false => BadBody::Broken,
            };
            // HTTP/2 can be answered early (RFC 9113 §8.1).
            if matches!(bad, BadBody::TooLarge) && parts.version < Version::HTTP_2 {
                read_away(body).await;
            }
            let mut request = Request::from_parts(parts, Body::empty());
            request.extensions_mut().insert(bad);
            request
        }
    }
}

/// RFC 9112 §9.6: who still sends when we answer and hang up sees a connection that was reset, and
/// not the answer. Of what is larger still, as it says itself, nothing is read.
async fn read_away(body: Body) {
    if body.size_hint().lower() <= LARGEST_AWAY as u64 {
        let mut rest = Limited::new(body, LARGEST_AWAY);
        while let Some(Ok(_)) = rest.frame().await {}
    }
}
