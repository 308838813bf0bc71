//! One person in front of a browser, and what they do there.

use std::time::Duration;

use fantoccini::Locator;
use fantoccini::elements::Element;
use url::Url;

use crate::application::Application;
use crate::chromium::{Chromium, Settings};
use crate::started::{PASSWORD, Started, USERNAME};

pub(crate) struct Visit {
    // Ends before the server does.
    pub(crate) browser: Chromium,
    pub(crate) application: Application,
    tegata: Started,
}

impl Visit {
    pub(crate) async fn with(settings: Settings) -> Self {
        let tegata = Started::new().await;
        let application = Application::of(tegata.issuer());
        Self { browser: Chromium::with(settings).await, application, tegata }
    }

    /// The application sends the person to tegata.
    pub(crate) async fn authorize(&self, more: &[(&str, &str)]) {
        self.goes_to(&self.application.authorization_url(more)).await;
    }

    pub(crate) async fn goes_to(&self, url: &str) {
        self.browser.page.goto(url).await.expect("a page");
    }

    pub(crate) fn tegata(&self, path: &str) -> String {
        format!("{}{path}", self.tegata.issuer())
    }

    pub(crate) async fn types_name_and_password(&self, password: &str) {
        for (name, text) in [("username", USERNAME), ("password", password)] {
            let input = self.sees(&format!("input[name={name}]")).await;
            input.clear().await.expect("an empty input");
            input.send_keys(text).await.expect("typing");
        }
    }

    pub(crate) async fn signs_in(&self) {
        self.types_name_and_password(PASSWORD).await;
        self.presses("form button[type=submit], form button:not([type])").await;
    }

    pub(crate) async fn allows(&self) {
        self.presses("button[name=decision][value=allow]").await;
    }

    pub(crate) async fn refuses(&self) {
        self.presses("button[name=decision][value=refuse]").await;
    }

    pub(crate) async fn presses(&self, what: &str) {
        self.sees(what).await.click().await.expect("a click");
    }

    /// Waits for it; not seeing it fails with the page.
    pub(crate) async fn sees(&self, what: &str) -> Element {
        let page = &self.browser.page;
        let found = page.wait().at_most(Duration::from_secs(10)).for_element(Locator::Css(what));
        match found.await {
            Ok(element) => element,
            Err(error) => panic!("no {what} ({error}) at {}", self.describe().await),
        }
    }

    pub(crate) async fn sees_no(&self, what: &str) {
        let found = self.browser.page.find_all(Locator::Css(what)).await.expect("an answer");
        assert!(found.is_empty(), "{what} at {}", self.describe().await);
    }

    /// The language that the page says it is in.
    pub(crate) async fn language(&self) -> String {
        let html = self.sees("html[lang]").await;
        html.attr("lang").await.expect("an answer").unwrap_or_default()
    }

    /// Waits until the person is back at the application, and returns with what.
    pub(crate) async fn is_back(&self) -> Answer {
        for _ in 0..200 {
            let url = self.browser.page.current_url().await.expect("the address");
            if url.as_str().starts_with(&self.application.redirect_uri()) {
                return Answer(url);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not back at the application but at {}", self.describe().await);
    }

    /// No page may make the browser complain: not of its CSP, not of a missing style sheet.
    pub(crate) async fn has_no_complaints(&self) {
        assert_eq!(self.browser.complaints().await, Vec::<String>::new());
    }

    async fn describe(&self) -> String {
        let page = &self.browser.page;
        let url = page.current_url().await.map(String::from).unwrap_or_default();
        format!("{url}\n{}", page.source().await.unwrap_or_default())
    }
}

/// The authorization response.
pub(crate) struct Answer(Url);

impl Answer {
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let mut values = self.0.query_pairs().filter(|(key, _)| key == name);
        values.next().map(|(_, value)| value.into_owned())
    }
}
