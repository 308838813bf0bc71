//! A person with a browser: cookies, forms, and no scripts.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use url::Url;

use super::{Answer, HOME, World, form, request};

/// RFC 7636 appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An authorization request of the wiki agent that is right, after `changes`: a value of `""`
/// leaves the parameter out, a new name adds one.
pub fn authorize_url(issuer: &str, client: &str, changes: &[(&str, &str)]) -> String {
    let mut params: Vec<(String, String)> = [
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", "http://127.0.0.1:18765/callback"),
        ("scope", "openid profile email offline_access"),
        ("state", "state-1"),
        ("nonce", "nonce-1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    for (name, value) in changes {
        params.retain(|(known, _)| known != name);
        if !value.is_empty() {
            params.push(((*name).to_owned(), (*value).to_owned()));
        }
    }
    let pairs: Vec<_> =
        params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    format!("{issuer}/oauth2/authorize?{}", form(&pairs))
}

pub struct Browser<'a> {
    world: &'a World,
    cookies: BTreeMap<String, String>,
    /// Where it is.
    pub url: String,
    /// What it shows.
    pub page: Answer,
    pub accept_language: String,
    /// From where it asks, if the server can tell.
    pub address: Option<SocketAddr>,
}

impl<'a> Browser<'a> {
    /// Opens `url`, and follows redirects for as long as they stay with us.
    pub async fn open(world: &'a World, url: &str) -> Browser<'a> {
        let mut browser = Self::closed(world).await;
        browser.go(url).await;
        browser
    }

    async fn closed(world: &'a World) -> Browser<'a> {
        let page = world.get(&format!("{HOME}/healthz")).await;
        let (cookies, accept_language) = (BTreeMap::new(), "en".into());
        Browser { world, cookies, url: HOME.into(), page, accept_language, address: None }
    }

    pub async fn go(&mut self, url: &str) {
        self.url = url.to_owned();
        self.ask("GET", None).await;
    }

    /// Fills the form of the page and sends it, with its hidden fields.
    pub async fn submit(&mut self, fields: &[(&str, &str)]) {
        let csrf = self.hidden("csrf");
        let action = attribute(&self.page.text, "<form", "action").unwrap_or_default();
        self.url = Url::parse(&self.url).unwrap().join(&action).unwrap().into();
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        self.ask("POST", Some(form(&all))).await;
    }

    pub async fn sign_in(&mut self, username: &str, password: &str) {
        assert!(self.url.contains("/sign-in"), "at {}: {}", self.url, self.page.text);
        self.submit(&[("username", username), ("password", password)]).await;
    }

    pub async fn allow(&mut self) {
        assert!(self.url.contains("/consent"), "at {}: {}", self.url, self.page.text);
        self.submit(&[("decision", "allow")]).await;
    }

    /// A parameter of the redirect that the browser was sent away with.
    pub fn sent(&self, name: &str) -> Option<String> {
        self.page.redirected(name)
    }

    /// The value of a hidden field, as it stands in the page.
    pub fn hidden(&self, name: &str) -> String {
        let marker = format!("name=\"{name}\"");
        let (_, rest) = self.page.text.split_once(&marker).unwrap_or_default();
        attribute(&format!("<input {rest}"), "<input", "value").unwrap_or_default()
    }

    pub fn cookie(&self, name: &str) -> Option<&String> {
        self.cookies.get(name)
    }

    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// Sends a request with our cookies. Redirects to the hosts of the world are followed;
    /// one that leads away is what the page then is.
    pub async fn ask(&mut self, method: &str, body: Option<String>) {
        let (mut method, mut body) = (method, body);
        for _ in 0..10 {
            let cookies: Vec<_> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let mut request = request(method, &self.url)
                .header("cookie", cookies.join("; "))
                .header("accept-language", &self.accept_language)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(Body::from(body.take().unwrap_or_default()))
                .unwrap();
            if let Some(address) = self.address {
                request.extensions_mut().insert(ConnectInfo(address));
            }
            self.page = self.world.send(request).await;
            for cookie in self.page.headers.get_all("set-cookie") {
                let cookie = cookie.to_str().unwrap();
                let (name, rest) = cookie.split_once('=').unwrap();
                let value = rest.split(';').next().unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            if self.page.status != 303 {
                return;
            }
            let here = Url::parse(&self.url).unwrap();
            let next = here.join(&self.page.location()).unwrap();
            if next.host_str() != here.host_str() {
                return;
            }
            self.url = next.into();
            method = "GET";
        }
        panic!("redirected in circles: {}", self.url);
    }
}

fn attribute(html: &str, tag: &str, name: &str) -> Option<String> {
    let (_, rest) = html.split_once(tag)?;
    let (inside, _) = rest.split_once('>')?;
    let (_, value) = inside.split_once(&format!("{name}=\""))?;
    let (value, _) = value.split_once('"')?;
    Some(value.replace("&#38;", "&").replace("&amp;", "&"))
}
