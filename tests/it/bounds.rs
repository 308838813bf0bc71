//! What strangers may take: how long their sessions live, how much we keep for them, and in
//! whose name they ask.

use insta::assert_snapshot;

use crate::support::{Browser, HOME, World, authorize_url, form};

/// In seconds, as the browser was told just now.
fn lifetime(browser: &Browser<'_>) -> String {
    let cookie = browser.page.header("set-cookie");
    let (_, rest) = cookie.split_once("Max-Age=").unwrap_or_default();
    rest.split(';').next().unwrap_or_default().to_owned()
}

/// Half an hour for anybody, and what is configured for who has signed in; also when the session
/// is written again.
#[tokio::test]
async fn a_session_of_nobody_is_short() {
    let world = World::new().await;
    let mut browser = Browser::open(&world, &format!("{HOME}/sign-in")).await;
    assert_eq!(lifetime(&browser), "1800");
    browser.submit(&[("username", "alice"), ("password", "wrong")]).await;
    browser.go(&authorize_url(HOME, "wiki-agent", &[])).await;
    browser.sign_in("alice", "alice-password").await;
    assert_eq!(lifetime(&browser), "43200");
    browser.allow().await;
    assert_eq!(lifetime(&browser), "43200");
    browser.go(&format!("{HOME}/oauth2/logout")).await;
    browser.submit(&[]).await;
    browser.go(&format!("{HOME}/sign-in")).await;
    assert_eq!(lifetime(&browser), "1800");
}

/// Who knew the form of the session before knows none of the person's.
#[tokio::test]
async fn the_token_of_forms_is_new_after_sign_in() {
    let world = World::new().await;
    let mut browser = Browser::open(&world, &authorize_url(HOME, "wiki-agent", &[])).await;
    let before = browser.hidden("csrf");
    browser.sign_in("alice", "alice-password").await;
    assert_ne!(browser.hidden("csrf"), before);
    browser.ask("POST", Some(form(&[("csrf", &before), ("decision", "allow")]))).await;
    assert_eq!(browser.page.page_error(), "403 csrf: ");
}

/// All of it waits in the session. A `state` cannot be sent back if it is not kept.
#[tokio::test]
async fn parameters_that_are_too_long() {
    let world = World::new().await;
    let at_most = [("state", 2048), ("nonce", 2048), ("login_hint", 256), ("ui_locales", 256)];
    let mut lines = vec![];
    for (name, most) in at_most {
        let (fits, long) = ("x".repeat(most), "x".repeat(most + 1));
        let url = authorize_url(HOME, "wiki-agent", &[(name, &fits)]);
        assert!(Browser::open(&world, &url).await.url.contains("/sign-in?"), "{name}");
        let url = authorize_url(HOME, "wiki-agent", &[(name, &long)]);
        let page = Browser::open(&world, &url).await.page;
        lines.push(match page.status.as_u16() {
            303 => page.redirected_error(HOME),
            _ => page.page_error(),
        });
    }
    assert_snapshot!(lines.join("\n"), @"
    400 invalid_request: state is malformed: it is longer than 2048 bytes
    invalid_request: nonce is malformed: it is longer than 2048 bytes
    invalid_request: login_hint is malformed: it is longer than 256 bytes
    invalid_request: ui_locales is malformed: it is longer than 256 bytes
    ");
}

/// RFC 9112 §3.2: 400 for "any HTTP/1.1 request message that […] contains more than one Host
/// header field line or a Host header field with an invalid field value"; the second is 421 here.
#[tokio::test]
async fn a_host_that_is_none_or_two() {
    let world = World::new().await;
    let mut lines = vec![];
    for hosts in [
        &["home.example", "evil.example"][..],
        &["home.example", "home.example"],
        &["home.example:443:443"],
        &["home.example:80:443"],
        &["home.example:x"],
        &["x@home.example"],
        &[],
    ] {
        let request = axum::http::Request::get("/oauth2/jwks");
        let request = hosts.iter().fold(request, |request, host| request.header("host", *host));
        let refusal = world.send(request.body("".into()).unwrap()).await.refusal();
        lines.push(format!("{hosts:?} → {refusal}"));
    }
    assert_snapshot!(lines.join("\n"), @r#"
    ["home.example", "evil.example"] → 400 invalid_request: the Host header must be given once
    ["home.example", "home.example"] → 400 invalid_request: the Host header must be given once
    ["home.example:443:443"] → 421 invalid_request: this server does not answer for that host: it is https://home.example, and the Host header must say so
    ["home.example:80:443"] → 421 invalid_request: this server does not answer for that host: it is https://home.example, and the Host header must say so
    ["home.example:x"] → 421 invalid_request: this server does not answer for that host: it is https://home.example, and the Host header must say so
    ["x@home.example"] → 421 invalid_request: this server does not answer for that host: it is https://home.example, and the Host header must say so
    [] → 421 invalid_request: this server does not answer for that host: it is https://home.example, and the Host header must say so
    "#);
}
