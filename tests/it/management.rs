//! What clients ask about tokens, and about what they can reach (RFC 7662, RFC 7009, ID-JAG §9.4).

use axum::body::Body;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};
use time::Duration;

use tegata::model::Outcome;

use crate::support::{
    Answer, Browser, CHAT, HOME, Holder, WORLD, World, allowed_by_alice, authorize_url, exchange,
    form, id_token_of, redeem, redemption, request, secret_of,
};

/// A request of a client that authenticates by Basic, to this path.
async fn ask(world: &World, at: &str, path: &str, client: &str, pairs: &[(&str, &str)]) -> Answer {
    let basic = BASE64_STANDARD.encode(format!("{client}:{}", secret_of(client)));
    let request = request("POST", &format!("{at}/oauth2/{path}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", format!("Basic {basic}"));
    world.send(request.body(Body::from(form(pairs))).unwrap()).await
}

pub(crate) async fn about(world: &World, at: &str, client: &str, token: &str) -> Value {
    let answer = ask(world, at, "introspect", client, &[("token", token)]).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

async fn revoke(world: &World, client: &str, token: &str) -> Answer {
    ask(world, HOME, "revoke", client, &[("token", token)]).await
}

/// RFC 7662 §2.2: what an ID-JAG was redeemed for.
/// Row 101.
#[tokio::test]
async fn an_access_token_of_a_service() {
    let world = World::new().await;
    let id_jag = exchange(&world, &id_token_of(&world, "alice").await, &[]).await.access_token();
    let token = redeem(&world, &id_jag, &[]).await.access_token();
    let told = about(&world, CHAT, "todo-at-chat", &token).await;
    assert_eq!(told["sub"], world.sub_of("alice").await);
    assert_json_snapshot!(told, { ".sub" => "alice", ".jti" => "jti", ".exp" => 1, ".iat" => 0, ".auth_time" => 0 }, @r#"
    {
      "active": true,
      "iss": "https://home.example/services/chat",
      "client_id": "wiki-at-chat",
      "sub": "alice",
      "scope": "chat.read chat.write",
      "exp": 1,
      "token_type": "Bearer",
      "iat": 0,
      "aud": [
        "https://chat.example/mcp",
        "https://chat.example/files"
      ],
      "jti": "jti",
      "auth_time": 0,
      "acr": "urn:tegata:acr:password"
    }
    "#);
}

/// RFC 7662 §2.2: of what is not active nothing else is told, whatever it is.
#[tokio::test]
async fn what_is_not_active() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let id_jag = exchange(&world, &id_token, &[]).await.access_token();
    let token = redeem(&world, &id_jag, &[]).await.access_token();
    let inactive = json!({ "active": false });
    for other in ["x", &id_token, &id_jag, &token[..token.len() - 4]] {
        assert_eq!(about(&world, CHAT, "todo-at-chat", other).await, inactive, "{other}");
    }
    // Another issuer's.
    assert_eq!(about(&world, HOME, "wiki-agent", &token).await, inactive);
    world.disable_user("alice").await;
    assert_eq!(about(&world, CHAT, "todo-at-chat", &token).await, inactive);
    world.hands.advance(Duration::seconds(631));
    assert_eq!(about(&world, CHAT, "todo-at-chat", &token).await, inactive);
}

/// A refresh token is its own client's affair.
#[tokio::test]
async fn a_refresh_token() {
    let world = World::new().await;
    let browser = allowed_by_alice(&world, &[]).await;
    let token = world.redeem(&browser).await.member("refresh_token");
    assert_eq!(about(&world, HOME, "wiki-agent", &token).await["client_id"], "wiki-agent");
    assert_eq!(about(&world, HOME, "plain-app", &token).await, json!({ "active": false }));
    assert_eq!(revoke(&world, "wiki-agent", &token).await.status, 200);
    assert_eq!(about(&world, HOME, "wiki-agent", &token).await, json!({ "active": false }));
}

/// RFC 7662 §2.1: "the authorization server […] MUST also require some form of authorization".
#[tokio::test]
async fn who_may_not_ask() {
    let world = World::new().await;
    let mut said = vec![];
    for path in ["introspect", "revoke", "reachable"] {
        let body = form(&[("token", "x")]);
        let bare = request("POST", &format!("{HOME}/oauth2/{path}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body));
        said.push(world.send(bare.unwrap()).await.refusal());
        said.push(ask(&world, HOME, path, "nobody", &[("token", "x")]).await.refusal());
    }
    assert_snapshot!(said.join("\n"), @r"
    401 invalid_client: client authentication is required
    401 invalid_client: client authentication failed
    401 invalid_client: client authentication is required
    401 invalid_client: client authentication failed
    401 invalid_client: client authentication is required
    401 invalid_client: client authentication failed
    ");
    let public = [("token", "x"), ("client_id", "todo-app")];
    let bare = request("POST", &format!("{HOME}/oauth2/introspect"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form(&public)));
    assert_snapshot!(world.send(bare.unwrap()).await.refusal(), @"400 unauthorized_client: a client without credentials cannot ask about that");
    let nothing = ask(&world, HOME, "introspect", "wiki-agent", &[]).await;
    assert_snapshot!(nothing.refusal(), @"400 invalid_request: token is required");
    assert!(world.ledger().await.iter().any(|it| it.entry.client.is_some()));
}

/// RFC 7009 §2.1: all that came from the same authorization ends, whichever token is named.
#[tokio::test]
async fn revocation() {
    let mut said = vec![];
    for named in ["access_token", "refresh_token"] {
        let world = World::new().await;
        let browser = allowed_by_alice(&world, &[]).await;
        let tokens = world.redeem(&browser).await;
        let token = tokens.member(named);
        said.push(revoke(&world, "plain-app", &token).await.refusal());
        assert_eq!(revoke(&world, "wiki-agent", &token).await.status, 200);
        let again =
            [("grant_type", "refresh_token"), ("refresh_token", &*tokens.member("refresh_token"))];
        let answer = world.post_token(HOME, "wiki-agent", &again).await;
        assert_eq!(answer.member("error"), "invalid_grant");
        let told = about(&world, HOME, "wiki-agent", &tokens.access_token()).await;
        assert_eq!(told, json!({ "active": false }));
        assert_eq!(exchange(&world, &tokens.member("id_token"), &[]).await.status, 400);
        let ledger = world.ledger().await;
        assert!(ledger.iter().any(|it| it.entry.event.as_str() == "revocation"));
    }
    assert_snapshot!(crate::support::the_same(&said), @"400 invalid_grant: the token was issued to another client");
}

/// One that was found by somebody who has not its key revokes nothing, where nothing else says whose
/// it is; and what is revoked already leaves no more entries.
#[tokio::test]
async fn what_strangers_can_revoke() {
    let (world, holder) = (World::new().await, Holder::new());
    let changes = [
        ("redirect_uri", "https://todo.example/callback"),
        ("scope", "openid profile offline_access"),
    ];
    let mut browser = Browser::open(&world, &authorize_url(HOME, "todo-app", &changes)).await;
    browser.sign_in("alice", "alice-password").await;
    browser.allow().await;
    let code = browser.sent("code").unwrap();
    let mut params = redemption(&code).to_vec();
    params.retain(|(name, _)| *name != "redirect_uri");
    params.extend([changes[0], ("client_id", "todo-app")]);
    let proof = holder.proof(HOME);
    let asked = request("POST", &format!("{HOME}/oauth2/token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("dpop", proof)
        .body(Body::from(form(&params)));
    let tokens = world.send(asked.unwrap()).await;
    let revoke = async |token: &str| {
        let pairs = [("token", token), ("client_id", "todo-app")];
        let asked = request("POST", &format!("{HOME}/oauth2/revoke"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form(&pairs)));
        world.send(asked.unwrap()).await
    };
    assert_eq!(revoke(&tokens.access_token()).await.member("error"), "unsupported_token_type");
    for _ in 0..3 {
        assert_eq!(revoke(&tokens.member("refresh_token")).await.status, 200);
    }
    let ledger = world.ledger().await;
    let entries = ledger.iter().filter(|it| it.entry.event.as_str() == "revocation");
    assert_eq!(entries.filter(|it| it.entry.outcome == Outcome::Issued).count(), 1);
}

/// RFC 7009 §2.2 and §2.2.1.
#[tokio::test]
async fn what_cannot_be_revoked() {
    let world = World::new().await;
    assert_eq!(revoke(&world, "wiki-agent", "nonsense").await.status, 200);
    let itself = [("grant_type", "client_credentials"), ("scope", "reports")];
    let token = world.post_token(HOME, "wiki-agent", &itself).await.access_token();
    assert_snapshot!(revoke(&world, "wiki-agent", &token).await.refusal(), @"400 unsupported_token_type: tokens of this kind cannot be revoked: they end when they expire");
}

/// ID-JAG §9.4: what the client can reach, and nothing of others.
#[tokio::test]
async fn the_services_of_a_client() {
    let world = World::new().await;
    let services = ask(&world, HOME, "reachable", "wiki-agent", &[]).await;
    assert_json_snapshot!(services.json(), @r#"
    {
      "services": [
        {
          "issuer": "https://auth.calendar.example",
          "name": "Calendar",
          "client_id": "wiki-at-calendar",
          "scope": "calendar.read",
          "resources": [
            "https://calendar.example/api"
          ],
          "consent_required": true
        },
        {
          "issuer": "https://home.example/services/chat",
          "name": "Chat",
          "client_id": "wiki-at-chat",
          "scope": "chat.read chat.write",
          "resources": [
            "https://chat.example/mcp",
            "https://chat.example/files"
          ],
          "consent_required": false
        }
      ]
    }
    "#);
    let none = ask(&world, HOME, "reachable", "plain-app", &[]).await;
    assert_eq!(none.json(), json!({ "services": [] }));
    assert_eq!(ask(&world, CHAT, "reachable", "wiki-at-chat", &[]).await.status, 404);
}

/// What was suspended cannot be reached, and is not told.
#[tokio::test]
async fn services_that_were_suspended() {
    let world = World::new().await;
    let mut told = vec![];
    for (from, to) in [
        (
            "client_id = \"wiki-at-chat\"\nscopes",
            "active = false\nclient_id = \"wiki-at-chat\"\nscopes",
        ),
        ("id = \"calendar\"", "active = false\nid = \"calendar\""),
    ] {
        assert!(WORLD.contains(from), "{from}");
        world.apply(&WORLD.replace(from, to)).await;
        let services = ask(&world, HOME, "reachable", "wiki-agent", &[]).await.json();
        let services = services["services"].as_array().unwrap().clone();
        told.extend(services.iter().map(|it| it["name"].clone()));
    }
    assert_eq!(told, [json!("Calendar"), json!("Chat")]);
}
