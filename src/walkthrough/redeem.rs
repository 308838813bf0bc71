//! Leg 2: the ID-JAG becomes an access token of the service (RFC 7523 §2.1, ID-JAG §4.4).

use super::agent::{Agent, Credentials, Metadata, Target, Token};
use super::claims::{Must, believe};
use super::exchange::no_refresh_token;
use super::failure::Failure;
use super::report::{Finding, Step};
use super::wire::{self, Answer};
use crate::jose::Typ;
use crate::oauth::GrantType;

/// Presents an assertion at the service, whatever it is worth.
pub(super) async fn present(
    agent: &Agent,
    service: &Metadata,
    credentials: &Credentials,
    (assertion, scope): (&str, Option<&str>),
    step: &mut Step,
) -> Result<Answer, Failure> {
    let grant_type = GrantType::JwtBearer.as_str();
    let mut params = wire::params(&[("grant_type", grant_type), ("assertion", assertion)]);
    params.extend(scope.map(|it| ("scope".to_owned(), it.to_owned())));
    let show = ["token_type", "expires_in", "scope", "resource", "access_token"];
    let request = credentials.by_basic(&service.token_endpoint, params);
    request.send(&agent.http, &show, step).await?.tokens()
}

/// Redeems an ID-JAG as stock clients do: by Basic, with the grant type and the assertion alone.
pub(super) async fn redeem(
    agent: &Agent,
    service: &Metadata,
    target: &Target,
    id_jag: &Token,
    step: &mut Step,
) -> Result<Token, Failure> {
    let assertion = (id_jag.text.as_str(), None);
    let answer = present(agent, service, &target.credentials, assertion, step).await?;
    let access_token = answer.required("access_token")?;
    let token_type = answer.text("token_type").unwrap_or_default();
    let bearer = token_type.eq_ignore_ascii_case("bearer");
    step.found(
        "The answer",
        vec![
            Finding::check("token_type", token_type, "the API takes it from its holder", bearer),
            no_refresh_token(&answer),
        ],
    );

    // RFC 9068 §2.2; ID-JAG §4.4.1: never more than the ID-JAG has.
    let mut rules = vec![
        ("iss", Must::Be(target.service.clone())),
        ("sub", Must::Exist),
        ("aud", Must::Exist),
        ("client_id", Must::Be(target.credentials.id.clone())),
        ("jti", Must::Exist),
        ("exp", Must::BeAhead),
        ("iat", Must::HavePassed),
    ];
    if let Some(resource) = target.resource.clone() {
        rules.retain(|(name, _)| *name != "aud");
        rules.push(("aud", Must::Include(resource)));
    }
    let scope = id_jag.claims.get("scope").and_then(|it| it.as_str());
    rules.extend(scope.map(|it| ("scope", Must::BeWithin(it.to_owned()))));
    let believed = (service.jwks_uri.as_str(), Typ::Is("at+jwt"));
    let name = ("The access token", access_token.as_str());
    believe(&agent.http, name, believed, (&rules, agent.now()), step).await
}
