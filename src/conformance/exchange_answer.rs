//! What the answer with an ID-JAG has to say (ID-JAG §4.3.4, RFC 6749 §5.1).

use serde_json::Value;

use super::ask::{is_json, is_not_kept, kept, media_type, shown};
use super::check::{Rule, Verdict};
use super::exchange::Exchanged;
use crate::oauth::{Scope, TokenType};
use crate::walkthrough::decoded::{Decoded, NotAJwt};

/// A rule, and who judges.
pub(super) struct Look {
    pub rule: Rule,
    pub judge: fn(&Exchanged<'_>) -> Verdict,
}

pub(super) const CHECKS: &[Look] = &[
    Look {
        rule: Rule::must(
            "id-jag-4.3.4-access-token",
            "ID-JAG §4.3.4",
            "the ID-JAG is in access_token",
            "a signed JWT",
            "put the ID-JAG into access_token, as RFC 8693 §2.2.1 does with any token",
        ),
        judge: access_token,
    },
    Look {
        rule: Rule::must(
            "id-jag-4.3.4-issued-token-type",
            "ID-JAG §4.3.4",
            "issued_token_type says ID-JAG",
            "urn:ietf:params:oauth:token-type:id-jag",
            "name the type letter by letter: stock clients compare it",
        ),
        judge: issued_token_type,
    },
    Look {
        rule: Rule::must(
            "id-jag-4.3.4-token-type",
            "ID-JAG §4.3.4",
            "token_type is N_A",
            "N_A",
            "an ID-JAG is no access token: say N_A, so that nobody sends it to an API",
        ),
        judge: token_type,
    },
    Look {
        rule: Rule::should(
            "id-jag-4.3.4-expires-in",
            "ID-JAG §4.3.4",
            "expires_in is there",
            "a number of seconds",
            "say how long the ID-JAG lives: clients need not read it",
        ),
        judge: expires_in,
    },
    Look {
        rule: Rule::must(
            "rfc6749-5.1-expires-in-number-with-id-jag",
            "RFC 6749 §5.1, A.14",
            "expires_in is a JSON number",
            "a number above 0, without quotes",
            "write the seconds as a number: stock clients refuse text",
        ),
        judge: expires_in_number,
    },
    Look {
        rule: Rule::must(
            "id-jag-4.3.4-scope",
            "ID-JAG §4.3.4",
            "scope tells what was granted",
            "scope as in the ID-JAG, where that is not what was asked for",
            "answer with the scope that the ID-JAG has",
        ),
        judge: scope,
    },
    Look {
        rule: Rule::should(
            "id-jag-4.3.4-refresh-token",
            "ID-JAG §4.3.4",
            "there is no refresh token",
            "no member refresh_token",
            "leave it out: the way to a new ID-JAG leads through the login",
        ),
        judge: refresh_token,
    },
    Look {
        rule: Rule::must(
            "rfc6749-5.1-no-store-with-id-jag",
            "RFC 6749 §5.1",
            "no cache keeps the ID-JAG",
            "Cache-Control: no-store",
            "send Cache-Control: no-store with every answer that has a token",
        ),
        judge: no_store,
    },
    Look {
        rule: Rule::must(
            "rfc6749-5.1-json-with-id-jag",
            "RFC 6749 §5.1",
            "the answer is JSON",
            "application/json",
            "send Content-Type: application/json",
        ),
        judge: json,
    },
];

fn access_token(it: &Exchanged<'_>) -> Verdict {
    match it.facts.id_jag.as_deref().map(Decoded::read) {
        Some(Ok(_)) => Verdict::Passed("a signed JWT".to_owned()),
        Some(Err(NotAJwt::Encrypted)) => Verdict::Passed("an encrypted JWT".to_owned()),
        Some(Err(why)) => Verdict::Failed(why.to_string()),
        None => Verdict::Failed("no access_token that is text".to_owned()),
    }
}

fn issued_token_type(it: &Exchanged<'_>) -> Verdict {
    let right = it.answer.text("issued_token_type") == Some(TokenType::IdJag.as_str());
    Verdict::of(right, shown(it.answer.members.get("issued_token_type")))
}

/// RFC 6749 §5.1: "Value is case insensitive."
fn token_type(it: &Exchanged<'_>) -> Verdict {
    let right = it.answer.text("token_type").is_some_and(|it| it.eq_ignore_ascii_case("N_A"));
    Verdict::of(right, shown(it.answer.members.get("token_type")))
}

fn expires_in(it: &Exchanged<'_>) -> Verdict {
    let value = it.answer.members.get("expires_in");
    Verdict::of(value.is_some(), shown(value))
}

fn expires_in_number(it: &Exchanged<'_>) -> Verdict {
    match it.answer.members.get("expires_in") {
        None => Verdict::skipped("there is no expires_in"),
        Some(value) => Verdict::of(value.as_f64().is_some_and(|it| it > 0.0), value.to_string()),
    }
}

fn scope(it: &Exchanged<'_>) -> Verdict {
    let jwt = match it.jwt() {
        Ok(jwt) => jwt,
        Err(why) => return Verdict::Skipped(why),
    };
    let claimed = jwt.claims.get("scope").and_then(Value::as_str).unwrap_or_default();
    let got = format!("{} (in the ID-JAG: {claimed:?})", shown(it.answer.members.get("scope")));
    let same = |a: &str, b: &str| Scope::parse(a).is_ok_and(|a| Scope::parse(b) == Ok(a));
    let right = match (it.answer.text("scope"), it.leg_1.scope.as_deref()) {
        (Some(told), _) => same(told, claimed),
        (None, Some(asked)) => same(asked, claimed),
        // Who asked for nothing by name was not told something else.
        (None, None) => true,
    };
    Verdict::of(right, got)
}

fn refresh_token(it: &Exchanged<'_>) -> Verdict {
    let there = it.answer.members.contains_key("refresh_token");
    Verdict::of(!there, if there { "there is one" } else { "none" })
}

fn no_store(it: &Exchanged<'_>) -> Verdict {
    Verdict::of(is_not_kept(&it.answer), kept(&it.answer))
}

fn json(it: &Exchanged<'_>) -> Verdict {
    Verdict::of(is_json(&it.answer), media_type(&it.answer))
}
