//! The entries of `directory.toml` as they are written, before anybody knows what they mean.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de};

/// A text that no message repeats, whatever is wrong with it.
#[derive(Clone, Debug)]
pub(super) struct Secret(pub SecretString);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => Ok(Self(text.into())),
            _ => Err(de::Error::custom("it is not a text")),
        }
    }
}

/// `[[group]]`: a department or a team.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGroup {
    pub name: String,
}

/// `[[user]]`: a person.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawUser {
    pub username: String,
    pub email: Option<String>,
    pub name: Option<String>,
    pub password: Option<Secret>,
    pub password_hash: Option<Secret>,
    #[serde(default)]
    pub groups: Vec<String>,
    #[serde(default = "yes")]
    pub active: bool,
}

/// `[[service]]`: a resource authorization server, hosted here or elsewhere.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawService {
    pub id: String,
    pub name: Option<String>,
    pub issuer: Option<String>,
    #[serde(default = "yes")]
    pub hosted: bool,
    #[serde(default)]
    pub resources: Vec<String>,
    #[serde(default)]
    pub audience_aliases: Vec<String>,
    #[serde(default)]
    pub scopes: toml::Table,
    pub access_token_signing_alg: Option<String>,
    /// The scopes of clients that describe themselves.
    #[serde(default)]
    pub described_clients: Vec<String>,
    pub registration: Option<String>,
    /// Types of `authorization_details`, each with a JSON Schema as text.
    #[serde(default)]
    pub authorization_details_types: BTreeMap<String, String>,
    #[serde(default)]
    pub dpop_bound_access_tokens_required: bool,
    pub subject_type: Option<String>,
    pub sector: Option<String>,
    /// Read apart, so that one wrong trust does not hide the others.
    pub trust: Option<Vec<toml::Table>>,
    #[serde(default = "yes")]
    pub active: bool,
}

/// For what is there unless the file says otherwise: `active = false` switches an entry off and
/// keeps it.
fn yes() -> bool {
    true
}

/// `[[service.trust]]`: whose ID-JAGs the service takes, or which workload is a client of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a member of the file")]
pub(super) struct RawTrust {
    pub issuer: String,
    pub kind: Option<String>,
    pub jwks: Option<String>,
    pub jwks_uri: Option<String>,
    pub scopes: Option<Vec<String>>,
    pub reuse: Option<String>,
    pub accounts: Option<String>,
    /// The longest time from `iat` to `exp`, in seconds.
    pub longest: Option<i64>,
    pub tenant: Option<String>,
    pub aud_tenant: Option<String>,
    #[serde(default)]
    pub authorization_details: Vec<String>,
    #[serde(default)]
    pub act: bool,
    #[serde(default)]
    pub resource_required: bool,
    #[serde(default)]
    pub aud_sub: bool,
    #[serde(default)]
    pub email_domains: Vec<String>,
    #[serde(default)]
    pub link_domains: Vec<String>,
    /// The client of the service that a workload is.
    pub client: Option<String>,
    /// The `sub` of its assertions.
    pub subject: Option<String>,
    #[serde(default)]
    pub claims: BTreeMap<String, toml::Value>,
    #[serde(default)]
    pub resources: Vec<String>,
    #[serde(default = "yes")]
    pub active: bool,
}

/// `[[client]]`: a registration (RFC 7591 §2) at home or at a service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a member of the entry")]
pub(super) struct RawClient {
    pub at: Option<String>,
    pub client_id: String,
    pub name: Option<String>,
    pub client_name: Option<String>,
    #[serde(default)]
    pub agent: bool,
    pub client_secret: Option<Secret>,
    pub jwks: Option<String>,
    pub jwks_uri: Option<String>,
    pub token_endpoint_auth_method: Option<String>,
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    pub grant_types: Option<Vec<String>>,
    pub scope: Option<String>,
    pub id_token_signed_response_alg: Option<String>,
    #[serde(default)]
    pub dpop_bound_access_tokens: bool,
    pub subject_type: Option<String>,
    pub sector: Option<String>,
    pub sector_identifier_uri: Option<String>,
    #[serde(default)]
    pub tls_client_certificate_bound_access_tokens: bool,
    #[serde(default = "yes")]
    pub active: bool,
}

/// `[[connection]]`: the administrator's word that a client may act at a service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConnection {
    pub client: String,
    pub service: String,
    pub client_id: String,
    #[serde(default)]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub resources: Vec<String>,
    pub approval: Option<String>,
    /// What the client may have by it.
    #[serde(default)]
    pub grants: Vec<String>,
    #[serde(default)]
    pub groups: Vec<String>,
    #[serde(default)]
    pub acr: Vec<String>,
    /// How long ago the person may have signed in, in seconds.
    pub max_age: Option<i64>,
    /// How long an ID-JAG lives, in seconds.
    pub lifetime: Option<i64>,
    /// The types of `authorization_details` that the client may ask for.
    #[serde(default)]
    pub authorization_details: Vec<String>,
    #[serde(default)]
    pub resource_required: bool,
    /// The clients of home that may act by it, besides its own.
    #[serde(default)]
    pub actors: Vec<String>,
    /// The accounts of agents that may.
    #[serde(default)]
    pub actor_accounts: Vec<String>,
    /// What the service is told of the person: claims and where they come from.
    #[serde(default)]
    pub claims: BTreeMap<String, String>,
    #[serde(default = "yes")]
    pub active: bool,
}
