//! What an issuer has to say of itself (RFC 8414, OIDC Discovery, MCP).

use serde_json::Value;
use url::Url;

use super::ask::{is_json, media_type, said, shown};
use super::check::{Examined, Rule, Verdict};
use super::metadata_roles::{IDP, RAS};
use super::target::{Document, Target};
use crate::oauth::is_loopback;

/// A rule, and who judges.
pub(super) struct Look {
    pub rule: Rule,
    pub judge: fn(&Target) -> Verdict,
}

pub(super) const ALWAYS: &[Look] = &[
    Look {
        rule: Rule::must(
            "rfc8414-3-document",
            "RFC 8414 §3, OIDC Discovery §4",
            "the metadata are where clients look",
            "200 with a JSON object at one of the well-known places",
            "serve the metadata below /.well-known/, before the path of the issuer or behind it",
        ),
        judge: |it| Verdict::of(it.metadata().is_some(), places(&it.documents)),
    },
    Look {
        rule: Rule::should(
            "rfc8414-5-both-forms",
            "RFC 8414 §5, MCP 2026-07-28",
            "they are at every place where clients look",
            "200 with a JSON object at each",
            "serve both documents: clients differ in which they ask for first",
        ),
        judge: |it| {
            let all = it.documents.iter().all(|it| it.object().is_some());
            Verdict::of(all && !it.documents.is_empty(), places(&it.documents))
        },
    },
    Look {
        rule: Rule::must(
            "rfc8414-3.2-json",
            "RFC 8414 §3.2",
            "they are JSON",
            "application/json",
            "send Content-Type: application/json",
        ),
        judge: |it| match it.documents.iter().find_map(Document::object) {
            Some(answer) => Verdict::of(is_json(answer), media_type(answer)),
            None => Verdict::skipped(NO_METADATA),
        },
    },
    Look {
        rule: Rule::must(
            "rfc8414-3.3-issuer",
            "RFC 8414 §3.3",
            "they name the issuer that was asked",
            "the issuer identifier, letter by letter",
            "give clients the issuer exactly as the metadata have it; mind the slash at the end",
        ),
        judge: issuer,
    },
    Look {
        rule: Rule::must(
            "rfc8414-2-token-endpoint",
            "RFC 8414 §2, RFC 6749 §3.2",
            "token_endpoint is there, by https or on loopback",
            "an https URL; http on this machine alone",
            "publish token_endpoint",
        ),
        judge: token_endpoint,
    },
    Look {
        rule: Rule::must(
            "rfc6749-3.2-get",
            "RFC 6749 §3.2",
            "the token endpoint takes POST only",
            "a status of 400 to 499 for GET",
            "answer GET with 405: what is in an address ends up in logs",
        ),
        judge: |it| match it.token_endpoint_by_get.as_ref().map(|it| &it.answer) {
            Some(Ok(answer)) => {
                Verdict::of((400..500).contains(&answer.reply.status), said(answer))
            }
            Some(Err(why)) => Verdict::Failed(why.clone()),
            None => Verdict::skipped("there is no token_endpoint"),
        },
    },
    Look {
        rule: Rule::must(
            "rfc8414-2-response-types",
            "RFC 8414 §2",
            "response_types_supported is there",
            "a list",
            "publish it, as an empty list if need be: stock clients refuse metadata without it",
        ),
        judge: |it| match it.metadata() {
            Some(_) => {
                let value = it.member("response_types_supported");
                Verdict::of(value.is_some_and(Value::is_array), shown(value))
            }
            None => Verdict::skipped(NO_METADATA),
        },
    },
    Look {
        rule: Rule::should(
            "mcp-authorization-endpoint",
            "RFC 8414 §2, MCP SDKs",
            "authorization_endpoint is there",
            "a URL, even where nobody is sent",
            "publish it: the stock TypeScript client refuses metadata without it",
        ),
        judge: |it| match it.metadata() {
            Some(_) => {
                let right = it.text("authorization_endpoint").is_some();
                Verdict::of(right, shown(it.member("authorization_endpoint")))
            }
            None => Verdict::skipped(NO_METADATA),
        },
    },
    Look {
        rule: Rule::should(
            "rfc9700-2.1.1-pkce",
            "RFC 9700 §2.1.1, MCP 2026-07-28",
            "PKCE is announced",
            "S256 in code_challenge_methods_supported",
            "publish it in each document: MCP clients do not go on without it",
        ),
        judge: |it| it.announces("code_challenge_methods_supported", "S256"),
    },
    Look {
        rule: Rule::should(
            "rfc9207-3-iss",
            "RFC 9207 §3, MCP 2026-07-28",
            "iss in authorization responses is announced",
            "authorization_response_iss_parameter_supported is true",
            "send iss, and say so: clients tell by it that no other server is mixed in",
        ),
        judge: |it| match it.text("authorization_endpoint") {
            Some(_) => {
                let value = it.member("authorization_response_iss_parameter_supported");
                Verdict::of(value == Some(&Value::Bool(true)), shown(value))
            }
            None => Verdict::skipped("there is no authorization_endpoint"),
        },
    },
    Look {
        rule: Rule::must(
            "rfc8414-2-no-none",
            "RFC 8414 §2",
            "no client is authenticated by an unsigned JWT",
            "no none in token_endpoint_auth_signing_alg_values_supported",
            "take none out",
        ),
        judge: |it| {
            let algorithms = it.list("token_endpoint_auth_signing_alg_values_supported");
            match it.metadata() {
                Some(_) => Verdict::of(!algorithms.contains(&"none"), list(&algorithms)),
                None => Verdict::skipped(NO_METADATA),
            }
        },
    },
    Look {
        rule: Rule::must(
            "oidc-discovery-3-public-keys",
            "OIDC Discovery §3, RFC 8725 §3.5",
            "only public keys are published",
            "no member of a private or symmetric key at jwks_uri",
            "publish the public halves alone, and replace what was out there: it is known now",
        ),
        judge: public_keys,
    },
];

const NO_METADATA: &str = "there are no metadata";

/// Judges what `target` says.
pub(super) fn examine(target: &Target, examined: &mut Examined) {
    let idp = if target.is_idp { IDP } else { &[] };
    let ras = if target.is_ras { RAS } else { &[] };
    for look in ALWAYS.iter().chain(idp).chain(ras) {
        examined.note(look.rule, (look.judge)(target));
    }
}

fn places(documents: &[Document]) -> String {
    let places = documents.iter().map(|it| format!("{}: {}", it.url, it.said()));
    places.collect::<Vec<_>>().join("; ")
}

fn issuer(target: &Target) -> Verdict {
    let there: Vec<_> = target.documents.iter().filter(|it| it.object().is_some()).collect();
    let told = |it: &Document| shown(it.object().and_then(|it| it.members.get("issuer")));
    match there.iter().find(|it| told(it) != target.issuer) {
        Some(other) => Verdict::Failed(format!("{} at {}", told(other), other.url)),
        None if there.is_empty() => Verdict::skipped(NO_METADATA),
        None => Verdict::Passed(target.issuer.clone()),
    }
}

fn token_endpoint(target: &Target) -> Verdict {
    if target.metadata().is_none() {
        return Verdict::skipped(NO_METADATA);
    }
    let url = target.text("token_endpoint").and_then(|it| Url::parse(it).ok());
    let right =
        url.is_some_and(|it| it.scheme() == "https" || (it.scheme() == "http" && is_loopback(&it)));
    Verdict::of(right, shown(target.member("token_endpoint")))
}

/// RFC 7518 §6: what only private and symmetric keys have.
fn public_keys(target: &Target) -> Verdict {
    const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    let document = target.keys.as_ref().and_then(Document::object);
    let Some(keys) = document.and_then(|it| it.members.get("keys")).and_then(Value::as_array)
    else {
        return Verdict::skipped("there is no key set");
    };
    let private = |key: &&Value| PRIVATE.iter().any(|it| key.get(it).is_some());
    match keys.iter().filter(private).count() {
        0 => Verdict::Passed(format!("{} keys", keys.len())),
        many => Verdict::Failed(format!("{many} that are not public")),
    }
}

/// As it is told of a list.
pub(super) fn list(items: &[&str]) -> String {
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}
