//! Who may have a JWT authorization grant: whom the administrator lets, and as for an ID-JAG
//! (draft-ietf-oauth-identity-chaining-17 §2.3.2).

use insta::assert_snapshot;
use serde_json::json;
use time::Duration;

use crate::chaining::{chained, chaining_of, world};
use crate::support::{
    CALENDAR, CHAT, HOME, MAIL, World, claims_of, exchange, form, id_token_of, request, secret_of,
    with_mail,
};

/// It is off, and each of the two is on by itself.
#[tokio::test]
async fn connections_that_give_the_other() {
    let plain = World::of(&with_mail("")).await;
    let id_token = id_token_of(&plain, "alice").await;
    let mut said = vec![chained(&plain, &id_token, &[]).await.refusal()];
    for hosted in [CHAT, CALENDAR] {
        said.push(chained(&plain, &id_token, &[("resource", hosted)]).await.refusal());
    }
    let only = World::of(&with_mail("grants = [\"chaining\"]")).await;
    let id_token = id_token_of(&only, "alice").await;
    assert_eq!(chained(&only, &id_token, &[]).await.status, 200);
    said.push(exchange(&only, &id_token, &[("audience", MAIL)]).await.refusal());
    // Others are as they were.
    assert_eq!(exchange(&only, &id_token, &[]).await.status, 200);
    assert_snapshot!(said.join("\n"), @"
    400 invalid_target: the administrator lets the client have something else by this connection
    400 invalid_target: the administrator lets the client have something else by this connection
    400 invalid_target: the administrator lets the client have something else by this connection
    400 access_denied: the administrator lets the client have something else by this connection
    ");
}

/// RFC 8693 §2.2.2: "invalid for any reason" is `invalid_request`, here without ID-JAG's exception.
#[tokio::test]
async fn subject_tokens_that_are_none() {
    let world = world("").await;
    let id_token = id_token_of(&world, "alice").await;
    let claims = claims_of(&id_token);
    let forged = |changes| world.sign(HOME, "JWT", &crate::support::with(&claims, &changes));
    let mut said = vec![];
    for token in [
        "x".to_owned(),
        forged(json!({ "aud": "plain-app" })),
        forged(json!({ "exp": 1 })),
        forged(json!({ "iss": CHAT })),
        forged(json!({ "sid": "another" })),
        world.sign(HOME, "at+jwt", &claims),
    ] {
        said.push(chained(&world, &token, &[]).await.refusal());
    }
    world.disable_user("alice").await;
    said.push(chained(&world, &id_token, &[]).await.refusal());
    assert_snapshot!(said.join("\n"), @"
    400 invalid_request: the subject token is not acceptable: it has not the form of a signed JWT with an issuer
    400 invalid_request: the subject token is not acceptable: it was issued to another client
    400 invalid_request: the subject token is not acceptable: it has expired, 1767323044 seconds ago by the clock here
    400 invalid_request: the subject token is not acceptable: it was issued by another issuer
    400 invalid_request: the login that this comes from has ended: the person has to sign in again
    400 invalid_request: the subject token is not acceptable: its typ says that it is something else
    400 invalid_request: the person is unknown or not active
    ");
}

/// Scope is narrowed, groups and consent and the age of the login count, and so do actors.
#[tokio::test]
async fn what_the_connection_says() {
    let mut said = vec![];
    for (terms, asked) in [
        ("groups = [\"engineering\"]", &[][..]),
        ("active = false", &[]),
        ("approval = \"user\"", &[]),
        ("", &[("scope", "mail.write")]),
        ("", &[("scope", "")]),
        ("", &[("authorization_details", "[{\"type\":\"x\"}]")]),
    ] {
        let world = world(terms).await;
        let id_token = id_token_of(&world, "alice").await;
        let answer = chained(&world, &id_token, asked).await;
        said.push(match answer.status.as_u16() {
            200 => answer.member("scope"),
            _ => answer.refusal(),
        });
    }
    assert_snapshot!(said.join("\n"), @"
    400 invalid_target: the administrator has not opened this connection to the person
    400 invalid_target: the administrator has suspended this connection
    mail.read
    400 invalid_scope: no scope that was asked for can be granted
    mail.read
    400 invalid_authorization_details: authorization_details has a type that the service does not have
    ");
}

/// ID-JAG §9.2 holds for it, too; and a shorter life, and what is released of the person.
#[tokio::test]
async fn what_else_the_connection_says() {
    let world = world("max_age = 300\nlifetime = 20\nclaims = { email = \"email\" }").await;
    let id_token = id_token_of(&world, "alice").await;
    let grant = chained(&world, &id_token, &[]).await;
    assert_eq!(
        (&grant.json()["expires_in"], &grant.claims()["email"]),
        (&json!(20), &json!("alice@example.com"))
    );
    world.hands.advance(Duration::seconds(301));
    let refused = chained(&world, &id_token, &[]).await;
    assert_eq!(refused.json()["max_age"], 300);
    assert!(refused.refusal().starts_with("400 insufficient_user_authentication: "));
}

/// RFC 8693 §4.1: an agent that the connection names.
#[tokio::test]
async fn one_who_acts() {
    let robot = "[[client]]\nclient_id = \"robot\"\nagent = true\n\
                 client_secret = \"robot-secret-0123456789abcdefghij\"\n\
                 grant_types = [\"client_credentials\"]\nscope = \"reports\"\n";
    let terms = "grants = [\"chaining\"]\nactors = [\"robot\"]";
    let world = World::of(&format!("{}{robot}", with_mail(terms))).await;
    let request = [("grant_type", "client_credentials"), ("scope", "reports")];
    let id_token = id_token_of(&world, "alice").await;
    let acted = async |client: &str| {
        let token = world.post_token(HOME, client, &request).await.access_token();
        let typ = "urn:ietf:params:oauth:token-type:access_token";
        chained(&world, &id_token, &[("actor_token", &token), ("actor_token_type", typ)]).await
    };
    assert_eq!(acted("robot").await.claims()["act"], json!({ "iss": HOME, "sub": "robot" }));
    assert_snapshot!(acted("wiki-agent").await.refusal(), @"400 access_denied: the administrator does not let this actor act by this connection");
}

/// ID-JAG §9.1, for who has nothing but a name.
#[tokio::test]
async fn clients_without_credentials() {
    let public = "[[client]]\nclient_id = \"public\"\ntoken_endpoint_auth_method = \"none\"\n\
                  grant_types = [\"urn:ietf:params:oauth:grant-type:token-exchange\"]\n";
    let world = World::of(&format!("{}{public}", with_mail("grants = [\"chaining\"]"))).await;
    let id_token = id_token_of(&world, "alice").await;
    let mut request = chaining_of(&id_token);
    request.push(("client_id", "public"));
    assert_snapshot!(world.post_bare(HOME, &request).await.refusal(), @"400 unauthorized_client: a client without credentials cannot obtain a JWT authorization grant");
    let other = world.post_token(HOME, "plain-app", &chaining_of(&id_token)).await;
    assert_snapshot!(other.refusal(), @"400 invalid_request: the subject token is not acceptable: it was issued to another client");
}

/// ID-JAG §9.4: what a client can reach says what it may ask for.
#[tokio::test]
async fn what_can_be_reached() {
    let world = world("").await;
    let pairs = [("client_id", "wiki-agent"), ("client_secret", &*secret_of("wiki-agent"))];
    let request = request("POST", &format!("{HOME}/oauth2/reachable"))
        .header("content-type", "application/x-www-form-urlencoded");
    let answer = world.send(request.body(axum::body::Body::from(form(&pairs))).unwrap()).await;
    let told = answer.json();
    let types: Vec<_> = told["services"].as_array().unwrap().iter().collect();
    let types: Vec<_> =
        types.iter().map(|it| (&it["issuer"], &it["requested_token_types"])).collect();
    let nothing = &serde_json::Value::Null;
    let both = json!([crate::support::ID_JAG, crate::support::JWT]);
    assert_eq!(types.len(), 3);
    for (issuer, requested) in types {
        assert_eq!(requested, if issuer == MAIL { &both } else { nothing }, "{issuer}");
    }
}
