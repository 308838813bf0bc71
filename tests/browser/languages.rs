//! English and Japanese: by the browser's setting, by the application's wish, by the person's choice.

use crate::chromium::{ENGLISH, Settings};
use crate::visit::Visit;

const JAPANESE: Settings = Settings { language: "ja,en", javascript: true };

#[tokio::test]
async fn japanese_browser() {
    let visit = Visit::with(JAPANESE).await;
    japanese_from_sign_in_to_consent(&visit).await;
}

#[tokio::test]
async fn japanese_browser_without_javascript() {
    let visit = Visit::with(Settings { javascript: false, ..JAPANESE }).await;
    japanese_from_sign_in_to_consent(&visit).await;
}

async fn japanese_from_sign_in_to_consent(visit: &Visit) {
    visit.authorize(&[]).await;
    assert_eq!(visit.language().await, "ja");
    visit.signs_in().await;
    visit.sees("button[name=decision][value=allow]").await;
    assert_eq!(visit.language().await, "ja");
    visit.allows().await;
    assert!(visit.is_back().await.parameter("code").is_some());
    visit.has_no_complaints().await;
}

/// OIDC Core §3.1.2.1: `ui_locales` goes before what the browser says.
#[tokio::test]
async fn application_wishes_japanese() {
    let visit = Visit::with(ENGLISH).await;
    visit.authorize(&[("ui_locales", "ja en")]).await;
    assert_eq!(visit.language().await, "ja");
    visit.signs_in().await;
    visit.sees("button[name=decision][value=allow]").await;
    assert_eq!(visit.language().await, "ja");
}

#[tokio::test]
async fn unknown_language_is_english() {
    let visit = Visit::with(Settings { language: "tlh", ..ENGLISH }).await;
    visit.authorize(&[("ui_locales", "eo")]).await;
    assert_eq!(visit.language().await, "en");
}

#[tokio::test]
async fn person_chooses_at_the_foot_of_the_page() {
    let visit = Visit::with(JAPANESE).await;
    visit.authorize(&[]).await;
    visit.presses("footer a[href*='ui_locales=en']").await;
    visit.sees("html[lang=en]").await;
    // The choice has not lost the request.
    visit.signs_in().await;
    visit.allows().await;
    assert!(visit.is_back().await.parameter("code").is_some());
}
