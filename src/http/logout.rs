//! `GET` and `POST /oauth2/logout` (OpenID Connect RP-Initiated Logout 1.0 §2).

use axum::response::Response;

use super::browser::{Browser, see_other};
use super::error::{self, PageError};
use super::form::{BadForm, Form};
use super::pages::{SignOut, SignedOut};
use super::policy_headers;
use crate::flows::logout::{self, LogoutRequest};
use crate::issuance::Attempt;
use crate::model::{LedgerEvent, Login};
use crate::oauth::{ErrorCode, Params, RedirectUri};

pub(super) async fn show(browser: Browser) -> Result<Response, PageError> {
    let request = check(&browser, &browser.query).await?;
    ask(&browser, request).await
}

/// Our own form comes back here, with its parameters still in the query; and §2 lets clients
/// use POST for the request itself, which then has no token of ours: it becomes the query.
pub(super) async fn submit(
    browser: Browser,
    form: Result<Form, BadForm>,
) -> Result<Response, PageError> {
    let Form(form) = form.map_err(|bad| browser.refused(ErrorCode::InvalidRequest, &bad))?;
    if form.optional("csrf").ok().flatten().is_none() {
        return Ok(see_other(&browser.this_page_with(&form)));
    }
    browser.prove(&form).await?;
    let request = check(&browser, &browser.query).await?;
    end_all(&browser).await?;
    browser.signed_out().await?;
    Ok(gone(&browser, request))
}

async fn check(browser: &Browser, params: &Params) -> Result<LogoutRequest, PageError> {
    let request = LogoutRequest::check(&browser.here.server, params).await;
    request.map_err(|refusal| browser.refused(refusal.code(), &refusal))
}

/// Ends whatever began in this browser, and all that lives by it.
pub(super) async fn end_all(browser: &Browser) -> Result<(), PageError> {
    for login in browser.logins().await? {
        end(browser, &login).await?;
    }
    Ok(())
}

async fn end(browser: &Browser, login: &Login) -> Result<(), PageError> {
    let here = &browser.here;
    let mut attempt = Attempt::begin(&here.server, here.request.clone(), LedgerEvent::SignOut);
    let ended = logout::end(&here.server, login, &mut attempt).await;
    ended.map_err(|error| browser.failed(&error))
}

/// §2: "the OP SHOULD ask the End-User whether to log out of the OP as well." We always do,
/// for a link must not be able to.
async fn ask(browser: &Browser, request: LogoutRequest) -> Result<Response, PageError> {
    let Some((user, _)) = browser.person().await? else { return Ok(gone(browser, request)) };
    let page = SignOut {
        page: browser.page(None),
        action: browser.action(),
        csrf: browser.csrf().await?,
        user_name: user.shown_name().to_owned(),
        client_name: request.client.map(|it| it.name.clone()),
    };
    let back = request.back.as_deref().map(RedirectUri::parse).and_then(Result::ok);
    Ok(policy_headers::leading_to(error::html(&page), back.as_ref()))
}

fn gone(browser: &Browser, request: LogoutRequest) -> Response {
    match request.back {
        Some(back) => see_other(&back),
        None => {
            let back = None;
            error::html(&SignedOut { page: browser.page(None), back })
        }
    }
}
