//! Requests for an ID-JAG that are wrong in themselves (ID-JAG §4.3, RFC 8693 §2).

use axum::body::Body;
use insta::assert_snapshot;

use crate::support::{
    Answer, CHAT, HOME, TOKEN_EXCHANGE, World, exchange, exchange_of, form, id_token_of, request,
    secret_of, the_same,
};

/// What home says to a request that is right but for `changes`.
async fn refusal_of(changes: &[(&str, &str)]) -> String {
    let world = World::new().await;
    exchange(&world, &id_token_of(&world, "alice").await, changes).await.refusal()
}

/// What home says to all requests that are right but for one of these `values` of `name`.
async fn refusal_of_each(name: &str, values: &[&str]) -> String {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let mut said = vec![];
    for value in values {
        said.push(exchange(&world, &id_token, &[(name, value)]).await.refusal());
    }
    the_same(&said)
}

/// What home says to a request that is right but for `more`, which it has besides.
async fn refusal_with(more: &[(&str, &str)]) -> String {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let mut request = exchange_of(&id_token);
    request.extend(more);
    world.post_token(HOME, "wiki-agent", &request).await.refusal()
}

async fn post_as(world: &World, content_type: &str, query: &str, body: String) -> Answer {
    let request = request("POST", &format!("{HOME}/oauth2/token{query}"))
        .header("content-type", content_type)
        .body(Body::from(body));
    world.send(request.unwrap()).await
}

/// RFC 6749 §5.2; MCP EMA §7.7 wants every client authenticated.
/// Row 35.
#[tokio::test]
async fn from_nobody() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let answer = world.post_bare(HOME, &exchange_of(&id_token)).await;
    assert_snapshot!(answer.refusal(), @"401 invalid_client: client authentication is required");
    assert_eq!(answer.header("www-authenticate"), "Basic realm=\"tegata\"");
}

/// ID-JAG §9.1: confidential clients.
/// Row 37.
#[tokio::test]
async fn from_a_public_client() {
    let world = World::with(&format!(
        "[[client]]\nclient_id = \"public-agent\"\ntoken_endpoint_auth_method = \"none\"\n\
         grant_types = [\"{TOKEN_EXCHANGE}\"]"
    ))
    .await;
    let id_token = id_token_of(&world, "alice").await;
    let mut request = exchange_of(&id_token);
    request.push(("client_id", "public-agent"));
    assert_snapshot!(world.post_bare(HOME, &request).await.refusal(), @"400 unauthorized_client: a client without credentials cannot obtain an ID-JAG");
}

/// RFC 6749 §5.2.
/// Row 38.
#[tokio::test]
async fn from_a_client_that_may_not() {
    let from = r#"["authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange"]"#;
    let world = World::but(from, r#"["authorization_code"]"#).await;
    let id_token = id_token_of(&world, "alice").await;
    let answer = world.post_token(HOME, "plain-app", &exchange_of(&id_token)).await;
    assert_snapshot!(answer.refusal(), @"400 unauthorized_client: the client is not registered to use this grant type");
}

/// ID-JAG §4.3: `audience` is REQUIRED.
/// Row 39.
#[tokio::test]
async fn without_audience() {
    assert_snapshot!(refusal_of(&[("audience", "")]).await, @"400 invalid_request: audience is required");
}

/// RFC 6749 §3.2: a parameter without a value counts as omitted.
/// Row 40.
#[tokio::test]
async fn with_an_empty_audience() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let request = exchange_of(&id_token).into_iter();
    let request: Vec<_> =
        request.map(|(name, it)| (name, if name == "audience" { "" } else { it })).collect();
    let answer = world.post_token(HOME, "wiki-agent", &request).await;
    assert_snapshot!(answer.refusal(), @"400 invalid_request: audience is required");
}

/// One ID-JAG has one audience (ID-JAG §3.1).
/// Row 41.
#[tokio::test]
async fn with_two_audiences() {
    let refusal = refusal_with(&[("audience", "https://auth.calendar.example")]).await;
    assert_snapshot!(refusal, @"400 invalid_request: audience is given twice");
}

/// RFC 8693 §2.2.2; `docs/decisions/0007-exact-audience.md`.
/// Row 42.
#[tokio::test]
async fn for_an_audience_that_nobody_knows() {
    let unknown = [
        "https://mail.example",
        "https://home.example/services/chat/",
        "https://home.example/services/chat/oauth2/token",
        "https://HOME.example/services/chat",
        "chat",
        "https://chat.example/mcp",
    ];
    assert_snapshot!(refusal_of_each("audience", &unknown).await, @"400 invalid_target: the audience is not the issuer of a service that is known here");
}

/// ID-JAG §9.3: never for our own domain.
/// Row 79.
#[tokio::test]
async fn for_home_itself() {
    assert_snapshot!(refusal_of(&[("audience", HOME)]).await, @"400 invalid_target: the audience is not the issuer of a service that is known here");
}

/// ID-JAG §9.4: who does not authenticate learns nothing of what there is.
#[tokio::test]
async fn from_nobody_who_wants_to_know_what_there_is() {
    let world = World::new().await;
    let ask = |audience| {
        let request = [("grant_type", TOKEN_EXCHANGE), ("audience", audience)];
        let body = form(&request);
        world.post_body(HOME, body)
    };
    assert_eq!(ask(CHAT).await.refusal(), ask("https://mail.example").await.refusal());
}

/// RFC 8693 §2.1.
/// Rows 46, 47.
#[tokio::test]
async fn without_a_subject_token_or_its_type() {
    assert_snapshot!(refusal_of(&[("subject_token", "")]).await, @"400 invalid_request: subject_token is required");
    assert_snapshot!(refusal_of(&[("subject_token_type", "")]).await, @"400 invalid_request: subject_token_type is required");
}

/// RFC 8693 §2.2.2. SAML stays out.
/// Rows 48, 80, 81, 82, 83, 84.
#[tokio::test]
async fn with_a_subject_token_of_another_type() {
    let unknown = [
        "urn:ietf:params:oauth:token-type:access_token",
        "urn:ietf:params:oauth:token-type:jwt",
        "urn:ietf:params:oauth:token-type:id-jag",
        "urn:ietf:params:oauth:token-type:ID_TOKEN",
        "id_token",
    ];
    assert_snapshot!(refusal_of_each("subject_token_type", &unknown).await, @"400 invalid_request: subject_token_type is malformed: it must be urn:ietf:params:oauth:token-type:id_token or urn:ietf:params:oauth:token-type:refresh_token");
    let saml = ["urn:ietf:params:oauth:token-type:saml2"];
    assert_snapshot!(refusal_of_each("subject_token_type", &saml).await, @"400 invalid_request: subject_token_type is malformed: SAML assertions are not taken here: sign in by OpenID");
}

/// RFC 8693 §2.2.2.
/// Row 71.
#[tokio::test]
async fn for_a_token_of_another_type() {
    assert_snapshot!(refusal_of(&[("requested_token_type", "")]).await, @"400 invalid_request: requested_token_type is required");
    let unknown = [
        "urn:ietf:params:oauth:token-type:access_token",
        "urn:ietf:params:oauth:token-type:refresh_token",
        "urn:ietf:params:oauth:token-type:id_token",
        "id-jag",
        "jwt",
    ];
    assert_snapshot!(refusal_of_each("requested_token_type", &unknown).await, @"400 invalid_request: requested_token_type is malformed: it must be urn:ietf:params:oauth:token-type:id-jag or urn:ietf:params:oauth:token-type:jwt");
}

/// RFC 8693 §2.1: each only with the other.
/// Row 70.
#[tokio::test]
async fn with_an_actor() {
    assert_snapshot!(refusal_with(&[("actor_token", "a.b.c")]).await, @"400 invalid_request: actor_token_type is required");
    let typ = "urn:ietf:params:oauth:token-type:jwt";
    assert_snapshot!(refusal_with(&[("actor_token_type", typ)]).await, @"400 invalid_request: actor_token is required");
    let both = [("actor_token", "a.b.c"), ("actor_token_type", typ)];
    assert_snapshot!(refusal_with(&both).await, @"400 invalid_request: actor_token_type is malformed: it must be urn:ietf:params:oauth:token-type:access_token or urn:ietf:params:oauth:token-type:id_token: an agent's own");
}

/// RFC 8707 §2: absolute, and without a fragment.
/// Row 64.
#[tokio::test]
async fn for_a_resource_that_is_none() {
    let none = ["/mcp", "mcp", "https://chat.example/mcp#top", "https://chat.example/mcp#"];
    assert_snapshot!(refusal_of_each("resource", &none).await, @"400 invalid_target: resource is malformed: a resource must be an absolute URI without fragment");
}

/// MCP EMA §7.6.1: the resource is one of the audience's own.
/// Rows 65, 178.
#[tokio::test]
async fn for_a_resource_of_another_service() {
    let others = [
        "https://calendar.example/api",
        "https://chat.example/mcp/",
        "https://chat.example/",
        "https://chat.example/mcp?x=1",
        "https://mail.example/mcp",
    ];
    assert_snapshot!(refusal_of_each("resource", &others).await, @"400 invalid_target: the resource is not one of this audience that the client may name");
}

/// One that is right does not carry one that is wrong.
#[tokio::test]
async fn for_two_resources_of_which_one_is_wrong() {
    let two =
        [("resource", "https://chat.example/mcp"), ("resource", "https://calendar.example/api")];
    assert_snapshot!(refusal_with(&two).await, @"400 invalid_target: the resource is not one of this audience that the client may name");
}

/// RFC 6749 §5.2: chat has `chat.admin`, the connection has not.
/// Row 67.
#[tokio::test]
async fn for_scope_that_is_not_allowed() {
    let forbidden = ["chat.admin", "calendar.read", "openid", "CHAT.READ", "chat.admin openid"];
    assert_snapshot!(refusal_of_each("scope", &forbidden).await, @"400 invalid_scope: no scope that was asked for can be granted");
}

/// RFC 6749 §3.3.
/// Row 68.
#[tokio::test]
async fn with_a_scope_that_is_malformed() {
    let malformed =
        ["chat.read \"chat.write\"", "chat.read\nchat.write", "chat.read  x", "a\\b", " ", "é"];
    assert_snapshot!(refusal_of_each("scope", &malformed).await, @"400 invalid_scope: scope is malformed: scope has a character that RFC 6749 does not allow");
}

/// RFC 6749 §3.2: not even the same value, nor a parameter that nobody knows.
/// Row 72.
#[tokio::test]
async fn with_a_parameter_twice() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let mut said = vec![];
    for more in [
        vec![("audience", CHAT)],
        vec![("grant_type", TOKEN_EXCHANGE)],
        vec![("subject_token_type", "urn:ietf:params:oauth:token-type:id_token")],
        vec![("scope", "chat.read"), ("scope", "chat.read")],
        vec![("colour", "red"), ("colour", "blue")],
    ] {
        let mut request = exchange_of(&id_token);
        request.extend(more);
        said.push(world.post_token(HOME, "wiki-agent", &request).await.refusal());
    }
    assert_snapshot!(said.join("\n"), @"
    400 invalid_request: audience is given twice
    400 invalid_request: grant_type is given twice
    400 invalid_request: subject_token_type is given twice
    400 invalid_request: scope is given twice
    400 invalid_request: colour is given twice
    ");
}

/// RFC 6749 §3.2: "The client MUST use the HTTP "POST" method".
/// Row 73.
#[tokio::test]
async fn by_get() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let query = form(&exchange_of(&id_token));
    let answer = world.get(&format!("{HOME}/oauth2/token?{query}")).await;
    assert_eq!(answer.header("allow"), "POST");
    assert_snapshot!(answer.refusal(), @"405 invalid_request: the token endpoint takes POST, with a form in the body");
}

/// RFC 6749 §3.2 and appendix B.
/// Row 73.
#[tokio::test]
async fn in_json() {
    let world = World::new().await;
    let body = r#"{"grant_type":"urn:ietf:params:oauth:grant-type:token-exchange"}"#;
    let answer = post_as(&world, "application/json", "", body.to_owned()).await;
    assert_snapshot!(answer.refusal(), @"400 invalid_request: the Content-Type must be application/x-www-form-urlencoded");
}

/// RFC 6749 §2.3.1: parameters "MUST NOT be included in the request URI".
/// Row 74.
#[tokio::test]
async fn in_the_query() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let (typ, secret) = ("application/x-www-form-urlencoded", secret_of("wiki-agent"));
    let query = format!("?{}", form(&exchange_of(&id_token)));
    let who = form(&[("client_id", "wiki-agent"), ("client_secret", &secret)]);
    assert_snapshot!(post_as(&world, typ, &query, who.clone()).await.refusal(), @"400 invalid_request: grant_type is required");

    let query = format!("?{who}");
    let answer = post_as(&world, typ, &query, form(&exchange_of(&id_token))).await;
    assert_snapshot!(answer.refusal(), @"401 invalid_client: client authentication is required");
}

/// Services do not issue ID-JAGs.
#[tokio::test]
async fn at_a_service() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let answer = world.post_token(CHAT, "wiki-at-chat", &exchange_of(&id_token)).await;
    assert_snapshot!(answer.refusal(), @"400 unsupported_grant_type: this grant type is not supported here");
}
