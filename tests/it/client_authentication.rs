//! Who asks, at the token endpoint: secrets, and clients that have none (RFC 6749 §2.3).

use axum::body::Body;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use insta::assert_snapshot;
use tegata::oauth::{ClientId, Issuer};
use tegata::store;

use crate::support::{Answer, CHAT, HOME, World, form, request, secret_of, the_same};

/// What the wiki agent asks for itself: the simplest request there is.
const ASK: [(&str, &str); 2] = [("grant_type", "client_credentials"), ("scope", "reports")];

/// Sends that request, and `more`, with this `Authorization` header.
async fn ask(world: &World, authorization: &str, more: &[(&str, &str)]) -> Answer {
    let request = request("POST", &format!("{HOME}/oauth2/token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", authorization)
        .body(Body::from(form(&[&ASK, more].concat())));
    world.send(request.unwrap()).await
}

async fn ask_bare(world: &World, more: &[(&str, &str)]) -> Answer {
    world.post_bare(HOME, &[&ASK, more].concat()).await
}

fn basic(pair: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(pair))
}

fn right() -> String {
    basic(&format!("wiki-agent:{}", secret_of("wiki-agent")))
}

/// A client with this id and secret, and otherwise like the wiki agent.
fn client(id: &str, secret: &str) -> String {
    format!(
        "[[client]]\nclient_id = {id:?}\nclient_secret = {secret:?}\n\
         grant_types = [\"client_credentials\"]\nscope = \"reports\""
    )
}

/// RFC 6749 §2.3.1: by header, or in the body, whatever is registered
/// (`docs/decisions/0019-basic-and-post.md`). RFC 9110 §11.1: the scheme in any case.
#[tokio::test]
async fn a_secret() {
    let world = World::new().await;
    let secret = secret_of("wiki-agent");
    assert_eq!(ask(&world, &right(), &[]).await.status, 200);
    assert_eq!(ask(&world, &right().replace("Basic", "bAsIc"), &[]).await.status, 200);
    let body = [("client_id", "wiki-agent"), ("client_secret", &secret)];
    assert_eq!(ask_bare(&world, &body).await.status, 200);
}

/// Whoever stands before us may read the other one.
#[tokio::test]
async fn two_authorization_headers() {
    let world = World::new().await;
    for order in [[right(), basic("x:y")], [basic("x:y"), right()], [right(), right()]] {
        let request = request("POST", &format!("{HOME}/oauth2/token"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", &order[0])
            .header("authorization", &order[1])
            .body(Body::from(form(&ASK)));
        assert_eq!(world.send(request.unwrap()).await.status, 401, "{order:?}");
    }
}

/// RFC 6749 §2.3.1: both parts are form-encoded, so that a colon can be in the first.
#[tokio::test]
async fn a_secret_that_is_encoded() {
    let (id, secret) = ("https://agent.example/é", "1+1/2=&:secret-0123456789-0123456789");
    let world = World::with(&client(id, secret)).await;
    let encode = |text: &str| {
        let encode = |byte: u8| format!("%{byte:02x}");
        text.bytes().map(encode).collect::<String>()
    };
    let header = basic(&format!("{}:{}", encode(id), encode(secret)));
    assert_eq!(ask(&world, &header, &[]).await.status, 200);
    // In the body it is encoded once, by the form.
    let body = [("client_id", id), ("client_secret", secret)];
    assert_eq!(ask_bare(&world, &body).await.status, 200);
}

/// Clients that do not encode what needs no encoding are right, too; and only the first colon
/// is the one between.
#[tokio::test]
async fn a_secret_with_a_colon() {
    let world = World::with(&client("colon", "a:b:c:0123456789-0123456789-0123456789")).await;
    let header = basic("colon:a:b:c:0123456789-0123456789-0123456789");
    assert_eq!(ask(&world, &header, &[]).await.status, 200);
}

/// RFC 6749 §5.2: 401, the scheme that the client used, and nothing about what is wrong:
/// no client, another issuer's client, one that was shut off, or the secret.
/// Row 36.
#[tokio::test]
async fn a_wrong_secret() {
    let world = World::with(&client("gone", &secret_of("gone"))).await;
    let db = world.live.shared().store.write();
    let (home, gone) = (Issuer::parse(HOME).unwrap(), ClientId::parse("gone").unwrap());
    let mut gone = store::clients::find(db, &home, &gone).await.unwrap().unwrap();
    gone.active = false;
    store::clients::register(db, &gone).await.unwrap();
    world.meddled().await;

    let mut answers = vec![];
    for (id, secret) in [
        ("wiki-agent", "wrong".to_owned()),
        ("wiki-agent", String::new()),
        ("wiki-agent", secret_of("plain-app")),
        ("wiki-agent", format!("{} ", secret_of("wiki-agent"))),
        ("nobody", secret_of("nobody")),
        ("gone", secret_of("gone")),
        ("gone", "wrong".to_owned()),
        ("wiki-at-chat", secret_of("wiki-at-chat")),
        ("todo-app", "wrong".to_owned()),
        ("WIKI-AGENT", secret_of("wiki-agent")),
    ] {
        answers.push(ask(&world, &basic(&format!("{id}:{secret}")), &[]).await);
        if !secret.is_empty() {
            let body = [("client_id", id), ("client_secret", &*secret)];
            answers.push(ask_bare(&world, &body).await);
        }
    }
    for answer in &answers {
        assert_eq!(answer.header("www-authenticate"), "Basic realm=\"tegata\"");
        assert_eq!(answer.headers.len(), answers[0].headers.len());
    }
    let said: Vec<_> = answers.iter().map(Answer::refusal).collect();
    assert_snapshot!(the_same(&said), @"401 invalid_client: client authentication failed");
}

/// Client ids are unique at one issuer only, and so is a registration.
#[tokio::test]
async fn a_client_of_home_at_chat() {
    let world = World::new().await;
    let answer = world.post_token(CHAT, "wiki-agent", &ASK).await;
    assert_snapshot!(answer.refusal(), @"401 invalid_client: client authentication failed");
}

/// RFC 6749 §5.2: "If the client attempted to authenticate via the "Authorization" request
/// header field, the authorization server MUST respond with an HTTP 401".
#[tokio::test]
async fn a_header_that_cannot_be_read() {
    let world = World::new().await;
    let mut said = vec![];
    for header in [
        "Basic",
        "Basic ",
        "Basic !!!",
        &basic("no colon"),
        &basic(":no id"),
        &basic("%ff:not UTF-8"),
        &basic("control\u{0}:x"),
        "Bearer abc",
        &right().replace("Basic", "Bearer"),
        "Digest username=\"wiki-agent\"",
        "",
    ] {
        let answer = ask(&world, header, &[]).await;
        assert_eq!(answer.header("www-authenticate"), "Basic realm=\"tegata\"", "{header}");
        said.push(answer.refusal());
    }
    assert_snapshot!(the_same(&said), @"401 invalid_client: the Authorization header is not Basic with client id and secret");
}

/// Some clients name themselves in the body, too.
#[tokio::test]
async fn a_client_id_beside_the_header() {
    let world = World::new().await;
    assert_eq!(ask(&world, &right(), &[("client_id", "wiki-agent")]).await.status, 200);
    let refusal = ask(&world, &right(), &[("client_id", "plain-app")]).await.refusal();
    assert_snapshot!(refusal, @"400 invalid_request: client_id names another client than the one that authenticates");
}

/// RFC 6749 §2.3: "MUST NOT use more than one authentication method in each request", not even
/// twice the same; an empty parameter is none.
#[tokio::test]
async fn several_methods() {
    let world = World::new().await;
    let secret = secret_of("wiki-agent");
    let typ = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let jwt = world.sign(HOME, "JWT", &serde_json::json!({ "iss": "wiki-agent" }));
    let assertion = [("client_assertion_type", typ), ("client_assertion", &*jwt)];
    let body = [("client_id", "wiki-agent"), ("client_secret", &*secret)];
    let said = [
        ask(&world, &right(), &body).await.refusal(),
        ask(&world, &right(), &assertion).await.refusal(),
        ask_bare(&world, &[&body[..], &assertion].concat()).await.refusal(),
    ];
    assert_snapshot!(the_same(&said), @"400 invalid_request: the client authenticates in more than one way");
    assert_eq!(ask(&world, &right(), &[("client_secret", "")]).await.status, 200);
}

/// A name is no proof, where there is something to prove.
/// Row 35.
#[tokio::test]
async fn no_credentials() {
    let world = World::new().await;
    let said = [
        ask_bare(&world, &[]).await.refusal(),
        ask_bare(&world, &[("client_id", "wiki-agent")]).await.refusal(),
        ask_bare(&world, &[("client_secret", &secret_of("wiki-agent"))]).await.refusal(),
    ];
    assert_snapshot!(said.join("\n"), @"
    401 invalid_client: client authentication is required
    401 invalid_client: client authentication is required
    401 invalid_client: client authentication is required
    ");
    let unknown = ask_bare(&world, &[("client_id", "nobody")]).await;
    assert_snapshot!(unknown.refusal(), @"401 invalid_client: client authentication is required");
}

/// RFC 6749 §2.1 and §3.2.1: a public client names itself, and gets as far as its code; a
/// secret that it does not have is a wrong one.
#[tokio::test]
async fn a_client_that_has_no_credentials() {
    let world = World::new().await;
    let verifier = crate::support::VERIFIER;
    let request = [
        ("grant_type", "authorization_code"),
        ("code", "unknown"),
        ("code_verifier", verifier),
        ("client_id", "todo-app"),
    ];
    assert_snapshot!(world.post_bare(HOME, &request).await.refusal(), @"400 invalid_grant: the code is unknown: it may be mistyped, or long expired");
    let with_secret = [&request[..], &[("client_secret", "x")]].concat();
    assert_snapshot!(world.post_bare(HOME, &with_secret).await.refusal(), @"401 invalid_client: client authentication failed");
    assert_snapshot!(ask_bare(&world, &[("client_id", "todo-app")]).await.refusal(), @"400 unauthorized_client: the client is not registered to use this grant type");
}

/// RFC 6749 §3.2: what the client is comes before what it wants, but a grant that we do not know
/// needs nobody to be refused.
#[tokio::test]
async fn what_is_asked_of_whom() {
    let world = World::new().await;
    let unknown = [("grant_type", "password"), ("username", "alice"), ("password", "x")];
    assert_snapshot!(world.post_token(HOME, "wiki-agent", &unknown).await.refusal(), @"400 unsupported_grant_type: this grant type is not supported here");
    assert_snapshot!(world.post_token(HOME, "wiki-agent", &[]).await.refusal(), @"400 invalid_request: grant_type is required");
    let scope = [("grant_type", "client_credentials"), ("scope", "openid")];
    assert_snapshot!(world.post_token(HOME, "wiki-agent", &scope).await.refusal(), @"400 invalid_scope: no scope that was asked for can be granted to the client itself");
    assert_snapshot!(world.post_token(HOME, "plain-app", &ASK).await.refusal(), @"400 unauthorized_client: the client is not registered to use this grant type");
}
