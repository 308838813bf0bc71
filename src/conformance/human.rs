//! The report for people: a line for each check, and more where something is wrong.

use std::fmt::Write;

use super::check::{Checked, Examined, Level, Tally, Verdict};
use crate::terminal::{Ink, printable};

/// All that was checked at one target.
pub(super) fn examined(examined: &Examined, ink: Ink) -> String {
    let roles = examined.roles.iter().map(|it| match *it {
        "idp" => "issues ID-JAGs",
        _ => "takes ID-JAGs",
    });
    let roles = roles.collect::<Vec<_>>().join(", ");
    let issuer = ink.strong(printable(&examined.issuer));
    let mut text = format!("\n{issuer}  {}\n\n", ink.quiet(roles));
    let ids = examined.checks.iter().map(|it| it.rule.id.len()).max().unwrap_or_default();
    for it in &examined.checks {
        line(&mut text, it, ids, ink);
    }
    text.truncate(text.trim_end().len());
    text
}

/// The last word.
pub(super) fn tally(tally: Tally, ink: Ink) -> String {
    let Tally { passed, failed, skipped, failed_musts } = tally;
    let counts = format!("{passed} passed, {failed} failed, {skipped} skipped");
    match failed_musts {
        0 => format!("\n{}", ink.strong(format!("{counts}. No MUST is broken."))),
        1 => format!("\n{}", ink.accent(format!("{counts}. A MUST is broken."))),
        many => format!("\n{}", ink.accent(format!("{counts}. {many} MUSTs are broken."))),
    }
}

fn line(text: &mut String, checked: &Checked, ids: usize, ink: Ink) {
    let Checked { rule, verdict } = checked;
    let mark = match (verdict, rule.level) {
        (Verdict::Passed(_), _) => ink.strong("ok  "),
        (Verdict::Skipped(_), _) => ink.quiet("--  "),
        (Verdict::Failed(_), Level::Must) => ink.accent("bad "),
        (Verdict::Failed(_), Level::Should) => ink.strong("weak"),
    };
    let id = ink.quiet(format!("{:<ids$}", rule.id));
    let _ = writeln!(text, "  {mark} {id}  {}", rule.title);
    let told = printable(verdict.told());
    let more = match verdict {
        Verdict::Passed(_) => vec![],
        Verdict::Skipped(_) => vec![("skipped", told.as_str())],
        Verdict::Failed(_) => vec![
            (rule.level.as_str(), rule.section),
            ("expected", rule.expected),
            ("got", told.as_str()),
            ("advice", rule.advice),
        ],
    };
    let indent = " ".repeat(ids + 9);
    for (name, value) in more {
        let _ = writeln!(text, "{indent}{} {value}", ink.quiet(format!("{name:<8}")));
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::conformance::check::Rule;

    #[test]
    fn what_is_wrong_is_told_with_what_to_do() {
        let rule = Rule::must("a-1", "A §1", "it is so", "so", "make it so");
        let (issuer, roles) = ("https://a.example".to_owned(), vec!["idp"]);
        let mut it = Examined { issuer, roles, checks: vec![] };
        it.note(rule, Verdict::of(true, "so"));
        it.note(rule, Verdict::of(false, "other\u{1b}wise"));
        it.skip([rule], "nobody was there");
        let told = examined(&it, Ink::plain());
        assert_snapshot!(told.trim_start().replace('\u{fffd}', "?"), @r"
        https://a.example  issues ID-JAGs

          ok   a-1  it is so
          bad  a-1  it is so
                    MUST     A §1
                    expected so
                    got      other?wise
                    advice   make it so
          --   a-1  it is so
                    skipped  nobody was there
        ");
        let one = Tally { passed: 1, failed: 1, skipped: 1, failed_musts: 1 };
        assert!(tally(one, Ink::plain()).contains("1 passed, 1 failed, 1 skipped. A MUST is"));
    }
}
