//! `GET` and `POST /consent`: the travel pass.

use std::sync::Arc;

use axum::response::Response;

use super::authorize;
use super::browser::{Browser, Pending};
use super::error::{self, PageError, PageErrorKind};
use super::form::{BadForm, Form};
use super::pages::{self, ScopeLine, ServiceLine, Texts};
use super::policy_headers;
use crate::flows::authorization::consent::{self, Ask, Asked};
use crate::flows::authorization::request::AuthorizationRequest;
use crate::flows::authorization::step::{self, Step};
use crate::model::{Approval, Client, Login, User};
use crate::oauth::ErrorCode;

/// The page is for a person who is signed in as the request wants it, and to whom there is
/// something to ask; for others it leads back to the step that they are at.
enum Stage {
    Ask {
        pending: Box<Pending>,
        client: Arc<Client>,
        user: Arc<User>,
        login: Arc<Login>,
        ask: Box<Ask>,
    },
    Elsewhere(Response),
}

pub(super) async fn show(browser: Browser) -> Result<Response, PageError> {
    match stage(&browser).await? {
        Stage::Elsewhere(response) => Ok(response),
        Stage::Ask { pending, client, user, ask, .. } => {
            browser.showed(&pending, &ask.in_short(&user)).await?;
            let page = page(&browser, &pending.request, &client, &user, &ask).await?;
            let application = Some(&pending.request.redirect_uri);
            Ok(policy_headers::leading_to(error::html(&page), application))
        }
    }
}

pub(super) async fn submit(
    browser: Browser,
    form: Result<Form, BadForm>,
) -> Result<Response, PageError> {
    let Form(form) = form.map_err(|bad| browser.refused(ErrorCode::InvalidRequest, &bad))?;
    browser.prove(&form).await?;
    let (pending, client, user, login, ask) = match stage(&browser).await? {
        Stage::Elsewhere(response) => return Ok(response),
        Stage::Ask { pending, client, user, login, ask } => (pending, client, user, login, ask),
    };
    let (server, request) = (&browser.here.server, &pending.request);
    match form.optional("decision").ok().flatten() {
        // Somebody else has signed in, or there is more to reach: nobody has read that yet.
        Some("allow") if pending.shown != Some(ask.in_short(&user)) => {
            Ok(browser.on_to("/consent", &pending))
        }
        Some("allow") => {
            let mut attempt = authorize::attempt(&browser, &client.id);
            let asked = Asked { request, ask: &ask, waited: Some(pending.id.clone()) };
            let issued = consent::allow(server, &client, &asked, &login, &mut attempt).await;
            authorize::finish(&browser, request, Some(&pending), issued).await
        }
        Some("refuse") => {
            browser.answered(&pending).await?;
            let said = "the person refused";
            let to = request.redirected();
            authorize::refuse(&browser, &client, &to, ErrorCode::AccessDenied, said).await
        }
        _ => Err(browser.error(
            PageErrorKind::OAuth(ErrorCode::InvalidRequest),
            "decision must be allow or refuse",
        )),
    }
}

async fn stage(browser: &Browser) -> Result<Stage, PageError> {
    let Some(pending) = browser.pending().await? else {
        return Err(browser.error(PageErrorKind::Expired, ""));
    };
    let client = authorize::client_of(browser, &pending.request).await?;
    let person = browser.person().await?;
    let server = &browser.here.server;
    let now = server.shared.environment.clock.now();
    let known = person.as_ref().map(|(user, login)| (&**user, &**login));
    let step = step::next(server, &client, &pending.request, known, now).await;
    match (step.map_err(|error| browser.failed(&error))?, person) {
        (Step::Consent(ask), Some((user, login))) => {
            Ok(Stage::Ask { pending: Box::new(pending), client, user, login, ask })
        }
        _ => {
            let request = pending.request.clone();
            authorize::go_on(browser, &client, request, Some(pending)).await.map(Stage::Elsewhere)
        }
    }
}

async fn page(
    browser: &Browser,
    request: &AuthorizationRequest,
    client: &Client,
    user: &User,
    ask: &Ask,
) -> Result<pages::Consent, PageError> {
    let (server, texts) = (&browser.here.server, browser.texts(Some(request)));
    let service = server.service();
    let mut names: Vec<_> = ask.scope.tokens().collect();
    names.sort_by_key(|name| KNOWN_FIRST.iter().position(|it| it == name).unwrap_or(usize::MAX));
    let scopes = names
        .into_iter()
        .map(|name| ScopeLine {
            name: name.to_owned(),
            description: match service {
                Some(service) => service.describe(name).to_owned(),
                None => texts.scope_description(name).unwrap_or_default(),
            },
        })
        .collect();
    let services = ask
        .reachable
        .iter()
        .map(|it| ServiceLine {
            name: it.service.name.clone(),
            scopes: it.scope.tokens().map(|name| it.service.describe(name).to_owned()).collect(),
            approval: match it.approval {
                Approval::Admin => pages::Approval::Admin,
                Approval::User => pages::Approval::User,
            },
        })
        .collect();
    let offline = ask.lasts();
    Ok(pages::Consent {
        page: browser.page(Some(request)),
        action: browser.action(),
        csrf: browser.csrf().await?,
        client_name: client.name.clone(),
        client_host: from(client, request),
        stranger: ask.stranger.as_ref().map(|it| stranger(client, request, it)),
        user_name: user.shown_name().to_owned(),
        issuer_name: service.map_or_else(|| host_of(browser), |service| service.name.clone()),
        scopes,
        services,
        is_agent: client.agent,
        offline,
        until: (!offline).then(|| last_day(browser, texts)),
    })
}

/// What the page says of a client that nobody declared.
fn stranger(
    client: &Client,
    request: &AuthorizationRequest,
    known: &consent::Stranger,
) -> pages::Stranger {
    pages::Stranger {
        host: client.described_at().unwrap_or_else(|| request.redirect_uri.shown_host()),
        tier: known.tier,
        is_anybody: known.is_anybody,
        changes: known.changes.clone(),
    }
}

/// Where the client is at home, if it says so itself, and where its answer goes.
fn from(client: &Client, request: &AuthorizationRequest) -> String {
    let to = request.redirect_uri.shown_host();
    match client.described_at() {
        Some(host) if host != to => format!("{host} → {to}"),
        _ => to,
    }
}

/// Who you are before what else is told of you; a scope itself has no order.
const KNOWN_FIRST: [&str; 3] = ["openid", "profile", "email"];

/// Home has no name but its host.
fn host_of(browser: &Browser) -> String {
    browser.here.server.issuer.url().host_str().unwrap_or_default().to_owned()
}

/// Without `offline_access` nothing outlives the login.
fn last_day(browser: &Browser, texts: &Texts) -> String {
    let shared = &browser.here.server.shared;
    let last = shared.environment.clock.now() + shared.lifetimes.session;
    texts.day(last.year(), last.month().into(), last.day())
}
