//! `GET` and `POST /link`: a person says whether a subject of another issuer is they.
//! `docs/decisions/0045-linking.md`.

use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use time::OffsetDateTime;

use super::browser::Browser;
use super::error::{self, PageError, PageErrorKind};
use super::form::{BadForm, Form};
use super::pages::{self, LinkEnded};
use super::sign_in::named;
use crate::flows::linking::{self, Answer, Ended};
use crate::issuance::{self, LinkRefusal, LiveInvitation, Named};
use crate::model::{LedgerEvent, Login, User};
use crate::oauth::{ErrorCode, Jti, SessionId, Subject};

/// The key of the session, and how many invitations it keeps; the oldest go first.
const OPENED: &str = "links";
const MOST_OPENED: usize = 4;

/// An invitation whose code came to this browser.
#[derive(Clone, Serialize, Deserialize)]
struct Opened {
    id: Jti,
    /// In seconds since 1970.
    at: i64,
    /// The login that was there already: it is none for this.
    found: Option<SessionId>,
    /// Whom the page was shown last.
    shown: Option<Subject>,
}

/// The page is for who signed in after the code came; others do so first.
enum Stage {
    Ask { opened: Box<Opened>, invitation: Box<LiveInvitation>, user: Arc<User>, login: Arc<Login> },
    Elsewhere(Response),
}

pub(super) async fn show(browser: Browser) -> Result<Response, PageError> {
    if let Ok(Some(code)) = browser.query.optional("invitation") {
        return open(&browser, code).await;
    }
    match stage(&browser).await? {
        Stage::Elsewhere(response) => Ok(response),
        Stage::Ask { opened, invitation, user, .. } => {
            let mut all = all(&browser).await?;
            for it in all.iter_mut().filter(|it| it.id == opened.id) {
                it.shown = Some(user.id.clone());
            }
            browser.keep(OPENED, &all).await?;
            page(&browser, &invitation, &user).await
        }
    }
}

pub(super) async fn submit(
    browser: Browser,
    form: Result<Form, BadForm>,
) -> Result<Response, PageError> {
    let Form(form) = form.map_err(|bad| browser.refused(ErrorCode::InvalidRequest, &bad))?;
    browser.prove(&form).await?;
    let (opened, invitation, user, login) = match stage(&browser).await? {
        Stage::Elsewhere(response) => return Ok(response),
        Stage::Ask { opened, invitation, user, login } => (opened, invitation, user, login),
    };
    // Somebody else has signed in, and has not read it.
    if opened.shown.as_ref() != Some(&user.id) {
        return Ok(browser.lead("/link", &[("link", opened.id.as_str())]));
    }
    let typed = form.optional("email").ok().flatten().unwrap_or_default();
    let answer = match form.optional("decision").ok().flatten() {
        Some("allow") => Answer::Mine(typed),
        Some("refuse") => Answer::NotMine,
        _ => {
            let said = "decision must be allow or refuse";
            return Err(browser.error(PageErrorKind::OAuth(ErrorCode::InvalidRequest), said));
        }
    };
    let email = invitation.record().email.clone();
    let (server, mut attempt) = (&browser.here.server, browser.here.attempt(LedgerEvent::Link));
    let ended = linking::answer(server, *invitation, &login, answer, &mut attempt).await;
    let ended = ended.map_err(|refusal| refused(&browser, &refusal))?;
    let mut all = all(&browser).await?;
    all.retain(|it| it.id != opened.id);
    browser.keep(OPENED, &all).await?;
    match ended {
        Ended::Linked => server.shared.metrics.issued("link"),
        _ => server.shared.metrics.refused("link", ErrorCode::AccessDenied.as_str()),
    }
    Ok(error::html(&LinkEnded {
        page: browser.page(None),
        outcome: ended,
        email,
        links_href: browser.path("/links"),
    }))
}

/// Takes the code out of the address, so that the page is without it.
async fn open(browser: &Browser, code: &str) -> Result<Response, PageError> {
    let now = browser.here.server.shared.environment.clock.now();
    let invitation = live(browser, Named::Code(code)).await?;
    let id = invitation.record().id.clone();
    let found = browser.person().await?.map(|(_, login)| login.sid.clone());
    let mut all = all(browser).await?;
    all.retain(|it| it.id != id);
    all.push(Opened { id: id.clone(), at: now.unix_timestamp(), found, shown: None });
    let surplus = all.len().saturating_sub(MOST_OPENED);
    browser.keep(OPENED, &all.split_off(surplus)).await?;
    Ok(browser.lead("/link", &[("link", id.as_str())]))
}

async fn stage(browser: &Browser) -> Result<Stage, PageError> {
    let id = browser.query.optional("link").ok().flatten().unwrap_or_default();
    let opened = all(browser).await?.into_iter().find(|it| it.id.as_str() == id);
    let opened = opened.ok_or_else(|| browser.error(PageErrorKind::Expired, ""))?;
    let invitation = Box::new(live(browser, Named::Id(id)).await?);
    let began_at = OffsetDateTime::from_unix_timestamp(opened.at).ok();
    let anew = |login: &Login| began_at.is_some_and(|at| login.is_for(opened.found.as_ref(), at));
    Ok(match browser.person().await?.filter(|(_, login)| anew(login)) {
        Some((user, login)) => Stage::Ask { opened: Box::new(opened), invitation, user, login },
        None => Stage::Elsewhere(browser.lead("/sign-in", &[("link", id)])),
    })
}

async fn all(browser: &Browser) -> Result<Vec<Opened>, PageError> {
    Ok(browser.get(OPENED).await?.unwrap_or_default())
}

async fn live(browser: &Browser, named: Named<'_>) -> Result<LiveInvitation, PageError> {
    let server = &browser.here.server;
    let now = server.shared.environment.clock.now();
    let found = issuance::invitation(server, named, now).await;
    let found = found.map_err(|error| browser.failed(&error))?;
    found.ok_or_else(|| browser.error(PageErrorKind::Expired, ""))
}

async fn page(
    browser: &Browser,
    invitation: &LiveInvitation,
    user: &User,
) -> Result<Response, PageError> {
    let (whose, client) = (&invitation.record().whose, invitation.client());
    let service = browser.here.server.service();
    Ok(error::html(&pages::Link {
        page: browser.page(None),
        action: browser.action(),
        csrf: browser.csrf().await?,
        issuer: whose.issuer.to_string(),
        tenant: whose.tenant.clone(),
        issuer_host: whose.issuer.url().host_str().unwrap_or_default().to_owned(),
        client_name: named(client),
        user_name: user.shown_name().to_owned(),
        username: user.username.clone(),
        service_name: service.map(|it| it.name.clone()).unwrap_or_default(),
    }))
}

pub(super) fn refused(browser: &Browser, refusal: &LinkRefusal) -> PageError {
    match refusal {
        // Another form was faster.
        LinkRefusal::Over => browser.error(PageErrorKind::Expired, ""),
        LinkRefusal::TurnedAway(early) => browser.early(*early),
        refusal if refusal.code().is_ours() => browser.failed(refusal),
        refusal => browser.refused(refusal.code(), refusal),
    }
}
