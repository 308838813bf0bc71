//! Connections that want a better login than there is (ID-JAG §9.2, RFC 9470).

use insta::assert_snapshot;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use time::Duration;

use crate::support::{
    Answer, Browser, HOME, World, authorize_url, claims_of, exchange, id_token_of, tokens_of,
};

const ADMIN: &str = "approval = \"admin\"\n";
const PASSWORD: &str = "urn:tegata:acr:password";

async fn world(terms: &str) -> World {
    World::but(ADMIN, &format!("{ADMIN}{terms}\n")).await
}

/// The members of a refusal besides the sentence.
fn wanted(answer: &Answer) -> Value {
    let mut json = answer.json();
    let told = json.as_object_mut().unwrap();
    told.retain(|name, _| !["error_description", "error_uri"].contains(&name.as_str()));
    json
}

/// `max_age` is a number, and after a new sign-in it works.
/// Rows 76, 78.
#[tokio::test]
async fn a_login_that_is_too_old() {
    let world = world("max_age = 300").await;
    let mut browser = crate::support::signed_in(&world, "alice").await;
    let id_token = tokens_of(&world, &browser).await.member("id_token");
    world.hands.advance(Duration::seconds(300));
    assert_eq!(exchange(&world, &id_token, &[]).await.status, 200);
    world.hands.advance(Duration::seconds(1));
    let refused = exchange(&world, &id_token, &[]).await;
    assert_snapshot!(refused.refusal(), @"400 insufficient_user_authentication: the person has to sign in again: send them to the authorization endpoint with the acr_values and the max_age of this answer");
    assert_eq!(
        wanted(&refused),
        json!({ "error": "insufficient_user_authentication", "max_age": 300 })
    );

    browser.go(&authorize_url(HOME, "wiki-agent", &[("max_age", "300")])).await;
    browser.sign_in("alice", "alice-password").await;
    let id_token = tokens_of(&world, &browser).await.member("id_token");
    let again = exchange(&world, &id_token, &[]).await;
    assert_eq!(again.claims()["auth_time"], claims_of(&id_token)["auth_time"]);
}

/// A login that somebody wrote down as weaker than a password, as a later tegata may.
async fn weakened(world: &World) {
    let db = world.live.shared().store.write();
    db.execute_unprepared("UPDATE logins SET acr = 'urn:tegata:acr:link'").await.unwrap();
    world.meddled().await;
}

/// Rows 75, 78.
#[tokio::test]
async fn a_login_of_another_kind() {
    let world = world(&format!("acr = [\"{PASSWORD}\"]\nmax_age = 3000")).await;
    let mut browser = crate::support::signed_in(&world, "alice").await;
    let id_token = tokens_of(&world, &browser).await.member("id_token");
    assert_eq!(exchange(&world, &id_token, &[]).await.status, 200);
    weakened(&world).await;
    let refused = wanted(&exchange(&world, &id_token, &[]).await);
    let error = "insufficient_user_authentication";
    assert_eq!(refused, json!({ "error": error, "acr_values": PASSWORD, "max_age": 3000 }));

    // As it is good enough for others, nobody is asked again without reason.
    browser.go(&authorize_url(HOME, "wiki-agent", &[])).await;
    assert!(browser.sent("code").is_some());
    browser.go(&authorize_url(HOME, "wiki-agent", &[("acr_values", PASSWORD)])).await;
    browser.sign_in("alice", "alice-password").await;
    let id_token = tokens_of(&world, &browser).await.member("id_token");
    assert_eq!(exchange(&world, &id_token, &[]).await.claims()["acr"], PASSWORD);
}

/// OIDC Core §3.1.2.1: what nobody can sign in by is passed over.
#[tokio::test]
async fn an_acr_that_there_is_not() {
    let world = World::new().await;
    let mut browser = crate::support::signed_in(&world, "alice").await;
    browser.go(&authorize_url(HOME, "wiki-agent", &[("acr_values", "urn:other")])).await;
    assert!(browser.sent("code").is_some());
}

/// Only where a better login is all that is missing.
/// Row 77.
#[tokio::test]
async fn where_it_would_not_help() {
    let world = world("max_age = 300").await;
    let (alice, bob) = (id_token_of(&world, "alice").await, id_token_of(&world, "bob").await);
    world.hands.advance(Duration::seconds(301));
    let said = [
        exchange(&world, &bob, &[]).await.refusal(),
        exchange(&world, &alice, &[("scope", "chat.admin")]).await.refusal(),
        exchange(&world, &alice, &[("resource", "https://elsewhere.example")]).await.refusal(),
    ];
    assert_snapshot!(said.join("\n"), @r"
    400 access_denied: the administrator has not opened this connection to the person
    400 invalid_scope: no scope that was asked for can be granted
    400 invalid_target: the resource is not one of this audience that the client may name
    ");
}

/// A new sign-in for `max_age` is what the person is asked for, and nothing goes around it.
#[tokio::test]
async fn prompt_none_with_a_login_that_is_too_weak() {
    let world = World::new().await;
    let mut browser = Browser::open(&world, &authorize_url(HOME, "wiki-agent", &[])).await;
    browser.sign_in("alice", "alice-password").await;
    browser.allow().await;
    weakened(&world).await;
    let silent = [("prompt", "none"), ("acr_values", PASSWORD)];
    browser.go(&authorize_url(HOME, "wiki-agent", &silent)).await;
    assert_snapshot!(browser.page.redirected_error(HOME), @"login_required: the person has to sign in");
}
