//! What whoever takes ID-JAGs has to refuse, or to narrow, though the ID-JAG is right; and what it
//! has to refuse without one (ID-JAG §4.4, §4.4.1).

use super::ask::{refused, said};
use super::broken::{Broken, Judge, Spoil, challenged};
use super::check::{Rule, Verdict};
use super::endpoint::Who;
use super::forge::{self, FOREIGN_SCOPE};
use super::manners;
use crate::walkthrough::wire::Answer;

pub(super) const MANNERS: [Rule; 4] = manners::rules(
    ["rfc6749-5.2-no-5xx", "rfc6749-5.2-json", "rfc6749-5.2-status", "rfc6749-5.2-no-store"],
    "RFC 6749 §5.2, RFC 7523 §3.1",
);

/// Each of these presents an ID-JAG that nobody has presented before.
pub(super) const WITH_ID_JAG: &[Broken] = &[
    Broken::by(
        Who::Other,
        Rule::must(
            "id-jag-4.4.1-other-client",
            "ID-JAG §4.4.1",
            "another client gets nothing for it",
            "invalid_grant",
            "compare the client_id claim with the client that authenticated",
        ),
        Judge::By(other_client),
    ),
    Broken {
        rule: Rule::must(
            "id-jag-4.4.1-scope-wider",
            "ID-JAG §4.4.1, RFC 7521 §4.1",
            "a scope beyond the ID-JAG's is not granted",
            "a token without it that says so, or invalid_scope",
            "intersect the scope of the request with that of the ID-JAG, and tell the result",
        ),
        who: Who::Itself,
        spoil: Spoil::With("scope", FOREIGN_SCOPE),
        judge: Judge::By(foreign_scope),
    },
    Broken::new(
        Rule::must(
            "rfc8707-2-other-resource",
            "ID-JAG §4.4.1, RFC 8707 §2",
            "a resource that the ID-JAG does not name is refused",
            "invalid_target, or invalid_grant",
            "compare the resource of the request with the claim, in place of passing it over",
        ),
        Spoil::With("resource", "https://nowhere.invalid/api"),
        &["invalid_target", "invalid_grant", "invalid_request"],
    ),
];

/// These need no ID-JAG.
pub(super) const BARE: &[Broken] = &[
    Broken::new(
        Rule::must(
            "rfc7521-4.1-assertion-missing",
            "RFC 7521 §4.1",
            "assertion is required",
            "invalid_request",
            "say that the parameter is missing, so that whoever wrote the client finds it",
        ),
        Spoil::Without("assertion"),
        &["invalid_request"],
    ),
    Broken::new(
        Rule::must(
            "rfc7523-3.1-no-jwt",
            "RFC 7523 §3.1",
            "what is no JWT is refused",
            "invalid_grant",
            "whatever cannot be read as a signed JWT is an invalid grant",
        ),
        Spoil::With("assertion", "this.is-no.jwt"),
        &["invalid_grant", "invalid_request"],
    ),
    Broken::new(
        Rule::must(
            "rfc7523-3-untrusted-issuer",
            "RFC 7523 §3 (1), ID-JAG §4.1",
            "an issuer of which nobody has heard is refused",
            "invalid_grant",
            "look iss up among the trusted issuers before anything is fetched or believed",
        ),
        Spoil::Put("assertion", forge::stranger),
        &["invalid_grant"],
    ),
    Broken {
        rule: Rule::should(
            "rfc9110-15.5.14-huge",
            "RFC 9110 §15.5.14",
            "an assertion of 70 KB is refused",
            "a status of 400 to 499",
            "limit the size of forms: an ID-JAG has a few KB",
        ),
        who: Who::Itself,
        spoil: Spoil::Huge("assertion"),
        judge: Judge::By(turned_away),
    },
    Broken::by(
        Who::ImpostorByBasic,
        Rule::must(
            "id-jag-4.4-wrong-secret-basic",
            "ID-JAG §4.4, RFC 6749 §5.2",
            "a wrong secret by Basic",
            "401 invalid_client with WWW-Authenticate: Basic",
            "authenticate the client before the assertion is looked at",
        ),
        Judge::By(challenged),
    ),
    Broken::by(
        Who::ImpostorByPost,
        Rule::must(
            "id-jag-4.4-wrong-secret-post",
            "ID-JAG §4.4, RFC 6749 §5.2",
            "a wrong secret in the body",
            "invalid_client",
            "authenticate the client before the assertion is looked at",
        ),
        Judge::Refused(&["invalid_client"]),
    ),
    Broken::by_unknown_grant("id-jag-4.4-grant-type-unknown"),
];

/// Where the other client may not redeem anything, nothing is shown.
fn other_client(answer: &Answer) -> Verdict {
    match answer.text("error") {
        Some("invalid_client" | "unauthorized_client") => Verdict::Skipped(format!(
            "the other client may not redeem ID-JAGs at all: {}",
            said(answer)
        )),
        _ => refused(answer, &["invalid_grant"]),
    }
}

/// RFC 6749 §5.1: without a scope in the answer, the client has what it asked for.
fn foreign_scope(answer: &Answer) -> Verdict {
    if answer.reply.status != 200 {
        // Some take no scope with an ID-JAG at all.
        return refused(answer, &["invalid_scope", "invalid_grant", "invalid_request"]);
    }
    match answer.text("scope") {
        Some(told) if told.split(' ').any(|it| it == FOREIGN_SCOPE) => {
            Verdict::Failed("granted".to_owned())
        }
        Some(told) => Verdict::Passed(format!("200 with the scope {told:?}")),
        None => Verdict::Failed("200 without scope, so as if it were granted".to_owned()),
    }
}

fn turned_away(answer: &Answer) -> Verdict {
    Verdict::of((400..500).contains(&answer.reply.status), said(answer))
}
