//! Clients that act for themselves (RFC 6749 §4.4).

use insta::assert_snapshot;
use serde_json::{Value, json};
use tegata::oauth::{ClientId, GrantType, Issuer};
use tegata::store;

use crate::exchange_here;
use crate::management::about;
use crate::support::{Answer, CHAT, HOME, MCP, World, secret_of, the_same};

const FILES: &str = "https://chat.example/files";

async fn itself(world: &World, at: &str, client: &str, more: &[(&str, &str)]) -> Answer {
    let grant = [("grant_type", "client_credentials")];
    world.post_token(at, client, &[&grant, more].concat()).await
}

/// What says something about a person is not for a client that has none, whether it asks for that
/// or for nothing.
#[tokio::test]
async fn scope() {
    let world = World::new().await;
    for asked in ["", "openid profile email offline_access reports"] {
        let answer = itself(&world, HOME, "wiki-agent", &[("scope", asked)]).await;
        assert_eq!(answer.member("scope"), "reports", "{asked}");
        assert_eq!(answer.claims()["scope"], "reports", "{asked}");
    }
    let mut said = vec![];
    for of_people in ["openid", "profile", "email", "offline_access"] {
        let answer = itself(&world, HOME, "wiki-agent", &[("scope", of_people)]).await;
        said.push(answer.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_scope: no scope that was asked for can be granted to the client itself");
}

/// RFC 8707 §2.2: for the resource that it names, if that is one of the service.
#[tokio::test]
async fn resources() {
    let world = World::new().await;
    let everywhere = itself(&world, CHAT, "todo-at-chat", &[]).await;
    assert_eq!(everywhere.claims()["aud"], json!([MCP, FILES]));
    assert_eq!(everywhere.json()["resource"], Value::Null);
    let one = itself(&world, CHAT, "todo-at-chat", &[("resource", FILES)]).await;
    assert_eq!(one.claims()["aud"], FILES);
    assert_eq!(one.json()["resource"], FILES);
    let mut said = vec![];
    for others in [vec!["https://calendar.example/api"], vec![MCP, HOME], vec![CHAT]] {
        let more: Vec<_> = others.into_iter().map(|it| ("resource", it)).collect();
        said.push(itself(&world, CHAT, "todo-at-chat", &more).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_target: the resource is not one that this server issues tokens for, or not one that was granted");
}

/// RFC 6749 §4.4: "MUST only be used by confidential clients", whatever stands in the store.
#[tokio::test]
async fn a_client_without_credentials() {
    let world = World::new().await;
    let db = world.live.shared().store.write();
    let (home, id) = (Issuer::parse(HOME).unwrap(), ClientId::parse("todo-app").unwrap());
    let mut client = store::clients::find(db, &home, &id).await.unwrap().unwrap();
    client.grant_types.push(GrantType::ClientCredentials);
    store::clients::register(db, &client).await.unwrap();
    world.meddled().await;
    let request = [("grant_type", "client_credentials"), ("client_id", "todo-app")];
    assert_snapshot!(world.post_bare(HOME, &request).await.refusal(), @"400 unauthorized_client: a client without credentials cannot act for itself");
}

/// For nobody, at what, and with what.
#[tokio::test]
async fn what_the_ledger_says() {
    let world = World::new().await;
    let more = [("scope", "chat.read"), ("resource", MCP)];
    let token = itself(&world, CHAT, "todo-at-chat", &more).await;
    let row = world.ledger().await.pop().unwrap().entry;
    assert_eq!(row.jti.as_deref(), token.claims()["jti"].as_str());
    assert_eq!((row.user, row.parent), (None, None));
    assert_eq!(row.service.as_deref(), Some(CHAT));
    assert_eq!(row.scope.as_ref().map(ToString::to_string).as_deref(), Some("chat.read"));
    assert_eq!(row.resource.as_deref(), Some(MCP));
}

/// It may be called as a person of some sector could be: its token is about itself, and nobody has to
/// be found by that name.
#[tokio::test]
async fn called_like_a_pairwise_subject() {
    let client = "0f".repeat(24);
    let own = format!(
        "\n[[client]]\nat = \"chat\"\nclient_id = \"{client}\"\nclient_secret = \"{}\"\n\
         grant_types = [\"client_credentials\"]\nscope = \"chat.read\"\n",
        secret_of(&client)
    );
    let world = World::of(&(exchange_here::directory() + &own)).await;
    let mut token = world.post_token(CHAT, &client, &[("grant_type", "client_credentials")]).await;
    // And so however often it is exchanged.
    for _ in 0..3 {
        let told = about(&world, CHAT, "todo-at-chat", &token.access_token()).await;
        assert_eq!((&told["active"], &told["sub"]), (&json!(true), &json!(client)));
        token = exchange_here::exchanged(&world, MCP, &token.access_token(), &[]).await;
    }
}
