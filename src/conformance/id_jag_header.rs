//! What an ID-JAG has to say of itself, and whether it is true (ID-JAG §3.1, RFC 7523 §3).

use serde_json::{Map, Value};

use super::ask::shown;
use super::check::{Rule, Verdict};
use super::exchange::Exchanged;
use super::id_jag::Look;
use super::target::Document;
use crate::jose::{Algorithm, BadJwt, Typ, UnverifiedJwt};
use crate::walkthrough::decoded::Decoded;

const TYP: &str = "oauth-id-jag+jwt";

pub(super) const CHECKS: &[Look] = &[
    Look {
        rule: Rule::must(
            "id-jag-3.1-typ",
            "ID-JAG §3.1",
            "typ says ID-JAG",
            "oauth-id-jag+jwt",
            "set typ in the JOSE header, so that nothing else is taken for an ID-JAG",
        ),
        judge: |_, jwt| {
            Verdict::of(jwt.typ().as_deref() == Some(TYP), shown(jwt.header.get("typ")))
        },
    },
    Look {
        rule: Rule::must(
            "rfc8725-3.2-id-jag-alg",
            "RFC 8725 §3.2, EMA §7.4.1",
            "the algorithm is asymmetric",
            "any alg but none and HS*",
            "sign with a private key: a shared secret lets the other side make ID-JAGs, too",
        ),
        judge: alg,
    },
    Look {
        rule: Rule::should(
            "rfc7515-4.1.4-id-jag-kid",
            "RFC 7515 §4.1.4",
            "kid names a published key",
            "a kid that is in the key set",
            "name the key: whoever takes the ID-JAG must find it, after a rotation as well",
        ),
        judge: kid,
    },
    Look {
        rule: Rule::must(
            "rfc7523-3-id-jag-signature",
            "RFC 7523 §3 (9)",
            "the signature fits",
            "made with a key at jwks_uri",
            "publish the key that signs ID-JAGs at jwks_uri",
        ),
        judge: signature,
    },
];

fn alg(_: &Exchanged<'_>, jwt: &Decoded) -> Verdict {
    let alg = jwt.header.get("alg").and_then(Value::as_str);
    let symmetric = |it: &str| it.eq_ignore_ascii_case("none") || it.starts_with("HS");
    Verdict::of(alg.is_some_and(|it| !symmetric(it)), shown(jwt.header.get("alg")))
}

fn kid(it: &Exchanged<'_>, jwt: &Decoded) -> Verdict {
    let Some(kid) = jwt.header.get("kid") else {
        return Verdict::Failed("no kid".to_owned());
    };
    let document = it.target.keys.as_ref().and_then(Document::object);
    let keys = document.and_then(|it| it.members.get("keys")).and_then(Value::as_array);
    let known = keys.into_iter().flatten().any(|key| key.get("kid") == Some(kid));
    Verdict::of(known, shown(Some(kid)))
}

fn signature(it: &Exchanged<'_>, _: &Decoded) -> Verdict {
    let keys = match it.target.key_set() {
        Ok(keys) => keys,
        Err(why) => return Verdict::Failed(format!("the keys cannot be had: {why}")),
    };
    let id_jag = it.facts.id_jag.as_deref().unwrap_or_default();
    let verified = UnverifiedJwt::read(id_jag).and_then(|jwt| {
        keys.verify::<Map<String, Value>>(&jwt, Typ::PlainOr(TYP), &Algorithm::ALL)
    });
    match verified {
        Ok(_) => Verdict::Passed("it fits".to_owned()),
        Err(BadJwt::Type) => Verdict::skipped("its typ is that of something else"),
        Err(bad) => Verdict::Failed(bad.to_string()),
    }
}
