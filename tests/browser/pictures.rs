//! Pictures of the pages in `target/screenshots`, for people to look at.

use std::fs;
use std::path::PathBuf;

use crate::chromium::{ENGLISH, Settings};
use crate::visit::Visit;

const SIZES: [(u32, u32); 2] = [(1280, 900), (390, 844)];

#[tokio::test]
async fn pages_in_english() {
    take("en", ENGLISH).await;
}

#[tokio::test]
async fn pages_in_japanese() {
    take("ja", Settings { language: "ja,en", javascript: true }).await;
}

async fn take(language: &str, settings: Settings) {
    let visit = Visit::with(settings).await;
    let picture = async |page: &str| picture(&visit, &format!("{page}-{language}")).await;

    visit.authorize(&[]).await;
    picture("sign-in").await;
    visit.types_name_and_password("not the password").await;
    visit.presses("form button[type=submit], form button:not([type])").await;
    visit.sees("[role=alert], .error-summary").await;
    picture("sign-in-again").await;
    visit.signs_in().await;
    visit.sees("button[name=decision]").await;
    picture("consent").await;
    visit.allows().await;
    visit.is_back().await;

    visit.goes_to(&visit.tegata("/")).await;
    picture("start").await;
    visit.goes_to(&visit.tegata("/oauth2/authorize?client_id=nobody")).await;
    picture("error").await;
    visit.goes_to(&visit.tegata("/oauth2/logout")).await;
    picture("sign-out").await;
    visit.presses("form button").await;
    picture("signed-out").await;
}

/// The page as it is now: wide and narrow, light and dark.
async fn picture(visit: &Visit, name: &str) {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target/screenshots"));
    fs::create_dir_all(&folder).expect("a folder for the pictures");
    for (width, height) in SIZES {
        for colours in ["light", "dark"] {
            visit.browser.looks((width, height), colours).await;
            let png = visit.browser.page.screenshot().await.expect("a picture");
            let file = folder.join(format!("{name}-{width}x{height}-{colours}.png"));
            fs::write(file, png).expect("a place for the picture");
            assert_fits(visit, width, name).await;
        }
    }
}

/// Nobody should have to scroll sideways.
async fn assert_fits(visit: &Visit, width: u32, name: &str) {
    let script = "return document.documentElement.scrollWidth";
    let needed = visit.browser.page.execute(script, vec![]).await.expect("an answer");
    let needed = needed.as_u64().expect("a number");
    assert!(needed <= u64::from(width), "{name} needs {needed} pixels of {width}");
}
