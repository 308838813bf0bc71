//! What lies behind a refusal, and what an honest client or its administrator should change.

/// A rule, where it stands, and what helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Advice {
    pub rule: &'static str,
    pub change: &'static str,
}

/// Refusals by what they say, the special ones first.
const BY_REASON: &[(&str, Advice)] = &[
    (
        "its aud is",
        Advice {
            rule: "ID-JAG §4.4.1, RFC 7523 §3 (3): one audience, the issuer itself, letter by letter",
            change: "the usual traps are a slash at the end, http for https, a port, and the address \
                     of the token endpoint: send the issuer as it stands in the metadata",
        },
    ),
    (
        "in the future",
        Advice {
            rule: "RFC 7519 §4.1.5 and §4.1.6: iat and nbf, with 30 seconds for clocks",
            change: "set the clock of whoever issued it (tegata doctor looks at ours)",
        },
    ),
    (
        "has expired",
        Advice {
            rule: "RFC 7519 §4.1.4: exp, with 30 seconds for clocks",
            change: "get a new one; if it was new, the clock of its issuer is slow",
        },
    ),
    (
        "lives for longer",
        Advice {
            rule: "an ID-JAG is short-lived (MCP EMA §7.4.2); five minutes unless a trust says otherwise",
            change: "issue it for less, or set `longest` of the [[service.trust]]",
        },
    ),
    (
        "DPoP",
        Advice {
            rule: "RFC 9449 §4.3 and §8; ID-JAG §9.8",
            change: "make a proof for each request: htm POST, htu the token endpoint of this very \
                     issuer, iat now, a new jti, and the nonce if one was sent",
        },
    ),
    (
        "document",
        Advice {
            rule: "client ID metadata documents -02 §3 and §4: https, 200, no redirect, 5 KB, its own \
                   address as client_id",
            change: "fetch it yourself without following redirects, and compare; its host must be one of \
                     clients.described_at",
        },
    ),
    (
        "the registration is not acceptable",
        Advice {
            rule: "RFC 7591 §2 and §3.2.2, ID-JAG §8 (docs/decisions/0038-registrations.md)",
            change: "change what it names; at a service such a client comes by code only if \
                     described_clients has scopes for it, and by ID-JAG only if it has credentials",
        },
    ),
    (
        "initial access token",
        Advice {
            rule: "RFC 7591 §3: each is good for one issuer, once unless it was made reusable, and for \
                   as long as it says",
            change: "make another: tegata client invite",
        },
    ),
    (
        "redirect_uri",
        Advice {
            rule: "RFC 9700 §2.1: compared letter by letter; only the port of a loopback address is free",
            change: "register it exactly as the client sends it",
        },
    ),
    (
        "resource",
        Advice {
            rule: "RFC 8707 §2; MCP EMA §7.6: the resource must be one that this audience governs",
            change: "name the resource as its RFC 9728 metadata does, or add it to the service (and to \
                     the connection, if that lists some)",
        },
    ),
    (
        "another client",
        Advice {
            rule: "ID-JAG §4.3.3 and §4.4.1: only the client that it was issued to may show it",
            change: "compare client_id of the connection with the client that redeems",
        },
    ),
    (
        "already used",
        Advice {
            rule: "each counts once (MCP EMA §7.4.2, RFC 6749 §4.1.2, RFC 9700 §4.14)",
            change: "get a new one for each use; for an ID-JAG a trust may say reuse = \"until_expiry\"",
        },
    ),
    (
        "no key of its issuer",
        Advice {
            rule: "RFC 7515 §4.1.4: the key is found by kid and alg among those of the issuer",
            change: "see whether the JWKS of the issuer has that kid; new keys are looked for once a minute",
        },
    ),
    (
        "not trusted here",
        Advice {
            rule: "ID-JAG §4.1: each issuer is trusted by name, before anything is fetched",
            change: "add it as [[service.trust]], letter by letter as it stands in iss",
        },
    ),
    (
        "has no account here",
        Advice {
            rule: "ID-JAG §4.1 and §9.5 (docs/decisions/0034-who-is-meant.md)",
            change: "link the subject with `tegata account link`, or let the trust make accounts just in \
                     time",
        },
    ),
    (
        "the aud_tenant of",
        Advice {
            rule: "ID-JAG §6.3: which tenant of this service is meant",
            change: "set `aud_tenant` of the [[service.trust]] as it stands in the tokens; home need \
                     not say it, so take it out of its connections' claims",
        },
    ),
    (
        "the person refused",
        Advice {
            rule: "RFC 6749 §4.1.2.1: the person said no on the consent page",
            change: "ask them, and send them to the authorization endpoint once more",
        },
    ),
    (
        "of its workload",
        Advice {
            rule: "RFC 7523 §3 (2) (docs/decisions/0041-workload-assertions.md): each claim exactly",
            change: "compare subject and claims of the [[service.trust]] with the assertion (`tegata token`)",
        },
    ),
    (
        "authentication is required",
        Advice {
            rule: "RFC 6749 §5.2: nothing came that proves who asks, or a workload's assertion that is not \
                   truly of an issuer trusted with workloads",
            change: "send the client's credentials; for a workload see the log, which has the reason, and \
                     [[service.trust]] with kind = \"workload\"",
        },
    ),
    (
        "to the client itself",
        Advice {
            rule: "RFC 6749 §4.4: openid, offline_access and their like are about people",
            change: "give the client a scope of its own in `scope`, by any name",
        },
    ),
    (
        "its signature",
        Advice {
            rule: "RFC 7515 §5.2",
            change: "see that nothing changed the token on its way, and which kid it names in the JWKS \
                     of its issuer",
        },
    ),
    (
        "its typ",
        Advice {
            rule: "RFC 8725 §3.11: each kind of token has its typ",
            change: "present the ID-JAG at a service, and the ID token at home",
        },
    ),
    (
        "the audience is not",
        Advice {
            rule: "ID-JAG §4.3: the audience is the issuer identifier of the service",
            change: "name the service's issuer, letter by letter, or one of its audience_aliases",
        },
    ),
    (
        "revoked",
        Advice {
            rule: "RFC 7009 §2.1, RFC 9700 §4.14",
            change: "send the person to sign in again",
        },
    ),
    (
        "tenant",
        Advice {
            rule: "ID-JAG §6.3: the same sub of another tenant is somebody else",
            change: "set `tenant` of the [[service.trust]] as it stands in the tokens, or leave it out",
        },
    ),
    (
        "sign in again",
        Advice {
            rule: "ID-JAG §4.3.3 and §9.2: the login has ended, or is too old or too weak for this",
            change: "send the person to the authorization endpoint, with max_age and acr_values if the \
                     answer named some",
        },
    ),
];

/// And by their code.
const BY_CODE: &[(&str, Advice)] = &[
    (
        "access_denied",
        Advice {
            rule: "ID-JAG §4.3.3: what the administrator decided; no other token would change it",
            change: "see `tegata policy check --client … --user … --service …`, and the [[connection]]",
        },
    ),
    (
        "invalid_client",
        Advice {
            rule: "RFC 6749 §5.2: the client is unknown, not active, or did not prove who it is",
            change: "compare id and secret at this very issuer: home and each service know their own \
                     clients (`tegata client list`)",
        },
    ),
    (
        "unauthorized_client",
        Advice {
            rule: "RFC 6749 §5.2: the client is not registered for that",
            change: "add the grant to its grant_types, or give it credentials",
        },
    ),
    (
        "invalid_scope",
        Advice {
            rule: "RFC 6749 §3.3: the least of what is asked, vouched for, trusted and registered is nothing",
            change: "compare the scopes of connection, trust, client and service",
        },
    ),
    (
        "consent_required",
        Advice {
            rule: "the connection leaves it to the person (approval = \"user\")",
            change: "send the person to the authorization endpoint once more",
        },
    ),
    (
        "slow_down",
        Advice { rule: "docs/guide/limits.md", change: "wait for as long as Retry-After says" },
    ),
    (
        "invalid_authorization_details",
        Advice {
            rule: "RFC 9396 §5: types that the service has, in the form that it declared",
            change: "compare with authorization_details_types of the service and the connection's list",
        },
    ),
];

const OTHERS: Advice = Advice {
    rule: "RFC 6749 §5.2",
    change: "what the refusal says; docs/specs.md has the sections",
};

/// What helps against a refusal of this code that says `reason`.
pub(super) fn of(code: &str, reason: &str) -> Advice {
    let said = BY_REASON.iter().find(|(part, _)| reason.contains(part));
    let coded = || BY_CODE.iter().find(|(its, _)| *its == code);
    said.or_else(coded).map_or(OTHERS, |(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The classic traps each have advice of their own.
    #[test]
    fn the_classic_traps() {
        for (code, reason, expected) in [
            ("invalid_grant", "the assertion is not acceptable: its aud is a/ where a", "slash"),
            ("invalid_target", "the resource is not one of this audience", "RFC 9728"),
            ("invalid_grant", "it was issued in the future or is not valid yet", "clock"),
            ("invalid_request", "the redirect_uri is not one that", "exactly"),
            ("invalid_client", "the document at client_id is not acceptable", "redirects"),
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
            assert!(of(code, reason).change.contains(expected), "{reason}");
        }
    }
}
