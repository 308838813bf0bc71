//! Signing in: who gets in, what others learn, and what is kept of it.

use insta::assert_snapshot;
use std::sync::Arc;
use tegata::model::Digest;
use tegata::store;

use crate::support::{Browser, Database, HOME, NOW, World, authorize_url};

const SIGN_IN: &str = "https://home.example/sign-in";

async fn at_sign_in(world: &World) -> Browser<'_> {
    Browser::open(world, SIGN_IN).await
}

/// Without an application there is the page at `/` to go to.
#[tokio::test]
async fn right() {
    let world = World::new().await;
    let mut browser = at_sign_in(&world).await;
    browser.sign_in("alice", "alice-password").await;
    assert_eq!(
        (browser.url.as_str(), browser.page.status.as_u16()),
        ("https://home.example/", 200)
    );
    assert_snapshot!(browser.page.words(), @"
    Welcome, Alice Example
    You are signed in as alice.
    Sign out
    ");
}

/// The form comes again, with what was wrong and without the password.
#[tokio::test]
async fn wrong() {
    let world = World::new().await;
    let mut browser = at_sign_in(&world).await;
    browser.sign_in("alice", "bob-password").await;
    assert_eq!(browser.page.status, 422);
    assert_snapshot!(browser.page.words(), @"
    Sign in
    That did not work
    The user name and password do not go together. Please try again.
    User name
    Password
    Your password stays on this page. No app or agent ever sees it.
    Sign in
    ");
    assert!(browser.page.text.contains("value=\"alice\""));
    assert!(!browser.page.text.contains("bob-password"));
    // And it works.
    browser.sign_in("alice", "alice-password").await;
    assert_eq!(browser.url, "https://home.example/");
}

/// OWASP ASVS: nobody learns who has an account. The pages are the same but for what was typed.
#[tokio::test]
async fn wrong_unknown_and_disabled_read_the_same() {
    let world = World::new().await;
    world.disable_user("bob").await;
    let mut pages = vec![];
    for (username, password) in
        [("alice", "wrong"), ("nobody", "nobody-password"), ("bob", "bob-password"), ("alice", "")]
    {
        let mut browser = at_sign_in(&world).await;
        browser.sign_in(username, password).await;
        let (page, csrf) = (&browser.page, browser.hidden("csrf"));
        let typed = format!("value=\"{username}\"");
        assert!(page.text.contains(&typed), "{}", page.text);
        pages.push((page.status, page.text.replace(&typed, "").replace(&csrf, "")));
    }
    for page in &pages {
        assert_eq!(page.0, 422);
        assert_eq!(page, &pages[0]);
    }
}

/// Somebody who is sent away while signed in is out.
#[tokio::test]
async fn a_person_who_is_disabled_is_signed_in_no_more() {
    let world = World::new().await;
    let mut browser = at_sign_in(&world).await;
    browser.sign_in("alice", "alice-password").await;
    world.disable_user("alice").await;
    browser.go(HOME).await;
    assert!(!browser.page.text.contains("alice"), "{}", browser.page.words());
    browser.go(&authorize_url(HOME, "wiki-agent", &[])).await;
    assert!(browser.url.starts_with(SIGN_IN), "{}", browser.url);
}

/// A user name is a name, not a pattern; it has the letters that it was given.
#[tokio::test]
async fn names_that_are_not_quite_it() {
    let world = World::new().await;
    for username in ["ALICE", " alice", "alice ", "a%", "alice' --", "", "аlice", "alice\u{200b}"]
    {
        let mut browser = at_sign_in(&world).await;
        browser.sign_in(username, "alice-password").await;
        assert_eq!(browser.page.status, 422, "{username:?}");
    }
    for password in ["alice-password ", "Alice-password", "alice-passwor", &"x".repeat(5000)] {
        let world = World::new().await;
        let mut browser = at_sign_in(&world).await;
        browser.sign_in("alice", password).await;
        assert_eq!(browser.page.status, 422, "{password:?}");
    }
}

/// OWASP: a form of another site, or of another session, signs nobody in ("login CSRF").
#[tokio::test]
async fn forms_that_are_not_ours() {
    let world = World::new().await;
    let foreign = at_sign_in(&world).await.hidden("csrf");
    assert_eq!(foreign.len(), 43);
    let rest = "username=alice&password=alice-password";
    let mut lines = vec![];
    for (what, csrf) in [
        ("missing", String::new()),
        ("empty", "csrf=&".to_owned()),
        ("wrong", "csrf=wrong&".to_owned()),
        ("of another session", format!("csrf={foreign}&")),
    ] {
        let mut browser = at_sign_in(&world).await;
        browser.ask("POST", Some(format!("{csrf}{rest}"))).await;
        lines.push(format!("{what} → {}", browser.page.page_error()));
        browser.go(HOME).await;
        assert!(!browser.page.text.contains("alice"));
    }
    assert_snapshot!(lines.join("\n"), @"
    missing → 403 csrf: 
    empty → 403 csrf: 
    wrong → 403 csrf: 
    of another session → 403 csrf:
    ");

    // Twice is not once; and without a session there is nothing to compare with.
    let mut browser = at_sign_in(&world).await;
    let own = browser.hidden("csrf");
    browser.ask("POST", Some(format!("csrf={own}&csrf={foreign}&{rest}"))).await;
    assert_eq!(browser.page.status, 403);
    let request = crate::support::request("POST", SIGN_IN)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("csrf={own}&{rest}").into());
    assert_eq!(world.send(request.unwrap()).await.status, 403);
    // None of it counted as a try of alice.
    assert!(world.ledger().await.is_empty());
}

/// OWASP, session fixation: who knew the session before is not in it afterwards.
#[tokio::test]
async fn the_session_has_a_new_name_after_sign_in() {
    let world = World::new().await;
    let mut browser = at_sign_in(&world).await;
    let before = browser.cookie("__Host-tegata").unwrap().clone();
    let mut other = at_sign_in(&world).await;
    other.set_cookie("__Host-tegata", &before);
    browser.sign_in("alice", "alice-password").await;
    let after = browser.cookie("__Host-tegata").unwrap().clone();
    assert_ne!(before, after);

    other.go(HOME).await;
    assert!(!other.page.text.contains("alice"), "{}", other.page.words());
    let (db, far) = (world.live.shared().store.read(), NOW);
    let found = async |id: &str| store::sessions::find(db, &Digest::of(id), far).await.unwrap();
    assert!(found(&before).await.is_none(), "it is not kept either");
    assert!(found(&after).await.is_some(), "and the new one by its digest only");
}

/// A name that somebody made up is not taken over.
#[tokio::test]
async fn a_session_that_we_did_not_begin() {
    let world = World::new().await;
    let mut browser = Browser::open(&world, HOME).await;
    browser.set_cookie("__Host-tegata", "AAAAAAAAAAAAAAAAAAAAAA");
    browser.go(SIGN_IN).await;
    assert_ne!(browser.cookie("__Host-tegata").unwrap(), "AAAAAAAAAAAAAAAAAAAAAA");
    browser.sign_in("alice", "alice-password").await;
    assert_ne!(browser.cookie("__Host-tegata").unwrap(), "AAAAAAAAAAAAAAAAAAAAAA");
}

/// What `Set-Cookie` says, without the value.
fn attributes(browser: &Browser<'_>) -> String {
    let cookie = browser.page.header("set-cookie");
    let (name, rest) = cookie.split_once('=').unwrap();
    let mut parts: Vec<_> = rest.split("; ").skip(1).collect();
    parts.sort_unstable();
    format!("{name}: {}", parts.join("; "))
}

/// RFC 6265bis §4.1.3.2.
#[tokio::test]
async fn the_cookie_on_https() {
    let world = World::new().await;
    let browser = at_sign_in(&world).await;
    assert_snapshot!(attributes(&browser), @"__Host-tegata: HttpOnly; Max-Age=1800; Path=/; SameSite=Lax; Secure");
}

/// On plain http, which there is on loopback only, browsers would not take `__Host-`.
#[tokio::test]
async fn the_cookie_on_http() {
    let home = "http://127.0.0.1:8080";
    let database = Arc::new(Database::new().await);
    let world = World::at(home, database, "[[user]]\nusername = \"alice\"").await;
    let browser = Browser::open(&world, &format!("{home}/sign-in")).await;
    assert_eq!(browser.page.status, 200);
    assert_snapshot!(attributes(&browser), @"tegata: HttpOnly; Max-Age=1800; Path=/; SameSite=Lax");
}

/// The ledger says who signed in for which application, and who tried to.
#[tokio::test]
async fn the_ledger_knows() {
    let world = World::new().await;
    let mut browser = Browser::open(&world, &authorize_url(HOME, "wiki-agent", &[])).await;
    browser.sign_in("alice", "wrong").await;
    browser.sign_in("nobody", "alice-password").await;
    browser.sign_in("alice", "alice-password").await;
    let alice = world.sub_of("alice").await;
    let rows: Vec<_> = world
        .ledger()
        .await
        .into_iter()
        .map(|row| {
            let entry = row.entry;
            let user = entry.user.map(|it| it.to_string().replace(&alice, "alice"));
            let client = entry.client.map(|it| it.to_string());
            let sid = entry.jti.map(|_| "sid");
            let event = entry.event.as_str();
            format!("{event} {client:?} {user:?} {sid:?} {:?}", entry.outcome)
        })
        .collect();
    assert_snapshot!(rows.join("\n"), @r#"
    sign_in Some("wiki-agent") Some("alice") None Refused { code: "access_denied", reason: "wrong user name or password" }
    sign_in Some("wiki-agent") None None Refused { code: "access_denied", reason: "wrong user name or password" }
    sign_in Some("wiki-agent") Some("alice") Some("sid") Issued
    "#);
}
