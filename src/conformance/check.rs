//! What a check is, and what it comes to.

/// How much a rule binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// "MUST", or what a spec leaves no other way to do.
    Must,
    /// "SHOULD", "RECOMMENDED", or what stock clients rely on.
    Should,
}

/// What is checked, and where it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// Its section and a few words, for machines.
    pub id: &'static str,
    /// Where it is written.
    pub section: &'static str,
    /// What is looked at.
    pub title: &'static str,
    pub level: Level,
    /// What is right, in a few words.
    pub expected: &'static str,
    /// What to change if it is not so.
    pub advice: &'static str,
}

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is right, and this is what was seen.
    Passed(String),
    /// It is wrong, and this is what was seen.
    Failed(String),
    /// Nothing was looked at, and this is why.
    Skipped(String),
}

/// A rule, and how a target keeps it.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    pub rule: Rule,
    pub verdict: Verdict,
}

/// All that was checked at one target.
#[derive(Clone, Debug)]
pub(super) struct Examined {
    pub issuer: String,
    /// Which sides of an ID-JAG it is: the one that issues it, the one that takes it.
    pub roles: Vec<&'static str>,
    /// In the order of the spec.
    pub checks: Vec<Checked>,
}

/// How many checks came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
    /// Those that failed and bind: only they count for the exit status.
    pub failed_musts: usize,
}

impl Level {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
        }
    }
}

impl Rule {
    /// A rule that binds.
    pub(super) const fn must(
        id: &'static str,
        section: &'static str,
        title: &'static str,
        expected: &'static str,
        advice: &'static str,
    ) -> Self {
        Self { id, section, title, level: Level::Must, expected, advice }
    }

    /// A rule that has exceptions.
    pub(super) const fn should(
        id: &'static str,
        section: &'static str,
        title: &'static str,
        expected: &'static str,
        advice: &'static str,
    ) -> Self {
        Self { level: Level::Should, ..Self::must(id, section, title, expected, advice) }
    }
}

impl Verdict {
    /// What was seen, and whether it is right.
    pub(super) fn of(right: bool, got: impl Into<String>) -> Self {
        if right { Self::Passed(got.into()) } else { Self::Failed(got.into()) }
    }

    pub(super) fn skipped(why: impl Into<String>) -> Self {
        Self::Skipped(why.into())
    }

    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Passed(_) => "passed",
            Self::Failed(_) => "failed",
            Self::Skipped(_) => "skipped",
        }
    }

    /// What was seen, or why nothing was.
    pub(super) fn told(&self) -> &str {
        match self {
            Self::Passed(told) | Self::Failed(told) | Self::Skipped(told) => told,
        }
    }
}

impl Examined {
    pub(super) fn note(&mut self, rule: Rule, verdict: Verdict) {
        self.checks.push(Checked { rule, verdict });
    }

    /// None of these can be checked.
    pub(super) fn skip(&mut self, rules: impl IntoIterator<Item = Rule>, why: &str) {
        for rule in rules {
            self.note(rule, Verdict::skipped(why));
        }
    }
}

impl Tally {
    pub(super) fn of(all: &[Examined]) -> Self {
        let mut tally = Self::default();
        for checked in all.iter().flat_map(|it| &it.checks) {
            match checked.verdict {
                Verdict::Passed(_) => tally.passed += 1,
                Verdict::Skipped(_) => tally.skipped += 1,
                Verdict::Failed(_) => {
                    tally.failed += 1;
                    tally.failed_musts += usize::from(checked.rule.level == Level::Must);
                }
            }
        }
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_binds_counts_for_the_exit_status() {
        let must = Rule::must("a", "§1", "a", "yes", "say yes");
        let should = Rule::should("b", "§2", "b", "yes", "say yes");
        let mut examined = Examined { issuer: "i".into(), roles: vec![], checks: vec![] };
        examined.note(should, Verdict::of(false, "no"));
        examined.note(must, Verdict::of(true, "yes"));
        examined.skip([must, should], "nobody was there");
        let tally = Tally::of(std::slice::from_ref(&examined));
        assert_eq!(tally, Tally { passed: 1, failed: 1, skipped: 2, failed_musts: 0 });
        examined.note(must, Verdict::of(false, "no"));
        assert_eq!(Tally::of(&[examined]).failed_musts, 1);
    }
}
