//! `GET` and `POST /oauth2/authorize` (RFC 6749 §3.1, OIDC Core §3.1.2.1).

use std::sync::Arc;

use axum::extract::RawQuery;
use axum::response::Response;

use super::browser::{Browser, Pending, see_other};
use super::error::{self, PageError, PageErrorKind};
use super::form::{BadForm, Form};
use crate::flows::authorization::request::{self, AuthorizationRequest, Unproven};
use crate::flows::authorization::step::{self, Step};
use crate::flows::authorization::{consent, consent::Asked, response::Redirected};
use crate::issuance::{self, Attempt};
use crate::model::{Client, LedgerEvent};
use crate::oauth::{ClientId, ErrorCode, Params, error_description};

pub(super) async fn by_query(
    browser: Browser,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let params = params.map_err(|bad| browser.refused(ErrorCode::InvalidRequest, &bad))?;
    authorize(browser, &params).await
}

/// OIDC Core §3.1.2.1 wants POST, too. It comes from another site, so our cookie (`Lax`) does
/// not come with it: the request goes on as a GET, which has the session.
pub(super) async fn by_form(
    browser: Browser,
    form: Result<Form, BadForm>,
) -> Result<Response, PageError> {
    let Form(params) = form.map_err(|bad| browser.refused(ErrorCode::InvalidRequest, &bad))?;
    Ok(see_other(&browser.this_page_with(&params)))
}

async fn authorize(browser: Browser, params: &Params) -> Result<Response, PageError> {
    let server = &browser.here.server;
    let _asks = server.shared.store.asks();
    let proven = match request::prove(server, params).await {
        Ok(proven) => proven,
        Err(why) => return Err(unproven(&browser, params, &why).await),
    };

    // From here on the client is told: it has proven where it is.
    let now = server.shared.environment.clock.now();
    match request::check(server, &proven, params, now) {
        Ok(request) => {
            let found = browser.person().await?.map(|(_, login)| login.sid.clone());
            let request = AuthorizationRequest { found, ..request };
            go_on(&browser, &proven.client, request, None).await
        }
        Err(refusal) => {
            let (code, said) = (refusal.code(), refusal.to_string());
            refuse(&browser, &proven.client, &proven.to, code, &said).await
        }
    }
}

/// Tells the person alone; and the ledger, if it is known whose request that is.
async fn unproven(browser: &Browser, params: &Params, why: &Unproven) -> PageError {
    let client = params.read("client_id", ClientId::parse).ok().flatten();
    if let Some(client) = client.filter(|_| why.is_of_a_known_client()) {
        let attempt = attempt(browser, &client);
        if let Err(error) = attempt.failed(&browser.here.server, why.code(), &why.recorded()).await
        {
            return browser.unrecorded(&error);
        }
    }
    browser.refused(why.code(), why)
}

/// Takes the next step of a request, which may have waited as `pending`.
pub(super) async fn go_on(
    browser: &Browser,
    client: &Client,
    request: AuthorizationRequest,
    pending: Option<Pending>,
) -> Result<Response, PageError> {
    let server = &browser.here.server;
    let person = browser.person().await?;
    let now = server.shared.environment.clock.now();
    let known = person.as_ref().map(|(user, login)| (&**user, &**login));
    let step = step::next(server, client, &request, known, now).await;
    match (step.map_err(|error| browser.failed(&error))?, person) {
        (Step::Respond(ask), Some((_, login))) => {
            let waited = pending.as_ref().map(|it| it.id.clone());
            let asked = Asked { request: &request, ask: &ask, waited };
            let mut attempt = attempt(browser, &client.id);
            let issued = consent::respond(server, client, &asked, &login, None, &mut attempt).await;
            finish(browser, &request, pending.as_ref(), issued).await
        }
        (Step::Consent(_), _) => {
            Ok(browser.on_to("/consent", &waiting(browser, request, pending).await?))
        }
        (Step::Refuse(code, said), _) => {
            refuse(browser, client, &request.redirected(), code, said).await
        }
        (Step::SignIn | Step::Respond(_), _) => {
            Ok(browser.on_to("/sign-in", &waiting(browser, request, pending).await?))
        }
    }
}

async fn waiting(
    browser: &Browser,
    request: AuthorizationRequest,
    pending: Option<Pending>,
) -> Result<Pending, PageError> {
    match pending {
        Some(pending) => Ok(pending),
        None => browser.wait(request).await,
    }
}

/// Sends the code to the application; or says why there is none.
pub(super) async fn finish(
    browser: &Browser,
    request: &AuthorizationRequest,
    pending: Option<&Pending>,
    issued: Result<String, issuance::Refusal>,
) -> Result<Response, PageError> {
    let to = request.redirected();
    if let Some(pending) = pending {
        browser.answered(pending).await?;
    }
    match issued {
        Ok(code) => {
            browser.here.server.shared.metrics.issued("code");
            Ok(see_other(&to.with_code(&code)))
        }
        // Another form was faster, and its answer is on its way.
        Err(issuance::Refusal::RequestAnswered) => Err(browser.error(PageErrorKind::Expired, "")),
        Err(refusal) => {
            // RFC 6749 §4.1.2.1 has two codes for what is not the client's fault.
            let code = match refusal.code() {
                code if code.is_ours() => code,
                ErrorCode::SlowDown => ErrorCode::TemporarilyUnavailable,
                _ => ErrorCode::AccessDenied,
            };
            error::log(code, &refusal);
            Ok(see_other(&to.with_error(code, &refusal.to_string(), &browser.here.request)))
        }
    }
}

/// Tells the client why there is no code, and records it.
pub(super) async fn refuse(
    browser: &Browser,
    client: &Client,
    to: &Redirected,
    code: ErrorCode,
    said: &str,
) -> Result<Response, PageError> {
    let server = &browser.here.server;
    let mut attempt = attempt(browser, &client.id);
    attempt.user = browser.person().await?.map(|(user, _)| user.id.clone());
    let recorded = attempt.refused(server, code, said.to_owned()).await;
    recorded.map_err(|error| browser.unrecorded(&error))?;
    server.shared.metrics.refused("authorize", code.as_str());
    let logged = error_description(said);
    tracing::info!(error.code = code.as_str(), "an authorization was refused: {logged}");
    Ok(see_other(&to.with_error(code, said, &browser.here.request)))
}

pub(super) fn attempt(browser: &Browser, client: &ClientId) -> Attempt {
    let mut attempt = browser.here.attempt(LedgerEvent::Code);
    attempt.client = Some(client.clone());
    attempt
}

/// The client of a request that waited: it may have been removed in the meantime.
pub(super) async fn client_of(
    browser: &Browser,
    request: &AuthorizationRequest,
) -> Result<Arc<Client>, PageError> {
    let server = &browser.here.server;
    let client = server.active_client(&request.client).await.ok().flatten();
    client.ok_or_else(|| browser.error(PageErrorKind::Expired, ""))
}
