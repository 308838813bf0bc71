//! Leg 1: the ID token becomes an ID-JAG for one service (RFC 8693 §2, ID-JAG §4.3).

use serde_json::Value;

use super::agent::{Agent, Metadata, Target, Token};
use super::claims::{Must, believe};
use super::explain;
use super::failure::Failure;
use super::report::{Finding, Step};
use super::wire::{self, Answer};
use crate::jose::Typ;
use crate::oauth::{GrantType, TokenType};

/// Asks home for an ID-JAG, and takes what comes.
pub(super) async fn ask(
    agent: &Agent,
    home: &Metadata,
    id_token: &Token,
    target: &Target,
    step: &mut Step,
) -> Result<Answer, Failure> {
    let mut params = wire::params(&[
        ("grant_type", GrantType::TokenExchange.as_str()),
        ("requested_token_type", TokenType::IdJag.as_str()),
        ("audience", &target.service),
        ("subject_token", &id_token.text),
        ("subject_token_type", TokenType::IdToken.as_str()),
    ]);
    let optional = [("resource", &target.resource), ("scope", &target.scope)];
    params.extend(optional.into_iter().filter_map(|(name, it)| Some((name.into(), it.clone()?))));
    let request = agent.credentials.by_post(&home.token_endpoint, params);
    let show = ["issued_token_type", "token_type", "expires_in", "scope", "access_token"];
    request.send(&agent.http, &show, step).await?.tokens()
}

/// Asks home for an ID-JAG, and looks at all that it says.
pub(super) async fn exchange(
    agent: &Agent,
    home: &Metadata,
    id_token: &Token,
    target: &Target,
    step: &mut Step,
) -> Result<Token, Failure> {
    let answer = ask(agent, home, id_token, target, step).await?;
    let id_jag = answer.required("access_token")?;

    let issued = answer.text("issued_token_type").unwrap_or_default();
    let token_type = answer.text("token_type").unwrap_or_default();
    let expires_in = answer.members.get("expires_in");
    let seconds = expires_in.is_some_and(Value::is_u64);
    let expires_in = expires_in.map(explain::plain).unwrap_or_default();
    // ID-JAG §4.3.4; clients of others compare each of these literally.
    step.found(
        "The answer",
        vec![
            Finding::same("issued_token_type", issued, TokenType::IdJag.as_str(), "an ID-JAG"),
            Finding::same("token_type", token_type, "N_A", "no API takes it"),
            Finding::check("expires_in", expires_in, "seconds until it ends", seconds),
            no_refresh_token(&answer),
        ],
    );

    let rules = rules(agent, target);
    let believed = (home.jwks_uri.as_str(), Typ::Is("oauth-id-jag+jwt"));
    believe(&agent.http, ("The ID-JAG", &id_jag), believed, (&rules, agent.now()), step).await
}

/// ID-JAG §4.3.4 and §4.4.3: home stays in control, for every token comes by way of it.
pub(super) fn no_refresh_token(answer: &Answer) -> Finding {
    let there = answer.members.contains_key("refresh_token");
    let value = if there { "there is one" } else { "none" };
    Finding::check("refresh_token", value, "the way back leads through home", !there)
}

/// ID-JAG §3.1.
fn rules(agent: &Agent, target: &Target) -> Vec<(&'static str, Must)> {
    let mut rules = vec![
        ("iss", Must::Be(agent.home.clone())),
        ("sub", Must::Exist),
        ("aud", Must::BeOnly(target.service.clone())),
        ("client_id", Must::Be(target.credentials.id.clone())),
        ("jti", Must::Exist),
        ("exp", Must::BeAhead),
        ("iat", Must::HavePassed),
    ];
    rules.extend(target.resource.clone().map(|it| ("resource", Must::BeOnly(it))));
    rules.extend(target.scope.clone().map(|it| ("scope", Must::BeWithin(it))));
    rules
}
