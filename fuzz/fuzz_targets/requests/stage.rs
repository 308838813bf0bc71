//! The server that is asked, and what a client of it has in its hands.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::CANARY;
use crate::support::{
    self, CALENDAR, CHAT, HOME, ID_JAG, ID_TOKEN, JWT_BEARER, TOKEN_EXCHANGE, VERIFIER, World,
};

/// A world, and what a client of it has in its hands.
pub struct Stage {
    pub world: World,
    pub words: Vec<String>,
    pub asked: usize,
}

/// All begins anew.
pub async fn set() -> Stage {
    let settings = [
        ("clients.described_at", "agent.example"),
        ("clients.registration", "open"),
        ("trusted_proxies", "127.0.0.1"),
        ("proxies.client_certificate", "Client-Cert"),
        ("limits.pages_per_address", "off"),
        ("limits.refusals_per_address", "off"),
        ("limits.refusals_per_client", "off"),
        ("limits.registrations_per_address", "off"),
    ];
    let world = World::configured(&settings).await;
    let document = json!({
        "client_id": "https://agent.example/client.json", "client_name": "Agent",
        "redirect_uris": ["https://agent.example/back"],
    });
    world.partner.publish("https://agent.example/client.json", &document);
    let browser = support::signed_in(&world, "alice").await;
    let tokens = support::tokens_of(&world, &browser).await;
    let id_token = tokens.member("id_token");
    let id_jag = support::exchange(&world, &id_token, &[]).await.access_token();
    let basic = |client: &str| {
        let pair = format!("{client}:{}", support::secret_of(client));
        format!("Basic {}", BASE64_STANDARD.encode(pair))
    };
    let cookie = browser.cookie("__Host-tegata").cloned().unwrap_or_default();
    let proof = support::Holder::new().proof(HOME);
    let words: Vec<String> = vec![
        String::new(),
        CANARY.into(),
        "wiki-agent".into(),
        "todo-app".into(),
        "plain-app".into(),
        "mcp-client".into(),
        "wiki-at-chat".into(),
        "https://agent.example/client.json".into(),
        "http://127.0.0.1:18765/callback".into(),
        "https://todo.example/callback".into(),
        "com.example.todo:/callback".into(),
        "http://127.0.0.1/callback".into(),
        "https://agent.example/back".into(),
        "openid profile email offline_access".into(),
        "chat.read chat.write".into(),
        "code".into(),
        "S256".into(),
        "none".into(),
        "login".into(),
        "consent".into(),
        "0".into(),
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into(),
        VERIFIER.into(),
        "authorization_code".into(),
        "refresh_token".into(),
        "client_credentials".into(),
        JWT_BEARER.into(),
        TOKEN_EXCHANGE.into(),
        ID_JAG.into(),
        ID_TOKEN.into(),
        CHAT.into(),
        CALENDAR.into(),
        HOME.into(),
        "https://chat.example/mcp".into(),
        id_token.clone(),
        id_jag,
        tokens.access_token(),
        tokens.member("refresh_token"),
        format!("Bearer {}", tokens.access_token()),
        format!("DPoP {}", tokens.access_token()),
        proof,
        basic("wiki-agent"),
        basic("plain-app"),
        basic("wiki-at-chat"),
        support::secret_of("wiki-agent"),
        format!("__Host-tegata={cookie}"),
        "alice".into(),
        "alice-password".into(),
        "allow".into(),
        "ja, en;q=0.5".into(),
        "application/json".into(),
        "application/x-www-form-urlencoded".into(),
        "gzip".into(),
        "10.0.0.1, 192.0.2.1".into(),
        r#"[{"type":"a"}]"#.into(),
        "[]".into(),
        "{".into(),
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".into(),
        "reg_".into(),
        support::Certified::new().field(),
    ];
    Stage { world, words, asked: 0 }
}
