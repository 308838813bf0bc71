//! What is wrong with a configuration, told so that it can be put right.

use std::fmt;
use std::path::PathBuf;

/// All that is wrong, at once. A line each.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(pub Vec<Mistake>);

/// One thing that is wrong. It never repeats a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The path of the key; empty where the file as a whole is meant.
    pub key: String,
    pub origin: Origin,
    /// What is wrong: a sentence about the value.
    pub wrong: String,
    /// What to do about it.
    pub fix: String,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    File(PathBuf),
    /// The environment variable of this name.
    Variable(String),
    /// Nobody set it.
    Default,
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [_] => f.write_str("the configuration has a mistake")?,
            all => write!(f, "the configuration has {} mistakes", all.len())?,
        }
        self.0.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, origin, wrong, fix } = self;
        match (key.is_empty(), origin) {
            (true, origin) => write!(f, "{origin}: {wrong}; {fix}"),
            (false, origin) => write!(f, "{key} ({origin}): {wrong}; {fix}"),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Default => f.write_str("not set"),
        }
    }
}
