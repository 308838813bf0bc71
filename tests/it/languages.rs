//! Which language the pages are in (OIDC Core §3.1.2.1 `ui_locales`, RFC 9110 §12.5.4).

use crate::support::{Browser, HOME, World, authorize_url};

/// The language of the page.
fn language(browser: &Browser<'_>) -> String {
    let (_, rest) = browser.page.text.split_once("<html lang=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// The address of this page in `language`, from its footer.
fn link(browser: &Browser<'_>, language: &str) -> String {
    let marker = format!("\" lang=\"{language}\"");
    let (before, _) = browser.page.text.split_once(&marker).unwrap();
    let (_, href) = before.rsplit_once("href=\"").unwrap();
    format!("{HOME}{}", href.replace("&#38;", "&"))
}

/// What the application asked for goes before what the browser says; both before English.
#[tokio::test]
async fn the_application_then_the_browser_then_english() {
    let world = World::new().await;
    for (ui_locales, accept_language, expected) in [
        ("", "ja", "ja"),
        ("", "ja;q=0.5, en;q=0.9", "en"),
        ("", "fr", "en"),
        ("ja", "en", "ja"),
        ("en", "ja", "en"),
        ("fr ja-JP", "en", "ja"),
        ("fr", "ja", "ja"),
        ("\"><script>", "ja", "ja"),
    ] {
        let mut browser = Browser::open(&world, HOME).await;
        browser.accept_language = accept_language.into();
        browser.go(&authorize_url(HOME, "wiki-agent", &[("ui_locales", ui_locales)])).await;
        let case = format!("{ui_locales} {accept_language}");
        assert_eq!(language(&browser), expected, "{case}");
        assert!(!browser.page.text.contains("<script"), "{case}");
        browser.sign_in("alice", "alice-password").await;
        assert_eq!(language(&browser), expected, "{case}: consent, too");
    }
}

/// By POST, the wish stands in the form and no URL has it; it counts all the same.
#[tokio::test]
async fn a_wish_that_came_by_post() {
    let world = World::new().await;
    let mut browser = Browser::open(&world, HOME).await;
    let url = authorize_url(HOME, "wiki-agent", &[("ui_locales", "ja")]);
    let (url, query) = url.split_once('?').unwrap();
    url.clone_into(&mut browser.url);
    browser.ask("POST", Some(query.to_owned())).await;
    assert_eq!(language(&browser), "ja");
}

/// The links of the footer change the language and nothing else: the request goes on.
#[tokio::test]
async fn links_keep_the_request() {
    let world = World::new().await;
    let mut browser = Browser::open(&world, &authorize_url(HOME, "wiki-agent", &[])).await;
    let request = browser.url.split("request=").last().unwrap().to_owned();
    assert_eq!(language(&browser), "en");
    browser.go(&link(&browser, "ja")).await;
    assert_eq!(language(&browser), "ja");
    assert!(browser.url.contains(&format!("request={request}")), "{}", browser.url);
    // Also when the form comes back, and on the next page.
    browser.sign_in("alice", "wrong").await;
    assert_eq!((language(&browser).as_str(), browser.page.status.as_u16()), ("ja", 422));
    browser.sign_in("alice", "alice-password").await;
    assert!(browser.url.contains("/consent?"), "{}", browser.url);
    assert_eq!(language(&browser), "ja");
    browser.go(&link(&browser, "en")).await;
    assert_eq!(language(&browser), "en");
    browser.allow().await;
    assert_eq!(browser.sent("state").as_deref(), Some("state-1"));
}

/// Error pages speak, too.
#[tokio::test]
async fn an_error_in_japanese() {
    let world = World::new().await;
    let mut browser = Browser::open(&world, HOME).await;
    browser.accept_language = "ja".into();
    let url = authorize_url(HOME, "nobody", &[]);
    browser.go(&url).await;
    assert_eq!((language(&browser).as_str(), browser.page.status.as_u16()), ("ja", 400));
    browser.go(&link(&browser, "en")).await;
    assert_eq!((language(&browser).as_str(), browser.page.status.as_u16()), ("en", 400));
}
