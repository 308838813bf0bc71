//! What the claims of an ID-JAG have to say (ID-JAG §3.1).

use serde_json::Value;

use super::ask::shown;
use super::check::{Rule, Verdict};
use super::exchange::Exchanged;
use crate::oauth::Scope;
use crate::walkthrough::decoded::Decoded;

/// A rule, and who judges.
pub(super) struct Look {
    pub rule: Rule,
    pub judge: fn(&Exchanged<'_>, &Decoded) -> Verdict,
}

/// Clocks of two machines may differ by this much, in seconds.
const SKEW: i64 = 60;

/// As long as the best known services take one, in seconds.
const LONGEST: i64 = 300;

pub(super) const CHECKS: &[Look] = &[
    Look {
        rule: Rule::must(
            "id-jag-3.1-iss",
            "ID-JAG §3.1",
            "iss is the issuer",
            "the issuer identifier, letter by letter",
            "write the issuer as the metadata do, slash at the end included",
        ),
        judge: |it, jwt| {
            let right = text(jwt, "iss") == Some(it.target.issuer.as_str());
            Verdict::of(right, shown(jwt.claims.get("iss")))
        },
    },
    Look {
        rule: Rule::must(
            "id-jag-3.1-sub",
            "ID-JAG §3.1",
            "sub is there",
            "text",
            "name the person as at single sign-on to the service",
        ),
        judge: |_, jwt| is_text(jwt, "sub"),
    },
    Look {
        rule: Rule::must(
            "id-jag-3.1-aud",
            "ID-JAG §3.1",
            "aud is the one service that was asked for",
            "its issuer identifier, as text or as a list of one",
            "write the issuer of the service and nothing else: its token endpoint is not it",
        ),
        judge: aud,
    },
    Look {
        rule: Rule::must(
            "id-jag-3.1-client-id",
            "ID-JAG §3.1, §5",
            "client_id is the client as the service knows it",
            "the id at the service, not the one at the identity provider",
            "keep which client of the service belongs to which of yours, and write that one",
        ),
        judge: client_id,
    },
    Look {
        rule: Rule::must(
            "id-jag-3.1-jti",
            "ID-JAG §3.1",
            "jti is there",
            "text",
            "give each ID-JAG a name of its own",
        ),
        judge: |_, jwt| is_text(jwt, "jti"),
    },
    Look {
        rule: Rule::must(
            "id-jag-3.1-exp",
            "ID-JAG §3.1",
            "exp is ahead",
            "a number of seconds since 1970, ahead",
            "write exp as a number, and check the clock",
        ),
        judge: |it, jwt| {
            let now = it.facts.now.unix_timestamp();
            let ahead = moment(jwt, "exp").is_some_and(|at| at > now.saturating_sub(SKEW));
            Verdict::of(ahead, shown(jwt.claims.get("exp")))
        },
    },
    Look {
        rule: Rule::must(
            "id-jag-3.1-iat",
            "ID-JAG §3.1",
            "iat has passed",
            "a number of seconds since 1970, not ahead",
            "write iat as a number, and check the clock",
        ),
        judge: |it, jwt| {
            let now = it.facts.now.unix_timestamp();
            let passed = moment(jwt, "iat").is_some_and(|at| at <= now.saturating_add(SKEW));
            Verdict::of(passed, shown(jwt.claims.get("iat")))
        },
    },
    Look {
        rule: Rule::should(
            "ema-7.4.2-lifetime",
            "EMA §7.4.2",
            "it lives for five minutes at most",
            "exp − iat is 300 or less",
            "shorten it: there are services that take no longer ones",
        ),
        judge: lifetime,
    },
    Look {
        rule: Rule::must(
            "id-jag-4.3.3-scope",
            "ID-JAG §4.3.3",
            "scope is nothing beyond what was asked for",
            "text; a part of what was asked for, if something was",
            "narrow by policy, and never widen",
        ),
        judge: scope,
    },
    Look {
        rule: Rule::must(
            "id-jag-4.3.3-resource",
            "ID-JAG §4.3.3",
            "resource is what was asked for",
            "the resource of the request, or a part of several",
            "put the granted resource into the ID-JAG: without it the ID-JAG is good for all",
        ),
        judge: resource,
    },
];

fn aud(it: &Exchanged<'_>, jwt: &Decoded) -> Verdict {
    let aud = jwt.claims.get("aud");
    let one = match aud {
        Some(Value::Array(items)) if items.len() == 1 => items.first(),
        other => other,
    };
    let right = one.and_then(Value::as_str) == Some(it.leg_1.audience.as_str());
    Verdict::of(right, shown(aud))
}

fn client_id(it: &Exchanged<'_>, jwt: &Decoded) -> Verdict {
    match it.client_there {
        Some(known) => {
            Verdict::of(text(jwt, "client_id") == Some(known), shown(jwt.claims.get("client_id")))
        }
        None => is_text(jwt, "client_id"),
    }
}

fn lifetime(_: &Exchanged<'_>, jwt: &Decoded) -> Verdict {
    match (moment(jwt, "iat"), moment(jwt, "exp")) {
        (Some(iat), Some(exp)) => {
            let seconds = exp.saturating_sub(iat);
            Verdict::of((1..=LONGEST).contains(&seconds), format!("{seconds} s"))
        }
        _ => Verdict::skipped("there is no iat, or no exp"),
    }
}

fn scope(it: &Exchanged<'_>, jwt: &Decoded) -> Verdict {
    let claim = jwt.claims.get("scope");
    let given = match claim {
        None => return Verdict::Passed("none".to_owned()),
        Some(claim) => claim.as_str().map(Scope::parse),
    };
    let right = match (given, it.leg_1.scope.as_deref().map(Scope::parse)) {
        (Some(Ok(given)), Some(Ok(asked))) => asked.covers(&given),
        (Some(Ok(_)), _) => true,
        _ => false,
    };
    Verdict::of(right, shown(claim))
}

fn resource(it: &Exchanged<'_>, jwt: &Decoded) -> Verdict {
    let Some(asked) = &it.leg_1.resource else {
        return Verdict::skipped("--resource is not given");
    };
    let claim = jwt.claims.get("resource");
    let right = match claim {
        Some(Value::Array(items)) => !items.is_empty() && items.iter().all(|it| it == asked),
        Some(one) => one == asked,
        None => false,
    };
    Verdict::of(right, shown(claim))
}

fn text<'a>(jwt: &'a Decoded, name: &str) -> Option<&'a str> {
    jwt.claims.get(name)?.as_str()
}

fn is_text(jwt: &Decoded, name: &str) -> Verdict {
    let there = text(jwt, name).is_some_and(|it| !it.is_empty());
    Verdict::of(there, shown(jwt.claims.get(name)))
}

/// RFC 7519 §2: a `NumericDate` may have a fraction, which does not matter here.
fn moment(jwt: &Decoded, name: &str) -> Option<i64> {
    let value = jwt.claims.get(name).filter(|it| it.is_number())?;
    value.as_i64().or_else(|| value.to_string().split('.').next()?.parse().ok())
}
