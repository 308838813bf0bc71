//! `GET` and `POST /links`: what is linked to the person who is signed in.

use std::sync::Arc;

use axum::response::Response;

use super::browser::Browser;
use super::error::{self, PageError};
use super::form::{BadForm, Form};
use super::link::refused;
use super::pages::{LinkLine, Links};
use super::sign_in::named;
use crate::flows::linking::{self, LinkOfPerson};
use crate::issuance::LinkRefusal;
use crate::model::{LedgerEvent, Login, Service};
use crate::oauth::{ClientId, ErrorCode};

pub(super) async fn show(browser: Browser) -> Result<Response, PageError> {
    let Some((_, login)) = browser.person().await? else { return Ok(to_sign_in(&browser)) };
    let texts = browser.texts(None);
    let line = |link: LinkOfPerson<'_>| {
        let (name, linked) = (link.name(), link.account.linked);
        let day = linked.as_ref().map(|it| it.at.date());
        let account = linked.as_ref().map(|it| it.email.clone());
        LinkLine {
            name,
            account: account.unwrap_or_else(|| link.whose.subject.to_string()),
            issuer: link.whose.realm(),
            service: link.service.name.clone(),
            client: linked.map(|it| named_there(&browser, link.service, &it.client)),
            day: day.map(|it| texts.day(it.year(), it.month().into(), it.day())),
            active: link.account.active,
        }
    };
    Ok(error::html(&Links {
        page: browser.page(None),
        action: browser.action(),
        csrf: browser.csrf().await?,
        lines: of(&browser, &login).await?.into_iter().map(line).collect(),
    }))
}

pub(super) async fn submit(
    browser: Browser,
    form: Result<Form, BadForm>,
) -> Result<Response, PageError> {
    let Form(form) = form.map_err(|bad| browser.refused(ErrorCode::InvalidRequest, &bad))?;
    browser.prove(&form).await?;
    let mut attempt = browser.here.attempt(LedgerEvent::Unlink);
    let person = browser.person().await?;
    let Some((_, login)) = person.filter(|(_, login)| linking::is_recent(login, &attempt)) else {
        return Ok(to_sign_in(&browser));
    };
    let name = form.optional("link").ok().flatten().unwrap_or_default();
    let all = of(&browser, &login).await?;
    let link = all.into_iter().find(|it| it.account.active && it.name() == name);
    if let Some(link) = link {
        match linking::unlink(&browser.here.server, link, &login, &mut attempt).await {
            // Another press was faster: what the person wants is done.
            Ok(()) | Err(LinkRefusal::Over) => {}
            Err(refusal) => return Err(refused(&browser, &refusal)),
        }
    }
    Ok(browser.lead("/links", &[]))
}

/// What the service calls the client, as the page did on which the person allowed it.
fn named_there(browser: &Browser, service: &Service, client: &ClientId) -> String {
    let issuers = browser.here.live.last_known();
    let there = issuers.named(&service.issuer).and_then(|it| it.clients.find(client));
    there.map_or_else(|| client.to_string(), |it| named(&it.record))
}

async fn of<'a>(
    browser: &'a Browser,
    login: &Arc<Login>,
) -> Result<Vec<LinkOfPerson<'a>>, PageError> {
    let links = linking::links_of(&browser.here.server, login).await;
    links.map_err(|error| browser.failed(&error))
}

fn to_sign_in(browser: &Browser) -> Response {
    browser.lead("/sign-in", &[("then", "links")])
}
