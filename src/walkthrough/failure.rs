//! Why a walk ends before its goal.

use url::Url;

use super::breakage::Break;
use super::decoded::NotAJwt;
use super::report::Finding;
use crate::outbound::Unreachable;

/// A sentence for the one who typed the command.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Nobody answers there.
    #[error("{url} cannot be reached: {why}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// What is known about it, and what to do.
        why: String,
    },
    /// An address that is none.
    #[error("{0:?} is not an address that can be asked")]
    Address(String),
    /// An endpoint answered in a way that no spec foresees.
    #[error("{url} answered {status}, {expected} was expected")]
    Status {
        /// What was asked.
        url: String,
        /// What came.
        status: u16,
        /// What should have come.
        expected: &'static str,
    },
    /// A JSON document lacks something.
    #[error("{url} does not tell its {member}")]
    Member {
        /// What was asked.
        url: String,
        /// What is missing.
        member: &'static str,
    },
    /// OAuth's own refusal, of a token endpoint or in a redirect.
    #[error("{by} refused with {status} {code}: {description}")]
    Refused {
        /// Which endpoint.
        by: String,
        /// The status, 303 for a redirect.
        status: u16,
        /// `error`.
        code: String,
        /// `error_description`.
        description: String,
    },
    /// The sign-in page did not let the person in.
    #[error("{username} was not let in ({status}): {hint}")]
    SignIn {
        /// Who tried.
        username: String,
        /// 422 or 429.
        status: u16,
        /// What to do.
        hint: &'static str,
    },
    /// A page that a person would see, and that we cannot go on from.
    #[error("{url} shows a page that leads no further ({status}): {title}")]
    Page {
        /// Which page.
        url: String,
        /// Its status.
        status: u16,
        /// Its title.
        title: String,
    },
    /// A form that would take what is typed to somebody else.
    #[error("the form of {url} leads to another origin, {action}: nothing was sent")]
    Abroad {
        /// Which page.
        url: String,
        /// Where its form leads.
        action: Url,
    },
    /// Redirects without end.
    #[error("the browser was sent around {0} times without arriving")]
    Astray(usize),
    /// Something was checked and is not as it must be.
    #[error("{name} is not right: {value} ({meaning})")]
    Wrong {
        /// What was looked at.
        name: String,
        /// What stands there.
        value: String,
        /// What it should mean.
        meaning: String,
    },
    /// What should be a JWT is none.
    #[error("{0}: {1}")]
    NotAJwt(&'static str, NotAJwt),
    /// The server took what it should have refused.
    #[error("with a broken {broken} it was accepted: it should have been refused")]
    Accepted {
        /// What was broken.
        broken: Break,
    },
    /// The server refused, but for another reason.
    #[error("with a broken {broken} it was refused with {code}, but {expected} would be right")]
    RefusedOtherwise {
        /// What was broken.
        broken: Break,
        /// What came.
        code: String,
        /// What should have come.
        expected: String,
    },
}

impl Failure {
    /// Nobody answers at `url`.
    pub fn unreachable(url: &str, error: &Unreachable) -> Self {
        let mut why = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(deeper) = cause {
            why = format!("{why}: {deeper}");
            cause = deeper.source();
        }
        if why.to_ascii_lowercase().contains("refused") {
            "connection refused: is `tegata serve` (or `tegata demo`) running there?"
                .clone_into(&mut why);
        }
        Self::Unreachable { url: url.to_owned(), why }
    }

    /// A finding that is not right.
    pub fn wrong(finding: &Finding) -> Self {
        let Finding { name, value, meaning, .. } = finding.clone();
        Self::Wrong { name, value, meaning }
    }
}
