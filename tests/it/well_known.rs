//! Where metadata are, and where they are not (RFC 8414 §3).

use insta::assert_snapshot;

use crate::support::{CALENDAR, CHAT, HOME, World, request};

const OPENID: &str = "/.well-known/openid-configuration";

/// A path is a service's or nobody's: what only begins like it, or is not hosted, is not.
#[tokio::test]
async fn metadata_of_nobody() {
    let world = World::with(
        "[[service]]\nid = \"elsewhere\"\nname = \"Elsewhere\"\nhosted = false\n\
         issuer = \"https://home.example/services/elsewhere\"\n\
         resources = [\"https://else.example/\"]\nscopes = { \"x\" = \"X\" }\n",
    )
    .await;
    for path in [
        "/.well-known/oauth-authorization-server/services/chatter",
        "/.well-known/oauth-authorization-server/services",
        "/.well-known/oauth-authorization-server/services/chat/x",
        "/.well-known/oauth-authorization-server/services/elsewhere",
        "/services/elsewhere/.well-known/openid-configuration",
        "/services/calendar/.well-known/openid-configuration",
        "/services/chat/.well-known/oauth-authorization-server/services/chat",
        "/.well-known/oauth-protected-resource",
    ] {
        assert_eq!(world.get(&format!("{HOME}{path}")).await.status, 404, "{path}");
    }
    let at_calendar = format!("{CALENDAR}/services/chat/.well-known/openid-configuration");
    assert_eq!(world.get(&at_calendar).await.status, 404);
}

/// RFC 9110 §15.5.6.
#[tokio::test]
async fn what_is_only_to_read() {
    let world = World::new().await;
    for path in [OPENID, "/oauth2/jwks"] {
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let sent = request(method, &format!("{CHAT}{path}")).body(axum::body::Body::empty());
            let answer = world.send(sent.unwrap()).await;
            assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "GET,HEAD"));
        }
    }
}

/// RFC 9110 §9.3.2: HEAD is GET without the content.
#[tokio::test]
async fn only_the_head() {
    let world = World::new().await;
    let head = request("HEAD", &format!("{CHAT}{OPENID}")).body(axum::body::Body::empty());
    let answer = world.send(head.unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""));
    assert_snapshot!(answer.header("content-type"), @"application/json");
    let whole = world.get(&format!("{CHAT}{OPENID}")).await.text.len();
    assert_eq!(answer.header("content-length"), whole.to_string());
}
