//! `GET` and `POST /sign-in`.

use axum::response::Response;
use secrecy::SecretString;

use super::authorize;
use super::browser::{Browser, Pending, see_other};
use super::error::{self, PageError};
use super::form::{BadForm, Form};
use super::logout;
use super::pages::{SignIn, SignInFailure};
use super::policy_headers;
use crate::flows::authorization::sign_in::{self, Credentials, Refusal};
use crate::model::{Client, LedgerEvent};
use crate::oauth::ErrorCode;

pub(super) async fn show(browser: Browser) -> Result<Response, PageError> {
    let pending = browser.pending().await?;
    let hint = pending.as_ref().and_then(|it| it.request.login_hint.clone());
    page(&browser, pending.as_ref(), hint.unwrap_or_default(), None).await
}

pub(super) async fn submit(
    browser: Browser,
    form: Result<Form, BadForm>,
) -> Result<Response, PageError> {
    let Form(form) = form.map_err(|bad| browser.refused(ErrorCode::InvalidRequest, &bad))?;
    let pending = browser.pending().await?;
    browser.prove(&form).await?;

    let field = |name| form.optional(name).ok().flatten().unwrap_or_default().to_owned();
    let credentials = Credentials {
        username: field("username"),
        password: SecretString::from(field("password")),
        address: browser.here.address,
    };
    let (typed, here) = (credentials.username.clone(), &browser.here);
    let mut attempt = here.attempt(LedgerEvent::SignIn);
    attempt.client = pending.as_ref().map(|it| it.request.client.clone());
    let metrics = &here.server.shared.metrics;
    let login = match sign_in::sign_in(&here.server, credentials, &mut attempt).await {
        Ok(login) => login,
        Err(refusal) => {
            let failure = match refusal {
                Refusal::Wrong => SignInFailure::Wrong,
                Refusal::SlowDown(seconds) => {
                    SignInFailure::SlowDown { seconds: seconds.unsigned_abs() }
                }
                Refusal::Busy(_) => SignInFailure::Busy { seconds: 2 },
                Refusal::Store(error) => return Err(browser.failed(&error)),
                Refusal::Commit(error) => return Err(browser.failed(&error)),
            };
            metrics.signed_in(match failure {
                SignInFailure::Wrong => "wrong",
                SignInFailure::SlowDown { .. } => "slowed_down",
                SignInFailure::Busy { .. } => "busy",
            });
            let page = page(&browser, pending.as_ref(), typed, Some(failure)).await?;
            return Ok(error::sign_in_failed(page, failure));
        }
    };
    metrics.signed_in("right");
    // Whoever was here before could not sign out any more.
    if browser.person().await?.is_some_and(|(before, _)| before.id != login.user) {
        logout::end_all(&browser).await?;
    }
    browser.signed_in(&login).await?;
    match pending {
        None => Ok(go_on(&browser)),
        Some(pending) => {
            let client = authorize::client_of(&browser, &pending.request).await?;
            let request = pending.request.clone();
            authorize::go_on(&browser, &client, request, Some(pending)).await
        }
    }
}

async fn page(
    browser: &Browser,
    pending: Option<&Pending>,
    username: String,
    failure: Option<SignInFailure>,
) -> Result<Response, PageError> {
    let request = pending.map(|it| &it.request);
    let client = match request {
        Some(request) => Some(authorize::client_of(browser, request).await?),
        None => None,
    };
    let page = SignIn {
        page: browser.page(request),
        action: browser.action(),
        csrf: browser.csrf().await?,
        username: username.chars().take(256).collect(),
        client_name: client.map(|it| named(&it)),
        failure,
    };
    let application = request.map(|it| &it.redirect_uri);
    Ok(policy_headers::leading_to(error::html(&page), application))
}

/// Where somebody goes who signed in without a client that waits: to what they were at.
fn go_on(browser: &Browser) -> Response {
    let query = |name| browser.query.optional(name).ok().flatten();
    match (query("link"), query("then")) {
        (Some(id), _) => browser.lead("/link", &[("link", id)]),
        (None, Some("links")) => browser.lead("/links", &[]),
        _ => see_other(&browser.path("/")),
    }
}

/// The name of a client, and where it says so if nobody else does: a name can be anybody's.
pub(super) fn named(client: &Client) -> String {
    match client.described_at() {
        Some(host) => format!("{} ({host})", client.name),
        None => client.name.clone(),
    }
}
