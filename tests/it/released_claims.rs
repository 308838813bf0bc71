//! What a connection tells a service of a person (ID-JAG §3.1, §9.6), and its other terms.

use insta::assert_snapshot;
use serde_json::{Value, json};
use std::path::Path;
use tegata::app::Opened;
use tegata::directory::{Options, apply_text};
use tegata::environment::Environment;
use tegata::jose::KeyEncryptionKey;
use tegata::server::SecretKey;
use tegata::store::{self, Store};

use crate::support::{
    Browser, CHAT, HOME, MAIL, WORLD, World, authorize_url, changed, claims_of, config, exchange,
    exchange_of, id_token_of, redemption, with_mail,
};

const ADMIN: &str = "approval = \"admin\"\n";

async fn world(terms: &str) -> World {
    World::but(ADMIN, &format!("{ADMIN}{terms}\n")).await
}

/// Rows 30, 31.
#[tokio::test]
async fn what_the_connection_names_and_nothing_else() {
    let claims = "claims = { email = \"email\", aud_sub = \"username\", region = \"=eu\", \
                  team = \"groups\", display = \"name\" }";
    let world = world(claims).await;
    let answer = exchange(&world, &id_token_of(&world, "alice").await, &[]).await;
    let claims = answer.claims();
    assert_eq!(claims["email"], "alice@example.com");
    assert_eq!(claims["email_verified"], true);
    assert_eq!(claims["aud_sub"], "alice");
    assert_eq!(claims["region"], "eu");
    assert_eq!(claims["team"], json!(["sales"]));
    assert_eq!(claims["display"], "Alice Example");

    let plain = World::new().await;
    let answer = exchange(&plain, &id_token_of(&plain, "alice").await, &[]).await;
    let claims = answer.claims();
    for absent in ["email", "email_verified", "aud_sub", "aud_tenant", "tenant", "team", "name"] {
        assert_eq!(claims.get(absent), None, "{absent}");
    }
}

/// `aud_tenant` is for a service elsewhere: one of ours has no tenants, and would refuse it.
#[tokio::test]
async fn the_tenant_of_a_service() {
    let world = World::new().await;
    world.apply(&with_mail("claims = { aud_tenant = \"=acme\" }")).await;
    let id_token = id_token_of(&world, "alice").await;
    let answer = exchange(&world, &id_token, &[("audience", MAIL)]).await;
    assert_eq!(answer.claims()["aud_tenant"], "acme");
}

/// The lifetime can be less than elsewhere, and never more.
/// Row 16.
#[tokio::test]
async fn a_shorter_life() {
    for (terms, expected) in [("lifetime = 60", 60), ("lifetime = 3600", 300)] {
        let world = world(terms).await;
        let answer = exchange(&world, &id_token_of(&world, "alice").await, &[]).await;
        assert_eq!(answer.json()["expires_in"], expected);
        let claims = claims_of(&answer.access_token());
        let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert_eq!(life, expected);
    }
}

/// Row 66.
#[tokio::test]
async fn a_connection_that_wants_a_resource() {
    let world = world("resource_required = true").await;
    let id_token = id_token_of(&world, "alice").await;
    assert_snapshot!(exchange(&world, &id_token, &[]).await.refusal(), @"400 invalid_target: resource is required at this audience, and there is none");
    let named = [("resource", "https://chat.example/mcp")];
    assert_eq!(exchange(&world, &id_token, &named).await.claims()["resource"], named[0].1);
}

/// ID-JAG §9.4: what is not for the client might as well not be there.
/// Row 45.
#[tokio::test]
async fn services_that_a_client_hears_nothing_of() {
    let mut said = vec![];
    for hidden in ["true", "false"] {
        let world = World::configured(&[("id_jag.hide_services", hidden)]).await;
        let url = authorize_url(HOME, "plain-app", &[("scope", "openid")]);
        let mut browser = Browser::open(&world, &url).await;
        browser.sign_in("alice", "alice-password").await;
        browser.allow().await;
        let code = browser.sent("code").unwrap();
        let tokens = world.post_token(HOME, "plain-app", &redemption(&code)).await;
        let id_token = tokens.member("id_token");
        for audience in [CHAT, "https://nowhere.example"] {
            let request = changed(&exchange_of(&id_token), &[("audience", audience)]);
            said.push(world.post_token(HOME, "plain-app", &request).await.refusal());
        }
    }
    assert_snapshot!(said.join("\n"), @r"
    400 invalid_target: the audience is not the issuer of a service that is known here
    400 invalid_target: the audience is not the issuer of a service that is known here
    400 access_denied: the administrator has not connected the client with this service
    400 invalid_target: the audience is not the issuer of a service that is known here
    ");
}

/// OIDC Core §5.1: the word that an address was verified goes with the address that we know, and
/// with nothing else that has its name or its value.
#[tokio::test]
async fn the_word_that_an_address_was_verified() {
    for (claims, expected) in [
        ("email = \"email\"", json!(true)),
        ("email = \"username\"", Value::Null),
        ("email = \"=desk@example.com\"", Value::Null),
        ("mail = \"email\"", Value::Null),
        ("aud_sub = \"username\"", Value::Null),
    ] {
        let world = world(&format!("claims = {{ {claims} }}")).await;
        let answer = exchange(&world, &id_token_of(&world, "alice").await, &[]).await;
        assert_eq!(answer.claims()["email_verified"], expected, "{claims}");
    }

    let world = world("claims = { email = \"email\" }").await;
    let id_token = id_token_of(&world, "alice").await;
    let db = world.live.shared().store.write();
    let mut alice = store::users::named(db, "alice").await.unwrap().unwrap();
    for (email, verified) in [(Some("alice@example.com"), false), (None, true)] {
        (alice.email, alice.email_verified) = (email.map(str::to_owned), verified);
        store::users::keep(db, &alice).await.unwrap();
        world.meddled().await;
        let claims = exchange(&world, &id_token, &[]).await.claims();
        assert_eq!(claims.get("email").and_then(Value::as_str), email);
        let word = claims.get("email_verified").and_then(Value::as_bool);
        assert_eq!(word, email.map(|_| verified));
    }
}

/// ID-JAG §3.1: what the issuer says itself, no connection can say besides.
#[tokio::test]
async fn claims_that_no_connection_can_set() {
    let names = [
        "iss",
        "sub",
        "aud",
        "client_id",
        "jti",
        "exp",
        "iat",
        "nbf",
        "resource",
        "scope",
        "authorization_details",
        "act",
        "may_act",
        "auth_time",
        "acr",
        "amr",
        "tenant",
        "sub_id",
        "cnf",
        "email_verified",
        "azp",
        "sid",
    ];
    let claims = names.map(|name| format!("{name} = \"=x\"")).join(", ");
    let directory = WORLD.replace(ADMIN, &format!("{ADMIN}claims = {{ {claims} }}\n"));
    let (environment, kek) = (Environment::system(), KeyEncryptionKey::new([7; 32]));
    let store = Store::open("sqlite::memory:").await.unwrap();
    let secret_key = SecretKey::load_or_make(&store, &kek, &environment).await.unwrap();
    let ground = Opened { store, kek, secret_key, environment }.ground(&config());
    let applied =
        apply_text(&ground, Path::new("world.toml"), &directory, Options::default()).await;
    let said = applied.unwrap_err().to_string();
    for name in names {
        let mistake = format!("claims.{name}: this claim is the issuer's own word");
        assert!(said.contains(&mistake), "{name} is not in {said}");
    }
}

/// What was decided about it calls it what the client did, and no name that it has besides.
#[tokio::test]
async fn what_the_ledger_calls_a_service_that_is_hidden() {
    let world = World::configured(&[("id_jag.hide_services", "true")]).await;
    let url = authorize_url(HOME, "plain-app", &[("scope", "openid")]);
    let mut browser = Browser::open(&world, &url).await;
    browser.sign_in("alice", "alice-password").await;
    browser.allow().await;
    let code = browser.sent("code").unwrap();
    let tokens = world.post_token(HOME, "plain-app", &redemption(&code)).await;
    let id_token = tokens.member("id_token");
    let alias = "urn:example:chat";
    let request = changed(&exchange_of(&id_token), &[("audience", alias)]);
    let refused = world.post_token(HOME, "plain-app", &request).await;
    let rows = world.ledger().await;
    let name = refused.header("x-request-id");
    let row = rows.iter().find(|it| it.entry.request.as_str() == name).unwrap();
    assert_eq!(row.entry.service.as_deref(), Some(alias));
}
