//! What is different about one entry, member by member.

use std::fmt::Display;

use crate::oauth::{Sector, SubjectType};

/// In words, like `scope "a" → "a b"`. Secrets never appear.
#[derive(Default)]
pub(super) struct Differences {
    words: Vec<String>,
    /// Whether they are from what is usual: there was nothing before.
    added: bool,
}

impl Differences {
    /// What is not usual about a new entry.
    pub(super) fn of_new() -> Self {
        Self { words: vec![], added: true }
    }

    pub(super) fn text(&mut self, member: &str, old: impl Display, new: impl Display) {
        let (old, new) = (old.to_string(), new.to_string());
        if old != new {
            self.differ(member, &old, &new);
        }
    }

    fn differ(&mut self, member: &str, old: &str, new: &str) {
        self.words.push(match self.added {
            true => format!("{member} {new:?}"),
            false => format!("{member} {old:?} → {new:?}"),
        });
    }

    pub(super) fn optional(&mut self, member: &str, old: Option<&str>, new: Option<&str>) {
        match (old, new) {
            (None, Some(new)) => self.words.push(format!("{member} {new:?}")),
            (Some(old), None) => self.words.push(format!("{member} {old:?} taken out")),
            _ => self.text(member, old.unwrap_or_default(), new.unwrap_or_default()),
        }
    }

    /// Two lists may differ that read the same: what is in them may have spaces.
    pub(super) fn list<T: Display + PartialEq>(&mut self, member: &str, old: &[T], new: &[T]) {
        if old != new {
            self.differ(member, &joined(old), &joined(new));
        }
    }

    /// What they know people by, with what that means to them.
    pub(super) fn sector(&mut self, old: Option<&Sector>, new: Option<&Sector>) {
        let types = (SubjectType::by(old), SubjectType::by(new));
        self.text("subject_type", types.0.as_str(), types.1.as_str());
        self.optional("sector", old.map(Sector::as_str), new.map(Sector::as_str));
        if old != new && !self.added {
            let lost = "everybody gets another sub there: what is kept by the old one is lost";
            self.words.push(lost.to_owned());
        }
    }

    /// For what must not be shown, or is too long to be.
    pub(super) fn unshown(&mut self, member: &str, changed: bool) {
        if changed {
            self.words.push(format!("{member} changed"));
        }
    }

    pub(super) fn active(&mut self, before: bool, after: bool) {
        match (before, after) {
            (false, true) => self.words.push("active again".to_owned()),
            (true, false) => self.words.push("switched off".to_owned()),
            _ => {}
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    pub(super) fn into_words(self) -> Vec<String> {
        self.words
    }
}

pub(super) fn joined<T: Display>(list: &[T]) -> String {
    let texts: Vec<_> = list.iter().map(ToString::to_string).collect();
    texts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_read_the_same_are_different() {
        let mut differences = Differences::default();
        differences.list("groups", &["a", "b"], &["a", "b"]);
        assert!(differences.is_empty());
        differences.list("groups", &["a b"], &["a", "b"]);
        assert_eq!(differences.into_words(), [r#"groups "a b" → "a b""#]);
    }
}
