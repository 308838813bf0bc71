//! Errors on the wire: as OAuth wants them, and as pages. The only place with statuses.

use std::any::Any;

use askama::Template;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::challenge::{self, Scheme};
use super::form::BadForm;
use super::located::Here;
use super::pages::{ErrorPage, SignInFailure};
use crate::flows::explanation;
use crate::grants::TokenError;
use crate::issuance::Invited;
use crate::limits::TurnedAway;
use crate::oauth::{ErrorCode, Issuer, RequestId, error_description};
use crate::telemetry::with_causes;

/// What a request gets that was not answered in time.
pub(super) fn timed_out() -> Response {
    StatusCode::REQUEST_TIMEOUT.into_response()
}

/// An error response of the token endpoint (RFC 6749 §5.2).
pub(super) struct OAuthError {
    code: ErrorCode,
    description: String,
    status: StatusCode,
    /// How many seconds to wait before the next try.
    retry_after: Option<u64>,
    /// What the next DPoP proof has to have in it (RFC 9449 §8).
    nonce: Option<String>,
    /// What else the body says.
    more: Map<String, Value>,
    /// By which name `tegata explain` knows it.
    decision: Option<RequestId>,
}

/// How long whoever meets [`ErrorCode::TemporarilyUnavailable`] should wait, in seconds.
const BACK_SOON: u64 = 5;

/// RFC 6749 §5.1: both, on whatever may hold a token.
pub(super) const NOT_KEPT: [(header::HeaderName, &str); 2] =
    [(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")];

/// What is told of a fault that is ours.
const OUR_FAULT: &str = "something went wrong on our side, please try again";

/// The status of each code (RFC 6749 §5.2, RFC 6750 §3.1): only `invalid_client` is 401 at
/// the token endpoint. `docs/decisions/0011-only-invalid-client-is-401.md`.
fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::InvalidClient | ErrorCode::InvalidToken => StatusCode::UNAUTHORIZED,
        ErrorCode::InsufficientScope => StatusCode::FORBIDDEN,
        ErrorCode::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        // RFC 6585 §4. `docs/decisions/0026-who-is-turned-away.md`.
        ErrorCode::SlowDown => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// Writes the cause of a fault of ours to the log. A refusal is logged with its answer.
pub(super) fn log(code: ErrorCode, error: &(dyn std::error::Error + 'static)) {
    if code.is_ours() {
        tracing::error!(error.code = code.as_str(), error = with_causes(error), "a request failed");
    } else {
        let said = error_description(&error.to_string());
        tracing::info!(error.code = code.as_str(), "a request was refused: {said}");
    }
}

impl From<TokenError> for OAuthError {
    fn from(error: TokenError) -> Self {
        let code = error.code();
        log(code, &error);
        let description = match code {
            ErrorCode::ServerError => OUR_FAULT.to_owned(),
            _ => error.to_string(),
        };
        let retry_after = error.retry_after();
        // RFC 9110 §15.5.14.
        let status = match error {
            TokenError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            _ => status(code),
        };
        let nonce = error.nonce().map(str::to_owned);
        let step_up = error.step_up().map(|(acr, max_age)| stronger(acr, max_age));
        let more = step_up.or_else(|| error.invited().map(invitation_members)).unwrap_or_default();
        Self { code, description, status, retry_after, nonce, more, decision: None }
    }
}

impl OAuthError {
    /// The same, as it is told to whoever asked: with the name of the decision in the end, and where
    /// it is explained.
    pub(super) fn told_to(mut self, here: &Here) -> Self {
        let address = explanation::address(&here.server.issuer, &here.request);
        self.more.insert("error_uri".to_owned(), json!(address));
        Self { decision: Some(here.request.clone()), ..self }
    }

    /// A refusal that says no more than why, and for how many seconds to wait.
    pub(super) fn of(code: ErrorCode, why: &str, retry_after: Option<u64>) -> Self {
        let description = if code == ErrorCode::ServerError { OUR_FAULT } else { why }.to_owned();
        let (nonce, more) = (None, Map::new());
        let status = status(code);
        Self { code, description, status, retry_after, nonce, more, decision: None }
    }
}

/// ID-JAG §9.2 and RFC 9470 §3: what the authorization request has to ask for.
fn stronger(acr: &[String], max_age: Option<u32>) -> Map<String, Value> {
    let acr = (!acr.is_empty()).then(|| ("acr_values".to_owned(), json!(acr.join(" "))));
    let max_age = max_age.map(|it| ("max_age".to_owned(), json!(it)));
    acr.into_iter().chain(max_age).collect()
}

/// Ours, and so with our name in front (RFC 6749 §8.2). `docs/decisions/0045-linking.md`.
fn invitation_members(invited: &Invited) -> Map<String, Value> {
    let uri = ("tegata_link_uri".to_owned(), json!(invited.uri()));
    let expires_in = ("tegata_link_expires_in".to_owned(), json!(invited.expires_in()));
    Map::from_iter([uri, expires_in])
}

impl From<TurnedAway> for OAuthError {
    fn from(early: TurnedAway) -> Self {
        TokenError::from(early).into()
    }
}

impl From<BadForm> for OAuthError {
    fn from(bad: BadForm) -> Self {
        TokenError::from(bad).into()
    }
}

/// Handlers take the form as a `Result`; this is for those who forget to.
impl IntoResponse for BadForm {
    fn into_response(self) -> Response {
        OAuthError::from(self).into_response()
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let decision = self.decision.map(|it| format!(" [decision {it}]")).unwrap_or_default();
        let description = format!("{}{decision}", self.description);
        let mut response = with_more(self.status, self.code, &description, self.more);
        if let Some(nonce) = self.nonce.and_then(|it| HeaderValue::from_str(&it).ok()) {
            response.headers_mut().insert("dpop-nonce", nonce);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 6749 §5.2: a "WWW-Authenticate" that matches the scheme of the client.
            let challenge = HeaderValue::from_static("Basic realm=\"tegata\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        let unavailable = (self.code == ErrorCode::TemporarilyUnavailable).then_some(BACK_SOON);
        come_back(&mut response, self.retry_after.or(unavailable));
        response
    }
}

/// RFC 9110 §10.2.3.
fn come_back(response: &mut Response, seconds: Option<u64>) {
    if let Some(seconds) = seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

fn described(status: StatusCode, code: ErrorCode, description: &str) -> Response {
    with_more(status, code, description, Map::new())
}

fn with_more(
    status: StatusCode,
    code: ErrorCode,
    description: &str,
    more: Map<String, Value>,
) -> Response {
    let description = json!(error_description(description));
    let mut body = Map::from_iter([("error".to_owned(), json!(code.as_str()))]);
    body.insert("error_description".to_owned(), description);
    body.extend(more);
    (status, NOT_KEPT, Json(body)).into_response()
}

/// An error of a resource (RFC 6750 §3, RFC 9449 §7.1).
pub(super) struct ResourceError {
    /// By which the token has to come.
    pub scheme: Scheme,
    pub code: ErrorCode,
    pub description: String,
    pub scope: Option<&'static str>,
    /// What the next DPoP proof has to have in it (RFC 9449 §9).
    pub nonce: Option<String>,
}

impl IntoResponse for ResourceError {
    fn into_response(self) -> Response {
        if self.code.is_ours() {
            return OAuthError::of(self.code, OUR_FAULT, None).into_response();
        }
        let description = error_description(&self.description);
        let challenge = challenge::of_error(self.scheme, self.code, &description, self.scope);
        // RFC 9449 §7.1: at a resource these two are 401 as well.
        let status = match self.code {
            ErrorCode::InvalidDpopProof | ErrorCode::UseDpopNonce => StatusCode::UNAUTHORIZED,
            code => status(code),
        };
        let mut response = described(status, self.code, &self.description);
        if let Some(nonce) = self.nonce.and_then(|it| HeaderValue::from_str(&it).ok()) {
            response.headers_mut().insert("dpop-nonce", nonce);
        }
        response.headers_mut().extend(challenge.map(|it| (header::WWW_AUTHENTICATE, it)));
        response
    }
}

/// Without any token where one comes by one of these schemes.
pub(super) fn no_token(schemes: &[Scheme]) -> Response {
    let mut response = StatusCode::UNAUTHORIZED.into_response();
    for challenge in schemes.iter().filter_map(|it| challenge::of_none(*it)) {
        response.headers_mut().append(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// RFC 6749 §3.2: the token endpoint takes POST only.
pub(super) async fn method_not_allowed() -> Response {
    let said = "the token endpoint takes POST, with a form in the body";
    let mut response = described(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::InvalidRequest, said);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    response
}

/// A request to a host or path that no issuer of ours has.
pub(super) struct Misdirected {
    pub home: Issuer,
}

impl IntoResponse for Misdirected {
    fn into_response(self) -> Response {
        let said = format!(
            "this server does not answer for that host: it is {}, and the Host header must say so",
            self.home
        );
        described(StatusCode::MISDIRECTED_REQUEST, ErrorCode::InvalidRequest, &said)
    }
}

/// The database cannot be asked: it is worth trying again.
pub(super) fn unavailable() -> Response {
    let said = "the server cannot reach its database at the moment: try again in a few seconds";
    let code = ErrorCode::TemporarilyUnavailable;
    let mut response = described(status(code), code, said);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

/// A request that names its host twice: two who read it may each believe another.
pub(super) struct TwoHosts;

impl IntoResponse for TwoHosts {
    fn into_response(self) -> Response {
        let said = "the Host header must be given once";
        described(StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest, said)
    }
}

/// A bug of ours that stopped a request. The others go on.
pub(super) fn panicked(_: &(dyn Any + Send)) -> Response {
    tracing::error!("a request met a bug and was stopped");
    described(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::ServerError, OUR_FAULT)
}

/// Why a page cannot be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageErrorKind {
    OAuth(ErrorCode),
    /// The form is not the one that we sent, or the session has ended.
    Csrf,
    /// The request that the page belongs to is over.
    Expired,
    NotFound,
    /// The address asks too often.
    SlowDown(TurnedAway),
}

/// An error that a person sees.
pub(super) struct PageError {
    pub kind: PageErrorKind,
    pub page: Box<ErrorPage>,
}

impl PageErrorKind {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::OAuth(code) => code.as_str(),
            Self::Csrf => "csrf",
            Self::Expired => "expired",
            Self::NotFound => "not_found",
            Self::SlowDown(_) => ErrorCode::SlowDown.as_str(),
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::OAuth(code) => status(code),
            Self::Csrf => StatusCode::FORBIDDEN,
            Self::Expired => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::SlowDown(_) => status(ErrorCode::SlowDown),
        }
    }

    fn retry_after(self) -> Option<u64> {
        match self {
            Self::SlowDown(early) => Some(early.seconds),
            Self::OAuth(ErrorCode::TemporarilyUnavailable) => Some(BACK_SOON),
            _ => None,
        }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let mut response = (self.kind.status(), html(&*self.page)).into_response();
        come_back(&mut response, self.kind.retry_after());
        response
    }
}

/// What a sign-in page comes back with.
pub(super) fn sign_in_failed(page: Response, failure: SignInFailure) -> Response {
    let mut response = page;
    let (status, wait) = match failure {
        SignInFailure::Wrong => (StatusCode::UNPROCESSABLE_ENTITY, None),
        SignInFailure::SlowDown { seconds } => (StatusCode::TOO_MANY_REQUESTS, Some(seconds)),
        SignInFailure::Busy { seconds } => (StatusCode::SERVICE_UNAVAILABLE, Some(seconds)),
    };
    *response.status_mut() = status;
    come_back(&mut response, wait);
    response
}

/// What `/readyz` says when it is not.
pub(super) fn not_ready(why: &'static str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response()
}

/// An answer that says of a decision no more than of any other.
pub(super) fn no_such_decision(mut answer: Response) -> Response {
    *answer.status_mut() = StatusCode::NOT_FOUND;
    answer
}

/// What the client has is what there is.
pub(super) fn not_modified() -> Response {
    StatusCode::NOT_MODIFIED.into_response()
}

/// A path below which there is nothing.
pub(super) fn nothing_there() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

/// A page as HTML, never kept by anybody (its tokens and names are one person's).
pub(super) fn html(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => {
            let headers = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (headers, text).into_response()
        }
        Err(error) => {
            tracing::error!(error = with_causes(&error), "a page cannot be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, OUR_FAULT).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_does_not_end_its_line() {
        let forged = "scope x\n2026-01-01 INFO \u{1b}[31m \"all\u{2028} is \\ well\"";
        assert_eq!(error_description(forged), "scope x?2026-01-01 INFO ?[31m 'all? is ? well'");
    }
}
