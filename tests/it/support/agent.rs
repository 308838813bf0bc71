//! The wiki agent, and what it sends when all is right.

use super::{
    Answer, Browser, CHAT, HOME, ID_JAG, ID_TOKEN, JWT_BEARER, TOKEN_EXCHANGE, VERIFIER, World,
    authorize_url, changed,
};

/// Parameters, for a test to change.
pub type Pairs<'a> = Vec<(&'a str, &'a str)>;

/// Signs `username` in at home for the wiki agent, who allows what is asked.
pub async fn signed_in<'a>(world: &'a World, username: &str) -> Browser<'a> {
    let mut browser = Browser::open(world, &authorize_url(HOME, "wiki-agent", &[])).await;
    browser.sign_in(username, &format!("{username}-password")).await;
    browser.allow().await;
    browser
}

/// Redeems the code that `browser` was sent away with.
pub async fn tokens_of(world: &World, browser: &Browser<'_>) -> Answer {
    redeem_code(world, &browser.sent("code").unwrap()).await
}

pub async fn redeem_code(world: &World, code: &str) -> Answer {
    let request = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", "http://127.0.0.1:18765/callback"),
        ("code_verifier", VERIFIER),
    ];
    world.post_token(HOME, "wiki-agent", &request).await
}

/// The ID Token that the wiki agent has after `username` signed in.
pub async fn id_token_of(world: &World, username: &str) -> String {
    let browser = signed_in(world, username).await;
    tokens_of(world, &browser).await.member("id_token")
}

/// A request for an ID-JAG for chat.
pub fn exchange_of(id_token: &str) -> Pairs<'_> {
    vec![
        ("grant_type", TOKEN_EXCHANGE),
        ("requested_token_type", ID_JAG),
        ("audience", CHAT),
        ("subject_token", id_token),
        ("subject_token_type", ID_TOKEN),
    ]
}

/// Sends that request after `changes`.
pub async fn exchange(world: &World, id_token: &str, changes: &[(&str, &str)]) -> Answer {
    let request = changed(&exchange_of(id_token), changes);
    world.post_token(HOME, "wiki-agent", &request).await
}

/// Redeems an ID-JAG at chat, with `changes` to the request.
pub async fn redeem(world: &World, id_jag: &str, changes: &[(&str, &str)]) -> Answer {
    let request = [("grant_type", JWT_BEARER), ("assertion", id_jag)];
    world.post_token(CHAT, "wiki-at-chat", &changed(&request, changes)).await
}
