//! Refresh tokens as subject tokens (ID-JAG §4.3 and §4.3.3).

use insta::assert_snapshot;
use time::Duration;

use crate::support::{
    Answer, CHAT, HOME, ID_JAG_TYP, NOW, WORLD, World, allowed_by_alice, claims_of, exchange,
    header_of, redeem, the_same,
};

const REFRESH_TOKEN: &str = "urn:ietf:params:oauth:token-type:refresh_token";

async fn refresh_token_of_alice(world: &World) -> String {
    let browser = allowed_by_alice(world, &[]).await;
    world.redeem(&browser).await.member("refresh_token")
}

async fn exchanged(world: &World, token: &str) -> Answer {
    exchange(world, token, &[("subject_token_type", REFRESH_TOKEN)]).await
}

async fn refreshed(world: &World, token: &str) -> Answer {
    let request = [("grant_type", "refresh_token"), ("refresh_token", token)];
    world.post_token(HOME, "wiki-agent", &request).await
}

/// The login is the one that was, however long ago; and the token is not used up by it.
/// Rows 25, 26.
#[tokio::test]
async fn one_that_is_right() {
    let world = World::new().await;
    let token = refresh_token_of_alice(&world).await;
    world.hands.advance(Duration::days(3));
    let first = exchanged(&world, &token).await;
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(header_of(&first.access_token())["typ"], ID_JAG_TYP);
    assert_eq!(first.member("token_type"), "N_A");
    assert_eq!(first.json()["refresh_token"], serde_json::Value::Null);
    let claims = first.claims();
    assert_eq!(claims["sub"], world.sub_of("alice").await);
    assert_eq!(claims["auth_time"], NOW.unix_timestamp());
    assert_eq!(claims["acr"], "urn:tegata:acr:password");
    assert_eq!(claims["amr"], serde_json::json!(["pwd"]));
    assert_eq!(redeem(&world, &first.access_token(), &[]).await.status, 200);

    assert_eq!(exchanged(&world, &token).await.status, 200);
    assert_eq!(refreshed(&world, &token).await.status, 200);
}

/// ID-JAG §4.3.3: "SHOULD" rebuild the claims: who has left the group has no connection.
/// Row 27.
#[tokio::test]
async fn what_has_changed_since_the_login() {
    let claims = "approval = \"admin\"\nclaims = { email = \"email\" }\n";
    let world = World::but("approval = \"admin\"\n", claims).await;
    let token = refresh_token_of_alice(&world).await;
    assert_eq!(exchanged(&world, &token).await.claims()["email"], "alice@example.com");
    let moved = crate::support::WORLD.replace("approval = \"admin\"\n", claims);
    world.apply(&moved.replace("\"alice@example.com\"", "\"alice@new.example\"")).await;
    assert_eq!(exchanged(&world, &token).await.claims()["email"], "alice@new.example");
    let groups = "groups = [\"sales\"]\npassword_hash";
    world.apply(&moved.replace(groups, "groups = []\npassword_hash")).await;
    assert_snapshot!(exchanged(&world, &token).await.refusal(), @"400 access_denied: the administrator has not opened this connection to the person");
}

/// Row 60.
#[tokio::test]
async fn one_of_another_client() {
    let world = World::new().await;
    let token = refresh_token_of_alice(&world).await;
    let request = crate::support::changed(
        &crate::support::exchange_of(&token),
        &[("subject_token_type", REFRESH_TOKEN)],
    );
    let answer = world.post_token(HOME, "plain-app", &request).await;
    assert_snapshot!(answer.refusal(), @"400 invalid_grant: the subject token is not acceptable: the refresh token was issued to another client");
}

/// Row 61.
#[tokio::test]
async fn one_that_is_over() {
    let world = World::new().await;
    let browser = allowed_by_alice(&world, &[]).await;
    let tokens = world.redeem(&browser).await;
    let (token, id_token) = (tokens.member("refresh_token"), tokens.member("id_token"));
    let said = [
        exchanged(&world, "nonsense").await.refusal(),
        exchanged(&world, &id_token).await.refusal(),
    ];
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the subject token is no refresh token that is known here");
    world.hands.advance(Duration::days(30));
    assert_snapshot!(exchanged(&world, &token).await.refusal(), @"400 invalid_grant: the subject token is not acceptable: the refresh token has expired");
}

/// RFC 9700 §4.14.2: one that was rotated is with somebody else.
/// Row 62.
#[tokio::test]
async fn one_that_was_used_up() {
    let world = World::new().await;
    let token = refresh_token_of_alice(&world).await;
    let newest = refreshed(&world, &token).await;
    let id_token = newest.member("id_token");
    assert_eq!(exchange(&world, &id_token, &[]).await.status, 200);
    assert_snapshot!(exchanged(&world, &token).await.refusal(), @"400 invalid_grant: the refresh token was already used, so all that came from it is revoked");
    assert_snapshot!(exchanged(&world, &newest.member("refresh_token")).await.refusal(), @"400 invalid_grant: the subject token is not acceptable: the refresh token was revoked");
    assert_snapshot!(exchange(&world, &id_token, &[]).await.refusal(), @"400 invalid_grant: all that came from the same authorization was revoked: the person has to sign in again");
}

/// Whoever is gone is gone.
#[tokio::test]
async fn a_person_who_was_disabled() {
    let world = World::new().await;
    let token = refresh_token_of_alice(&world).await;
    world.disable_user("alice").await;
    assert_snapshot!(exchanged(&world, &token).await.refusal(), @"400 invalid_grant: the person is unknown or not active");
}

/// `docs/decisions/0016-ended-sessions.md`: who signs out stops the agents, however they ask.
/// Row 59.
#[tokio::test]
async fn a_person_who_signed_out() {
    let world = World::new().await;
    let mut browser = allowed_by_alice(&world, &[]).await;
    let token = world.redeem(&browser).await.member("refresh_token");
    browser.go(&format!("{HOME}/oauth2/logout")).await;
    browser.submit(&[]).await;
    assert_snapshot!(exchanged(&world, &token).await.refusal(), @"400 invalid_grant: the login that this comes from has ended: the person has to sign in again");
}

/// As the refresh token grant would refuse it: what was allowed then was withdrawn.
#[tokio::test]
async fn a_client_that_may_not_go_on() {
    let world = World::new().await;
    let token = refresh_token_of_alice(&world).await;
    let scope = "\"openid profile email offline_access reports\"";
    world.apply(&crate::support::WORLD.replace(scope, "\"openid profile email reports\"")).await;
    assert_snapshot!(exchanged(&world, &token).await.refusal(), @"400 invalid_grant: nothing of the scope that was granted may be given to the client any more");
}

/// Row 63.
#[tokio::test]
async fn where_they_are_switched_off() {
    let world = World::configured(&[("id_jag.by_refresh_token", "false")]).await;
    let token = refresh_token_of_alice(&world).await;
    assert_snapshot!(exchanged(&world, &token).await.refusal(), @"400 invalid_request: subject_token_type is malformed: refresh tokens are not taken here: it must be urn:ietf:params:oauth:token-type:id_token");
}

/// What ties the chain together in the ledger is the family of the refresh token.
#[tokio::test]
async fn what_the_ledger_says() {
    let world = World::new().await;
    let browser = allowed_by_alice(&world, &[]).await;
    let tokens = world.redeem(&browser).await;
    let family = claims_of(&tokens.access_token())["grant_id"].clone();
    exchanged(&world, &tokens.member("refresh_token")).await;
    let ledger = world.ledger().await;
    let last = &ledger.iter().max_by_key(|it| it.number).unwrap().entry;
    assert_eq!(last.parent.as_deref(), family.as_str());
    assert_eq!(last.service.as_deref(), Some(CHAT));
}

/// As the refresh token grant would refuse it, and as OIDC Core §3.1.2.1 has it: without `openid`
/// nobody said who they are.
#[tokio::test]
async fn what_was_not_allowed_or_is_not_any_more() {
    let world = World::new().await;
    let browser = allowed_by_alice(&world, &[("scope", "profile offline_access")]).await;
    let token = world.redeem(&browser).await.member("refresh_token");
    let mut said = vec![exchanged(&world, &token).await.refusal()];
    for (from, to) in [
        (
            "\"openid profile email offline_access reports\"",
            "\"profile email offline_access reports\"",
        ),
        (
            "\"authorization_code\", \"refresh_token\", \"client_credentials\"",
            "\"authorization_code\", \"client_credentials\"",
        ),
    ] {
        let world = World::new().await;
        let token = refresh_token_of_alice(&world).await;
        assert_eq!(exchanged(&world, &token).await.status, 200);
        assert!(WORLD.contains(from), "{from}");
        world.apply(&WORLD.replace(from, to)).await;
        said.push(exchanged(&world, &token).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_grant: nothing of the scope that was granted may be given to the client any more");
}

/// For whom it is: in the ledger, and for the limit of what may be issued for one person.
#[tokio::test]
async fn for_whom_it_is() {
    let world = World::configured(&[("limits.tokens_per_user", "1/s burst 2")]).await;
    let token = refresh_token_of_alice(&world).await;
    assert_eq!(exchanged(&world, &token).await.status, 200);
    let ledger = world.ledger().await;
    let last = &ledger.iter().max_by_key(|it| it.number).unwrap().entry;
    let alice = world.sub_of("alice").await;
    assert_eq!(last.user.as_ref().map(ToString::to_string), Some(alice));
    assert_snapshot!(exchanged(&world, &token).await.refusal(), @"429 slow_down: too many requests: wait for 1 seconds");
}
