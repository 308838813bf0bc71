//! A person allows what they have read, and nothing that came up while they were reading.

use crate::support::{
    Browser, HOME, ID_JAG, ID_TOKEN, MAIL, TOKEN_EXCHANGE, World, authorize_url, form, with_mail,
};

async fn at_consent(world: &World) -> Browser<'_> {
    let mut browser = Browser::open(world, &authorize_url(HOME, "wiki-agent", &[])).await;
    browser.sign_in("alice", "alice-password").await;
    browser
}

/// A connection that was made while the page was open: alice has not read of it, so her word is
/// not for it. She is asked again.
#[tokio::test]
async fn a_service_that_was_not_on_the_page() {
    let world = World::new().await;
    let mut browser = at_consent(&world).await;
    world.apply(&with_mail("approval = \"user\"")).await;
    browser.allow().await;
    assert!(browser.url.contains("/consent?request="), "{}", browser.url);
    assert!(browser.page.words().contains("Read your mail"));
    browser.allow().await;

    let tokens = world.redeem(&browser).await;
    let params = [
        ("grant_type", TOKEN_EXCHANGE),
        ("requested_token_type", ID_JAG),
        ("audience", MAIL),
        ("subject_token", &tokens.member("id_token")),
        ("subject_token_type", ID_TOKEN),
    ];
    assert_eq!(world.post_token(HOME, "wiki-agent", &params).await.status, 200);
}

/// Bob signs in in another tab, and then somebody presses the button on the page that says
/// "Alice Example": that is nobody's word.
#[tokio::test]
async fn a_page_that_was_for_another_person() {
    let world = World::new().await;
    let mut browser = at_consent(&world).await;
    let (url, old) = (browser.url.clone(), browser.hidden("csrf"));
    browser.go(&format!("{HOME}/sign-in")).await;
    browser.sign_in("bob", "bob-password").await;
    browser.url.clone_from(&url);
    browser.ask("POST", Some(form(&[("csrf", &old), ("decision", "allow")]))).await;
    assert_eq!(browser.page.page_error(), "403 csrf: ");
    // And if bob's own form had told it.
    browser.go(&format!("{HOME}/oauth2/logout")).await;
    let csrf = browser.hidden("csrf");
    browser.url.clone_from(&url);
    browser.ask("POST", Some(form(&[("csrf", &csrf), ("decision", "allow")]))).await;
    assert!(browser.url.contains("/consent?request="), "{}", browser.url);
    assert!(browser.page.words().contains("Bob Example"), "{}", browser.page.words());
    browser.allow().await;
    assert!(browser.sent("code").is_some());
}
