//! The report for machines: one JSON object.

use serde_json::{Value, json};

use super::check::{Checked, Examined, Tally};

/// All targets, and how many checks came to what. `failed` counts both levels; the exit status goes
/// by `failed_musts`.
pub(super) fn report(all: &[Examined], tally: Tally) -> Value {
    let targets = all.iter().map(|it| {
        json!({
            "issuer": it.issuer,
            "roles": it.roles,
            "checks": it.checks.iter().map(check).collect::<Vec<_>>(),
        })
    });
    json!({
        "targets": targets.collect::<Vec<_>>(),
        "passed": tally.passed,
        "failed": tally.failed,
        "failed_musts": tally.failed_musts,
        "skipped": tally.skipped,
    })
}

fn check(checked: &Checked) -> Value {
    let Checked { rule, verdict } = checked;
    json!({
        "id": rule.id,
        "section": rule.section,
        "title": rule.title,
        "level": rule.level.as_str(),
        "outcome": verdict.name(),
        "expected": rule.expected,
        "got": verdict.told(),
        "advice": rule.advice,
    })
}
