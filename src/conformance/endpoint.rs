//! A token endpoint, and who asks there.

use super::ask::Asker;
use super::target::Target;
use crate::oauth::AuthMethod;
use crate::walkthrough::agent::Credentials;
use crate::walkthrough::wire::{Answer, Request};

/// A token endpoint, and those who have something to ask there.
pub(super) struct Endpoint<'a> {
    asker: &'a Asker,
    url: String,
    /// Whether the secret goes into the body, because only that is supported.
    by_post: bool,
    client: Credentials,
    other: Option<Credentials>,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// The client itself.
    Itself,
    /// The client by its name alone.
    Nobody,
    /// Somebody with its name, in the `Authorization` header.
    ImpostorByBasic,
    /// Somebody with its name, in the body.
    ImpostorByPost,
    /// Another client with its own secret.
    Other,
}

/// A secret that no client has.
const WRONG_SECRET: &str = "tegata-conformance-is-not-the-secret";

impl<'a> Endpoint<'a> {
    /// The token endpoint of `target`, or why nobody can ask there.
    pub(super) fn of(
        asker: &'a Asker,
        target: &Target,
        client: Option<&Credentials>,
        other: Option<&Credentials>,
        flag: &str,
    ) -> Result<Self, String> {
        let url = target.text("token_endpoint").ok_or("the metadata have no token_endpoint")?;
        let client = client.ok_or_else(|| format!("{flag} is not given"))?;
        let methods = target.list("token_endpoint_auth_methods_supported");
        let has = |method: AuthMethod| methods.contains(&method.as_str());
        Ok(Self {
            asker,
            url: url.to_owned(),
            // RFC 8414 §2: "If omitted, the default is "client_secret_basic"".
            by_post: has(AuthMethod::ClientSecretPost) && !has(AuthMethod::ClientSecretBasic),
            client: client.clone(),
            other: other.cloned(),
        })
    }

    /// What the client itself is called there.
    pub(super) fn client_id(&self) -> &str {
        &self.client.id
    }

    /// The request as `who` sends it, or why they cannot.
    pub(super) fn request(
        &self,
        params: Vec<(String, String)>,
        who: Who,
    ) -> Result<Request, String> {
        let named = |secret: Option<&str>| Credentials {
            id: self.client.id.clone(),
            secret: secret.map(str::to_owned),
        };
        match who {
            Who::Itself => Ok(self.by(&self.client, params)),
            Who::Other => match &self.other {
                Some(other) => Ok(self.by(other, params)),
                None => Err("--other-client-id is not given".to_owned()),
            },
            _ if self.client.secret.is_none() => {
                Err("the client has no secret that could be wrong".to_owned())
            }
            Who::Nobody => Ok(named(None).by_post(&self.url, params)),
            Who::ImpostorByBasic => Ok(named(Some(WRONG_SECRET)).by_basic(&self.url, params)),
            Who::ImpostorByPost => Ok(named(Some(WRONG_SECRET)).by_post(&self.url, params)),
        }
    }

    /// Sends what the client itself asks.
    pub(super) async fn ask(&self, params: Vec<(String, String)>) -> Result<Answer, String> {
        self.send(self.by(&self.client, params)).await
    }

    pub(super) async fn send(&self, request: Request) -> Result<Answer, String> {
        self.asker.send(request).await
    }

    fn by(&self, client: &Credentials, params: Vec<(String, String)>) -> Request {
        match self.by_post {
            true => client.by_post(&self.url, params),
            false => client.by_basic(&self.url, params),
        }
    }
}
