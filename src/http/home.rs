//! `GET /`: who is signed in here.

use axum::response::Response;

use super::browser::Browser;
use super::error::{self, PageError};
use super::pages::{Home, HomeUser};
use crate::flows::linking;

pub(super) async fn home(browser: Browser) -> Result<Response, PageError> {
    let person = browser.person().await?;
    let links = match &person {
        Some((_, login)) => linking::links_of(&browser.here.server, login).await,
        None => Ok(vec![]),
    };
    let links = links.map_err(|error| browser.failed(&error))?;
    let user = person.map(|(user, _)| HomeUser {
        name: user.shown_name().to_owned(),
        username: user.username.clone(),
    });
    Ok(error::html(&Home {
        page: browser.page(None),
        user,
        links_href: (!links.is_empty()).then(|| browser.path("/links")),
        sign_in_href: browser.path("/sign-in"),
        sign_out_href: browser.path("/oauth2/logout"),
    }))
}
