//! What people see: the pages as askama templates, their texts, and the stylesheet.
//!
//! Nothing here knows HTTP. A page is a struct of plain words; `askama::Template::render` makes it
//! HTML. The pages need no script, and live with this policy: `default-src 'none';
//! style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'`.

mod assets;
mod consent;
mod decision;
mod error_page;
mod home;
mod language;
mod link;
mod page;
mod sign_in;
mod sign_out;
mod texts;

#[cfg(test)]
mod tests;

pub(super) use assets::{asset, icon, stylesheet};
pub(super) use consent::{Approval, Consent, ScopeLine, ServiceLine, Stranger};
pub(super) use decision::Decision;
pub(super) use error_page::ErrorPage;
pub(super) use home::{Home, HomeUser};
pub(super) use language::{Language, by_weight};
pub(super) use link::{Link, LinkEnded, LinkLine, Links};
pub(super) use page::Page;
pub(super) use sign_in::{SignIn, SignInFailure};
pub(super) use sign_out::{SignOut, SignedOut};
pub(super) use texts::Texts;
