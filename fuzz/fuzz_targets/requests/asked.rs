//! A request as the fuzzer makes it up: of names and values that mean something, and of any others.

use std::fmt::Write as _;
use std::net::SocketAddr;

use arbitrary::Arbitrary;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderName, HeaderValue, Request};
use serde_json::Value;

use crate::support::{CALENDAR, CHAT, HOME};

#[derive(Arbitrary, Debug)]
pub struct Asked {
    at: u8,
    path: Path,
    method: u8,
    headers: Vec<(u8, Word)>,
    query: Vec<(u8, Word)>,
    body: Sent,
    from: Option<u32>,
}

#[derive(Arbitrary, Debug)]
enum Path {
    Known(u8),
    Below(u8, String),
    Text(String),
}

#[derive(Arbitrary, Debug)]
enum Sent {
    Nothing,
    Form(Vec<(u8, Word)>),
    Json(Vec<(u8, Word)>),
    Bytes(u8, Vec<u8>),
}

/// A value, as one that is known and what is put behind it.
#[derive(Arbitrary, Debug)]
struct Word {
    known: u8,
    then: String,
}

const HEADERS: [&str; 13] = [
    "authorization",
    "dpop",
    "cookie",
    "accept-language",
    "content-type",
    "x-forwarded-for",
    "host",
    "origin",
    "accept",
    "content-encoding",
    "referer",
    "x-request-id",
    "client-cert",
];

const NAMES: [&str; 44] = [
    "grant_type",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "scope",
    "resource",
    "audience",
    "assertion",
    "subject_token",
    "subject_token_type",
    "actor_token",
    "actor_token_type",
    "requested_token_type",
    "authorization_details",
    "code",
    "code_verifier",
    "redirect_uri",
    "refresh_token",
    "response_type",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
    "login_hint",
    "id_token_hint",
    "acr_values",
    "ui_locales",
    "request",
    "request_uri",
    "response_mode",
    "token",
    "token_type_hint",
    "post_logout_redirect_uri",
    "csrf",
    "username",
    "password",
    "decision",
    "redirect_uris",
    "grant_types",
    "client_name",
    "jwks",
];

impl Asked {
    /// The request, and all of its texts; `None` for what HTTP itself does not let through.
    pub fn request(&self, words: &[String]) -> Option<(Request<Body>, String)> {
        let issuer = [HOME, CHAT, CALENDAR, "https://elsewhere.example"][usize::from(self.at) % 4];
        let url = url::Url::parse(issuer).unwrap();
        let below = if url.path() == "/" { "" } else { url.path() };
        let mut text = String::new();
        let query = pairs(&self.query, words, &mut text);
        let mut uri = format!("{below}{}", self.path.text());
        if !query.is_empty() {
            let _ = write!(uri, "?{}", form(&query));
        }
        let methods = ["GET", "POST", "POST", "GET", "PUT", "DELETE", "HEAD", "OPTIONS"];
        let method = methods[usize::from(self.method) % methods.len()];
        let mut request = Request::builder().method(method).uri(uri);
        request = request.header("host", url.host_str().unwrap());
        for (name, word) in &self.headers {
            let name = HEADERS[usize::from(*name) % HEADERS.len()];
            let value = word.text(words);
            text += &value;
            let name = HeaderName::from_static(name);
            request = request.header(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
        }
        let (content_type, body) = self.body.written(words, &mut text);
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        let mut request = request.body(Body::from(body)).ok()?;
        let peer = self.from.map_or([127, 0, 0, 1].into(), std::net::Ipv4Addr::from);
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((peer, 1))));
        Some((request, text))
    }
}

impl Path {
    fn text(&self) -> String {
        const PATHS: [&str; 20] = [
            "/oauth2/token",
            "/oauth2/authorize",
            "/oauth2/introspect",
            "/oauth2/revoke",
            "/oauth2/reachable",
            "/oauth2/register",
            "/oauth2/userinfo",
            "/oauth2/jwks",
            "/oauth2/logout",
            "/.well-known/openid-configuration",
            "/.well-known/oauth-authorization-server",
            "/sign-in",
            "/consent",
            "/link",
            "/links",
            "/",
            "/healthz",
            "/readyz",
            "/metrics",
            "/assets/",
        ];
        let known = |it: &u8| PATHS[usize::from(*it) % PATHS.len()];
        match self {
            Self::Known(it) => known(it).to_owned(),
            Self::Below(it, rest) => format!("{}/{rest}", known(it)),
            Self::Text(text) => format!("/{text}"),
        }
    }
}

impl Sent {
    fn written(&self, words: &[String], text: &mut String) -> (&'static str, Vec<u8>) {
        const FORM: &str = "application/x-www-form-urlencoded";
        match self {
            Self::Nothing => ("", vec![]),
            Self::Form(all) => (FORM, form(&pairs(all, words, text)).into_bytes()),
            Self::Json(all) => {
                let pairs = pairs(all, words, text).into_iter();
                // A value that reads as JSON is meant so.
                let value = |it: String| serde_json::from_str(&it).unwrap_or(Value::from(it));
                let object = pairs.map(|(name, it)| (name.to_owned(), value(it))).collect();
                ("application/json", Value::Object(object).to_string().into_bytes())
            }
            Self::Bytes(it, bytes) => {
                (["", FORM, "application/json"][usize::from(*it) % 3], bytes.clone())
            }
        }
    }
}

impl Word {
    fn text(&self, words: &[String]) -> String {
        format!("{}{}", words[usize::from(self.known) % words.len()], self.then)
    }
}

fn pairs(all: &[(u8, Word)], words: &[String], text: &mut String) -> Vec<(&'static str, String)> {
    let pair = |(name, word): &(u8, Word)| {
        let value = word.text(words);
        *text += &value;
        (NAMES[usize::from(*name) % NAMES.len()], value)
    };
    all.iter().map(pair).collect()
}

fn form(pairs: &[(&str, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
