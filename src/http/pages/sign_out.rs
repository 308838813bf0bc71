//! The pages where a session ends: OIDC RP-Initiated Logout §2 and §3.

use super::Page;
use askama::Template;

/// Asks, because the OP "SHOULD ask the End-User whether to log out of the OP as well" (§2).
#[derive(Template)]
#[template(path = "sign_out.html")]
pub(crate) struct SignOut {
    /// Words and links.
    pub page: Page,
    /// Path and query that the form is posted to.
    pub action: String,
    /// Proves that the form is ours.
    pub csrf: String,
    /// Who is signed in.
    pub user_name: String,
    /// The client that sent the person here, if it was one.
    pub client_name: Option<String>,
}

/// It is done.
#[derive(Template)]
#[template(path = "signed_out.html")]
pub(crate) struct SignedOut {
    /// Words and links.
    pub page: Page,
    /// Where to go on, if anywhere. Only a checked URL: it becomes a link.
    pub back: Option<String>,
}
