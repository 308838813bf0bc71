//! The authorization request, and the person who signs in and allows it (RFC 6749 §4.1.1).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use url::Url;

use super::agent::{Agent, Metadata};
use super::browser::{Browser, Landing};
use super::failure::Failure;
use super::html_form::HtmlForm;
use super::report::{Finding, Step};
use super::wire::{self, Request};

/// What the client keeps of its request until the tokens are there.
pub(super) struct Granted {
    /// The authorization code.
    pub code: String,
    /// RFC 7636 §4.1.
    pub code_verifier: String,
    /// OIDC Core §3.1.2.1.
    pub nonce: String,
}

/// What the client is after at home: to know who the person is.
const SCOPE: &str = "openid";

/// More pages and redirects than any sign-in has.
const HOPS: usize = 12;

/// Sends the person's browser to home and takes what it brings back.
pub(super) async fn sign_in(
    agent: &Agent,
    home: &Metadata,
    step: &mut Step,
) -> Result<Granted, Failure> {
    let [state, nonce, code_verifier] = [(); 3].map(|()| agent.environment.secret());
    // RFC 7636 §4.2, S256.
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&code_verifier));
    let member = "authorization_endpoint";
    let missing = || Failure::Member { url: agent.home.clone(), member };
    let endpoint = home.authorization_endpoint.as_deref().ok_or_else(missing)?;
    let mut url = Url::parse(endpoint).map_err(|_| Failure::Address(endpoint.to_owned()))?;
    url.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", &agent.credentials.id),
        ("redirect_uri", &agent.redirect_uri),
        ("scope", SCOPE),
        ("state", &state),
        ("nonce", &nonce),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    let response = browse(agent, url, step).await?;
    let code = read_response(agent, &response, &state, step)?;
    Ok(Granted { code, code_verifier, nonce })
}

/// From page to page until the browser is sent to the redirect URI.
async fn browse(agent: &Agent, start: Url, step: &mut Step) -> Result<Url, Failure> {
    let mut browser = Browser::new(&agent.http);
    let mut request = Request::get(start.as_str());
    for _ in 0..HOPS {
        request = match browser.open(request, step).await? {
            Landing::Elsewhere(url) if is_response(&url, &agent.redirect_uri) => return Ok(url),
            Landing::Elsewhere(url) => Request::get(url.as_str()),
            Landing::Form { action, form, status } => answer(agent, &action, form, status)?,
        };
    }
    Err(Failure::Astray(HOPS))
}

fn is_response(url: &Url, redirect_uri: &str) -> bool {
    Url::parse(redirect_uri).is_ok_and(|it| it.origin() == url.origin() && it.path() == url.path())
}

/// What the person types and presses.
fn answer(agent: &Agent, action: &Url, form: HtmlForm, status: u16) -> Result<Request, Failure> {
    let (username, password) = (agent.person.username.as_str(), agent.person.password.as_str());
    let refused = |hint| Failure::SignIn { username: username.to_owned(), status, hint };
    let params = match status {
        200 if form.asks_for("password") => {
            form.filled(&[("username", username), ("password", password)])
        }
        200 if form.asks_for("decision") => form.filled(&[("decision", "allow")]),
        422 => return Err(refused("is this the right user name and password?")),
        429 => return Err(refused("too many attempts; wait a little and try again")),
        _ => {
            let title = "a form that is neither for signing in nor for consent".to_owned();
            return Err(Failure::Page { url: action.to_string(), status, title });
        }
    };
    Ok(Request::form(action.as_str(), params))
}

/// RFC 6749 §4.1.2, RFC 9207 §2.4.
fn read_response(
    agent: &Agent,
    response: &Url,
    state: &str,
    step: &mut Step,
) -> Result<String, Failure> {
    let param = |name: &str| {
        let mut pairs = response.query_pairs();
        pairs.find(|(its, _)| its == name).map(|(_, value)| value.into_owned())
    };
    let (their_state, iss) = (param("state"), param("iss"));
    step.found(
        "What the browser brought back",
        vec![
            Finding::same(
                "state",
                &their_state.unwrap_or_default(),
                state,
                "our own, so ours to take",
            ),
            Finding::same("iss", &iss.unwrap_or_default(), &agent.home, "no other server mixed in"),
        ],
    );
    let by = super::shown::without_query(response.as_str());
    match (param("code"), param("error")) {
        (Some(code), None) => Ok(code),
        (_, Some(code)) => {
            let description = param("error_description").unwrap_or_default();
            Err(Failure::Refused {
                by: "the authorization endpoint".into(),
                status: 303,
                code,
                description,
            })
        }
        (None, None) => Err(Failure::Member { url: by, member: "code" }),
    }
}

/// The parameters with which the code is exchanged (RFC 6749 §4.1.3).
pub(super) fn code_params(agent: &Agent, granted: &Granted) -> Vec<(String, String)> {
    wire::params(&[
        ("grant_type", "authorization_code"),
        ("code", &granted.code),
        ("redirect_uri", &agent.redirect_uri),
        ("code_verifier", &granted.code_verifier),
    ])
}
