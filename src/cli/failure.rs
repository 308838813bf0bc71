//! Why a command stopped: a sentence, with the fix where there is one.

use std::error::Error;
use std::fmt;

use crate::telemetry::with_causes;

#[derive(Debug)]
pub(super) struct Failure(String);

impl Failure {
    pub(super) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }

    /// What failed, and the error with all its causes.
    pub(super) fn of(what: &str, error: &dyn Error) -> Self {
        Self(format!("{what}: {}", with_causes(error)))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(with_causes(&error))
    }
}
