//! The whole way, when all is right: sign in once, show the ID Token to home, get an ID-JAG,
//! show that to chat.

use insta::assert_json_snapshot;

use crate::support::{
    Browser, CHAT, HOME, ID_JAG, ID_TOKEN, JWT_BEARER, TOKEN_EXCHANGE, VERIFIER, World,
    authorize_url,
};

#[tokio::test]
async fn the_wiki_reads_chat_for_alice() {
    let world = World::new().await;
    let mut browser = Browser::open(&world, &authorize_url(HOME, "wiki-agent", &[])).await;
    browser.sign_in("alice", "alice-password").await;
    browser.allow().await;
    assert_eq!(browser.sent("state").as_deref(), Some("state-1"));
    assert_eq!(browser.sent("iss").as_deref(), Some(HOME));

    let code = browser.sent("code").unwrap();
    let tokens = world
        .post_token(
            HOME,
            "wiki-agent",
            &[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", "http://127.0.0.1:18765/callback"),
                ("code_verifier", VERIFIER),
            ],
        )
        .await;
    let id_token = tokens.member("id_token");

    let exchange = world
        .post_token(
            HOME,
            "wiki-agent",
            &[
                ("grant_type", TOKEN_EXCHANGE),
                ("requested_token_type", ID_JAG),
                ("audience", CHAT),
                ("scope", "chat.read chat.delete"),
                ("subject_token", &id_token),
                ("subject_token_type", ID_TOKEN),
            ],
        )
        .await;
    assert_json_snapshot!(exchange.claims(), { ".sub" => "alice", ".jti" => "jti" }, @r#"
    {
      "iss": "https://home.example",
      "sub": "alice",
      "aud": "https://home.example/services/chat",
      "client_id": "wiki-at-chat",
      "jti": "jti",
      "exp": 1767323345,
      "iat": 1767323045,
      "scope": "chat.read",
      "auth_time": 1767323045,
      "acr": "urn:tegata:acr:password",
      "amr": [
        "pwd"
      ]
    }
    "#);

    let grant = [("grant_type", JWT_BEARER), ("assertion", &exchange.access_token())];
    let access = world.post_token(CHAT, "wiki-at-chat", &grant).await;
    assert_json_snapshot!(access.claims(), { ".sub" => "alice", ".jti" => "jti" }, @r#"
    {
      "iss": "https://home.example/services/chat",
      "exp": 1767323645,
      "aud": [
        "https://chat.example/mcp",
        "https://chat.example/files"
      ],
      "sub": "alice",
      "client_id": "wiki-at-chat",
      "iat": 1767323045,
      "jti": "jti",
      "auth_time": 1767323045,
      "acr": "urn:tegata:acr:password",
      "amr": [
        "pwd"
      ],
      "scope": "chat.read"
    }
    "#);
}
