//! The page that `error_uri` of a refusal leads to (RFC 6749 §5.2).

use super::Page;
use crate::flows::explanation::Told;
use askama::Template;

/// What came of one request; or, for whom it does not concern, how it can be learned.
#[derive(Template)]
#[template(path = "decision.html")]
pub(crate) struct Decision {
    /// Words and links.
    pub page: Page,
    /// Its name, where something is told of it: a stranger hears the same of all.
    pub name: Option<String>,
    /// What the ledger has of it, in English as refusals are.
    pub rows: Vec<Told>,
    /// The way in, for administrators.
    pub sign_in_href: String,
}
