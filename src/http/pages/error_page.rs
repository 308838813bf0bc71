//! The page for what went wrong.

use super::Page;
use askama::Template;

/// An error that cannot, or must not, be sent to the client.
#[derive(Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage {
    /// Words and links.
    pub page: Page,
    /// The OAuth error code, or one of ours: `csrf`, `expired`, `not_found`, `slow_down`.
    pub code: String,
    /// The sentence of the refusal, in English as in `error_description`; may be empty.
    pub reason: String,
    /// As in `x-request-id`, for those who look into the log.
    pub request_id: String,
}
