//! The page where a person signs in.

use super::Page;
use askama::Template;

/// User name and password.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub(crate) struct SignIn {
    /// Words and links.
    pub page: Page,
    /// Path and query that the form is posted to.
    pub action: String,
    /// Proves that the form is ours.
    pub csrf: String,
    /// From `login_hint`, or what was typed the last time.
    pub username: String,
    /// Where the person goes on to, if anywhere.
    pub client_name: Option<String>,
    /// Why the last try did not work.
    pub failure: Option<SignInFailure>,
}

impl SignIn {
    fn is_wrong(&self) -> bool {
        self.failure == Some(SignInFailure::Wrong)
    }
}

/// Why a sign-in did not work. Which of the two words was wrong is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignInFailure {
    /// The user name, the password, or both.
    Wrong,
    /// Too many tries.
    SlowDown {
        /// How long to wait.
        seconds: u64,
    },
    /// Too many people at a time.
    Busy {
        /// How long to wait.
        seconds: u64,
    },
}
