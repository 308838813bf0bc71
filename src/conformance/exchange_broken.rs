//! What whoever issues ID-JAGs has to refuse (ID-JAG §4.3, §4.3.3).

use serde_json::Value;

use super::ask::{refused, said};
use super::broken::{Broken, Judge, Spoil, challenged};
use super::check::{Rule, Verdict};
use super::endpoint::Who;
use super::forge::{self, FOREIGN_SCOPE, NOWHERE};
use super::manners;
use crate::walkthrough::decoded::Decoded;
use crate::walkthrough::wire::Answer;

const INVALID_REQUEST: &[&str] = &["invalid_request"];

/// ID-JAG §4.3.4.3 shows `invalid_grant`, RFC 8693 §2.2.2 demands `invalid_request`.
const BAD_SUBJECT_TOKEN: &[&str] = &["invalid_grant", "invalid_request"];

/// RFC 8693 §2.2.2, the coming -05 of ID-JAG, and the example of ID-JAG §4.3.4.3.
const BAD_TARGET: &[&str] =
    &["invalid_target", "access_denied", "invalid_grant", "unauthorized_client"];

/// A subject token that must not be believed.
const fn subject_token(
    id: &'static str,
    title: &'static str,
    make: fn(&forge::Facts, &str) -> Result<String, String>,
) -> Broken {
    let expected = "invalid_grant, or invalid_request";
    let advice = "verify it as a relying party would: typ, signature, iss, aud, time";
    let rule = Rule::must(id, "ID-JAG §4.3.3", title, expected, advice);
    Broken::new(rule, Spoil::Put("subject_token", make), BAD_SUBJECT_TOKEN)
}

/// A request that is not as it is written.
const fn malformed(
    id: &'static str,
    section: &'static str,
    title: &'static str,
    advice: &'static str,
) -> Rule {
    Rule::must(id, section, title, "invalid_request", advice)
}

/// Somebody who is not the client.
const fn impostor(id: &'static str, title: &'static str, expected: &'static str) -> Rule {
    let advice = "authenticate the client before anything else, by what it is registered with";
    Rule::must(id, "ID-JAG §4.3, RFC 6749 §5.2", title, expected, advice)
}

pub(super) const MANNERS: [Rule; 4] = manners::rules(
    [
        "id-jag-4.3.4.3-no-5xx",
        "id-jag-4.3.4.3-json",
        "id-jag-4.3.4.3-status",
        "id-jag-4.3.4.3-no-store",
    ],
    "ID-JAG §4.3.4.3, RFC 6749 §5.2",
);

pub(super) const BROKEN: &[Broken] = &[
    Broken::new(
        malformed(
            "id-jag-4.3-requested-token-type-unknown",
            "RFC 8693 §2.2.2",
            "an unknown requested_token_type is refused",
            "refuse types that you do not issue, in place of another token",
        ),
        Spoil::With("requested_token_type", "urn:example:tegata-conformance"),
        INVALID_REQUEST,
    ),
    Broken::new(
        malformed(
            "id-jag-4.3-audience-missing",
            "ID-JAG §4.3",
            "audience is required",
            "do not fill in a default: the client has to say whom the ID-JAG is for",
        ),
        Spoil::Without("audience"),
        INVALID_REQUEST,
    ),
    Broken::new(
        Rule::must(
            "id-jag-4.3-audience-unknown",
            "ID-JAG §4.3, RFC 8693 §2.2.2",
            "an unknown audience is refused",
            "invalid_target, or another code for a target that is not to be had",
            "issue ID-JAGs only for services that an administrator has connected",
        ),
        Spoil::With("audience", NOWHERE),
        BAD_TARGET,
    ),
    Broken::new(
        Rule::should(
            "id-jag-9.3-audience-itself",
            "ID-JAG §9.3",
            "no ID-JAG for the issuer itself",
            "invalid_target, or another code for a target that is not to be had",
            "an ID-JAG leads to another domain: refuse your own issuer as audience",
        ),
        Spoil::Issuer("audience"),
        BAD_TARGET,
    ),
    Broken::new(
        Rule::must(
            "rfc8707-2-resource-fragment",
            "RFC 8707 §2",
            "a resource with a fragment is refused",
            "invalid_target, or invalid_request",
            "take absolute URIs without fragment only",
        ),
        Spoil::With("resource", "https://nowhere.invalid/api#fragment"),
        &["invalid_target", "invalid_request"],
    ),
    Broken {
        rule: Rule::must(
            "id-jag-4.3.3-scope-not-granted",
            "ID-JAG §4.3.3",
            "a scope that nobody has is not granted",
            "an ID-JAG without it, or invalid_scope",
            "intersect what is asked for with what policy grants",
        ),
        who: Who::Itself,
        spoil: Spoil::With("scope", FOREIGN_SCOPE),
        judge: Judge::By(foreign_scope),
    },
    Broken::new(
        Rule::should(
            "rfc6749-3.3-scope-malformed-for-id-jag",
            "RFC 6749 §3.3, §5.2",
            "a malformed scope is refused",
            "invalid_scope, or invalid_request",
            "let only the characters of RFC 6749 §3.3 through",
        ),
        Spoil::With("scope", "\"quoted\\\""),
        &["invalid_scope", "invalid_request"],
    ),
    Broken::new(
        malformed(
            "id-jag-4.3-subject-token-missing",
            "RFC 8693 §2.1",
            "subject_token is required",
            "refuse a request that says nothing about the person",
        ),
        Spoil::Without("subject_token"),
        INVALID_REQUEST,
    ),
    Broken::new(
        malformed(
            "id-jag-4.3-subject-token-type-missing",
            "RFC 8693 §2.1",
            "subject_token_type is required",
            "do not guess what a token is: that is how one is taken for another",
        ),
        Spoil::Without("subject_token_type"),
        INVALID_REQUEST,
    ),
    Broken::new(
        malformed(
            "id-jag-4.3-subject-token-type-unknown",
            "RFC 8693 §2.2.2",
            "an unknown subject_token_type is refused",
            "go by the declared type, and refuse those that are not supported",
        ),
        Spoil::With("subject_token_type", "urn:example:tegata-conformance"),
        INVALID_REQUEST,
    ),
    subject_token(
        "id-jag-4.3.3-subject-token-signature",
        "a tampered signature is refused",
        forge::another_letter,
    ),
    subject_token(
        "id-jag-4.3.3-subject-token-payload",
        "a tampered claim is refused",
        forge::another_subject,
    ),
    subject_token("id-jag-4.3.3-subject-token-alg-none", "alg none is refused", forge::unsigned),
    subject_token(
        "id-jag-4.3.3-subject-token-foreign-key",
        "a foreign key is refused",
        forge::foreign_key,
    ),
    subject_token(
        "id-jag-4.3.3-access-token-as-id-token",
        "an access token is no ID token",
        forge::the_access_token,
    ),
    subject_token("id-jag-4.3.3-id-jag-as-id-token", "an ID-JAG is no ID token", forge::the_id_jag),
    Broken::new(
        malformed(
            "id-jag-4.3-parameter-twice",
            "RFC 6749 §3.2",
            "a parameter that stands there twice is refused",
            "refuse it even if both are the same: who stands in front may read the other one",
        ),
        Spoil::Twice("subject_token"),
        INVALID_REQUEST,
    ),
    Broken::by(
        Who::Nobody,
        impostor(
            "id-jag-4.3-client-unauthenticated",
            "a client without its secret",
            "invalid_client",
        ),
        Judge::Refused(&["invalid_client", "unauthorized_client"]),
    ),
    Broken::by(
        Who::ImpostorByBasic,
        impostor(
            "id-jag-4.3-wrong-secret-basic",
            "a wrong secret by Basic",
            "401 invalid_client with WWW-Authenticate: Basic",
        ),
        Judge::By(challenged),
    ),
    Broken::by(
        Who::ImpostorByPost,
        impostor("id-jag-4.3-wrong-secret-post", "a wrong secret in the body", "invalid_client"),
        Judge::Refused(&["invalid_client"]),
    ),
    Broken::by_unknown_grant("id-jag-4.3-grant-type-unknown"),
];

/// Narrowing and refusing are both right; RFC 6749 §3.3.
fn foreign_scope(answer: &Answer) -> Verdict {
    if answer.reply.status != 200 {
        return refused(answer, &["invalid_scope", "invalid_request", "access_denied"]);
    }
    let id_jag = answer.text("access_token").map(Decoded::read);
    let claimed = match &id_jag {
        Some(Ok(jwt)) => jwt.claims.get("scope").and_then(Value::as_str),
        _ => None,
    };
    let granted = [answer.text("scope"), claimed];
    let has = granted.iter().flatten().any(|it| it.split(' ').any(|one| one == FOREIGN_SCOPE));
    let got = if has { "granted".to_owned() } else { format!("{}, without it", said(answer)) };
    Verdict::of(!has, got)
}
