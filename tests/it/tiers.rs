//! How far clients are trusted that describe themselves, and what people read about that
//! (`docs/decisions/0048-trust-tiers.md`).

use insta::assert_snapshot;
use serde_json::{Value, json};
use tegata::jose::{Algorithm, SigningKey};

use crate::support::{Browser, HOME, World, authorize_url, with};

pub(crate) const URL: &str = "https://agent.example/client.json";
pub(crate) const BACK: &str = "https://agent.example/back";
/// Whoever stands there may come.
pub(crate) const OPEN: (&str, &str) = ("clients.described_at", "agent.example");
pub(crate) const LOCAL: &str = "http://127.0.0.1/back";

pub(crate) fn document(changes: &Value) -> Value {
    let document = json!({
        "client_id": URL,
        "client_name": "Some agent",
        "redirect_uris": [BACK, LOCAL],
        "grant_types": ["authorization_code", "refresh_token"],
    });
    with(&document, changes)
}

/// A world with one client that describes itself, and these settings.
pub(crate) async fn world(settings: &[(&str, &str)]) -> World {
    let world = World::configured(settings).await;
    world.partner.publish(URL, &document(&json!({})));
    world
}

pub(crate) fn request(changes: &[(&str, &str)]) -> String {
    let own = [("redirect_uri", BACK), ("scope", "openid email")];
    authorize_url(HOME, URL, &[&own, changes].concat())
}

/// Where alice decides.
async fn asked<'a>(world: &'a World, changes: &[(&str, &str)]) -> Browser<'a> {
    let mut browser = Browser::open(world, &request(changes)).await;
    browser.sign_in("alice", "alice-password").await;
    assert!(browser.url.contains("/consent"), "{}: {}", browser.url, browser.page.text);
    browser
}

/// What the page says of the client and no other.
fn of_the_client(browser: &Browser<'_>) -> String {
    let words = browser.page.words();
    let (before, rest) = words.split_once("\nTravel pass\n").unwrap();
    let before = before.lines().skip(2);
    let rest = rest.lines().take_while(|it| *it != "For whom").skip(1);
    before.chain(rest).collect::<Vec<_>>().join("\n")
}

/// Nobody knows it: the page says so first.
#[tokio::test]
async fn one_that_is_new() {
    let world = world(&[OPEN]).await;
    assert_snapshot!(of_the_client(&asked(&world, &[]).await), @"
    You have not allowed this before
    Nobody here has checked it. Allow it only if you started this yourself, and know and trust agent.example.
    Some agent
    from agent.example
    It chose this name itself: nobody here has checked it.
    ");
    let page = asked(&world, &[("ui_locales", "ja")]).await.page.words();
    assert!(page.contains("はじめての依頼元です") && page.contains("agent.example"), "{page}");
}

/// This person has allowed it before. What others allowed does not count: one of them could be its
/// author.
#[tokio::test]
async fn one_that_was_seen() {
    let world = world(&[OPEN]).await;
    let mut bob = Browser::open(&world, &request(&[])).await;
    bob.sign_in("bob", "bob-password").await;
    bob.allow().await;
    let mut alice = asked(&world, &[]).await;
    assert!(of_the_client(&alice).starts_with("You have not allowed this before"));
    alice.allow().await;
    alice.go(&request(&[("scope", "openid email profile")])).await;
    assert_snapshot!(of_the_client(&alice), @"
    Some agent
    from agent.example
    You have allowed it before.
    It chose this name itself: nobody here has checked it.
    ");
}

/// The administrator looked at it: it may come though no host of its was named.
#[tokio::test]
async fn one_that_is_listed() {
    let world = world(&[("clients.listed", URL)]).await;
    assert_snapshot!(of_the_client(&asked(&world, &[]).await), @"
    Some agent
    from agent.example
    Your administrator looked at it, and lists it as known.
    ");
    let other = "https://agent.example/other.json";
    world.partner.publish(other, &document(&json!({ "client_id": other })));
    let other = authorize_url(HOME, other, &[("redirect_uri", BACK)]);
    assert_snapshot!(world.get(&other).await.page_error(), @"400 unauthorized_client: the application is not known here, or not active");
}

/// A verified domain is worth something to who proves that they are of it: by where the answer goes,
/// or by keys.
#[tokio::test]
async fn one_of_a_verified_domain() {
    let world = world(&[("clients.verified_domains", "agent.example")]).await;
    assert_snapshot!(of_the_client(&asked(&world, &[]).await), @"
    Some agent
    from agent.example
    It belongs to agent.example, which your administrator knows. It chose the name itself.
    ");
    let local = [("redirect_uri", "http://127.0.0.1:4711/back")];
    let anybody = of_the_client(&asked(&world, &local).await);
    assert!(anybody.starts_with("You have not allowed this before"), "{anybody}");
    let elsewhere = "https://elsewhere.example/back";
    world.partner.publish(URL, &document(&json!({ "redirect_uris": [elsewhere] })));
    let elsewhere = [("redirect_uri", elsewhere)];
    let words = of_the_client(&asked(&world, &elsewhere).await);
    assert!(words.starts_with("You have not allowed this before"), "{words}");

    let keys = json!({ "keys": [SigningKey::generate(Algorithm::ES256, "1").public_jwk()] });
    let proves = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": keys });
    world.partner.publish(URL, &document(&proves));
    let words = of_the_client(&asked(&world, &local).await);
    assert!(words.contains("It belongs to agent.example"), "{words}");
}

/// RFC 8252 §7.3 and §8.6, draft-ietf-oauth-client-id-metadata-document-02: any port of a loopback
/// address will do, and any program could have asked, also for one that is listed.
#[tokio::test]
async fn any_program_on_this_device() {
    let world = world(&[OPEN, ("clients.listed", URL)]).await;
    let uris = json!([LOCAL, "http://[::1]/back", "http://localhost:3000/back"]);
    world.partner.publish(URL, &document(&json!({ "redirect_uris": uris })));
    for to in ["http://127.0.0.1:4711/back", "http://[::1]:4711/back", "http://localhost:3000/back"]
    {
        let words = of_the_client(&asked(&world, &[("redirect_uri", to)]).await);
        assert!(words.starts_with("Any program on this device could ask this"), "{words}");
    }
    // RFC 8252 §8.3: that name may be somebody else's.
    let other = request(&[("redirect_uri", "http://localhost:3001/back")]);
    assert_snapshot!(world.get(&other).await.page_error(), @"400 invalid_request: the redirect_uri is not one that the application registered");
    let browser = asked(&world, &[("redirect_uri", "http://127.0.0.1:4711/back")]).await;
    assert_snapshot!(of_the_client(&browser), @"
    Any program on this device could ask this
    The answer goes to a program on this device, and nothing proves that it is Some agent. Allow it only if you have just started that program yourself.
    Some agent
    from agent.example → 127.0.0.1
    Your administrator looked at it, and lists it as known.
    ");
}

/// What decides who gets what is not as it was: the person reads what it was and what it is.
#[tokio::test]
async fn what_changed_since() {
    let world = world(&[OPEN]).await;
    let mut browser = asked(&world, &[]).await;
    browser.allow().await;
    let keys = json!({ "keys": [SigningKey::generate(Algorithm::ES256, "1").public_jwk()] });
    let changes = json!({
        "client_name": "Another <b>name</b>",
        "redirect_uris": [BACK, "https://new.example/back"],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": keys,
        "scope": "openid email",
    });
    world.partner.publish(URL, &document(&changes));
    browser.go(&request(&[])).await;
    let words = of_the_client(&browser);
    let is_key = |it: &str| it.len() == 17 && it.starts_with("now: ") && !it.contains('.');
    let words: Vec<_> = words.lines().map(|it| if is_key(it) { "…" } else { it }).collect();
    assert_snapshot!(words.join("\n"), @"
    It has changed since you allowed it
    Its name
    was: Some agent
    now: Another &#60;b&#62;name&#60;/b&#62;
    Where its answers go
    was: http://127.0.0.1/back
    now: https://new.example/back
    How it proves who it is
    was: none
    now: private_key_jwt
    Its keys
    …
    What it may ask for
    was: offline_access
    was: profile
    Another &#60;b&#62;name&#60;/b&#62;
    from agent.example
    It chose this name itself: nobody here has checked it.
    ");

    // Allowed as it is now, it is what it was.
    browser.allow().await;
    browser.go(&request(&[])).await;
    assert!(browser.sent("code").is_some());
    // A name alone is not asked about, but told.
    let renamed = json!({ "client_name": "A third name" });
    world.partner.publish(URL, &document(&with(&changes, &renamed)));
    browser.go(&request(&[])).await;
    assert!(browser.sent("code").is_some());
    browser.go(&request(&[("prompt", "consent")])).await;
    assert_snapshot!(of_the_client(&browser), @"
    It has changed since you allowed it
    Its name
    was: Another &#60;b&#62;name&#60;/b&#62;
    now: A third name
    A third name
    from agent.example
    You have allowed it before.
    It chose this name itself: nobody here has checked it.
    ");
}

/// A page that was open when the document changed is nobody's word for what it says now.
#[tokio::test]
async fn what_changed_meanwhile() {
    let world = world(&[OPEN]).await;
    let mut browser = asked(&world, &[]).await;
    world.partner.publish(URL, &document(&json!({ "redirect_uris": [BACK] })));
    browser.allow().await;
    assert!(browser.url.contains("/consent"), "{}", browser.url);
    browser.allow().await;
    assert!(browser.sent("code").is_some());
}
