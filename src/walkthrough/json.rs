//! The report for machines: one JSON object.

use serde_json::{Map, Value, json};

use super::breakage::Break;
use super::chain::Refused;
use super::failure::Failure;
use super::report::{Part, Report, Step, Verdict};

/// The whole walk. `ok` says whether the command succeeded: with `--break`, whether the broken
/// thing was refused with the right code.
pub(super) fn report(
    report: &Report,
    broken: Option<Break>,
    end: &Result<Option<Refused>, Failure>,
) -> Value {
    let refused = end.as_ref().ok().and_then(Option::as_ref).map(
        |it| json!({ "status": it.status, "error": it.code, "error_description": it.description }),
    );
    json!({
        "ok": end.is_ok(),
        "break": broken.map(|it| it.to_string()),
        "refused": refused,
        "failure": end.as_ref().err().map(ToString::to_string),
        "steps": report.steps().iter().map(step).collect::<Vec<_>>(),
    })
}

fn step(step: &Step) -> Value {
    json!({
        "title": step.title,
        "purpose": step.purpose,
        "ok": step.failure.is_none(),
        "failure": step.failure,
        "parts": step.parts.iter().map(part).collect::<Vec<_>>(),
    })
}

fn part(part: &Part) -> Value {
    match part {
        Part::Exchange(it) => json!({
            "method": it.method,
            "url": it.url,
            "sent": object(&it.sent),
            "status": it.status,
            "received": object(&it.received),
        }),
        Part::Findings { of, findings } => {
            let findings = findings.iter().map(|it| {
                let verdict = match it.verdict {
                    Verdict::Right => "right",
                    Verdict::Wrong => "wrong",
                    Verdict::Told => "told",
                };
                json!({
                    "name": it.name,
                    "value": it.value,
                    "meaning": it.meaning,
                    "verdict": verdict,
                })
            });
            json!({ "of": of, "findings": findings.collect::<Vec<_>>() })
        }
    }
}

fn object(pairs: &[(String, String)]) -> Value {
    let pairs = pairs.iter().map(|(name, value)| (name.clone(), json!(value)));
    Value::Object(pairs.collect::<Map<_, _>>())
}
