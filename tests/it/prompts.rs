//! Who is asked again, and who may not be asked (OIDC Core §3.1.2.1 and §3.1.2.3).

use insta::assert_snapshot;
use time::Duration;

use crate::support::{Browser, HOME, NOW, World, allowed_by_alice, authorize_url, claims_of};

/// A second request in the browser of alice, who has allowed the first one a while ago.
async fn again<'a>(world: &'a World, changes: &[(&str, &str)]) -> Browser<'a> {
    let mut browser = Browser::open(world, &authorize_url(HOME, "wiki-agent", &[])).await;
    browser.sign_in("alice", "alice-password").await;
    if browser.page.status == 200 {
        browser.allow().await;
    }
    world.hands.advance(Duration::seconds(100));
    browser.go(&authorize_url(HOME, "wiki-agent", changes)).await;
    browser
}

fn is_at(browser: &Browser<'_>, page: &str) -> bool {
    browser.page.status == 200 && browser.url.starts_with(&format!("{HOME}/{page}?request="))
}

/// OIDC Core §3.1.2.3: signed in and consented is enough.
#[tokio::test]
async fn nobody_is_asked_twice() {
    let world = World::new().await;
    let browser = again(&world, &[("state", "state-2"), ("nonce", "nonce-2")]).await;
    assert_eq!(browser.sent("state").as_deref(), Some("state-2"));
    let tokens = world.redeem(&browser).await;
    let claims = claims_of(&tokens.member("id_token"));
    assert_eq!(claims["nonce"], "nonce-2");
    assert_eq!(claims["auth_time"], NOW.unix_timestamp(), "of the sign-in, not of now");
}

/// OIDC Core §3.1.2.1: "none [...] MUST NOT display any authentication or consent user interface
/// pages."
#[tokio::test]
async fn prompt_none_for_who_is_signed_in() {
    let world = World::new().await;
    let browser = again(&world, &[("prompt", "none")]).await;
    assert!(browser.sent("code").is_some());
}

/// OIDC Core §3.1.2.6: `login_required`.
#[tokio::test]
async fn prompt_none_for_nobody() {
    let world = World::new().await;
    let url = authorize_url(HOME, "wiki-agent", &[("prompt", "none")]);
    assert_snapshot!(world.get(&url).await.redirected_error(HOME), @"login_required: the person has to sign in");
}

/// OIDC Core §3.1.2.6: `consent_required`; and it is not given by having been asked for.
#[tokio::test]
async fn prompt_none_without_consent() {
    let world = World::new().await;
    let mut browser = Browser::open(&world, &format!("{HOME}/sign-in")).await;
    browser.sign_in("alice", "alice-password").await;
    browser.go(&authorize_url(HOME, "wiki-agent", &[("prompt", "none")])).await;
    assert_snapshot!(browser.page.redirected_error(HOME), @"consent_required: the person has to consent");
    browser.go(&authorize_url(HOME, "wiki-agent", &[("prompt", "none")])).await;
    assert!(browser.page.redirected_error(HOME).starts_with("consent_required"));
}

/// OIDC Core §3.1.2.1: "If this parameter contains none with any other value, an error is
/// returned."
#[tokio::test]
async fn prompts_that_do_not_go_together() {
    let world = World::new().await;
    let mut lines = vec![];
    for prompt in ["none login", "consent none", "none none", "create", "NONE", "login,consent"] {
        let url = authorize_url(HOME, "wiki-agent", &[("prompt", prompt)]);
        lines.push(format!("{prompt} → {}", world.get(&url).await.redirected_error(HOME)));
    }
    assert_snapshot!(lines.join("\n"), @"
    none login → invalid_request: prompt none cannot be combined with another
    consent none → invalid_request: prompt none cannot be combined with another
    none none → invalid_request: prompt none cannot be combined with another
    create → invalid_request: prompt is malformed: it has a value that is not known
    NONE → invalid_request: prompt is malformed: it has a value that is not known
    login,consent → invalid_request: prompt is malformed: it has a value that is not known
    ");
}

/// OIDC Core §3.1.2.1: "login: The Authorization Server SHOULD prompt the End-User for
/// reauthentication." The ID Token tells of the new sign-in.
#[tokio::test]
async fn prompt_login_asks_who_is_signed_in() {
    let world = World::new().await;
    for prompt in ["login", "select_account"] {
        let mut browser = again(&world, &[("prompt", prompt)]).await;
        assert!(is_at(&browser, "sign-in"), "{prompt}: {}", browser.url);
        world.hands.advance(Duration::seconds(5));
        browser.sign_in("alice", "alice-password").await;
        let claims = claims_of(&world.redeem(&browser).await.member("id_token"));
        assert_eq!(claims["auth_time"], claims["iat"], "{prompt}");
    }
}

/// The same in the second of the first sign-in: clocks of whole seconds are no excuse.
#[tokio::test]
async fn prompt_login_right_after_a_sign_in() {
    let world = World::new().await;
    let mut browser = allowed_by_alice(&world, &[]).await;
    browser.go(&authorize_url(HOME, "wiki-agent", &[("prompt", "login")])).await;
    assert!(is_at(&browser, "sign-in"), "{}", browser.page.status);
    browser.sign_in("alice", "alice-password").await;
    assert!(browser.sent("code").is_some(), "but once is enough");
}

/// What was asked for cannot be passed by going to the next page by hand.
#[tokio::test]
async fn prompt_login_cannot_be_walked_around() {
    let world = World::new().await;
    let mut browser = again(&world, &[("prompt", "login consent")]).await;
    browser.go(&browser.url.replace("/sign-in?", "/consent?")).await;
    assert!(is_at(&browser, "sign-in"), "{}", browser.url);
}

/// OIDC Core §3.1.2.1: "consent: The Authorization Server SHOULD prompt the End-User for consent
/// before returning information to the Client."
#[tokio::test]
async fn prompt_consent_asks_who_has_consented() {
    let world = World::new().await;
    let mut browser = again(&world, &[("prompt", "consent")]).await;
    assert!(is_at(&browser, "consent"), "{}", browser.url);
    browser.allow().await;
    assert!(browser.sent("code").is_some());
}

/// Both, one after the other.
#[tokio::test]
async fn prompt_login_and_consent() {
    let world = World::new().await;
    let mut browser = again(&world, &[("prompt", "login consent")]).await;
    browser.sign_in("alice", "alice-password").await;
    assert!(is_at(&browser, "consent"), "{}", browser.url);
    browser.allow().await;
    assert!(browser.sent("code").is_some());
}

/// OIDC Core §3.1.2.1: "If the elapsed time is greater than this value, the OP MUST attempt to
/// actively re-authenticate the End-User."
#[tokio::test]
async fn max_age() {
    let world = World::new().await;
    for (age, asked) in [("100", false), ("99", true), ("0", true), ("4294967295", false)] {
        let browser = again(&world, &[("max_age", age)]).await;
        assert_eq!(is_at(&browser, "sign-in"), asked, "{age}: {}", browser.url);
    }
    let browser = again(&world, &[("max_age", "99"), ("prompt", "none")]).await;
    assert!(browser.page.redirected_error(HOME).starts_with("login_required: "));

    // However long the person takes: they did sign in for this request.
    let mut browser = again(&world, &[("max_age", "0")]).await;
    world.hands.advance(Duration::seconds(60));
    browser.sign_in("alice", "alice-password").await;
    assert!(browser.sent("code").is_some(), "{}", browser.url);
}

/// Nobody is signed in for ever.
#[tokio::test]
async fn a_login_ends_by_itself() {
    let world = World::new().await;
    let mut browser = allowed_by_alice(&world, &[]).await;
    world.hands.advance(Duration::hours(12) - Duration::seconds(1));
    browser.go(&authorize_url(HOME, "wiki-agent", &[])).await;
    assert!(browser.sent("code").is_some());
    world.hands.advance(Duration::seconds(1));
    browser.go(&authorize_url(HOME, "wiki-agent", &[])).await;
    assert!(is_at(&browser, "sign-in"), "{}", browser.url);
}

/// OIDC Core §3.1.2.1: "If the End-User identified by the ID Token is already logged in [...]
/// positive response; otherwise, it MUST return an error, such as `login_required`."
#[tokio::test]
async fn id_token_hint() {
    let world = World::new().await;
    let mut browser = allowed_by_alice(&world, &[]).await;
    let alices = world.redeem(&browser).await.member("id_token");
    // It may have expired.
    world.hands.advance(Duration::hours(2));
    let silent = [("prompt", "none"), ("id_token_hint", alices.as_str())];
    browser.go(&authorize_url(HOME, "wiki-agent", &silent)).await;
    assert!(browser.sent("code").is_some());

    let mut browser = Browser::open(&world, &format!("{HOME}/sign-in")).await;
    browser.sign_in("bob", "bob-password").await;
    browser.go(&authorize_url(HOME, "wiki-agent", &silent)).await;
    assert_snapshot!(browser.page.redirected_error(HOME), @"login_required: the person has to sign in");

    // Nor is bob taken for alice when pages may be shown, not even if he insists.
    browser.go(&authorize_url(HOME, "wiki-agent", &[("id_token_hint", &alices)])).await;
    assert!(is_at(&browser, "sign-in"), "{}", browser.url);
    browser.sign_in("bob", "bob-password").await;
    assert_snapshot!(browser.page.redirected_error(HOME), @"login_required: another person signed in");
    browser.go(&authorize_url(HOME, "wiki-agent", &[("id_token_hint", &alices)])).await;
    browser.sign_in("alice", "alice-password").await;
    assert!(browser.sent("code").is_some(), "{}", browser.url);
}

/// RFC 8725 §3.11: another token is no ID Token, and one of another issuer is none of ours.
#[tokio::test]
async fn id_token_hint_that_is_none() {
    let world = World::new().await;
    let browser = allowed_by_alice(&world, &[]).await;
    let tokens = world.redeem(&browser).await;
    let id_token = tokens.member("id_token");
    let claims = claims_of(&id_token);
    let mut foreign = claims.clone();
    foreign["iss"] = crate::support::PARTNER.into();
    let (signed, _) = id_token.rsplit_once('.').unwrap();
    let mut lines = vec![];
    for (what, hint) in [
        ("access token", tokens.access_token()),
        ("ID-JAG", world.sign(HOME, "oauth-id-jag+jwt", &claims)),
        ("of the partner", world.sign(crate::support::PARTNER, "JWT", &foreign)),
        ("of the partner as ours", world.sign(crate::support::PARTNER, "JWT", &claims)),
        ("of chat as ours", world.sign(crate::support::CHAT, "JWT", &claims)),
        ("without signature", format!("{signed}.")),
    ] {
        let changes = [("id_token_hint", hint.as_str())];
        let answer = world.get(&authorize_url(HOME, "wiki-agent", &changes)).await;
        lines.push(format!("{what} → {}", answer.redirected_error(HOME)));
    }
    assert_snapshot!(lines.join("\n"), @"
    access token → invalid_request: id_token_hint is not an ID Token of this issuer
    ID-JAG → invalid_request: id_token_hint is not an ID Token of this issuer
    of the partner → invalid_request: id_token_hint is not an ID Token of this issuer
    of the partner as ours → invalid_request: id_token_hint is not an ID Token of this issuer
    of chat as ours → invalid_request: id_token_hint is not an ID Token of this issuer
    without signature → invalid_request: id_token_hint is not an ID Token of this issuer
    ");
}

/// OIDC Core §3.1.2.1: `login_hint` "to pre-fill"; what it says is text, whatever it says.
#[tokio::test]
async fn login_hint() {
    let world = World::new().await;
    let hint = "al\"><script>alert(1)</script>";
    let browser =
        Browser::open(&world, &authorize_url(HOME, "wiki-agent", &[("login_hint", hint)])).await;
    assert!(!browser.page.text.contains("<script"), "{}", browser.page.text);
    assert!(browser.page.text.contains(
        "name=\"username\" type=\"text\" \
         value=\"al&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;\""
    ));
    // It is a hint.
    let mut browser = browser;
    browser.sign_in("alice", "alice-password").await;
    browser.allow().await;
    assert!(browser.sent("code").is_some());
}
