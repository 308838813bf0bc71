//! Discovery: an issuer's metadata at its well-known places (RFC 8414 §3, OIDC Discovery §4).

use url::Url;

use super::agent::Metadata;
use super::explain;
use super::failure::Failure;
use super::report::{Finding, Step};
use super::wire::{Answer, Request};
use crate::oauth::{GrantType, TokenType};
use crate::outbound::Http;

/// ID-JAG §7.2.
const GRANT_PROFILE: &str = "urn:ietf:params:oauth:grant-profile:id-jag";

/// The members without which nobody gets further.
const ENDPOINTS: &[&str] = &["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"];

/// The three forms in which clients look for the metadata of `issuer`. Without a path two of
/// them are the same.
pub fn well_known(issuer: &str) -> Result<Vec<String>, Failure> {
    let url = Url::parse(issuer).map_err(|_| Failure::Address(issuer.to_owned()))?;
    let origin = url.origin().ascii_serialization();
    let path = url.path().trim_end_matches('/');
    let mut forms = vec![
        format!("{origin}/.well-known/oauth-authorization-server{path}"),
        format!("{origin}/.well-known/openid-configuration{path}"),
        format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')),
    ];
    forms.dedup();
    Ok(forms)
}

/// Home: asked at every form, for clients differ in which they ask; the same everywhere.
pub(super) async fn home(http: &Http, issuer: &str, step: &mut Step) -> Result<Metadata, Failure> {
    let mut first = None;
    for url in well_known(issuer)? {
        let answer =
            Request::get(&url).send(http, ENDPOINTS, step).await?.ok("200 with metadata")?;
        let told = answer.text("issuer").unwrap_or_default();
        // RFC 8414 §3.3: "the issuer value returned MUST be identical to [that] into which the
        // well-known URI string was inserted".
        let same = Finding::same("issuer", told, issuer, "the same, letter by letter");
        step.found("Metadata of home", vec![same]);
        first.get_or_insert(answer);
    }
    let answer = first.ok_or_else(|| Failure::Address(issuer.to_owned()))?;
    let id_jag = TokenType::IdJag.as_str();
    let findings = vec![
        includes(&answer, "code_challenge_methods_supported", "S256", "PKCE"),
        includes(&answer, "identity_chaining_requested_token_types_supported", id_jag, "ID-JAGs"),
    ];
    step.found("What it says that it can do", findings);
    read(&answer)
}

/// A service: asked at the first form that answers.
pub(super) async fn service(
    http: &Http,
    issuer: &str,
    step: &mut Step,
) -> Result<Metadata, Failure> {
    let forms = well_known(issuer)?;
    let mut answer = Request::get(&forms[0]).send(http, &ENDPOINTS[2..], step).await?;
    if (400..500).contains(&answer.reply.status) {
        answer = Request::get(&forms[1]).send(http, &ENDPOINTS[2..], step).await?;
    }
    let answer = answer.ok("200 with metadata")?;
    let told = answer.text("issuer").unwrap_or_default();
    let jwt_bearer = GrantType::JwtBearer.as_str();
    let findings = vec![
        Finding::same("issuer", told, issuer, "the same, letter by letter"),
        includes(&answer, "grant_types_supported", jwt_bearer, "takes assertions"),
        includes(&answer, "authorization_grant_profiles_supported", GRANT_PROFILE, "takes ID-JAGs"),
    ];
    step.found("Metadata of the service", findings);
    read(&answer)
}

fn read(answer: &Answer) -> Result<Metadata, Failure> {
    Ok(Metadata {
        authorization_endpoint: answer.text("authorization_endpoint").map(str::to_owned),
        token_endpoint: answer.required("token_endpoint")?,
        jwks_uri: answer.required("jwks_uri")?,
    })
}

/// A server need not say all that it can; so its silence is told, not held against it.
fn includes(answer: &Answer, member: &str, value: &str, meaning: &str) -> Finding {
    let there = answer.members.get(member);
    let says =
        there.and_then(|it| it.as_array()).is_some_and(|it| it.iter().any(|one| one == value));
    match (there, says) {
        (_, true) => Finding::check(member, value, meaning, true),
        (Some(other), false) => Finding::told(member, explain::plain(other), meaning),
        (None, false) => Finding::told(member, "not said", meaning),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_places_with_and_without_a_path() {
        let with = well_known("https://a.example/services/chat").unwrap();
        assert_eq!(
            with,
            [
                "https://a.example/.well-known/oauth-authorization-server/services/chat",
                "https://a.example/.well-known/openid-configuration/services/chat",
                "https://a.example/services/chat/.well-known/openid-configuration",
            ]
        );
        assert_eq!(well_known("https://a.example").unwrap().len(), 2);
    }
}
