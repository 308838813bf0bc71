//! ID-JAGs of home at chat: what is given for a right one, and what their claims may not be
//! (ID-JAG §4.4.1, RFC 7523 §3).

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};
use time::Duration;

use crate::support::{Answer, CALENDAR, CHAT, HOME, ID_JAG_TYP, NOW, World, redeem, the_same};

/// What chat says to an ID-JAG of home that is right but for `change`.
async fn answer_to(world: &World, change: impl FnOnce(&mut Value)) -> Answer {
    let mut claims = world.id_jag_claims(&world.sub_of("alice").await);
    change(&mut claims);
    redeem(world, &world.sign(HOME, ID_JAG_TYP, &claims), &[]).await
}

async fn refusal_of(change: impl FnOnce(&mut Value)) -> String {
    answer_to(&World::new().await, change).await.refusal()
}

/// What chat says to all ID-JAGs that have one of these `values` in `claim`; null leaves it out.
async fn refusal_of_each(claim: &str, values: &[Value]) -> String {
    let world = World::new().await;
    let mut said = vec![];
    for value in values {
        let answer = answer_to(&world, |claims| match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(claim)),
            value => claims[claim] = value.clone(),
        });
        said.push(answer.await.refusal());
    }
    the_same(&said)
}

fn seconds(from_now: i64) -> Value {
    (NOW + Duration::seconds(from_now)).unix_timestamp().into()
}

/// ID-JAG §4.4.2; §4.4.3: no refresh token. Stock clients send no more than the assertion.
/// Rows 85, 88, 93, 158, 172.
#[tokio::test]
async fn the_answer() {
    let answer = answer_to(&World::new().await, |_| ()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_json_snapshot!(answer.json(), { ".access_token" => "an access token" }, @r#"
    {
      "access_token": "an access token",
      "token_type": "Bearer",
      "expires_in": 600,
      "scope": "chat.read chat.write"
    }
    "#);
}

/// RFC 9068 §2: the client and the person as chat knows them, the resource of the
/// ID-JAG, and nothing about a login that nobody vouched for.
/// Row 86.
#[tokio::test]
async fn the_access_token() {
    let world = World::new().await;
    let answer = answer_to(&world, |claims| {
        claims["resource"] = "https://chat.example/mcp".into();
    })
    .await;
    let header = crate::support::header_of(&answer.access_token());
    assert_eq!(header["typ"], "at+jwt");
    let claims = answer.claims();
    assert_eq!(claims["sub"], world.sub_of("alice").await);
    assert_json_snapshot!(claims, { ".sub" => "alice", ".jti" => "jti" }, @r#"
    {
      "iss": "https://home.example/services/chat",
      "exp": 1767323645,
      "aud": "https://chat.example/mcp",
      "sub": "alice",
      "client_id": "wiki-at-chat",
      "iat": 1767323045,
      "jti": "jti",
      "scope": "chat.read chat.write"
    }
    "#);
}

/// ID-JAG §4.4.1: one audience may stand in an array.
/// Row 87.
#[tokio::test]
async fn an_audience_in_an_array() {
    let answer = answer_to(&World::new().await, |claims| claims["aud"] = json!([CHAT])).await;
    assert_eq!(answer.status, 200);
}

/// RFC 7519 §4: what is not understood is ignored.
/// Row 94.
#[tokio::test]
async fn claims_that_nobody_knows() {
    let answer = answer_to(&World::new().await, |claims| {
        claims["colour"] = json!({ "red": [1, 2, { "deep": null }] });
        claims["email"] = "mallory@example.com".into();
    })
    .await;
    assert_eq!(answer.status, 200);
}

/// RFC 7515 §4.1.9: `application/` may be left out, or not; case does not matter.
/// Row 95.
#[tokio::test]
async fn its_type_in_other_letters() {
    let world = World::new().await;
    let mut claims = world.id_jag_claims(&world.sub_of("alice").await);
    for typ in ["application/oauth-id-jag+jwt", "OAuth-ID-JAG+JWT", "Application/oauth-id-jag+jwt"]
    {
        claims["jti"] = typ.into();
        assert_eq!(redeem(&world, &world.sign(HOME, typ, &claims), &[]).await.status, 200, "{typ}");
    }
}

/// ID-JAG §4.4.1: exactly one value, ours, letter by letter.
/// Rows 107–110, 172.
#[tokio::test]
async fn one_for_another_audience() {
    assert_snapshot!(refusal_of(|claims| claims["aud"] = CALENDAR.into()).await, @"400 invalid_grant: the assertion is not acceptable: its aud is https://auth.calendar.example where https://home.example/services/chat was expected");
    let token_endpoint = format!("{CHAT}/oauth2/token");
    assert_snapshot!(refusal_of(|claims| claims["aud"] = token_endpoint.into()).await, @"400 invalid_grant: the assertion is not acceptable: its aud is https://home.example/services/chat/oauth2/token where https://home.example/services/chat was expected");
    let slash = format!("{CHAT}/");
    assert_snapshot!(refusal_of(|claims| claims["aud"] = slash.into()).await, @"400 invalid_grant: the assertion is not acceptable: its aud is https://home.example/services/chat/ where https://home.example/services/chat was expected");
    let two = json!([CHAT, "https://mail.example"]);
    assert_snapshot!(refusal_of(|claims| claims["aud"] = two).await, @"400 invalid_grant: the assertion is not acceptable: its aud is https://home.example/services/chat https://mail.example where https://home.example/services/chat was expected");
    let twice = json!([CHAT, CHAT]);
    assert_snapshot!(refusal_of(|claims| claims["aud"] = twice).await, @"400 invalid_grant: the assertion is not acceptable: its aud is https://home.example/services/chat https://home.example/services/chat where https://home.example/services/chat was expected");
    assert_snapshot!(refusal_of(|claims| claims["aud"] = json!([])).await, @"400 invalid_grant: the assertion is not acceptable: its aud is  where https://home.example/services/chat was expected");
    assert_snapshot!(refusal_of(|claims| claims["aud"] = HOME.into()).await, @"400 invalid_grant: the assertion is not acceptable: its aud is https://home.example where https://home.example/services/chat was expected");
    assert_snapshot!(refusal_of(|claims| claims["aud"] = "urn:example:chat".into()).await, @"400 invalid_grant: the assertion is not acceptable: its aud is urn:example:chat where https://home.example/services/chat was expected");
}

/// RFC 6749 §5.2: what a stranger wrote into `aud` does not break the answer.
#[tokio::test]
async fn one_for_an_audience_that_is_no_text_for_an_answer() {
    let aud = format!("\"\\\u{7}<é>{}", "x".repeat(1000));
    assert_snapshot!(refusal_of(|claims| claims["aud"] = aud.into()).await, @"400 invalid_grant: the assertion is not acceptable: its aud is <>xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx where https://home.example/services/chat was expected");
}

/// ID-JAG §4.4.1: "The `client_id` claim MUST identify the same client".
/// Rows 111, 172.
#[tokio::test]
async fn one_of_another_client() {
    let others = [json!("todo-at-chat"), json!("wiki-agent"), json!("WIKI-AT-CHAT")];
    assert_snapshot!(refusal_of_each("client_id", &others).await, @"400 invalid_grant: the assertion is not acceptable: it was issued to another client");
}

/// ID-JAG §3.1: what is REQUIRED, and of the right kind.
/// Rows 112, 121, 122, 125, 130, 172.
#[tokio::test]
async fn one_that_lacks_something() {
    let wrong = [Value::Null, json!(1e308), json!({}), json!(true), json!("")];
    let mut said = vec![];
    for claim in ["sub", "client_id", "jti", "exp", "iat"] {
        said.push(refusal_of_each(claim, &wrong).await);
    }
    said.push(refusal_of_each("aud", &wrong[..4]).await);
    let exp = [json!("1767323345"), json!(1_767_323_345.5), json!(u64::MAX)];
    said.push(refusal_of_each("exp", &exp).await);
    let no_names = [json!("x".repeat(513)), json!("a\u{0}b"), json!("a\nb")];
    said.push(refusal_of_each("jti", &no_names).await);
    said.push(refusal_of_each("sub", &no_names).await);
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the assertion is not acceptable: its claims are incomplete or of the wrong type");
}

/// RFC 7523 §3 (4), with half a minute for clocks.
/// Rows 120, 172.
#[tokio::test]
async fn one_that_has_expired() {
    let world = World::new().await;
    let late = answer_to(&world, |claims| claims["exp"] = seconds(-29)).await;
    assert_eq!(late.status, 200);
    let too_late = [seconds(-30), seconds(-86_400), json!(0), json!(i64::MIN)];
    assert_snapshot!(refusal_of_each("exp", &too_late).await, @"400 invalid_grant: the assertion is not acceptable: it has expired, some seconds ago by the clock here");
}

/// RFC 7523 §3 (5) and (6), with half a minute for clocks.
/// Rows 122, 123.
#[tokio::test]
async fn one_from_the_future() {
    let world = World::new().await;
    let early = answer_to(&world, |claims| {
        claims["iat"] = seconds(30);
        claims["nbf"] = seconds(30);
    });
    assert_eq!(early.await.status, 200);
    let too_early = [seconds(31), seconds(86_400)];
    let (iat, nbf) = (refusal_of_each("iat", &too_early), refusal_of_each("nbf", &too_early));
    assert_eq!(iat.await, nbf.await);
    assert_snapshot!(refusal_of_each("nbf", &too_early).await, @"400 invalid_grant: the assertion is not acceptable: it was issued in the future or is not valid yet: by the clock here, in some seconds");
}

/// Who keeps a stolen ID-JAG for a day shall not have much of it.
/// Row 124.
#[tokio::test]
async fn one_that_lives_too_long() {
    let world = World::new().await;
    let just = answer_to(&world, |claims| claims["exp"] = seconds(300)).await;
    assert_eq!(just.status, 200);
    let long = [seconds(301), seconds(86_400), json!(i64::MAX)];
    assert_snapshot!(refusal_of_each("exp", &long).await, @"400 invalid_grant: the assertion is not acceptable: it lives for longer than is accepted here");
    let old = [seconds(-1), seconds(-86_400), json!(i64::MIN)];
    assert_snapshot!(refusal_of_each("iat", &old).await, @"400 invalid_grant: the assertion is not acceptable: it lives for longer than is accepted here");
}

/// ID-JAG §4.1: of home's people, nobody is made just in time.
/// Rows 130, 172.
#[tokio::test]
async fn one_for_somebody_unknown() {
    assert_snapshot!(refusal_of(|claims| claims["sub"] = "mallory".into()).await, @"400 invalid_grant: the subject of the assertion has no account here");
    // A user name is no subject.
    assert_snapshot!(refusal_of(|claims| claims["sub"] = "alice".into()).await, @"400 invalid_grant: the subject of the assertion has no account here");
}

/// `docs/decisions/0005-entitlement-is-access-denied.md`.
/// Row 132.
#[tokio::test]
async fn one_for_somebody_who_is_disabled() {
    let world = World::new().await;
    let db = world.live.shared().store.write();
    let mut alice = tegata::store::users::named(db, "alice").await.unwrap().unwrap();
    alice.active = false;
    tegata::store::users::keep(db, &alice).await.unwrap();
    world.meddled().await;
    assert_snapshot!(answer_to(&world, |_| ()).await.refusal(), @"400 access_denied: the account of the person is not active here");
}

/// MCP EMA §7.6.2: the claimed resource is one of chat's own.
/// Rows 137, 172, 178.
#[tokio::test]
async fn one_for_a_resource_of_another_service() {
    let others = [
        json!("https://calendar.example/api"),
        json!("https://chat.example/mcp/"),
        json!(["https://chat.example/mcp", "https://calendar.example/api"]),
        json!(CHAT),
    ];
    assert_snapshot!(refusal_of_each("resource", &others).await, @"400 invalid_grant: the assertion is for a resource that this server does not issue tokens for");
}

/// RFC 8707 §2; and an empty list is not the same as none.
#[tokio::test]
async fn one_for_a_resource_that_is_none() {
    let none = [json!("mcp"), json!("https://chat.example/mcp#x"), json!([]), json!(7), json!("")];
    assert_snapshot!(refusal_of_each("resource", &none).await, @"400 invalid_grant: the assertion is not acceptable: its claims are incomplete or of the wrong type");
}

/// ID-JAG §4.4.1: what chat does not give this client, no ID-JAG can; and without the
/// claim it is `docs/decisions/0003-id-jag-without-scope.md`.
/// Rows 90, 172.
#[tokio::test]
async fn scope_of_the_claim() {
    let world = World::new().await;
    let wide = answer_to(&world, |claims| claims["scope"] = "chat.admin chat.read x".into()).await;
    assert_eq!(wide.member("scope"), "chat.read");
    assert_eq!(wide.claims()["scope"], "chat.read");
    let without = answer_to(&world, |claims| {
        claims["jti"] = "jag-2".into();
        claims.as_object_mut().unwrap().remove("scope");
    })
    .await;
    assert_eq!(without.member("scope"), "chat.read chat.write");

    let none = [json!("chat.admin"), json!("calendar.read"), json!("")];
    assert_snapshot!(refusal_of_each("scope", &none).await, @"400 invalid_scope: no scope that was asked for can be granted");
    let malformed = [json!(["chat.read"]), json!("a\"b"), json!("chat.read  chat.write")];
    assert_snapshot!(refusal_of_each("scope", &malformed).await, @"400 invalid_grant: the assertion is not acceptable: its claims are incomplete or of the wrong type");
}

/// ID-JAG §9.8.1.2.2: bound to a key, and nobody showed it; or bound by what we cannot check.
/// Rows 155, 160.
#[tokio::test]
async fn one_that_is_bound_to_a_key() {
    let jkt = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    let bound = [json!({ "jkt": jkt })];
    assert_snapshot!(refusal_of_each("cnf", &bound).await, @"400 invalid_grant: the assertion is not acceptable: it is bound to a key, and no DPoP proof of that key came with the request");
    let by_others = [
        json!({ "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" }),
        json!({ "jkt": jkt, "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" }),
        json!({ "jkt": "short" }),
        json!({}),
        json!("x"),
    ];
    assert_snapshot!(refusal_of_each("cnf", &by_others).await, @"400 invalid_grant: the assertion is not acceptable: it is bound by a cnf that cannot be checked here: jkt alone is supported, or x5t#S256 alone where the metadata say so");
}

/// ID-JAG §9.3: nobody takes their own.
/// Row 143.
#[tokio::test]
async fn one_of_chat_itself() {
    let world = World::new().await;
    let mut claims = world.id_jag_claims(&world.sub_of("alice").await);
    claims["iss"] = CHAT.into();
    let own = world.sign(CHAT, ID_JAG_TYP, &claims);
    assert_snapshot!(redeem(&world, &own, &[]).await.refusal(), @"400 invalid_grant: the issuer of the assertion is not trusted here");
}

/// RFC 7523 §3 (7), MCP EMA §7.4.2; `docs/decisions/0001-reuse.md`.
/// Row 126.
#[tokio::test]
async fn one_that_comes_a_second_time() {
    let world = World::new().await;
    assert_eq!(answer_to(&world, |_| ()).await.status, 200);
    assert_snapshot!(answer_to(&world, |_| ()).await.refusal(), @"400 invalid_grant: the assertion was already used");
    // It is the `jti` that is used up, whatever else it says.
    let other = answer_to(&world, |claims| claims["scope"] = "chat.read".into()).await;
    assert_snapshot!(other.refusal(), @"400 invalid_grant: the assertion was already used");
}

/// `auth_time`, `acr` and `amr` are for the resource to judge by.
/// Row 100.
#[tokio::test]
async fn how_the_person_signed_in() {
    let answer = answer_to(&World::new().await, |claims| {
        claims["auth_time"] = 1_767_000_000.into();
        claims["acr"] = "urn:example:strong".into();
        claims["amr"] = json!(["hwk", "pin"]);
    })
    .await
    .claims();
    assert_eq!(answer["auth_time"], 1_767_000_000);
    assert_eq!(answer["acr"], "urn:example:strong");
    assert_eq!(answer["amr"], json!(["hwk", "pin"]));
}
