//! Redeeming an ID-JAG: what the request may ask for, and who may ask (ID-JAG §4.4).

use axum::body::Body;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{
    CHAT, HOME, ID_JAG_TYP, ID_TOKEN, JWT_BEARER, World, changed, exchange, form, id_token_of,
    redeem, request, secret_of, the_same,
};

const MCP: &str = "https://chat.example/mcp";
const FILES: &str = "https://chat.example/files";

/// An ID-JAG for alice that is right but for `change`.
async fn id_jag(world: &World, change: impl FnOnce(&mut Value)) -> String {
    let mut claims = world.id_jag_claims(&world.sub_of("alice").await);
    change(&mut claims);
    world.sign(HOME, ID_JAG_TYP, &claims)
}

/// What chat says to a right ID-JAG in a request with `changes`.
async fn refusal_of(changes: &[(&str, &str)]) -> String {
    let world = World::new().await;
    redeem(&world, &id_jag(&world, |_| ()).await, changes).await.refusal()
}

/// RFC 7521 §4.1; `docs/decisions/0002-absent-scope.md`: never more than the ID-JAG, and never
/// more than was asked.
/// Rows 89, 140.
#[tokio::test]
async fn scope() {
    let world = World::new().await;
    for (number, (vouched, asked, given)) in [
        ("chat.read chat.write", "chat.read", "chat.read"),
        ("chat.read", "chat.read chat.write", "chat.read"),
        ("chat.read chat.write", "chat.write chat.read chat.admin x", "chat.read chat.write"),
    ]
    .into_iter()
    .enumerate()
    {
        let id_jag = id_jag(&world, |claims| {
            claims["jti"] = number.to_string().into();
            claims["scope"] = vouched.into();
        });
        let answer = redeem(&world, &id_jag.await, &[("scope", asked)]).await;
        assert_eq!(answer.member("scope"), given, "{vouched} / {asked}");
        assert_eq!(answer.claims()["scope"], given, "{vouched} / {asked}");
    }
    let id_jag = id_jag(&world, |claims| claims["scope"] = "chat.read".into()).await;
    let refusal = redeem(&world, &id_jag, &[("scope", "chat.write")]).await.refusal();
    assert_snapshot!(refusal, @"400 invalid_scope: no scope that was asked for can be granted");
    assert_snapshot!(refusal_of(&[("scope", "a\"b")]).await, @"400 invalid_scope: scope is malformed: scope has a character that RFC 6749 does not allow");
}

/// RFC 8707 §2.2: the token is for what both name.
/// Row 92.
#[tokio::test]
async fn resource() {
    let world = World::new().await;
    for (number, (claimed, asked, given)) in [
        (json!(MCP), None, json!(MCP)),
        (json!([MCP, FILES]), None, json!([MCP, FILES])),
        (json!([MCP, FILES]), Some(FILES), json!(FILES)),
        (json!(MCP), Some(MCP), json!(MCP)),
        (Value::Null, Some(FILES), json!(FILES)),
    ]
    .into_iter()
    .enumerate()
    {
        let id_jag = id_jag(&world, |claims| {
            claims["jti"] = number.to_string().into();
            claims["resource"] = claimed.clone();
            claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        });
        let asked: Vec<_> = asked.map(|it| ("resource", it)).into_iter().collect();
        let answer = redeem(&world, &id_jag.await, &asked).await;
        assert_eq!(answer.json()["resource"], given, "{claimed} / {asked:?}");
        assert_eq!(answer.claims()["aud"], given, "{claimed} / {asked:?}");
    }
}

/// RFC 8707 §2; `docs/decisions/0004-resource-outside-the-claim.md`.
/// Row 138.
#[tokio::test]
async fn a_resource_outside_the_claim() {
    let world = World::new().await;
    let id_jag = id_jag(&world, |claims| claims["resource"] = MCP.into()).await;
    let mut said = vec![];
    for other in [FILES, "https://calendar.example/api", "https://chat.example/mcp/"] {
        said.push(redeem(&world, &id_jag, &[("resource", other)]).await.refusal());
    }
    let mut both = vec![("grant_type", JWT_BEARER), ("assertion", &id_jag)];
    both.extend([("resource", MCP), ("resource", FILES)]);
    said.push(world.post_token(CHAT, "wiki-at-chat", &both).await.refusal());
    assert_snapshot!(the_same(&said), @"400 invalid_target: the resource is not one that this server issues tokens for, or not one that was granted");

    let of_others = refusal_of(&[("resource", "https://calendar.example/api")]).await;
    assert_snapshot!(of_others, @"400 invalid_target: the resource is not one that this server issues tokens for, or not one that was granted");
    assert_snapshot!(refusal_of(&[("resource", "mcp")]).await, @"400 invalid_target: resource is malformed: a resource must be an absolute URI without fragment");
}

/// ID-JAG §9.1: nothing opens an ID-JAG, or a JWT of any other kind,
/// without authentication; a client that nobody knows is none.
/// Rows 102, 173, 175.
#[tokio::test]
async fn from_nobody() {
    let world = World::new().await;
    let right = id_jag(&world, |_| ()).await;
    let workload = world.sign(HOME, "JWT", &json!({ "iss": "https://spiffe.example", "sub": "x" }));
    let mut said = vec![];
    for assertion in [&right, &workload, "nonsense"] {
        let request = [("grant_type", JWT_BEARER), ("assertion", assertion)];
        let answer = world.post_bare(CHAT, &request).await;
        assert_eq!(answer.header("www-authenticate"), "Basic realm=\"tegata\"");
        said.push(answer.refusal());
        let named = changed(&request, &[("client_id", "wiki-at-chat")]);
        said.push(world.post_bare(CHAT, &named).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"401 invalid_client: client authentication is required");

    let request = [("grant_type", JWT_BEARER), ("assertion", &*right)];
    let named = changed(&request, &[("client_id", "https://agent.example/client.json")]);
    assert_snapshot!(world.post_bare(CHAT, &named).await.refusal(), @"401 invalid_client: client authentication is required");
    assert_eq!(redeem(&world, &right, &[]).await.status, 200);
}

/// `docs/decisions/0006-public-clients.md`.
#[tokio::test]
async fn from_a_public_client() {
    let world = World::with(&format!(
        "[[client]]\nat = \"chat\"\nclient_id = \"public-at-chat\"\n\
         token_endpoint_auth_method = \"none\"\ngrant_types = [\"{JWT_BEARER}\"]"
    ))
    .await;
    let id_jag = id_jag(&world, |claims| claims["client_id"] = "public-at-chat".into()).await;
    let request =
        [("grant_type", JWT_BEARER), ("assertion", &id_jag), ("client_id", "public-at-chat")];
    assert_snapshot!(world.post_bare(CHAT, &request).await.refusal(), @"400 unauthorized_client: a client without credentials cannot redeem an ID-JAG");
}

/// RFC 6749 §5.2.
/// Row 103.
#[tokio::test]
async fn from_a_client_that_may_not() {
    let from = r#"["urn:ietf:params:oauth:grant-type:jwt-bearer", "client_credentials"]"#;
    let world = World::but(from, r#"["client_credentials"]"#).await;
    let id_jag = id_jag(&world, |claims| claims["client_id"] = "todo-at-chat".into()).await;
    let request = [("grant_type", JWT_BEARER), ("assertion", &*id_jag)];
    assert_snapshot!(world.post_token(CHAT, "todo-at-chat", &request).await.refusal(), @"400 unauthorized_client: the client is not registered to use this grant type");
}

/// Who steals an ID-JAG has to steal the credentials of its client, too.
/// Row 111.
#[tokio::test]
async fn from_a_client_that_stole_it() {
    let world = World::new().await;
    let id_jag = id_jag(&world, |_| ()).await;
    let request = [("grant_type", JWT_BEARER), ("assertion", &*id_jag)];
    assert_snapshot!(world.post_token(CHAT, "todo-at-chat", &request).await.refusal(), @"400 invalid_grant: the assertion is not acceptable: it was issued to another client");
}

/// RFC 7521 §4.1.
/// Row 104.
#[tokio::test]
async fn without_an_assertion() {
    assert_snapshot!(refusal_of(&[("assertion", "")]).await, @"400 invalid_request: assertion is required");
}

/// Row 176.
#[tokio::test]
async fn in_the_query() {
    let world = World::new().await;
    let query = form(&[("assertion", &*id_jag(&world, |_| ()).await)]);
    let secret = secret_of("wiki-at-chat");
    let body = form(&[
        ("grant_type", JWT_BEARER),
        ("client_id", "wiki-at-chat"),
        ("client_secret", &secret),
    ]);
    let request = request("POST", &format!("{CHAT}/oauth2/token?{query}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(body));
    assert_snapshot!(world.send(request.unwrap()).await.refusal(), @"400 invalid_request: assertion is required");
}

/// RFC 6749 §3.2: two assertions are none.
#[tokio::test]
async fn with_two_assertions() {
    let world = World::new().await;
    let id_jag = id_jag(&world, |_| ()).await;
    let request = [("grant_type", JWT_BEARER), ("assertion", &*id_jag), ("assertion", &*id_jag)];
    assert_snapshot!(world.post_token(CHAT, "wiki-at-chat", &request).await.refusal(), @"400 invalid_request: assertion is given twice");
}

/// Home issues ID-JAGs, and takes none.
/// Row 5.
#[tokio::test]
async fn at_home() {
    let world = World::new().await;
    let id_jag = id_jag(&world, |claims| claims["aud"] = HOME.into()).await;
    let request = [("grant_type", JWT_BEARER), ("assertion", &*id_jag)];
    assert_snapshot!(world.post_token(HOME, "wiki-agent", &request).await.refusal(), @"400 unsupported_grant_type: this grant type is not supported here");
}

/// ID-JAG §4.3.4: an ID-JAG is no access token.
/// Row 145.
#[tokio::test]
async fn as_an_access_token() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let id_jag = exchange(&world, &id_token, &[]).await.access_token();
    let request = request("GET", &format!("{HOME}/oauth2/userinfo"))
        .header("authorization", format!("Bearer {id_jag}"))
        .body(Body::empty());
    let answer = world.send(request.unwrap()).await;
    assert_snapshot!(answer.refusal(), @"401 invalid_token: the access token is not acceptable: its typ says that it is something else");
    assert!(answer.header("www-authenticate").starts_with("Bearer error=\"invalid_token\""));
}

/// ID-JAG §9.3, RFC 8725 §3.11: nor the word of a client, nor a subject token.
/// Row 146.
#[tokio::test]
async fn as_something_else() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let id_jag = exchange(&world, &id_token, &[]).await.access_token();
    let request = [
        ("grant_type", JWT_BEARER),
        ("assertion", &*id_jag),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", &*id_jag),
    ];
    assert_snapshot!(world.post_bare(CHAT, &request).await.refusal(), @"401 invalid_client: client authentication failed");
    let subject = exchange(&world, &id_jag, &[("subject_token_type", ID_TOKEN)]).await;
    assert_snapshot!(subject.refusal(), @"400 invalid_grant: the subject token is not acceptable: its typ says that it is something else");
}

/// ID-JAG §4.4.3: nothing that was got here can be refreshed.
/// Row 147.
#[tokio::test]
async fn as_a_refresh_token() {
    let from = r#"["urn:ietf:params:oauth:grant-type:jwt-bearer"]"#;
    let to = r#"["urn:ietf:params:oauth:grant-type:jwt-bearer", "refresh_token"]"#;
    let world = World::but(from, to).await;
    let id_jag = id_jag(&world, |_| ()).await;
    let answer = redeem(&world, &id_jag, &[]).await;
    assert_eq!(answer.json()["refresh_token"], Value::Null);
    let mut said = vec![];
    for token in [&answer.access_token(), &id_jag] {
        let request = [("grant_type", "refresh_token"), ("refresh_token", token)];
        said.push(world.post_token(CHAT, "wiki-at-chat", &request).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the refresh token is unknown");
}

/// RFC 8725 and our own bounds: a megabyte is not read, and 64 KiB are not parsed.
/// Row 148.
#[tokio::test]
async fn with_a_very_long_assertion() {
    assert_snapshot!(refusal_of(&[("assertion", &"x".repeat(1 << 20))]).await, @"413 invalid_request: the body is larger than 64 KiB");
    assert_snapshot!(refusal_of(&[("assertion", &"x.".repeat(16 << 10))]).await, @"400 invalid_grant: the assertion is not acceptable: it has not the form of a signed JWT with an issuer");
    let world = World::new().await;
    let long = id_jag(&world, |claims| claims["more"] = "x".repeat(20_000).into()).await;
    assert_snapshot!(redeem(&world, &long, &[]).await.refusal(), @"400 invalid_grant: the assertion is not acceptable: it has not the form of a signed JWT with an issuer");
}

/// RFC 6749 §5.2: who may redeem ID-JAGs may do nothing else by that; and the other name of the
/// grant (ID-JAG §9.8) is for those alone who may.
#[tokio::test]
async fn what_a_client_may_not_besides() {
    let world = World::with(
        "[[client]]\nat = \"chat\"\nclient_id = \"night-job\"\n\
         client_secret = \"night-job-secret-0123456789abcdefghij\"\n\
         grant_types = [\"client_credentials\"]\nscope = \"chat.read\"",
    )
    .await;
    let mut said = vec![];
    for grant in ["client_credentials", "authorization_code", "refresh_token"] {
        let request = [("grant_type", grant)];
        said.push(world.post_token(CHAT, "wiki-at-chat", &request).await.refusal());
    }
    let id_jag = id_jag(&world, |claims| claims["client_id"] = "night-job".into()).await;
    for grant in [JWT_BEARER, "urn:ietf:params:oauth:grant-type:jwt-dpop"] {
        let request = [("grant_type", grant), ("assertion", &*id_jag)];
        said.push(world.post_token(CHAT, "night-job", &request).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 unauthorized_client: the client is not registered to use this grant type");
    let itself = [("grant_type", "client_credentials")];
    assert_eq!(world.post_token(CHAT, "night-job", &itself).await.status, 200);
}
