//! An agent that asks for tokens as fast as it can, and remembers all that it got.

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Response};
use serde_json::Value;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::server::Server;

const CALLBACK: &str = "http://127.0.0.1:18765/callback";

/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) type Params<'a> = [(&'a str, &'a str)];

/// Speaks to one server, without proxies, redirects or cookies of its own.
#[derive(Clone)]
pub(crate) struct Agent {
    http: Client,
    home: String,
    chat: String,
}

/// An answer that arrived as a whole.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) request_id: String,
    pub(crate) json: Value,
}

impl Answer {
    pub(crate) fn member(&self, name: &str) -> String {
        self.json[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.json)).to_owned()
    }
}

/// The `jti` of a token.
pub(crate) fn jti_of(jwt: &str) -> String {
    let claims = BASE64_URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["jti"].as_str().unwrap().to_owned()
}

impl Agent {
    pub(crate) fn of(server: &Server) -> Self {
        let http = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = http.build().unwrap();
        Self { http, home: server.issuer(), chat: server.chat() }
    }

    /// A token request. An error is a connection that broke off.
    pub(crate) async fn ask(
        &self,
        at: &str,
        client: &str,
        params: &Params<'_>,
    ) -> Result<Answer, reqwest::Error> {
        let secret = format!("{client}-secret-0123456789-0123456789");
        let request = self.http.post(format!("{at}/oauth2/token")).basic_auth(client, Some(secret));
        let answer = request.header(CONTENT_TYPE, FORM).body(form(params)).send().await?;
        let status = answer.status().as_u16();
        let request_id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        let json = serde_json::from_slice(&answer.bytes().await?).unwrap();
        Ok(Answer { status, request_id, json })
    }

    pub(crate) async fn itself(&self) -> Result<Answer, reqwest::Error> {
        let grant = [("grant_type", "client_credentials")];
        self.ask(&self.chat, "nightly-report", &grant).await
    }

    pub(crate) async fn redeem_code(&self, code: &str) -> Result<Answer, reqwest::Error> {
        let grant = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.ask(&self.home, "wiki-agent", &grant).await
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> Result<Answer, reqwest::Error> {
        let grant = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        self.ask(&self.home, "wiki-agent", &grant).await
    }

    pub(crate) async fn exchange(&self, id_token: &str) -> Result<Answer, reqwest::Error> {
        let grant = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("requested_token_type", "urn:ietf:params:oauth:token-type:id-jag"),
            ("audience", &self.chat),
            ("subject_token", id_token),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
        ];
        self.ask(&self.home, "wiki-agent", &grant).await
    }

    pub(crate) async fn redeem(&self, id_jag: &str) -> Result<Answer, reqwest::Error> {
        let grant =
            [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", id_jag)];
        self.ask(&self.chat, "wiki-at-chat", &grant).await
    }

    /// The keys of home, whose order means nothing.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let answer = self.http.get(format!("{}/oauth2/jwks", self.home)).send().await.unwrap();
        let jwks: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        let mut keys: Vec<_> =
            jwks["keys"].as_array().unwrap().iter().map(Value::to_string).collect();
        keys.sort();
        keys
    }

    /// Alice signs in in a browser and allows the agent what it asks for: a code.
    pub(crate) async fn code_by_alice(&self) -> String {
        let query = form(&[
            ("response_type", "code"),
            ("client_id", "wiki-agent"),
            ("redirect_uri", CALLBACK),
            ("scope", "openid offline_access"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let mut url = Url::parse(&format!("{}/oauth2/authorize?{query}", self.home)).unwrap();
        let (mut cookies, mut filled) = (HashMap::new(), None);
        for _ in 0..10 {
            let answer = self.browse(&url, filled.take(), &mut cookies).await;
            if let Some(to) = answer.headers().get(LOCATION) {
                url = url.join(to.to_str().unwrap()).unwrap();
                if let Some((_, code)) = url.query_pairs().find(|(name, _)| name == "code") {
                    return code.into_owned();
                }
                continue;
            }
            let page = answer.text().await.unwrap();
            let csrf =
                page.split("name=\"csrf\"").nth(1).and_then(|it| it.split("value=\"").nth(1));
            let csrf = csrf.and_then(|it| it.split('"').next()).unwrap_or_else(|| panic!("{page}"));
            filled = Some(match url.path() {
                "/sign-in" => {
                    form(&[("csrf", csrf), ("username", "alice"), ("password", "alice-password")])
                }
                _ => form(&[("csrf", csrf), ("decision", "allow")]),
            });
        }
        panic!("the sign-in leads nowhere: {url}");
    }

    async fn browse(
        &self,
        url: &Url,
        filled: Option<String>,
        cookies: &mut HashMap<String, String>,
    ) -> Response {
        let request = match filled {
            None => self.http.get(url.clone()),
            Some(form) => self.http.post(url.clone()).header(CONTENT_TYPE, FORM).body(form),
        };
        let sent: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = request.header(COOKIE, sent.join("; ")).send().await.unwrap();
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap_or_default();
            cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

pub(crate) fn form(params: &Params<'_>) -> String {
    Serializer::new(String::new()).extend_pairs(params).finish()
}
