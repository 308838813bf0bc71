//! Signing out (OpenID Connect RP-Initiated Logout 1.0).

use insta::assert_snapshot;
use time::Duration;

use crate::support::{
    Answer, Browser, HOME, ID_JAG, ID_TOKEN, PARTNER, TOKEN_EXCHANGE, World, allowed_by_alice,
    authorize_url, claims_of, form,
};

const BACK: &str = "http://127.0.0.1:18765/signed-out";

/// Where the wiki agent sends people to sign out.
pub(crate) fn logout_url(params: &[(&str, &str)]) -> String {
    let query = form(params);
    format!("{HOME}/oauth2/logout{}{query}", if query.is_empty() { "" } else { "?" })
}

/// Alice, signed in, with the ID Token of the wiki agent.
async fn signed_in(world: &World) -> (Browser<'_>, String) {
    let browser = allowed_by_alice(world, &[]).await;
    let id_token = world.redeem(&browser).await.member("id_token");
    (browser, id_token)
}

async fn is_signed_in(browser: &mut Browser<'_>) -> bool {
    browser.go(HOME).await;
    browser.page.words().contains("You are signed in as")
}

/// §2: "the OP SHOULD ask the End-User whether to log out". A link alone does nothing, however
/// right it is.
#[tokio::test]
async fn it_is_always_asked() {
    let world = World::new().await;
    let (mut browser, id_token) = signed_in(&world).await;
    let all = [
        ("id_token_hint", id_token.as_str()),
        ("client_id", "wiki-agent"),
        ("post_logout_redirect_uri", BACK),
        ("state", "bye"),
    ];
    for params in [&[][..], &all[..1], &all[1..2], &all] {
        browser.go(&logout_url(params)).await;
        assert_eq!(browser.page.status, 200);
        assert!(is_signed_in(&mut browser).await);
    }
    browser.go(&logout_url(&[])).await;
    assert_snapshot!(browser.page.words(), @"
    Sign out?
    You are signed in as Alice Example.
    Sign out
    ");
    browser.go(&logout_url(&all)).await;
    assert_snapshot!(browser.page.words(), @"
    Sign out?
    You are signed in as Alice Example.
    Wiki agent asks to sign you out here.
    Sign out
    ");
}

/// Nobody came from anywhere: there is a page.
#[tokio::test]
async fn without_an_application() {
    let world = World::new().await;
    let (mut browser, _) = signed_in(&world).await;
    browser.go(&logout_url(&[])).await;
    browser.submit(&[]).await;
    assert_eq!(browser.page.status, 200);
    assert_snapshot!(browser.page.words(), @"
    You are signed out
    Until next time. On a shared computer, close the browser too.
    ");
    assert!(!is_signed_in(&mut browser).await);
    // And again, when there is nobody.
    browser.go(&logout_url(&[])).await;
    assert!(browser.page.words().contains("You are signed out"));
}

/// §3: back to the application, with its `state`.
#[tokio::test]
async fn back_to_the_application() {
    for (by, state, expected) in [
        ("id_token_hint", "a b&c", "http://127.0.0.1:18765/signed-out?state=a+b%26c"),
        ("client_id", "", BACK),
    ] {
        let world = World::new().await;
        let (mut browser, id_token) = signed_in(&world).await;
        let value = if by == "client_id" { "wiki-agent" } else { &id_token };
        let params = [(by, value), ("post_logout_redirect_uri", BACK), ("state", state)];
        browser.go(&logout_url(&params)).await;
        browser.submit(&[]).await;
        assert_eq!(browser.page.location(), expected, "{by}");
        assert!(!is_signed_in(&mut browser).await);
    }
}

/// §2: "the OP MUST support the use of the HTTP GET and POST methods".
#[tokio::test]
async fn by_post() {
    let world = World::new().await;
    let (mut browser, id_token) = signed_in(&world).await;
    browser.url = logout_url(&[]);
    let params = [
        ("id_token_hint", id_token.as_str()),
        ("post_logout_redirect_uri", BACK),
        ("state", "bye"),
    ];
    browser.ask("POST", Some(form(&params))).await;
    assert_eq!(browser.page.status, 200);
    assert!(browser.page.words().contains("Wiki agent asks to sign you out here."));
    browser.submit(&[]).await;
    assert_eq!(browser.page.location(), format!("{BACK}?state=bye"));
}

/// Another site cannot sign people out.
#[tokio::test]
async fn a_form_that_is_not_ours() {
    let world = World::new().await;
    let (mut browser, _) = signed_in(&world).await;
    for csrf in ["wrong", " "] {
        browser.url = logout_url(&[]);
        browser.ask("POST", Some(form(&[("csrf", csrf)]))).await;
        assert_eq!(browser.page.page_error(), "403 csrf: ");
    }
    for body in ["", "csrf="] {
        browser.url = logout_url(&[]);
        browser.ask("POST", Some(body.to_owned())).await;
        assert!(browser.page.words().contains("Sign out?"), "{}", browser.page.words());
    }
    assert!(is_signed_in(&mut browser).await);
}

/// §3: "MUST NOT perform post-logout redirection if the `post_logout_redirect_uri` value supplied
/// does not exactly match"; and the person hears it before they are signed out.
#[tokio::test]
async fn an_address_that_is_not_registered() {
    let world = World::new().await;
    let (mut browser, id_token) = signed_in(&world).await;
    let mut lines = vec![];
    for uri in [
        "http://127.0.0.1:18765/signed-out/",
        "http://127.0.0.1:18765/signed-out?x=y",
        // RFC 8252 is about redirect URIs of the authorization endpoint.
        "http://127.0.0.1:18766/signed-out",
        "http://127.0.0.1:18765/callback",
        "https://evil.example/",
        "//evil.example/",
        "javascript:alert(1)",
    ] {
        let params = [("id_token_hint", id_token.as_str()), ("post_logout_redirect_uri", uri)];
        browser.go(&logout_url(&params)).await;
        lines.push(format!("{uri} → {}", browser.page.page_error()));
        // The same when nobody is signed in.
        let answer = world.get(&logout_url(&params)).await;
        assert_eq!(answer.page_error(), browser.page.page_error());
    }
    // Nobody says whose it is; or somebody else does.
    for by in [&[][..], &[("client_id", "plain-app")]] {
        let params = [by, &[("post_logout_redirect_uri", BACK)]].concat();
        browser.go(&logout_url(&params)).await;
        lines.push(format!("{by:?} → {}", browser.page.page_error()));
    }
    assert_snapshot!(lines.join("\n"), @r#"
    http://127.0.0.1:18765/signed-out/ → 400 invalid_request: post_logout_redirect_uri is not one that the application registered
    http://127.0.0.1:18765/signed-out?x=y → 400 invalid_request: post_logout_redirect_uri is not one that the application registered
    http://127.0.0.1:18766/signed-out → 400 invalid_request: post_logout_redirect_uri is not one that the application registered
    http://127.0.0.1:18765/callback → 400 invalid_request: post_logout_redirect_uri is not one that the application registered
    https://evil.example/ → 400 invalid_request: post_logout_redirect_uri is not one that the application registered
    //evil.example/ → 400 invalid_request: post_logout_redirect_uri is malformed: a redirect URI must be absolute
    javascript:alert(1) → 400 invalid_request: post_logout_redirect_uri is malformed: a redirect URI must be https, http on loopback, or of a scheme like com.example.app
    [] → 400 invalid_request: post_logout_redirect_uri is not one that the application registered
    [("client_id", "plain-app")] → 400 invalid_request: post_logout_redirect_uri is not one that the application registered
    "#);
    assert!(is_signed_in(&mut browser).await);
}

/// What the person confirmed is what they saw: the address is checked once more.
#[tokio::test]
async fn an_address_that_is_put_into_the_form() {
    let world = World::new().await;
    let (mut browser, _) = signed_in(&world).await;
    browser.go(&logout_url(&[])).await;
    let csrf = browser.hidden("csrf");
    browser.url = logout_url(&[
        ("client_id", "wiki-agent"),
        ("post_logout_redirect_uri", "https://evil.example/"),
    ]);
    browser.ask("POST", Some(form(&[("csrf", &csrf)]))).await;
    assert_eq!(browser.page.status, 400);
    // In the body it is no parameter at all.
    browser.url = logout_url(&[]);
    let body = [("csrf", csrf.as_str()), ("post_logout_redirect_uri", "https://evil.example/")];
    browser.ask("POST", Some(form(&body))).await;
    assert!(browser.page.words().contains("You are signed out"), "{}", browser.page.words());
}

/// §2: "The OP SHOULD accept ID Tokens when the RP identified by the ID Token's aud claim and/or
/// sid claim has a current session or had a recent session at the OP, even when the exp time has
/// passed."
#[tokio::test]
async fn a_hint_that_has_expired() {
    let world = World::new().await;
    let (mut browser, id_token) = signed_in(&world).await;
    world.hands.advance(Duration::hours(11));
    let params = [("id_token_hint", id_token.as_str()), ("post_logout_redirect_uri", BACK)];
    browser.go(&logout_url(&params)).await;
    browser.submit(&[]).await;
    assert_eq!(browser.page.location(), BACK);
}

/// §2: "When both `client_id` and `id_token_hint` are present, the OP MUST verify that the Client
/// Identifier matches". §4: an error is told, and nobody is redirected.
#[tokio::test]
async fn hints_that_are_not_right() {
    let world = World::new().await;
    let (mut browser, id_token) = signed_in(&world).await;
    let claims = claims_of(&id_token);
    let mut several = claims.clone();
    several["aud"] = serde_json::json!(["wiki-agent", "plain-app"]);
    let mut removed = claims.clone();
    removed["aud"] = "nobody".into();
    let mut partners = claims.clone();
    partners["iss"] = PARTNER.into();
    let mut lines = vec![];
    for (what, hint, client) in [
        ("of another client", id_token.clone(), "plain-app"),
        ("of nobody", id_token.clone(), "nobody"),
        ("garbage", "garbage".to_owned(), ""),
        ("garbage, but named", "garbage".to_owned(), "wiki-agent"),
        ("an ID-JAG", world.sign(HOME, "oauth-id-jag+jwt", &claims), ""),
        ("for several", world.sign(HOME, "JWT", &several), ""),
        ("for a client that is gone", world.sign(HOME, "JWT", &removed), ""),
        ("of the partner", world.sign(PARTNER, "JWT", &partners), ""),
        ("of the partner as ours", world.sign(PARTNER, "JWT", &claims), ""),
    ] {
        let params = [("id_token_hint", hint.as_str()), ("client_id", client)];
        browser
            .go(&logout_url(&[&params[..], &[("post_logout_redirect_uri", BACK)]].concat()))
            .await;
        lines.push(format!("{what} → {}", browser.page.page_error()));
    }
    browser.go(&logout_url(&[("client_id", "nobody")])).await;
    lines.push(format!("no client → {}", browser.page.page_error()));
    browser
        .go(&format!("{}&client_id=plain-app", logout_url(&[("client_id", "wiki-agent")])))
        .await;
    lines.push(format!("two clients → {}", browser.page.page_error()));
    assert_snapshot!(lines.join("\n"), @"
    of another client → 400 invalid_request: client_id is not the client that the id_token_hint was issued to
    of nobody → 400 invalid_request: client_id is not the client that the id_token_hint was issued to
    garbage → 400 invalid_request: id_token_hint is not an ID Token of this issuer
    garbage, but named → 400 invalid_request: id_token_hint is not an ID Token of this issuer
    an ID-JAG → 400 invalid_request: id_token_hint is not an ID Token of this issuer
    for several → 400 invalid_request: id_token_hint is not an ID Token of this issuer
    for a client that is gone → 400 invalid_request: the application is not known here
    of the partner → 400 invalid_request: id_token_hint is not an ID Token of this issuer
    of the partner as ours → 400 invalid_request: id_token_hint is not an ID Token of this issuer
    no client → 400 invalid_request: the application is not known here
    two clients → 400 invalid_request: client_id is given twice
    ");
    assert!(is_signed_in(&mut browser).await);
}

/// What the wiki agent is answered when it shows the ID Token.
async fn exchange(world: &World, id_token: &str) -> Answer {
    let params = [
        ("grant_type", TOKEN_EXCHANGE),
        ("requested_token_type", ID_JAG),
        ("audience", crate::support::CHAT),
        ("subject_token", id_token),
        ("subject_token_type", ID_TOKEN),
    ];
    world.post_token(HOME, "wiki-agent", &params).await
}

/// `docs/decisions/0016-ended-sessions.md`: agents stop, too; those of this login.
/// Row 59.
#[tokio::test]
async fn the_login_is_over() {
    let world = World::new().await;
    let (mut browser, id_token) = signed_in(&world).await;
    let mut elsewhere = Browser::open(&world, &authorize_url(HOME, "wiki-agent", &[])).await;
    elsewhere.sign_in("alice", "alice-password").await;
    let other = world.redeem(&elsewhere).await.member("id_token");
    assert_eq!(exchange(&world, &id_token).await.status, 200);

    let old_cookie = browser.cookie("__Host-tegata").unwrap().clone();
    browser.go(&logout_url(&[])).await;
    browser.submit(&[]).await;
    assert_snapshot!(exchange(&world, &id_token).await.refusal(), @"400 invalid_grant: the login that this comes from has ended: the person has to sign in again");
    assert_eq!(exchange(&world, &other).await.status, 200, "her other browser goes on");
    assert!(is_signed_in(&mut elsewhere).await);

    // The old session does not come back, and an application cannot have it silently.
    browser.set_cookie("__Host-tegata", &old_cookie);
    assert!(!is_signed_in(&mut browser).await);
    browser.go(&authorize_url(HOME, "wiki-agent", &[("prompt", "none")])).await;
    assert!(browser.page.redirected_error(HOME).starts_with("login_required: "));

    let entries: Vec<_> = world.ledger().await.into_iter().map(|row| row.entry).collect();
    let sign_out = entries.iter().find(|it| it.event.as_str() == "sign_out").unwrap();
    assert_eq!(sign_out.jti.as_deref(), claims_of(&id_token)["sid"].as_str());
    assert_eq!(sign_out.user.as_ref().unwrap().to_string(), world.sub_of("alice").await);
}

/// Signing in as somebody else in the same browser leaves nobody behind who could not sign out
/// any more: the login before is over, too.
#[tokio::test]
async fn another_person_takes_the_browser_over() {
    let world = World::new().await;
    let (mut browser, id_token) = signed_in(&world).await;
    browser.go(&format!("{HOME}/sign-in")).await;
    browser.sign_in("bob", "bob-password").await;
    assert_eq!(exchange(&world, &id_token).await.status, 400);
}

/// Who had to sign in again has two logins in one browser, and signs out of both: an agent of the
/// first one stops, too.
#[tokio::test]
async fn both_logins_of_one_browser_are_over() {
    let world = World::new().await;
    let (mut browser, first) = signed_in(&world).await;
    browser.go(&authorize_url(HOME, "wiki-agent", &[("prompt", "login")])).await;
    browser.sign_in("alice", "alice-password").await;
    let second = world.redeem(&browser).await.member("id_token");
    assert_ne!(claims_of(&first)["sid"], claims_of(&second)["sid"]);
    for id_token in [&first, &second] {
        assert_eq!(exchange(&world, id_token).await.status, 200, "both are good until then");
    }
    browser.go(&logout_url(&[])).await;
    browser.submit(&[]).await;
    for id_token in [&first, &second] {
        assert!(exchange(&world, id_token).await.refusal().starts_with("400 invalid_grant: "));
    }
}
