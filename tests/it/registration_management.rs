//! What clients that registered themselves do with it later (RFC 7592), and what comes of that.

use axum::body::Body;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::registration::{BACK, ask, by_code, metadata, open, register};
use crate::support::{Browser, CHAT, World, authorize_url, form, request, with};

/// RFC 7592 §2: reads, changes and takes out its own registration, by its own token alone.
#[tokio::test]
async fn what_a_client_does_with_its_registration() {
    let world = World::of(&open()).await;
    let made = register(&world, CHAT, None, &json!({})).await;
    let other = register(&world, CHAT, None, &json!({})).await;
    let [uri, token, client] =
        ["registration_client_uri", "registration_access_token", "client_id"]
            .map(|it| made.member(it));
    let read = ask(&world, ("GET", &uri), Some(&token), None).await;
    assert_eq!((read.status.as_u16(), read.json()), (200, made.json()));
    let foreign = other.member("registration_access_token");
    let nowhere = format!("{CHAT}/oauth2/register/reg_{}", "0".repeat(32));
    for (url, token) in [(&uri, &foreign), (&nowhere, &token), (&uri, &client)] {
        for method in ["GET", "DELETE"] {
            let answer = ask(&world, (method, url), Some(token), None).await;
            assert_eq!(
                answer.refusal(),
                "401 invalid_token: the registration access token is not that of this client"
            );
        }
    }
    assert_eq!(ask(&world, ("GET", &uri), None, None).await.status, 401);

    let change = async |changes: Value| {
        let body = with(&metadata(&json!({ "client_id": client })), &changes);
        ask(&world, ("PUT", &uri), Some(&token), Some(&body)).await
    };
    assert_snapshot!(change(json!({ "client_id": "another" })).await.refusal(), @"400 invalid_request: client_id is not that of this registration");
    assert_snapshot!(change(json!({ "client_secret": "x" })).await.refusal(), @"400 invalid_client_metadata: the registration is not acceptable: it has a secret in it");
    assert_snapshot!(change(json!({ "client_id_issued_at": 1 })).await.refusal(), @"400 invalid_request: client_id_issued_at is given by the server and cannot be sent");
    // A secret is made when the client begins to need one, and goes when it does not.
    let secret = json!({ "token_endpoint_auth_method": "client_secret_basic" });
    let secret = change(secret).await.member("client_secret");
    let kept = json!({
        "token_endpoint_auth_method": "client_secret_post",
        "client_secret": secret,
        "client_name": "Renamed"
    });
    let kept = change(kept).await;
    assert_eq!((kept.member("client_name").as_str(), kept.status.as_u16()), ("Renamed", 200));
    assert_eq!(kept.json().get("client_secret"), None);
    by_code(&world, CHAT, &client, &[("client_secret", &secret)]).await.access_token();
    let public = change(json!({})).await;
    assert_eq!(public.json().get("client_secret_expires_at"), None);

    assert_eq!(ask(&world, ("DELETE", &uri), Some(&token), None).await.status, 204);
    assert_eq!(ask(&world, ("GET", &uri), Some(&token), None).await.status, 401);
    let url = authorize_url(CHAT, &client, &[("redirect_uri", BACK)]);
    assert_eq!(world.get(&url).await.status, 400);
}

/// Who is taken out has nothing any more: not by a refresh token, and no token of it is active.
#[tokio::test]
async fn taken_out() {
    let world = World::of(&open()).await;
    let changes = json!({ "scope": "chat.read offline_access" });
    let made = register(&world, CHAT, None, &changes).await;
    let client = made.member("client_id");
    let tokens = by_code(&world, CHAT, &client, &[]).await;
    let token = tokens.access_token();
    let introspected = async || {
        let url = format!("{CHAT}/oauth2/introspect");
        let secret = crate::support::secret_of("wiki-at-chat");
        let params =
            [("token", token.as_str()), ("client_id", "wiki-at-chat"), ("client_secret", &secret)];
        let asked = request("POST", &url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form(&params)));
        world.send(asked.unwrap()).await.json()["active"].clone()
    };
    assert_eq!(introspected().await, json!(true));
    let uri = made.member("registration_client_uri");
    let own = made.member("registration_access_token");
    assert_eq!(ask(&world, ("DELETE", &uri), Some(&own), None).await.status, 204);
    assert_eq!(introspected().await, json!(false));
    let again = [("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", &client)];
    assert_eq!(world.post_bare(CHAT, &again).await.member("error"), "invalid_client");
}

/// Where answers go, and whose keys count, is what a person said yes to: another is asked about.
#[tokio::test]
async fn asked_again_when_it_changed() {
    let world = World::of(&open()).await;
    let made = register(&world, CHAT, None, &json!({})).await;
    let (client, uri) = (made.member("client_id"), made.member("registration_client_uri"));
    let url = authorize_url(CHAT, &client, &[("redirect_uri", BACK), ("scope", "chat.read")]);
    let mut browser = Browser::open(&world, &url).await;
    browser.sign_in("bob", "bob-password").await;
    let words = browser.page.words();
    assert!(words.contains("It chose this name itself"), "{words}");
    browser.allow().await;
    // Who is known may go on while bob is away, if he says so.
    browser.go(&url).await;
    browser.allow().await;
    browser.go(&url).await;
    assert!(browser.sent("code").is_some());
    let body = metadata(&json!({
        "client_id": client,
        "redirect_uris": [BACK, "https://evil.example/back"]
    }));
    let token = made.member("registration_access_token");
    assert_eq!(ask(&world, ("PUT", &uri), Some(&token), Some(&body)).await.status, 200);
    browser.go(&url).await;
    let words = browser.page.words();
    assert!(words.contains("now: https://evil.example/back"), "{words}");
}
