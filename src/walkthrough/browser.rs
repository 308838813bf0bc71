//! What a person's browser does: it keeps cookies, follows redirects one by one and reads forms.

use std::collections::BTreeMap;

use url::Url;

use super::failure::Failure;
use super::html_form::{self, HtmlForm};
use super::report::Step;
use super::wire::{Answer, Request};
use crate::outbound::Http;

/// A browser with an empty cookie jar.
pub(super) struct Browser<'a> {
    http: &'a Http,
    /// By host and name. RFC 6265 §8.5: a cookie does not know ports.
    cookies: BTreeMap<(String, String), String>,
}

/// Where a request led.
pub(super) enum Landing {
    /// To another address.
    Elsewhere(Url),
    /// To a page with a form.
    Form {
        /// Where the form goes.
        action: Url,
        /// What it asks.
        form: HtmlForm,
        /// The status of the page.
        status: u16,
    },
}

impl<'a> Browser<'a> {
    /// Nobody has signed in yet.
    pub(super) fn new(http: &'a Http) -> Self {
        Self { http, cookies: BTreeMap::new() }
    }

    /// Sends one request, with cookies.
    pub(super) async fn open(
        &mut self,
        request: Request,
        step: &mut Step,
    ) -> Result<Landing, Failure> {
        let address = request.url().to_owned();
        let at = Url::parse(&address).map_err(|_| Failure::Address(address))?;
        let mut request = request
            .header("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
            .header("accept-language", "en");
        if request.is_post() {
            // What every browser adds to a form; some servers look at it.
            request = request.header("origin", at.origin().ascii_serialization());
        }
        if let Some(cookies) = self.cookies_for(&at) {
            request = request.header("cookie", cookies);
        }
        let answer = request.send(self.http, &[], step).await?;
        self.keep_cookies(&at, &answer);
        land(&at, &answer)
    }

    fn cookies_for(&self, at: &Url) -> Option<String> {
        let host = at.host_str()?;
        let fitting = self.cookies.iter().filter(|((its, _), _)| its == host);
        let pairs: Vec<_> = fitting.map(|((_, name), value)| format!("{name}={value}")).collect();
        Some(pairs.join("; ")).filter(|it| !it.is_empty())
    }

    /// RFC 6265 §5.2, as far as a cookie for one host and all its paths needs it.
    fn keep_cookies(&mut self, at: &Url, answer: &Answer) {
        for cookie in answer.reply.headers_named("set-cookie") {
            let mut parts = cookie.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|it| it.split_once('=')) else {
                continue;
            };
            let key = (at.host_str().unwrap_or_default().to_owned(), name.to_owned());
            if parts.any(|it| it.eq_ignore_ascii_case("max-age=0")) {
                self.cookies.remove(&key);
            } else {
                self.cookies.insert(key, value.to_owned());
            }
        }
    }
}

fn land(at: &Url, answer: &Answer) -> Result<Landing, Failure> {
    let status = answer.reply.status;
    if let (300..400, Some(location)) = (status, answer.reply.header("location")) {
        let to = at.join(location).map_err(|_| Failure::Address(location.to_owned()))?;
        return Ok(Landing::Elsewhere(to));
    }
    let html = String::from_utf8_lossy(&answer.reply.body);
    let title = html_form::title(&html);
    let dead_end = || Failure::Page { url: answer.url.clone(), status, title };
    // 422 and 429 show the form again; what else is not 200 is an error page.
    let form = HtmlForm::read(&html).filter(|_| matches!(status, 200 | 422 | 429));
    let form = form.ok_or_else(dead_end)?;
    let action = at.join(&form.action).map_err(|_| Failure::Address(form.action.clone()))?;
    // A password is for the page that asks for it.
    if action.origin() != at.origin() {
        return Err(Failure::Abroad { url: answer.url.clone(), action });
    }
    Ok(Landing::Form { action, form, status })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::Reply;

    fn landed(action: &str) -> Result<Landing, Failure> {
        let at = Url::parse("https://home.example/sign-in").unwrap();
        let html = format!("<form method=\"post\" action=\"{action}\"><input name=\"a\"></form>");
        let reply = Reply { status: 200, headers: vec![], body: html.into_bytes() };
        land(&at, &Answer { url: at.to_string(), reply, members: serde_json::Map::new() })
    }

    #[test]
    fn a_form_that_leads_to_another_origin() {
        for action in ["", "/sign-in?request=1", "https://home.example/x"] {
            assert!(matches!(landed(action), Ok(Landing::Form { .. })), "{action}");
        }
        for action in ["//evil.example/", "http://home.example/", "https://home.example:444/"] {
            assert!(matches!(landed(action), Err(Failure::Abroad { .. })), "{action}");
        }
    }
}
