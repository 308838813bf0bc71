//! `GET /`: who is signed in here.

use axum::response::Response;

use super::browser::Browser;
use super::error::{self, PageError};
use super::pages::{Home, HomeUser};

pub(super) async fn home(browser: Browser) -> Result<Response, PageError> {
    let person = browser.person().await?;
    let user = person.map(|(user, _)| HomeUser {
        name: user.shown_name().to_owned(),
        username: user.username.clone(),
    });
    Ok(error::html(&Home {
        page: browser.page(None),
        user,
        sign_in_href: browser.path("/sign-in"),
        sign_out_href: browser.path("/oauth2/logout"),
    }))
}
