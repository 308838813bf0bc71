//! What an administrator takes away, and what is revoked, is gone on every path.

use insta::assert_snapshot;
use serde_json::json;
use tegata::store;

use crate::support::{
    CHAT, HOME, ID_JAG_TYP, WORLD, World, allowed_by_alice, exchange, id_token_of, redeem,
    redeem_code, signed_in, tokens_of,
};

const SCOPE: &str = "scope = \"openid profile email offline_access reports\"";

async fn refreshed(world: &World, refresh_token: &str) -> crate::support::Answer {
    let request = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
    world.post_token(HOME, "wiki-agent", &request).await
}

/// RFC 6749 §6: the scope of a refresh is at most what was granted; and at most what the
/// client may have today.
#[tokio::test]
async fn scope_of_the_client() {
    let world = World::new().await;
    let browser = signed_in(&world, "alice").await;
    let first = tokens_of(&world, &browser).await.member("refresh_token");

    world.apply(&WORLD.replace(SCOPE, "scope = \"openid offline_access\"")).await;
    let narrower = refreshed(&world, &first).await;
    assert_eq!(narrower.member("scope"), "offline_access openid");

    // Without `offline_access` there would be no successor, and the old one would live on.
    world.apply(&WORLD.replace(SCOPE, "scope = \"openid\"")).await;
    let second = narrower.member("refresh_token");
    assert_snapshot!(refreshed(&world, &second).await.refusal(), @"400 invalid_grant: nothing of the scope that was granted may be given to the client any more");
}

/// RFC 6749 §4.1.2: a code that comes twice revokes "all tokens previously issued based on
/// that authorization code"; the ID Token is one of them.
#[tokio::test]
async fn an_id_token_whose_code_came_twice() {
    let world = World::new().await;
    let browser = signed_in(&world, "alice").await;
    let code = browser.sent("code").unwrap();
    let id_token = redeem_code(&world, &code).await.member("id_token");
    assert_eq!(exchange(&world, &id_token, &[]).await.status, 200);

    assert_snapshot!(redeem_code(&world, &code).await.refusal(), @"400 invalid_grant: the code was already used");
    assert_snapshot!(exchange(&world, &id_token, &[]).await.refusal(), @"400 invalid_grant: all that came from the same authorization was revoked: the person has to sign in again");
}

/// ID-JAG §4.3.3: the subject token is validated before policy is asked.
#[tokio::test]
async fn a_person_before_a_policy() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let db = world.live.shared().store.write();
    let mut alice = store::users::named(db, "alice").await.unwrap().unwrap();
    alice.active = false;
    store::users::keep(db, &alice).await.unwrap();
    world.meddled().await;
    let unknown = exchange(&world, &id_token, &[("audience", "https://mail.example")]).await;
    assert_snapshot!(unknown.refusal(), @"400 invalid_grant: the person is unknown or not active");
}

/// ID-JAG §6.3: "the same sub in another tenant" is somebody else.
/// Rows 135, 136.
#[tokio::test]
async fn tenants() {
    let world = World::new().await;
    let mut told = vec![];
    for claim in ["tenant", "aud_tenant"] {
        let mut claims = world.id_jag_claims(&world.sub_of("alice").await);
        claims[claim] = json!("acme");
        let id_jag = world.sign(HOME, ID_JAG_TYP, &claims);
        told.push(redeem(&world, &id_jag, &[]).await.refusal());
    }
    assert_snapshot!(told.join("\n"), @"
    400 invalid_grant: the tenant of the assertion is not the one that is trusted here
    400 invalid_grant: the aud_tenant of the assertion is not a tenant of this service
    ");
}

/// ID-JAG §3.1: a claim that is there says something. `null` is no way to say "everything".
#[tokio::test]
async fn claims_that_are_null() {
    let world = World::new().await;
    let sub = world.sub_of("alice").await;
    for claim in [
        "scope",
        "resource",
        "nbf",
        "cnf",
        "authorization_details",
        "tenant",
        "aud_tenant",
        "sub_id",
        "aud_sub",
        "email",
        "email_verified",
        "auth_time",
        "acr",
        "amr",
    ] {
        let mut claims = world.id_jag_claims(&sub);
        claims[claim] = serde_json::Value::Null;
        let answer = redeem(&world, &world.sign(HOME, ID_JAG_TYP, &claims), &[]).await;
        assert_eq!((answer.status.as_u16(), &*answer.member("error")), (400, "invalid_grant"));
    }
}

/// Whom a token was issued for is the account that stands in it as `sub`.
#[tokio::test]
async fn the_ledger_names_the_account() {
    let world = World::new().await;
    let mut claims = world.id_jag_claims("somebody-elsewhere");
    claims["iss"] = json!(crate::support::PARTNER);
    let id_jag = world.sign(crate::support::PARTNER, ID_JAG_TYP, &claims);
    let answer = redeem(&world, &id_jag, &[]).await;
    let jti = answer.claims()["jti"].as_str().unwrap().to_owned();
    let rows = store::ledger::named(world.live.shared().store.read(), &jti).await.unwrap();
    let entry = &rows[0].entry;
    assert_eq!(
        entry.user.as_ref().map(|it| it.as_str().into()),
        Some(answer.claims()["sub"].clone())
    );
    assert_eq!(entry.service.as_deref(), Some(CHAT));
    assert_eq!(
        entry.resource.as_deref(),
        Some("https://chat.example/mcp https://chat.example/files")
    );
    assert_eq!(entry.parent.as_deref(), Some("jag-1"));
}

/// The same between a code and what it is redeemed for: a token without scope is none.
#[tokio::test]
async fn all_the_scope_of_a_code() {
    let world = World::new().await;
    let browser = allowed_by_alice(&world, &[("scope", "profile")]).await;
    let code = browser.sent("code").unwrap();
    world.apply(&WORLD.replace(SCOPE, "scope = \"openid\"")).await;
    assert_snapshot!(redeem_code(&world, &code).await.refusal(), @"400 invalid_grant: nothing of the scope that was granted may be given to the client any more");
    world.apply(WORLD).await;
    assert_eq!(redeem_code(&world, &code).await.status, 200);
}
