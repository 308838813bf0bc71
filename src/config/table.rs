//! Every key of the configuration, declared once.
//!
//! Reading, checking, the guess at what a misspelt key was meant to be, and
//! `docs/configuration.md` are all made from this table.

use super::keys;

/// One key.
pub(super) struct Key {
    /// Its tables and its name, joined by dots.
    pub path: &'static str,
    /// What it is for, in sentences.
    pub what: &'static str,
    pub form: Form,
    pub default: Default,
    /// A value as it would stand in the file.
    pub example: &'static str,
}

/// What a value looks like, and in which unit it counts.
pub(super) enum Form {
    /// A text; what kind of text is said in these words.
    Text(&'static str),
    OneOf(&'static [&'static str]),
    Flag,
    Number {
        least: u64,
        most: u64,
    },
    Seconds {
        least: u64,
        most: u64,
    },
    /// A text that may stand in the environment only, for files are copied and shown around.
    Secret(&'static str),
}

/// What holds where nobody set the key.
pub(super) enum Default {
    /// This text, as it would stand in the environment.
    Is(&'static str),
    /// What these words describe.
    Found(&'static str),
}

impl Key {
    /// The declaration of `path`.
    pub(super) fn named(path: &str) -> Option<&'static Self> {
        keys::all().find(|key| key.path == path)
    }

    /// The environment variable that sets it.
    pub(super) fn variable(&self) -> String {
        variable(self.path)
    }
}

impl Form {
    /// The form in words, to be read after "must be".
    pub(super) fn words(&self) -> String {
        match self {
            Self::Text(words) | Self::Secret(words) => (*words).to_owned(),
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
            Self::Flag => "true or false".to_owned(),
            Self::Number { least, most } => format!("a whole number from {least} to {most}"),
            Self::Seconds { least, most } => {
                format!("a whole number of seconds from {least} to {most}")
            }
        }
    }
}

/// The environment variable of a path.
pub(super) fn variable(path: &str) -> String {
    format!("TEGATA_{}", path.to_uppercase().replace('.', "__"))
}

/// The key that somebody who wrote `path` may have meant.
pub(super) fn meant_by(path: &str) -> Option<&'static Key> {
    let name = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    keys::all()
        .map(|key| (distance(key.path, path), key))
        .filter(|(distance, key)| *distance <= 1 + key.path.len() / 8)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, key)| key)
        .or_else(|| keys::all().find(|key| name(key.path) == name(path)))
}

/// How many letters have to be put in, left out or replaced to turn one text into the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for column in 0..other.len() {
            let replaced = diagonal + usize::from(letter != other[column]);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}
