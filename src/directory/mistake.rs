//! What is wrong with a directory file, told so that it can be put right.

use std::fmt;

/// One thing that is wrong. It never repeats a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Which entry and which of its members, like `client[2] "wiki-agent" scope`.
    pub path: String,
    /// What is wrong: a sentence about the value.
    pub wrong: String,
    /// What to do about it.
    pub fix: String,
}

/// All that is wrong, at once. A line each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, wrong, fix } = self;
        match path.is_empty() {
            true => write!(f, "{wrong}; {fix}"),
            false => write!(f, "{path}: {wrong}; {fix}"),
        }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [_] => f.write_str("a mistake")?,
            all => write!(f, "{} mistakes", all.len())?,
        }
        self.0.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

/// What was found wrong so far.
#[derive(Default)]
pub(super) struct Notes(Vec<Mistake>);

impl Notes {
    pub(super) fn note(
        &mut self,
        path: impl Into<String>,
        wrong: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.0.push(Mistake { path: path.into(), wrong: wrong.into(), fix: fix.into() });
    }

    /// What was parsed; or notes why it could not be.
    pub(super) fn parsed<T, E: fmt::Display>(
        &mut self,
        path: impl Into<String>,
        parsed: Result<T, E>,
        fix: &str,
    ) -> Option<T> {
        parsed.map_err(|wrong| self.note(path, wrong.to_string(), fix)).ok()
    }

    pub(super) fn finish<T>(self, made: T) -> Result<T, Mistakes> {
        match self.0.is_empty() {
            true => Ok(made),
            false => Err(Mistakes(self.0)),
        }
    }
}
