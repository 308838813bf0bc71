//! What lies behind a refusal, and what an honest client or its administrator should change.

use serde::Serialize;

use super::rules::{BY_CODE, BY_REASON};
use super::traps;

/// A rule by where it stands, what it expects, and what helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    pub rule: &'static str,
    pub expected: &'static str,
    pub change: &'static str,
}

const OTHERS: Advice = Advice {
    rule: "RFC 6749 §5.2",
    expected: "what the refusal says",
    change: "what the refusal says; docs/specs.md has the sections",
};

/// What helps against a refusal of this code that says `reason`.
pub fn advice(code: &str, reason: &str) -> Advice {
    let said = BY_REASON.iter().find(|(part, _)| reason.contains(part));
    let coded = || BY_CODE.iter().find(|(its, _)| *its == code);
    let advice = said.or_else(coded).map_or(OTHERS, |(_, advice)| *advice);
    match traps::of_audience(reason) {
        Some(change) => Advice { change, ..advice },
        None => advice,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The classic traps each have advice of their own.
    #[test]
    fn the_classic_traps() {
        let cimd = "client authentication failed: the document at client_id is not acceptable";
        let at_authorize = "what the application says of itself at its own address cannot be taken";
        for (code, reason, expected) in [
            ("invalid_grant", "the assertion is not acceptable: its aud is a/ where a", "slash"),
            ("invalid_grant", "its aud is a/ where a was expected", "only a slash at the end"),
            (
                "invalid_client",
                "client authentication failed: the assertion is not acceptable: its aud is b where \
                 a was expected",
                "client assertion",
            ),
            ("invalid_target", "the audience is not the issuer of a service that", "letter"),
            ("invalid_target", "the resource is not one of this audience", "RFC 9728"),
            ("invalid_target", "resource is required at this audience", "RFC 9728"),
            ("invalid_grant", "it was issued in the future or is not valid yet", "clock"),
            ("invalid_grant", "it has expired", "clock"),
            ("invalid_request", "the redirect_uri is not one that", "localhost"),
            ("invalid_grant", "redirect_uri is not the one of the authorization", "both endpoints"),
            ("invalid_client", &*format!("{cimd}: it is too much"), "redirects"),
            ("invalid_client", &*format!("{cimd}: the answer has the status 302"), "redirects"),
            ("invalid_client", &*format!("{cimd}: it cannot be fetched"), "another network"),
            ("unauthorized_client", &*format!("{at_authorize}: it cannot be fetched"), "network"),
            (
                "unauthorized_client",
                &*format!("{at_authorize}: its client_id is not the address it is at"),
                "www.",
            ),
            ("access_denied", "the administrator has not connected", "policy check"),
            ("access_denied", "the person refused", "ask them"),
            ("invalid_grant", "the aud_tenant of the assertion is not a tenant", "`aud_tenant`"),
            (
                "invalid_scope",
                "no scope that was asked for can be granted to the client itself",
                "own",
            ),
            ("server_error", "?", "docs/specs.md"),
        ] {
            assert!(advice(code, reason).change.contains(expected), "{reason}");
        }
    }
}
