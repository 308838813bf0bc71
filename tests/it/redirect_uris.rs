//! Which redirect URIs a request may use (RFC 9700 §2.1, RFC 8252 §7 and §8).

use crate::support::{Browser, CHAT, HOME, VERIFIER, World, authorize_url, changed, redemption};

/// Whether a request of `client` may use `uri`: it leads to the sign-in page, or to an error
/// page that leads nowhere.
async fn admitted(world: &World, client: &str, uri: &str) -> bool {
    let answer = world.get(&authorize_url(HOME, client, &[("redirect_uri", uri)])).await;
    match answer.status.as_u16() {
        303 => {
            assert!(answer.location().starts_with("/sign-in?request="), "{uri}");
            true
        }
        _ => {
            assert_eq!((answer.status.as_u16(), answer.header("location")), (400, ""), "{uri}");
            false
        }
    }
}

/// RFC 8252 §7.3: "The authorization server MUST allow any port to be specified at the time of
/// the request for loopback IP redirect URIs".
#[tokio::test]
async fn a_loopback_address_has_any_port() {
    let world = World::with(&client("http://[::1]/callback")).await;
    for uri in [
        "http://127.0.0.1/callback",
        "http://127.0.0.1:1/callback",
        "http://127.0.0.1:80/callback",
        "http://127.0.0.1:65535/callback",
    ] {
        assert!(admitted(&world, "todo-app", uri).await, "{uri}");
    }
    for uri in ["http://[::1]/callback", "http://[::1]:5000/callback"] {
        assert!(admitted(&world, "app", uri).await, "{uri}");
    }
    // The one that is registered with a port as well.
    assert!(admitted(&world, "wiki-agent", "http://127.0.0.1:5000/callback").await);
}

/// RFC 9700 §2.1: but for the port, "exact string matching".
#[tokio::test]
async fn all_else_of_a_loopback_address_is_exact() {
    let world = World::new().await;
    for uri in [
        "http://127.0.0.1:5000/callback/",
        "http://127.0.0.1:5000/Callback",
        "http://127.0.0.1:5000/callback?x=y",
        "http://127.0.0.1:5000/x/../callback",
        "http://127.0.0.1:5000/%63allback",
        "http://127.0.0.1:5000//callback",
        "http://127.0.0.1:5000",
        "http://127.0.0.1:5000/callback#x",
        "http://127.0.0.1:5000/callback#",
        "https://127.0.0.1:5000/callback",
        "http://localhost:5000/callback",
        "http://127.0.0.2:5000/callback",
        "http://[::1]:5000/callback",
        "http://[::ffff:127.0.0.1]:5000/callback",
        "http://127.1:5000/callback",
        "http://2130706433:5000/callback",
        "http://0x7f.1:5000/callback",
        "http://127.0.0.1:65536/callback",
        "http://127.0.0.1:/callback",
        "http://user@127.0.0.1:5000/callback",
        "http://127.0.0.1:5000@evil.example/callback",
        "http://127.0.0.1:5000\\@evil.example/callback",
        "http://127.0.0.1.evil.example:5000/callback",
        "http://127.0.0.1:5000/callback\n",
        " http://127.0.0.1:5000/callback",
        "http:127.0.0.1:5000/callback",
        "http:\\\\127.0.0.1:5000/callback",
        "HTTP://127.0.0.1:5000/callback",
    ] {
        assert!(!admitted(&world, "todo-app", uri).await, "{uri}");
    }
}

/// RFC 8252 §8.3: "the use of localhost is NOT RECOMMENDED": the name may be somebody else's, so
/// it has the port that was registered.
#[tokio::test]
async fn localhost_is_a_name_like_others() {
    let world = World::with(&client("http://localhost:5000/callback")).await;
    assert!(admitted(&world, "app", "http://localhost:5000/callback").await);
    for uri in [
        "http://localhost:5001/callback",
        "http://localhost/callback",
        "http://LOCALHOST:5000/callback",
        "http://127.0.0.1:5000/callback",
    ] {
        assert!(!admitted(&world, "app", uri).await, "{uri}");
    }
}

/// RFC 9700 §4.1.3: "authorization servers MUST utilize exact string matching".
#[tokio::test]
async fn https_is_exact() {
    let world = World::new().await;
    assert!(admitted(&world, "todo-app", "https://todo.example/callback").await);
    for uri in [
        "https://todo.example/callback/",
        "https://todo.example/callback?x=y",
        "https://todo.example/callbac",
        "https://todo.example/callback2",
        "https://todo.example/callback/../evil",
        "https://todo.example:443/callback",
        "https://todo.example:444/callback",
        "https://TODO.example/callback",
        "https://todo.example./callback",
        "https://evil.todo.example/callback",
        "https://todo.example.evil.example/callback",
        "https://todo.example@evil.example/callback",
        "https://evil.example/?https://todo.example/callback",
        "https://todo.example%2Fcallback",
        "http://todo.example/callback",
        "//todo.example/callback",
    ] {
        assert!(!admitted(&world, "todo-app", uri).await, "{uri}");
    }
    // What somebody else registered is nothing to rely on.
    assert!(!admitted(&world, "wiki-agent", "https://todo.example/callback").await);
}

/// RFC 8252 §7.1: an application's own scheme.
#[tokio::test]
async fn an_own_scheme_is_exact() {
    let world = World::new().await;
    assert!(admitted(&world, "todo-app", "com.example.todo:/callback").await);
    for uri in [
        "com.example.todo:/callback/",
        "com.example.todo://callback",
        "com.example.todo:callback",
        "com.example.todo2:/callback",
        "COM.example.todo:/callback",
    ] {
        assert!(!admitted(&world, "todo-app", uri).await, "{uri}");
    }
}

/// RFC 6749 §4.1.2: "adding the following parameters to the query component of the redirection
/// URI": all kinds of them arrive, and the code is good where it went.
#[tokio::test]
async fn the_code_goes_where_the_request_said() {
    let world = World::with(&client("https://app.example/back?tenant=1")).await;
    for (name, uri, begin) in [
        ("todo-app", "http://127.0.0.1:5000/callback", "http://127.0.0.1:5000/callback?code="),
        ("todo-app", "com.example.todo:/callback", "com.example.todo:/callback?code="),
        ("app", "https://app.example/back?tenant=1", "https://app.example/back?tenant=1&code="),
    ] {
        let changes = [("redirect_uri", uri), ("scope", "openid")];
        let mut browser = Browser::open(&world, &authorize_url(HOME, name, &changes)).await;
        browser.sign_in("alice", "alice-password").await;
        if browser.page.status == 200 {
            browser.allow().await;
        }
        assert!(browser.page.location().starts_with(begin), "{}", browser.page.location());
        let code = browser.sent("code").unwrap();
        let changes = [("redirect_uri", uri), ("client_id", name)];
        let answer = world.post_bare(HOME, &changed(&redemption(&code), &changes)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

/// MCP 2026-07-28: a client that is registered at a service only, and public, signs people in
/// there and asks for one resource.
#[tokio::test]
async fn a_public_client_of_a_service() {
    let (world, uri) = (World::new().await, "http://127.0.0.1:49152/callback");
    let changes =
        [("redirect_uri", uri), ("scope", "chat.read"), ("resource", "https://chat.example/mcp")];
    let mut browser = Browser::open(&world, &authorize_url(CHAT, "mcp-client", &changes)).await;
    assert!(browser.url.starts_with("https://home.example/services/chat/sign-in?request="));
    browser.sign_in("alice", "alice-password").await;
    assert!(browser.url.starts_with("https://home.example/services/chat/consent?request="));
    browser.allow().await;
    assert_eq!(browser.sent("iss").as_deref(), Some(CHAT));

    let code = browser.sent("code").unwrap();
    let right = [
        ("grant_type", "authorization_code"),
        ("client_id", "mcp-client"),
        ("code", &code),
        ("redirect_uri", uri),
        ("code_verifier", VERIFIER),
        ("resource", "https://chat.example/mcp"),
    ];
    // A code of one issuer is nothing at another, also not for a client of the same name.
    let elsewhere = world.post_bare(HOME, &changed(&right, &[("client_id", "todo-app")])).await;
    assert!(elsewhere.refusal().starts_with("400 invalid_grant"), "{}", elsewhere.text);

    let answer = world.post_bare(CHAT, &right).await;
    let claims = answer.claims();
    assert_eq!(answer.member("scope"), "chat.read");
    assert_eq!(answer.member("resource"), "https://chat.example/mcp");
    assert_eq!(claims["aud"], "https://chat.example/mcp");
    assert_eq!((&claims["iss"], &claims["client_id"]), (&CHAT.into(), &"mcp-client".into()));
    assert_eq!(claims["sub"], world.sub_of("alice").await);
    // A service is no OpenID provider.
    assert!(answer.json().get("id_token").is_none());
}

/// A public client with one redirect URI.
fn client(uri: &str) -> String {
    format!(
        r#"
        [[client]]
        client_id = "app"
        token_endpoint_auth_method = "none"
        redirect_uris = ["{uri}"]
        grant_types = ["authorization_code"]
        "#
    )
}
