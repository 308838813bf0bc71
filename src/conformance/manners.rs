//! What all refusals of a token endpoint have in common (RFC 6749 §5.2).

use super::ask::{is_json, is_not_kept, said};
use super::check::{Examined, Rule, Verdict};
use crate::walkthrough::wire::Answer;

/// The refusals of one endpoint, as far as they are not as they should be.
#[derive(Default)]
pub(super) struct Manners {
    seen: usize,
    faults: Vec<String>,
    no_json: Vec<String>,
    other_status: Vec<String>,
    kept: Vec<String>,
}

impl Manners {
    /// Looks at the answer to the check that is called `id`.
    pub(super) fn see(&mut self, id: &str, answer: &Answer) {
        let status = answer.reply.status;
        // What was granted is judged where it was asked for; what is too large (413) may be turned
        // away by whoever stands in front.
        if status < 400 || status == 413 {
            return;
        }
        self.seen += 1;
        let line = || format!("{id}: {}", said(answer));
        let code = answer.text("error");
        if status >= 500 {
            self.faults.push(line());
        }
        if code.is_none() || !is_json(answer) {
            self.no_json.push(line());
        }
        // Faults are told of already.
        let right =
            matches!((status, code), (400 | 429 | 500.., _) | (401, Some("invalid_client")));
        if !right {
            self.other_status.push(line());
        }
        if !is_not_kept(answer) {
            self.kept.push(line());
        }
    }

    /// What it all comes to; `rules` are those of [`rules`].
    pub(super) fn conclude(self, rules: &[Rule; 4], examined: &mut Examined) {
        let Self { seen, faults, no_json, other_status, kept } = self;
        for (rule, wrong) in rules.iter().zip([faults, no_json, other_status, kept]) {
            let verdict = match (seen, wrong.as_slice()) {
                (0, _) => Verdict::skipped("nothing was refused"),
                (_, []) => Verdict::Passed(format!("{seen} refusals")),
                (_, [only]) => Verdict::Failed(only.clone()),
                (_, [first, rest @ ..]) => {
                    Verdict::Failed(format!("{first} (and {} others)", rest.len()))
                }
            };
            examined.note(*rule, verdict);
        }
    }
}

/// The four rules, by the names that they have at one endpoint.
pub(super) const fn rules(ids: [&'static str; 4], section: &'static str) -> [Rule; 4] {
    let [no_fault, json, status, no_store] = ids;
    [
        Rule::must(
            no_fault,
            section,
            "what a client sends is no fault of the server",
            "no answer with a status of 500 or above",
            "check what comes in before it is used: a broken request is 400, not 500",
        ),
        Rule::must(
            json,
            section,
            "refusals are JSON with an error",
            "application/json with the member \"error\"",
            "answer each refusal by RFC 6749 §5.2, those of filters in front as well",
        ),
        Rule::must(
            status,
            section,
            "refusals are 400, and 401 for invalid_client alone",
            "400; 401 only with invalid_client; 429 for who asks too often",
            "take the status from the code: clients tell by it whether to retry",
        ),
        Rule::should(
            no_store,
            section,
            "refusals are not kept by caches",
            "Cache-Control: no-store",
            "send no-store with all answers of the token endpoint",
        ),
    ]
}
