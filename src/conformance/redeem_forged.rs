//! Forgeries that whoever takes ID-JAGs has to refuse (ID-JAG §4.4.1, RFC 7523 §3).
//!
//! Only the issuer can sign what is wrong in a claim alone; so these differ in the claim and in the
//! signature, and show at least that one of both is looked at.

use super::broken::{Broken, Judge, Spoil};
use super::check::Rule;
use super::endpoint::Who;
use super::forge;

/// RFC 7523 §3.1: "the value of the "error" parameter MUST be the `invalid_grant` error code".
const INVALID_GRANT: &[&str] = &["invalid_grant"];

const ADVICE: &str = "check signature, typ, aud and client_id of the assertion before it counts";

/// An assertion that must not be believed.
const fn forged(id: &'static str, section: &'static str, title: &'static str) -> Rule {
    Rule::must(id, section, title, "invalid_grant", ADVICE)
}

/// An assertion that somebody made of a right one.
const fn assertion(rule: Rule, make: fn(&forge::Facts, &str) -> Result<String, String>) -> Broken {
    Broken::new(rule, Spoil::Put("assertion", make), INVALID_GRANT)
}

pub(super) const FORGED: &[Broken] = &[
    assertion(
        forged("rfc7523-3-signature", "RFC 7523 §3 (9)", "a tampered signature is refused"),
        forge::another_letter,
    ),
    assertion(
        forged("rfc7523-3-payload", "RFC 7523 §3 (9)", "a tampered claim is refused"),
        forge::another_subject,
    ),
    assertion(
        forged("rfc8725-3.2-alg-none", "RFC 8725 §3.2, EMA §7.4.1", "alg none is refused"),
        forge::unsigned,
    ),
    assertion(
        forged("rfc7523-3-foreign-key", "RFC 7523 §3 (9)", "a foreign key is refused"),
        forge::foreign_key,
    ),
    assertion(
        forged("id-jag-4.4.1-typ", "ID-JAG §4.4.1", "typ JWT, by a foreign key, is refused"),
        forge::plain_typ,
    ),
    assertion(
        forged(
            "id-jag-4.4.1-audience",
            "ID-JAG §4.4.1",
            "another aud, by a foreign key, is refused",
        ),
        forge::foreign_audience,
    ),
    assertion(
        forged("id-jag-4.4.1-id-token", "ID-JAG §4.4.1", "an ID token, truly signed, is no ID-JAG"),
        forge::the_id_token,
    ),
    Broken::new(
        Rule::must(
            "id-jag-4.4-assertion-twice",
            "RFC 6749 §3.2",
            "a parameter that stands there twice is refused",
            "invalid_request",
            "refuse it even if both are the same: who stands in front may read the other one",
        ),
        Spoil::Twice("assertion"),
        &["invalid_request"],
    ),
    Broken::by(
        Who::Nobody,
        Rule::must(
            "id-jag-4.4-client-unauthenticated",
            "ID-JAG §4.4, §9.1",
            "a client without its secret",
            "invalid_client",
            "an ID-JAG is good for one client: let it prove that it is that one",
        ),
        Judge::Refused(&["invalid_client", "unauthorized_client"]),
    ),
];
