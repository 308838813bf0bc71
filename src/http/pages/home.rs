//! The page at `/`: who is signed in.

use super::Page;
use askama::Template;

/// Who is signed in, and the way in or out.
#[derive(Template)]
#[template(path = "home.html")]
pub(crate) struct Home {
    /// Words and links.
    pub page: Page,
    /// Who is signed in.
    pub user: Option<HomeUser>,
    /// To what is linked to them, if anything is.
    pub links_href: Option<String>,
    /// The way in.
    pub sign_in_href: String,
    /// The way out.
    pub sign_out_href: String,
}

/// The person on the home page.
pub(crate) struct HomeUser {
    /// What others call them.
    pub name: String,
    /// What they sign in with.
    pub username: String,
}
