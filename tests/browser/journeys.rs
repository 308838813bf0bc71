//! What a person can do, and that the application learns of it.

use fantoccini::key::Key;

use crate::chromium::{ENGLISH, Settings};
use crate::visit::Visit;

#[tokio::test]
async fn sign_in_and_allow() {
    let visit = Visit::with(ENGLISH).await;
    visit.authorize(&[]).await;
    visit.signs_in().await;
    visit.allows().await;

    let answer = visit.is_back().await;
    assert!(answer.parameter("code").is_some());
    assert_eq!(answer.parameter("state").as_deref(), Some("here"));
    // RFC 9207 §2.
    assert_eq!(answer.parameter("iss"), Some(visit.tegata("")));
    assert_eq!(visit.browser.page.title().await.expect("a title"), "scripts run");
    visit.has_no_complaints().await;
}

#[tokio::test]
async fn sign_in_and_allow_without_javascript() {
    let visit = Visit::with(Settings { javascript: false, ..ENGLISH }).await;
    visit.authorize(&[]).await;
    visit.signs_in().await;
    visit.allows().await;

    assert!(visit.is_back().await.parameter("code").is_some());
    assert_eq!(visit.browser.page.title().await.expect("a title"), "back", "scripts run");
    visit.has_no_complaints().await;
}

#[tokio::test]
async fn sign_in_and_refuse() {
    let visit = Visit::with(ENGLISH).await;
    visit.authorize(&[]).await;
    visit.signs_in().await;
    visit.refuses().await;

    let answer = visit.is_back().await;
    assert_eq!(answer.parameter("error").as_deref(), Some("access_denied"));
    assert_eq!(answer.parameter("state").as_deref(), Some("here"));
    assert_eq!(answer.parameter("iss"), Some(visit.tegata("")));
    assert_eq!(answer.parameter("code"), None);
    visit.has_no_complaints().await;
}

#[tokio::test]
async fn refuse_without_javascript() {
    let visit = Visit::with(Settings { javascript: false, ..ENGLISH }).await;
    visit.authorize(&[]).await;
    visit.signs_in().await;
    visit.refuses().await;
    let answer = visit.is_back().await;
    assert_eq!(answer.parameter("error").as_deref(), Some("access_denied"));
}

/// Enter in the password field signs in, Enter on the button allows: no mouse is needed.
#[tokio::test]
async fn keyboard_alone() {
    let visit = Visit::with(ENGLISH).await;
    visit.authorize(&[]).await;
    visit.types_name_and_password(crate::started::PASSWORD).await;
    let password = visit.sees("input[name=password]").await;
    password.send_keys(&Key::Enter).await.expect("Enter");
    let allow = visit.sees("button[name=decision][value=allow]").await;
    allow.send_keys(&Key::Enter).await.expect("Enter");
    assert!(visit.is_back().await.parameter("code").is_some());
}

#[tokio::test]
async fn wrong_password_then_the_right_one() {
    let visit = Visit::with(ENGLISH).await;
    visit.authorize(&[]).await;
    visit.types_name_and_password("not the password").await;
    visit.presses("form button[type=submit], form button:not([type])").await;

    visit.sees("[role=alert], .error-summary").await;
    let password = visit.sees("input[name=password]").await;
    // What was typed is not in the page that comes back.
    assert_eq!(password.attr("value").await.expect("an answer").unwrap_or_default(), "");

    visit.signs_in().await;
    visit.allows().await;
    assert!(visit.is_back().await.parameter("code").is_some());
    visit.has_no_complaints().await;
}

/// OIDC Core §3.1.2.4: consent may have been given before.
#[tokio::test]
async fn consent_is_remembered_until_more_is_wanted() {
    let visit = Visit::with(ENGLISH).await;
    visit.authorize(&[]).await;
    visit.signs_in().await;
    visit.allows().await;
    let first = visit.is_back().await.parameter("code");

    visit.authorize(&[]).await;
    let second = visit.is_back().await.parameter("code");
    assert!(second.is_some());
    assert_ne!(first, second);

    // OIDC Core §3.1.2.1: `prompt=consent` asks all the same.
    visit.authorize(&[("prompt", "consent")]).await;
    visit.sees("button[name=decision][value=allow]").await;
}

#[tokio::test]
async fn sign_out() {
    let visit = Visit::with(ENGLISH).await;
    visit.authorize(&[]).await;
    visit.signs_in().await;
    visit.allows().await;
    visit.is_back().await;

    visit.goes_to(&visit.tegata("/oauth2/logout")).await;
    visit.presses("form button").await;

    visit.authorize(&[]).await;
    visit.sees("input[name=password]").await;
    visit.has_no_complaints().await;
}

/// RFC 6749 §4.1.2.1: what is not proven to be the client's redirect URI gets nothing.
#[tokio::test]
async fn redirect_uri_of_somebody_else() {
    let visit = Visit::with(ENGLISH).await;
    let here = visit.application.authorization_url(&[]);
    visit.goes_to(&here.replace("%2Fcallback", "%2Felsewhere")).await;
    visit.sees("html[lang=en] h1").await;
    visit.sees_no("form").await;
    visit.has_no_complaints().await;
}
