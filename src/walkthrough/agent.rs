//! Who walks, for whom, and where to.

use serde_json::Map;
use serde_json::Value;
use time::OffsetDateTime;

use super::wire::{Request, basic};
use crate::environment::Environment;
use crate::outbound::Http;

/// A client with a person in front of it: all that it takes to sign in at home.
pub struct Agent {
    /// Its way to the network.
    pub http: Http,
    /// Its clock and its dice.
    pub environment: Environment,
    /// Home's issuer identifier.
    pub home: String,
    /// What home knows the client by.
    pub credentials: Credentials,
    /// Where home sends the browser back to. Nobody needs to listen there.
    pub redirect_uri: String,
    /// Who sits in front of the browser.
    pub person: Person,
}

/// Who signs in.
pub struct Person {
    /// As typed into the form.
    pub username: String,
    /// As typed into the form.
    pub password: String,
}

/// Where the agent wants to act.
pub struct Target {
    /// The service's issuer identifier.
    pub service: String,
    /// What the service knows the client by.
    pub credentials: Credentials,
    /// RFC 8707, if it is to be named.
    pub resource: Option<String>,
    /// What to ask for; nothing is whatever there is.
    pub scope: Option<String>,
    /// The API to call in the end.
    pub api: Option<Api>,
}

/// A protected resource.
pub struct Api {
    /// Where it is.
    pub url: String,
    /// What to call there, if it is an MCP server; anything else is read with GET.
    pub tools: Option<Tools>,
}

/// What an agent calls at an MCP server.
pub struct Tools {
    /// Without arguments.
    pub read: String,
    /// With these arguments, and another scope than reading needs.
    pub write: Option<(String, Value)>,
}

/// What a client proves itself with at one issuer.
#[derive(Clone)]
pub struct Credentials {
    /// `client_id`.
    pub id: String,
    /// `client_secret`; none for a public client.
    pub secret: Option<String>,
}

impl Credentials {
    /// A token request with `client_secret_basic` (RFC 6749 §2.3.1).
    pub fn by_basic(&self, url: &str, mut params: Vec<(String, String)>) -> Request {
        if let Some(secret) = &self.secret {
            return Request::form(url, params).header("authorization", basic(&self.id, secret));
        }
        params.push(("client_id".to_owned(), self.id.clone()));
        Request::form(url, params)
    }

    /// A token request with `client_secret_post`, as the stock MCP client asks for ID-JAGs.
    pub fn by_post(&self, url: &str, mut params: Vec<(String, String)>) -> Request {
        params.push(("client_id".to_owned(), self.id.clone()));
        if let Some(secret) = &self.secret {
            params.push(("client_secret".to_owned(), secret.clone()));
        }
        Request::form(url, params)
    }
}

impl Agent {
    /// The time on its clock.
    pub fn now(&self) -> OffsetDateTime {
        self.environment.clock.now()
    }
}

/// What the metadata of an issuer say, as far as the way needs it (RFC 8414 §2).
pub struct Metadata {
    /// Where people go.
    pub authorization_endpoint: Option<String>,
    /// Where clients go.
    pub token_endpoint: String,
    /// Where its keys are.
    pub jwks_uri: String,
}

/// A token and what it says, once its signature was checked.
pub struct Token {
    /// As it is sent.
    pub text: String,
    /// What it says.
    pub claims: Map<String, Value>,
}
