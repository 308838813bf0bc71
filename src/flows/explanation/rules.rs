//! Which refusal is about which rule, what that expects, and what helps.

use super::advice::Advice;

/// Refusals that say `part`, or have it as their code.
const fn says(
    part: &'static str,
    rule: &'static str,
    expected: &'static str,
    change: &'static str,
) -> (&'static str, Advice) {
    (part, Advice { rule, expected, change })
}

/// Refusals by what they say, the special ones first.
pub(super) const BY_REASON: &[(&str, Advice)] = &[
    says(
        "failed: the assertion is not acceptable: its aud is",
        "7523bis §4 (3 b), docs/decisions/0017-client-assertion-audience.md",
        "one audience, the issuer where the client authenticates, letter by letter",
        "send as aud of the client assertion the issuer as it stands in the metadata, \
         not the address of the token endpoint",
    ),
    says(
        "its aud is",
        "ID-JAG §4.4.1, RFC 7523 §3 (3)",
        "one audience, the issuer itself, letter by letter",
        "the usual traps are a slash at the end, http for https, a port, and the \
         address of the token endpoint: send the issuer as it stands in the metadata",
    ),
    says(
        "in the future",
        "RFC 7519 §4.1.5 and §4.1.6",
        "iat and nbf that have come, with 30 seconds for clocks",
        "set the clock of whoever issued it (tegata doctor looks at ours)",
    ),
    says(
        "has expired",
        "RFC 7519 §4.1.4",
        "an exp that has not come, with 30 seconds for clocks",
        "get a new one; if it was new, the clock of its issuer is slow",
    ),
    says(
        "failed: the assertion is not acceptable: it lives for longer",
        "RFC 7523 §3 (4) (docs/decisions/0017-client-assertion-audience.md)",
        "a client assertion that lives for ten minutes at most",
        "set its exp to at most ten minutes after its iat: it is used once",
    ),
    says(
        "lives for longer",
        "MCP EMA §7.4.2, RFC 7523 §3 (4)",
        "an ID-JAG that lives for five minutes at most, or a workload's assertion that lives for ten, unless \
         a trust says otherwise",
        "issue it for less, or set `longest` of the [[service.trust]]",
    ),
    says(
        "tls_client_certificate_bound_access_tokens asks",
        "RFC 8705 §3.3 and §3.4 (docs/decisions/0046-certificates.md)",
        "a server whose metadata have tls_client_certificate_bound_access_tokens",
        "leave it out, or have the administrator set trusted_proxies and proxies.client_certificate",
    ),
    says(
        "to a key and to a certificate at once",
        "docs/decisions/0046-certificates.md",
        "tokens that are bound to one of the two",
        "take dpop_bound_access_tokens or tls_client_certificate_bound_access_tokens out",
    ),
    says(
        "access tokens are bound here",
        "RFC 9449 §5, RFC 8705 §3 (docs/decisions/0033-bound-tokens.md)",
        "a DPoP proof of a key, or a certificate by mutual TLS",
        "send one of the two with each request for a token",
    ),
    says(
        "certificate",
        "RFC 8705 §3 and RFC 9440 §2 (docs/decisions/0046-certificates.md)",
        "the certificate that it is bound to, by mutual TLS, and no DPoP proof beside it",
        "send the request by mutual TLS with that certificate. A proxy tells of it by Client-Cert, and \
         must stand in trusted_proxies while proxies.client_certificate is on",
    ),
    says(
        "DPoP",
        "RFC 9449 §4.3 and §8; ID-JAG §9.8",
        "a proof for this very request, by the key that all else is bound to",
        "make a proof for each request: htm POST, htu the token endpoint of this very \
         issuer, iat now, a new jti, and the nonce if one was sent",
    ),
    says(
        "its client_id is not the address",
        "client ID metadata documents -02 §4",
        "a document whose client_id is the address that it was fetched from, letter by \
         letter",
        "the usual traps are a slash at the end, http for https, www., and a query: \
         write the address into the document as the client sends it",
    ),
    says(
        "the answer has the status",
        "client ID metadata documents -02 §5",
        "an answer with status 200: redirects are not followed",
        "send as client_id the address at which the document is, and fetch it yourself \
         without following redirects",
    ),
    says(
        "it cannot be fetched",
        "client ID metadata documents -02 §5 and §8.6",
        "https by a certificate that browsers trust, at a public address, and an answer \
         in time",
        "fetch it from another network; whoever runs this server looks at \
         outbound.timeout_seconds, and whether it may go out",
    ),
    says(
        "document",
        "client ID metadata documents -02 §3 to §5 and §8.7",
        "https, 200, no redirect, 5 KB, its own address as client_id",
        "fetch it yourself without following redirects, and compare; its host must be \
         one of clients.described_at",
    ),
    says(
        "says of itself at its own address",
        "client ID metadata documents -02 §3 to §5 and §8.7",
        "https, 200, no redirect, 5 KB, its own address as client_id",
        "fetch it yourself without following redirects, and compare; its host must be \
         one of clients.described_at",
    ),
    says(
        "the registration is not acceptable",
        "RFC 7591 §2 and §3.2.2, ID-JAG §8 (docs/decisions/0038-registrations.md)",
        "metadata that can be kept here as they are",
        "change what it names; at a service such a client comes by code only if \
         described_clients has scopes for it, and by ID-JAG only if it has credentials",
    ),
    says(
        "initial access token",
        "RFC 7591 §3",
        "a token for this issuer, used once unless it was made reusable, and for as \
         long as it says",
        "make another: tegata client invite",
    ),
    says(
        "redirect_uri is not the one of",
        "RFC 6749 §4.1.3",
        "the redirect_uri of the authorization request once more, letter by letter",
        "send the same text at both endpoints, the port of a loopback address included",
    ),
    says(
        "redirect_uri",
        "RFC 9700 §2.1",
        "one of the redirect_uris of the client, letter by letter; only the port of a \
         loopback address is free",
        "register it exactly as the client sends it; the usual traps are a slash at the \
         end, http for https, and localhost for 127.0.0.1",
    ),
    says(
        "resource is required",
        "MCP EMA §7.6",
        "a resource in the request",
        "name the resource as its RFC 9728 metadata does",
    ),
    says(
        "names no resource",
        "MCP EMA §7.6",
        "a resource claim in the ID-JAG",
        "name a resource at the token exchange, or leave resource_required of the \
         [[service.trust]] out",
    ),
    says(
        "resource or audience",
        "identity chaining -17 §2.3.1 (docs/decisions/0039-identity-chaining.md)",
        "the authorization server, by its issuer as resource, or by a name of it as audience",
        "resource is not the API here: send the issuer of the authorization server that the grant is for",
    ),
    says(
        "do not name one authorization server",
        "identity chaining -17 §2.3.1 (docs/decisions/0039-identity-chaining.md)",
        "one authorization server, by its issuer as resource, or by a name of it as audience",
        "resource is not the API here: send the issuer of the authorization server, letter by letter, as it \
         stands in its metadata",
    ),
    says(
        "may only name what the subject token is for",
        "RFC 8693 §2.2.2 (docs/decisions/0040-exchanges-at-services.md)",
        "an aud of the subject token that this service still protects",
        "name one of the aud of the token, or nothing, to keep them all",
    ),
    says(
        "resource",
        "RFC 8707 §2; MCP EMA §7.6",
        "a resource that this audience governs, letter by letter",
        "name the resource as its RFC 9728 metadata does, or add it to the service (and \
         to the connection, if that lists some)",
    ),
    says(
        "another client",
        "ID-JAG §4.3.3 and §4.4.1",
        "the client that it was issued to",
        "compare client_id of the connection with the client that redeems",
    ),
    says(
        "already used",
        "MCP EMA §7.4.2, RFC 6749 §4.1.2, RFC 9700 §4.14",
        "one that was not shown before: each counts once",
        "get a new one for each use; for an ID-JAG a trust may say reuse = \
         \"until_expiry\"",
    ),
    says(
        "no key of its issuer",
        "RFC 7515 §4.1.4",
        "a kid and an alg that a key of the issuer has",
        "see whether the JWKS of the issuer has that kid; new keys are looked for once \
         a minute",
    ),
    says(
        "not trusted here",
        "ID-JAG §4.1",
        "an issuer that is trusted by name, before anything is fetched",
        "add it as [[service.trust]], letter by letter as it stands in iss",
    ),
    says(
        "at tegata_link_uri",
        "ID-JAG §4.1 and §9.5 (docs/decisions/0045-linking.md)",
        "a subject whom the service knows",
        "open tegata_link_uri in the browser of the person, who can link their account there, and \
         come back with a new ID-JAG; an administrator can do it with `tegata account link`",
    ),
    says(
        "has no account here",
        "ID-JAG §4.1 and §9.5 (docs/decisions/0034-who-is-meant.md)",
        "a subject whom the service knows",
        "link the subject with `tegata account link`, or let the trust make accounts just in time, or let \
         the person do it: that takes an ID-JAG with email and email_verified, of one of the \
         link_domains of the [[service.trust]], by a client that the directory declares",
    ),
    says(
        "the person refused to link",
        "docs/decisions/0045-linking.md",
        "that the person says on the page that the account is theirs",
        "nothing, if they did not begin it themselves; otherwise ask once more with an ID-JAG",
    ),
    says(
        "the address is not the one that asked",
        "docs/decisions/0045-linking.md",
        "the address that the person has at the issuer, as the ID-JAG has it",
        "find out who sent the person there: they may have been meant to link somebody else's \
         account; who mistyped it begins again with an ID-JAG",
    ),
    says(
        "the aud_tenant of",
        "ID-JAG §6.3",
        "the tenant of this service that the trust names",
        "set `aud_tenant` of the [[service.trust]] as it stands in the tokens; home \
         need not say it, so take it out of its connections' claims",
    ),
    says(
        "the person refused",
        "RFC 6749 §4.1.2.1",
        "that the person says yes on the consent page",
        "ask them, and send them to the authorization endpoint once more",
    ),
    says(
        "of its workload",
        "RFC 7523 §3 (2) (docs/decisions/0041-workload-assertions.md)",
        "subject and claims exactly as a trust of kind = \"workload\" has them",
        "compare both with the assertion (`tegata token` shows what it says)",
    ),
    says(
        "authentication is required",
        "RFC 6749 §5.2",
        "the credentials of a client, or an assertion that is truly of an issuer trusted \
         with workloads",
        "send the client's credentials; for a workload see the log, which has the reason, \
         and [[service.trust]] with kind = \"workload\"",
    ),
    says(
        "to the client itself",
        "RFC 6749 §4.4",
        "a scope that is the client's own: openid, offline_access and their like are \
         about people",
        "give the client a scope of its own in `scope`, by any name",
    ),
    says(
        "its signature",
        "RFC 7515 §5.2",
        "a signature by the key that kid names",
        "see that nothing changed the token on its way, and which kid it names in the \
         JWKS of its issuer",
    ),
    says(
        "the subject token is not acceptable: its typ",
        "RFC 8693 §2.1, RFC 8725 §3.11",
        "at home an ID Token or a refresh token, and at a service an access token of that service",
        "exchange the ID Token at home, where ID-JAGs come from; at a service, what it issued itself",
    ),
    says(
        "its typ",
        "RFC 8725 §3.11",
        "the typ of the kind of token that belongs there",
        "present the ID-JAG at a service, and the ID token at home",
    ),
    says(
        "the audience is not",
        "ID-JAG §4.3",
        "the issuer identifier of a service that is known here",
        "name the service's issuer, letter by letter, or one of its audience_aliases",
    ),
    says(
        "revoked",
        "RFC 7009 §2.1, RFC 9700 §4.14",
        "a token that nobody took back",
        "send the person to sign in again",
    ),
    says(
        "tenant",
        "ID-JAG §6.3",
        "the tenant that is trusted: the same sub of another is somebody else",
        "set `tenant` of the [[service.trust]] as it stands in the tokens, or leave it \
         out",
    ),
    says(
        "sign in again",
        "ID-JAG §4.3.3 and §9.2",
        "a login that goes on, and is as new and as strong as this needs",
        "send the person to the authorization endpoint, with max_age and acr_values if \
         the answer named some",
    ),
];

/// And by their code.
pub(super) const BY_CODE: &[(&str, Advice)] = &[
    says(
        "access_denied",
        "ID-JAG §4.3.3",
        "that the administrator allows it: no other token would change it",
        "see `tegata policy check --client … --user … --service …`, and the \
         [[connection]]",
    ),
    says(
        "invalid_client",
        "RFC 6749 §5.2",
        "a client that is known, active, and proves who it is",
        "compare id and secret at this very issuer: home and each service know their \
         own clients (`tegata client list`)",
    ),
    says(
        "unauthorized_client",
        "RFC 6749 §5.2",
        "a client that is registered for that",
        "add the grant to its grant_types, or give it credentials",
    ),
    says(
        "invalid_scope",
        "RFC 6749 §3.3",
        "that something is left of what is asked, vouched for, trusted and registered",
        "compare the scopes of connection, trust, client and service",
    ),
    says(
        "consent_required",
        "docs/decisions/0012-consent-required.md",
        "the person's word, to whom the connection leaves it (approval = \"user\")",
        "send the person to the authorization endpoint once more",
    ),
    says(
        "slow_down",
        "docs/guide/limits.md",
        "fewer requests",
        "wait for as long as Retry-After says",
    ),
    says(
        "invalid_authorization_details",
        "RFC 9396 §5",
        "types that the service has, in the form that it declared",
        "compare with authorization_details_types of the service and the connection's \
         list",
    ),
];
