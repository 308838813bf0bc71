//! What the answer to an ID-JAG has to say (ID-JAG §4.4.2, RFC 6749 §5.1).

use serde_json::{Map, Value};

use super::ask::{is_json, is_not_kept, kept, media_type, shown};
use super::check::{Rule, Verdict};
use super::target::Target;
use crate::jose::{Algorithm, BadJwt, Typ, UnverifiedJwt};
use crate::oauth::Scope;
use crate::walkthrough::decoded::Decoded;
use crate::walkthrough::wire::Answer;

/// An ID-JAG that was taken, and what came back.
pub(super) struct Redeemed<'a> {
    pub target: &'a Target,
    /// What the client is called there.
    pub client_id: String,
    /// What the ID-JAG says; nothing, if only the service can read it.
    pub id_jag: Map<String, Value>,
    pub answer: Answer,
    /// What the access token says, if it is a JWT.
    pub access_token: Option<Decoded>,
}

/// A rule, and who judges.
pub(super) struct Look {
    pub rule: Rule,
    pub judge: fn(&Redeemed<'_>) -> Verdict,
}

const OPAQUE: &str = "the access token is no JWT";

pub(super) const CHECKS: &[Look] = &[
    Look {
        rule: Rule::must(
            "id-jag-4.4.2-access-token",
            "ID-JAG §4.4.2, RFC 6749 §5.1",
            "there is an access token",
            "access_token, as text",
            "answer with an access token, or refuse",
        ),
        judge: access_token,
    },
    Look {
        rule: Rule::must(
            "id-jag-4.4.2-token-type",
            "ID-JAG §4.4.2",
            "token_type is Bearer",
            "Bearer; DPoP is for those who sent a proof",
            "name the type by which the token can be used, and bind it to a proven key only",
        ),
        judge: |it| {
            let token_type = it.answer.text("token_type");
            let bearer = token_type.is_some_and(|it| it.eq_ignore_ascii_case("bearer"));
            Verdict::of(bearer, shown(it.answer.members.get("token_type")))
        },
    },
    Look {
        rule: Rule::should(
            "rfc6749-5.1-expires-in",
            "RFC 6749 §5.1",
            "expires_in says how long it lives",
            "a JSON number above 0",
            "say how long the access token lives: the way to a new one is short",
        ),
        judge: |it| {
            let value = it.answer.members.get("expires_in");
            let number = value.and_then(Value::as_f64);
            Verdict::of(number.is_some_and(|it| it > 0.0), shown(value))
        },
    },
    Look {
        rule: Rule::should(
            "id-jag-4.4.3-refresh-token",
            "ID-JAG §4.4.3",
            "there is no refresh token",
            "no member refresh_token",
            "leave it out: the identity provider stays in control if every token comes by it",
        ),
        judge: |it| {
            let there = it.answer.members.contains_key("refresh_token");
            Verdict::of(!there, if there { "there is one" } else { "none" })
        },
    },
    Look {
        rule: Rule::must(
            "rfc6749-5.1-no-store",
            "RFC 6749 §5.1",
            "no cache keeps the access token",
            "Cache-Control: no-store",
            "send Cache-Control: no-store with every answer that has a token",
        ),
        judge: |it| Verdict::of(is_not_kept(&it.answer), kept(&it.answer)),
    },
    Look {
        rule: Rule::must(
            "rfc6749-5.1-json",
            "RFC 6749 §5.1",
            "the answer is JSON",
            "application/json",
            "send Content-Type: application/json",
        ),
        judge: |it| Verdict::of(is_json(&it.answer), media_type(&it.answer)),
    },
    Look {
        rule: Rule::should(
            "id-jag-4.4.1-scope-told",
            "ID-JAG §4.4.1",
            "scope tells what was granted",
            "the granted scope, if the ID-JAG has one",
            "answer with the granted scope: the client asked for none by name, and must guess",
        ),
        judge: |it| match it.id_jag.contains_key("scope") {
            true => {
                let value = it.answer.members.get("scope");
                Verdict::of(value.is_some(), shown(value))
            }
            false => Verdict::skipped("the ID-JAG has no scope"),
        },
    },
    Look {
        rule: Rule::must(
            "id-jag-4.4.1-scope-within",
            "ID-JAG §4.4.1",
            "scope is nothing beyond the ID-JAG's",
            "a part of the ID-JAG's scope",
            "intersect with the scope claim: what the identity provider did not grant is not there",
        ),
        judge: scope_within,
    },
    Look {
        rule: Rule::should(
            "rfc9068-2.1-typ",
            "RFC 9068 §2.1",
            "typ says access token",
            "at+jwt",
            "set typ, so that an API takes nothing else for an access token",
        ),
        judge: |it| match &it.access_token {
            Some(jwt) => {
                let right = jwt.typ().as_deref() == Some("at+jwt");
                Verdict::of(right, shown(jwt.header.get("typ")))
            }
            None => Verdict::skipped(OPAQUE),
        },
    },
    Look {
        rule: Rule::should(
            "rfc9068-4-signature",
            "RFC 9068 §4",
            "APIs can verify the access token",
            "made with a key at jwks_uri",
            "publish the key that signs access tokens at jwks_uri",
        ),
        judge: signature,
    },
    Look {
        rule: Rule::should(
            "rfc9068-2.2-claims",
            "RFC 9068 §2.2",
            "iss and client_id of the access token",
            "the service itself, and the client",
            "an access token is the service's own: no claim of the ID-JAG stands in for its",
        ),
        judge: own_claims,
    },
    Look {
        rule: Rule::should(
            "ema-5.1-audience",
            "EMA §5.1, RFC 8707 §2.2",
            "the access token is for the ID-JAG's resource",
            "aud includes the resource claim",
            "restrict the access token to the resource of the ID-JAG",
        ),
        judge: audience,
    },
];

fn access_token(it: &Redeemed<'_>) -> Verdict {
    match it.answer.text("access_token") {
        Some("") => Verdict::Failed("empty".to_owned()),
        Some(_) if it.access_token.is_some() => Verdict::Passed("a JWT".to_owned()),
        Some(_) => Verdict::Passed("there is one".to_owned()),
        None => Verdict::Failed("no access_token that is text".to_owned()),
    }
}

fn scope_within(it: &Redeemed<'_>) -> Verdict {
    let Some(vouched) = it.id_jag.get("scope").and_then(Value::as_str) else {
        return Verdict::skipped("the ID-JAG has no scope");
    };
    let told = it.answer.text("scope");
    let claimed = it.access_token.as_ref().and_then(|it| it.claims.get("scope")?.as_str());
    let vouched = Scope::parse(vouched);
    let within = |scope: &str| match (&vouched, Scope::parse(scope)) {
        (Ok(vouched), Ok(given)) => vouched.covers(&given),
        _ => false,
    };
    let right = [told, claimed].into_iter().flatten().all(within);
    Verdict::of(right, told.or(claimed).unwrap_or("not told"))
}

fn signature(it: &Redeemed<'_>) -> Verdict {
    let keys = match (&it.access_token, it.target.key_set()) {
        (None, _) => return Verdict::skipped(OPAQUE),
        (Some(_), Err(why)) => return Verdict::Failed(format!("the keys cannot be had: {why}")),
        (Some(_), Ok(keys)) => keys,
    };
    let token = it.answer.text("access_token").unwrap_or_default();
    let verified = UnverifiedJwt::read(token).and_then(|jwt| {
        keys.verify::<Map<String, Value>>(&jwt, Typ::PlainOr("at+jwt"), &Algorithm::ALL)
    });
    match verified {
        Ok(_) => Verdict::Passed("it fits".to_owned()),
        Err(BadJwt::Type) => Verdict::skipped("its typ is that of something else"),
        Err(bad) => Verdict::Failed(bad.to_string()),
    }
}

fn own_claims(it: &Redeemed<'_>) -> Verdict {
    let Some(jwt) = &it.access_token else {
        return Verdict::skipped(OPAQUE);
    };
    let text = |name: &str| jwt.claims.get(name).and_then(Value::as_str);
    let right = text("iss") == Some(it.target.issuer.as_str())
        && text("client_id") == Some(it.client_id.as_str());
    let [iss, client_id] = ["iss", "client_id"].map(|name| shown(jwt.claims.get(name)));
    Verdict::of(right, format!("iss {iss}, client_id {client_id}"))
}

fn audience(it: &Redeemed<'_>) -> Verdict {
    let (Some(jwt), Some(resource)) = (&it.access_token, it.id_jag.get("resource")) else {
        return Verdict::skipped("the ID-JAG has no resource, or the access token is no JWT");
    };
    let list = |value: &Value| match value {
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    };
    let aud = jwt.claims.get("aud");
    let audiences = aud.map(list).unwrap_or_default();
    let right = list(resource).iter().all(|it| audiences.contains(it));
    Verdict::of(right, shown(aud))
}
