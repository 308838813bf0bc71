//! What home answers to a token exchange that is right (ID-JAG §4.3).

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};
use time::Duration;

use crate::support::{
    Browser, CHAT, HOME, World, authorize_url, claims_of, exchange, exchange_of, header_of,
    id_token_of, secret_of, signed_in, tokens_of,
};

const MCP: &str = "https://chat.example/mcp";
const FILES: &str = "https://chat.example/files";

/// ID-JAG §4.3.4 and RFC 6749 §5.1.
/// Rows 10, 11, 18, 19.
#[tokio::test]
async fn the_answer() {
    let world = World::new().await;
    let answer = exchange(&world, &id_token_of(&world, "alice").await, &[]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_json_snapshot!(answer.json(), { ".access_token" => "an ID-JAG" }, @r#"
    {
      "access_token": "an ID-JAG",
      "issued_token_type": "urn:ietf:params:oauth:token-type:id-jag",
      "token_type": "N_A",
      "expires_in": 300,
      "scope": "chat.read chat.write"
    }
    "#);
}

/// ID-JAG §3.1: the type, an asymmetric algorithm, a key that everybody can find.
/// Row 12.
#[tokio::test]
async fn its_header() {
    let world = World::new().await;
    let answer = exchange(&world, &id_token_of(&world, "alice").await, &[]).await;
    let header = header_of(&answer.access_token());
    assert_json_snapshot!(header, { ".kid" => "kid" }, @r#"
    {
      "typ": "oauth-id-jag+jwt",
      "alg": "ES256",
      "kid": "kid"
    }
    "#);
    let jwks = world.get(&format!("{HOME}/oauth2/jwks")).await.json();
    assert!(jwks["keys"].as_array().unwrap().iter().any(|key| key["kid"] == header["kid"]));
}

/// ID-JAG §3.1 and §5: all that is required; the audience is the service's issuer letter by
/// letter, the client the one that the service knows.
/// Rows 13–16, 150.
#[tokio::test]
async fn its_claims() {
    let world = World::new().await;
    let answer = exchange(&world, &id_token_of(&world, "alice").await, &[]).await;
    let claims = answer.claims();
    assert_eq!(claims["iss"], HOME);
    assert_eq!(claims["sub"], world.sub_of("alice").await);
    assert_eq!(claims["aud"], CHAT);
    assert_eq!(claims["client_id"], "wiki-at-chat");
    assert!(claims["jti"].as_str().unwrap().len() >= 22, "{claims}");
    let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(answer.json()["expires_in"], lifetime);
    assert!((1..=300).contains(&lifetime), "{lifetime}");
    for absent in ["resource", "cnf", "authorization_details", "email", "act", "tenant", "sid"] {
        assert_eq!(claims[absent], Value::Null, "{absent}");
    }
}

/// ID-JAG §3.1: `jti` is unique.
/// Row 17.
#[tokio::test]
async fn two_of_them_are_not_one() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let one = exchange(&world, &id_token, &[]).await.claims();
    let other = exchange(&world, &id_token, &[]).await.claims();
    assert_ne!(one["jti"], other["jti"]);
}

/// ID-JAG §4.3.3: scope may be narrowed, and what is granted is in the ID-JAG.
/// Row 20.
#[tokio::test]
async fn scope_that_is_partly_allowed() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let asked = "chat.admin chat.read made.up";
    let answer = exchange(&world, &id_token, &[("scope", asked)]).await;
    assert_eq!(answer.member("scope"), "chat.read");
    assert_eq!(answer.claims()["scope"], "chat.read");
}

/// ID-JAG §4.3.3 and RFC 8707 §2.
/// Rows 21, 22.
#[tokio::test]
async fn one_resource_or_two() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let one = exchange(&world, &id_token, &[("resource", MCP)]).await;
    assert_eq!(one.claims()["resource"], MCP);
    assert_eq!(one.json()["resource"], MCP);

    let mut request = exchange_of(&id_token);
    request.extend([("resource", FILES), ("resource", MCP), ("resource", FILES)]);
    let two = world.post_token(HOME, "wiki-agent", &request).await;
    assert_eq!(two.claims()["resource"], json!([FILES, MCP]));
    assert_eq!(two.json()["resource"], json!([FILES, MCP]));
}

/// A connection that is for one resource does not give more where nobody names one.
#[tokio::test]
async fn no_resource_where_the_connection_has_one() {
    let from = "groups = [\"sales\"]\n\n[[connection]]";
    let to = "groups = [\"sales\"]\nresources = [\"https://chat.example/mcp\"]\n\n[[connection]]";
    let world = World::but(from, to).await;
    let id_token = id_token_of(&world, "alice").await;
    assert_eq!(exchange(&world, &id_token, &[]).await.claims()["resource"], MCP);
    let refusal = exchange(&world, &id_token, &[("resource", FILES)]).await.refusal();
    assert_snapshot!(refusal, @"400 invalid_target: the resource is not one of this audience that the client may name");
}

/// ID-JAG §4.3: other names are resolved to the issuer.
/// Row 24.
#[tokio::test]
async fn an_alias_of_the_audience() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let answer = exchange(&world, &id_token, &[("audience", "urn:example:chat")]).await;
    assert_eq!(answer.claims()["aud"], CHAT);
}

/// ID-JAG §3.1: `auth_time`, `acr` and `amr` are those of the real login.
/// Row 26.
#[tokio::test]
async fn how_and_when_the_person_signed_in() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "alice").await;
    let first = claims_of(&tokens_of(&world, &browser).await.member("id_token"));
    world.hands.advance(Duration::minutes(20));
    browser.go(&authorize_url(HOME, "wiki-agent", &[])).await;
    let id_token = tokens_of(&world, &browser).await.member("id_token");
    world.hands.advance(Duration::minutes(1));
    let id_jag = exchange(&world, &id_token, &[]).await.claims();
    for copied in ["auth_time", "acr", "amr"] {
        assert_eq!(id_jag[copied], first[copied], "{copied}");
    }
    assert_eq!(id_jag["iat"].as_i64(), first["auth_time"].as_i64().map(|at| at + 21 * 60));
}

/// RFC 6749 §2.3.1: stock MCP clients send their secret in the body.
/// Row 34.
#[tokio::test]
async fn a_secret_in_the_body() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let secret = secret_of("wiki-agent");
    let mut request = exchange_of(&id_token);
    request.extend([("client_id", "wiki-agent"), ("client_secret", &*secret)]);
    assert_eq!(world.post_bare(HOME, &request).await.claims()["aud"], CHAT);
}

/// Nobody else's subject: whoever signed in is whom the ID-JAG is about.
#[tokio::test]
async fn each_person_has_a_sub_of_their_own() {
    let world = World::but("groups = [\"sales\"]\n\n[[connection]]", "\n[[connection]]").await;
    let alice = exchange(&world, &id_token_of(&world, "alice").await, &[]).await.claims();
    let bob = exchange(&world, &id_token_of(&world, "bob").await, &[]).await.claims();
    assert_eq!(alice["sub"], world.sub_of("alice").await);
    assert_eq!(bob["sub"], world.sub_of("bob").await);
    assert_ne!(alice["sub"], bob["sub"]);
}

/// Two browsers, one person: both logins are good, and signing out of one ends one.
#[tokio::test]
async fn a_login_that_goes_on_beside_one_that_ended() {
    let world = World::new().await;
    let mut first = signed_in(&world, "alice").await;
    let from_first = tokens_of(&world, &first).await.member("id_token");
    let mut second = Browser::open(&world, &authorize_url(HOME, "wiki-agent", &[])).await;
    second.sign_in("alice", "alice-password").await;
    let from_second = tokens_of(&world, &second).await.member("id_token");

    first.go(&format!("{HOME}/oauth2/logout")).await;
    first.submit(&[]).await;
    assert_snapshot!(exchange(&world, &from_first, &[]).await.refusal(), @"400 invalid_grant: the login that this comes from has ended: the person has to sign in again");
    assert_eq!(exchange(&world, &from_second, &[]).await.status, 200);
}

/// What is counted is counted as what it is.
#[tokio::test]
async fn what_the_metrics_say() {
    let world = World::configured(&[]).await;
    let id_token = id_token_of(&world, "alice").await;
    for _ in 0..2 {
        assert_eq!(exchange(&world, &id_token, &[]).await.status, 200);
    }
    let metrics = world.get(&format!("{HOME}/metrics")).await.text;
    for line in [
        r#"tegata_tokens_issued_total{kind="id_jag"} 2"#,
        r#"tegata_tokens_issued_total{kind="access_token"} 1"#,
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
}
