//! The pages where a person links an account of another issuer, sees what is linked, and takes it
//! back.

use super::Page;
use crate::flows::linking::Ended;
use askama::Template;

/// Who vouches, who came with that, whose account it would be, what it would mean. Which account of
/// the issuer it is about the person has to know: `docs/decisions/0045-linking.md`.
#[derive(Template)]
#[template(path = "link.html")]
pub(crate) struct Link {
    /// Words and links.
    pub page: Page,
    /// Path and query that the form is posted to.
    pub action: String,
    /// Proves that the form is ours.
    pub csrf: String,
    /// Who vouches, as its tokens name it.
    pub issuer: String,
    /// Its tenant, if it has some.
    pub tenant: Option<String>,
    /// The host of the issuer, for sentences.
    pub issuer_host: String,
    /// Who came with its word.
    pub client_name: String,
    /// Who is signed in.
    pub user_name: String,
    /// What they sign in with.
    pub username: String,
    /// Where the account is.
    pub service_name: String,
}

/// It is answered.
#[derive(Template)]
#[template(path = "link_ended.html")]
pub(crate) struct LinkEnded {
    /// Words and links.
    pub page: Page,
    /// How.
    pub outcome: Ended,
    /// The address that is linked, if one is.
    pub email: String,
    /// To what is linked to the person.
    pub links_href: String,
}

/// What is linked to a person.
#[derive(Template)]
#[template(path = "links.html")]
pub(crate) struct Links {
    /// Words and links.
    pub page: Page,
    /// Path and query that the forms are posted to.
    pub action: String,
    /// Proves that the forms are ours.
    pub csrf: String,
    /// One each.
    pub lines: Vec<LinkLine>,
}

/// One account elsewhere.
pub(crate) struct LinkLine {
    /// What the form names it by.
    pub name: String,
    /// What it is called there: an address, or the subject.
    pub account: String,
    /// Who vouches for it.
    pub issuer: String,
    /// Where it is linked.
    pub service: String,
    /// Who had come with the issuer's word; none where an administrator linked it.
    pub client: Option<String>,
    /// The day, in words.
    pub day: Option<String>,
    /// Whether an administrator has switched it off.
    pub active: bool,
}
