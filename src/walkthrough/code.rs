//! The code becomes tokens, and the ID token is believed (RFC 6749 §4.1.3, OIDC Core §3.1.3.7).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::agent::{Agent, Metadata, Token};
use super::claims::{Must, believe};
use super::decoded::Decoded;
use super::failure::Failure;
use super::report::{Finding, Step};
use super::sign_in::{Granted, code_params};
use crate::jose::{Algorithm, Typ};

/// Exchanges the code. What comes back is the ID token; the access token beside it is for
/// home's own APIs, and so for no step of the way.
pub(super) async fn exchange(
    agent: &Agent,
    home: &Metadata,
    granted: &Granted,
    step: &mut Step,
) -> Result<(Token, Option<String>), Failure> {
    let request = agent.credentials.by_basic(&home.token_endpoint, code_params(agent, granted));
    let show = ["token_type", "expires_in", "scope", "access_token", "id_token", "refresh_token"];
    let answer = request.send(&agent.http, &show, step).await?.tokens()?;
    let id_token = answer.required("id_token")?;
    let token_type = answer.text("token_type").unwrap_or_default();
    // RFC 6749 §5.1: "Value is case insensitive."
    let bearer = token_type.eq_ignore_ascii_case("bearer");
    let meaning = "whoever holds the access token may use it";
    step.found("The answer", vec![Finding::check("token_type", token_type, meaning, bearer)]);

    let mut rules = vec![
        ("iss", Must::Be(agent.home.clone())),
        ("sub", Must::Exist),
        ("aud", Must::Include(agent.credentials.id.clone())),
        ("exp", Must::BeAhead),
        ("iat", Must::HavePassed),
        ("nonce", Must::Be(granted.nonce.clone())),
    ];
    if let Some(hash) = answer.text("access_token").and_then(|it| at_hash(&id_token, it)) {
        rules.push(("at_hash", Must::Be(hash)));
    }
    let believed = (home.jwks_uri.as_str(), Typ::Plain);
    let name = ("The ID token", id_token.as_str());
    let token = believe(&agent.http, name, believed, (&rules, agent.now()), step).await?;
    Ok((token, answer.text("access_token").map(str::to_owned)))
}

/// OIDC Core §3.1.3.6, if the ID token has the claim and an algorithm that hashes by SHA-256.
fn at_hash(id_token: &str, access_token: &str) -> Option<String> {
    let decoded = Decoded::read(id_token).ok()?;
    decoded.claims.get("at_hash")?;
    let algorithm = Algorithm::parse(decoded.header.get("alg")?.as_str()?)?;
    let digest = Sha256::digest(access_token);
    algorithm.hashes_by_sha256().then(|| BASE64_URL_SAFE_NO_PAD.encode(&digest[..16]))
}
