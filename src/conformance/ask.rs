//! Requests that are judged by their answer, whatever it is; and what there is to see in one.

use std::time::Duration;

use serde_json::Value;

use super::check::Verdict;
use crate::outbound::Http;
use crate::walkthrough::explain;
use crate::walkthrough::report::Step;
use crate::walkthrough::wire::{Answer, Request};

/// Sends requests to strangers.
pub(super) struct Asker {
    http: Http,
}

/// How often a server that asks for patience gets it.
const WAITS: usize = 3;

/// Longer than this nobody waits for one answer, in seconds.
const LONGEST_WAIT: u64 = 60;

/// As much of a description is shown, in letters.
const SHOWN: usize = 160;

impl Asker {
    pub(super) const fn new(http: Http) -> Self {
        Self { http }
    }

    pub(super) const fn http(&self) -> &Http {
        &self.http
    }

    /// The answer, of any status, or why there is none. Many refusals in a row look like an attack
    /// (429): then we wait for as long as we are told to.
    pub(super) async fn send(&self, request: Request) -> Result<Answer, String> {
        let mut waits = 0;
        loop {
            let mut step = Step::untold();
            let answer = request.clone().send(&self.http, &[], &mut step).await;
            let answer = answer.map_err(|failure| failure.to_string())?;
            match wait(&answer).filter(|_| waits < WAITS) {
                Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
                None => return Ok(answer),
            }
            waits += 1;
        }
    }
}

/// RFC 6585 §4, RFC 9110 §10.2.3.
fn wait(answer: &Answer) -> Option<u64> {
    let seconds = answer.reply.header("retry-after")?.trim().parse().ok()?;
    (answer.reply.status == 429 && seconds <= LONGEST_WAIT).then_some(seconds)
}

/// What an answer was, without any token that is in it.
pub(super) fn said(answer: &Answer) -> String {
    let status = answer.reply.status;
    let description = answer.text("error_description").unwrap_or_default();
    let description: String = description.chars().take(SHOWN).collect();
    match (answer.members.get("error"), description.as_str()) {
        (Some(code), "") => format!("{status} {}", explain::plain(code)),
        (Some(code), _) => format!("{status} {}: {description}", explain::plain(code)),
        (None, _) if answer.members.contains_key("access_token") => {
            format!("{status} with an access_token")
        }
        (None, _) if answer.members.is_empty() => format!("{status} without JSON"),
        (None, _) => format!("{status} with JSON, without error and without access_token"),
    }
}

/// Whether a request was refused with one of these codes. The exact status is a check of its own.
pub(super) fn refused(answer: &Answer, codes: &[&str]) -> Verdict {
    let code = answer.text("error").unwrap_or_default();
    let is_refusal = (400..500).contains(&answer.reply.status);
    Verdict::of(is_refusal && codes.contains(&code), said(answer))
}

/// RFC 6749 §5.1 and §5.2: the media type of whatever a token endpoint says.
pub(super) fn is_json(answer: &Answer) -> bool {
    let media_type = media_type(answer);
    media_type.eq_ignore_ascii_case("application/json")
}

/// Without its parameters.
pub(super) fn media_type(answer: &Answer) -> &str {
    let value = answer.reply.header("content-type").unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

/// RFC 9111 §5.2.2.5.
pub(super) fn is_not_kept(answer: &Answer) -> bool {
    let mut values = answer.reply.headers_named("cache-control");
    values.any(|it| it.split(',').any(|one| one.trim().eq_ignore_ascii_case("no-store")))
}

/// `Cache-Control` as it came.
pub(super) fn kept(answer: &Answer) -> String {
    answer.reply.header("cache-control").unwrap_or("no Cache-Control").to_owned()
}

/// A member or a claim, or that there is none.
pub(super) fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "missing".to_owned(), explain::plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::outbound::Reply;

    fn answer(status: u16, headers: &[(&str, &str)], body: &Value) -> Answer {
        let headers = headers.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned()));
        let reply = Reply { status, headers: headers.collect(), body: vec![] };
        let members = body.as_object().cloned().unwrap_or_default();
        Answer { url: String::new(), reply, members }
    }

    #[test]
    fn what_is_seen_in_an_answer() {
        let refusal = answer(400, &[], &json!({ "error": "invalid_grant" }));
        assert_eq!(said(&refusal), "400 invalid_grant");
        assert_eq!(refused(&refusal, &["invalid_grant"]).name(), "passed");
        assert_eq!(refused(&refusal, &["invalid_target"]).name(), "failed");
        let fault = answer(500, &[], &json!({ "error": "invalid_grant" }));
        assert_eq!(refused(&fault, &["invalid_grant"]).name(), "failed");
        let headers =
            [("cache-control", "Private, No-Store"), ("content-type", "application/json; q=1")];
        let kept = answer(200, &headers, &json!({ "access_token": "secret" }));
        assert!(is_not_kept(&kept) && is_json(&kept));
        assert_eq!(said(&kept), "200 with an access_token");
    }

    #[test]
    fn nobody_waits_without_being_told_to() {
        assert_eq!(wait(&answer(429, &[("retry-after", "2")], &json!({}))), Some(2));
        assert_eq!(wait(&answer(429, &[("retry-after", "3600")], &json!({}))), None);
        assert_eq!(wait(&answer(503, &[("retry-after", "2")], &json!({}))), None);
    }
}
