//! Reading a form, strictly and with bounds.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header;

use crate::oauth::{NotAForm, Params};

/// The largest form that we read, in bytes: a few JWTs fit in.
const LARGEST: usize = 64 * 1024;

/// The parameters of a form body.
pub(super) struct Form(pub Params);

#[derive(Debug, thiserror::Error)]
pub(super) enum BadForm {
    #[error("the Content-Type must be application/x-www-form-urlencoded")]
    ContentType,
    #[error("the body is too large or broke off")]
    Body,
    #[error("{0}")]
    Syntax(#[from] NotAForm),
}

impl<S: Sync> FromRequest<S> for Form {
    type Rejection = BadForm;

    async fn from_request(request: Request, _: &S) -> Result<Self, BadForm> {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|it| it.to_str().ok()).unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(BadForm::ContentType);
        }
        let body: Body = request.into_body();
        let bytes = to_bytes(body, LARGEST).await.map_err(|_| BadForm::Body)?;
        Ok(Self(Params::parse(&bytes)?))
    }
}
