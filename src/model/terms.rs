//! On which terms a connection gives what it gives, and on which a trust takes ID-JAGs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::workload::Workload;

/// What a connection demands and tells besides its scope.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionTerms {
    /// What the client may have by it; none in particular is ID-JAGs alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<ConnectionGrant>,
    /// By which of these the person must have signed in (OIDC Core §2, `acr`); none is any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub acr: Vec<String>,
    /// How long ago they may have done so at most, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u32>,
    /// How long an ID-JAG lives at most, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<u32>,
    /// Whether each request has to name a resource.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub resource_required: bool,
    /// The types of `authorization_details` that the client may ask for (RFC 9396).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authorization_details: Vec<String>,
    /// The clients of home that may act for the person by it, besides its own (RFC 8693 §4.1).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actors: Vec<String>,
    /// The accounts of agents that may, by the names that they sign in with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actor_accounts: Vec<String>,
    /// What the service is told of the person besides `sub`, by the names of claims.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub claims: BTreeMap<String, ClaimSource>,
}

impl ConnectionTerms {
    pub fn give(&self, grant: ConnectionGrant) -> bool {
        match self.grants.as_slice() {
            [] => grant == ConnectionGrant::IdJag,
            some => some.contains(&grant),
        }
    }
}

/// What home gives a client to show at a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConnectionGrant {
    /// ID-JAG §4.3.
    #[serde(rename = "id-jag")]
    IdJag,
    /// A JWT authorization grant of identity chaining, which says less about what it is.
    #[serde(rename = "chaining")]
    Chaining,
}

impl ConnectionGrant {
    pub fn parse(text: &str) -> Option<Self> {
        [Self::IdJag, Self::Chaining].into_iter().find(|it| it.as_str() == text)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IdJag => "id-jag",
            Self::Chaining => "chaining",
        }
    }
}

/// Where the value of a claim comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum ClaimSource {
    Email,
    Name,
    Username,
    /// The names of the groups that the person is in.
    Groups,
    /// The same for everybody.
    Fixed(String),
}

/// It is neither an attribute of a person nor a text after `=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is none of email, name, username and groups, and no text after \"=\"")]
pub struct NoSource;

impl From<ClaimSource> for String {
    fn from(source: ClaimSource) -> Self {
        match source {
            ClaimSource::Email => "email".to_owned(),
            ClaimSource::Name => "name".to_owned(),
            ClaimSource::Username => "username".to_owned(),
            ClaimSource::Groups => "groups".to_owned(),
            ClaimSource::Fixed(text) => format!("={text}"),
        }
    }
}

impl TryFrom<String> for ClaimSource {
    type Error = NoSource;

    fn try_from(text: String) -> Result<Self, NoSource> {
        match (text.as_str(), text.strip_prefix('=')) {
            ("email", _) => Ok(Self::Email),
            ("name", _) => Ok(Self::Name),
            ("username", _) => Ok(Self::Username),
            ("groups", _) => Ok(Self::Groups),
            (_, Some(fixed)) if !fixed.is_empty() => Ok(Self::Fixed(fixed.to_owned())),
            _ => Err(NoSource),
        }
    }
}

/// What a trust demands of an ID-JAG, and how far it believes it about who is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrustTerms {
    /// The tenant of the issuer whose people are meant (ID-JAG §6.3); none where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// What the issuer calls this service's tenant in `aud_tenant`, if it calls it anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud_tenant: Option<String>,
    /// The types of `authorization_details` that its ID-JAGs can give.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authorization_details: Vec<String>,
    /// Whether access tokens say who acts, as the ID-JAG does (ID-JAG §9.7).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub act: bool,
    /// Whether an ID-JAG has to name a resource.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub resource_required: bool,
    /// Whether `aud_sub` may name the person (ID-JAG §9.5).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub aud_sub: bool,
    /// The domains of which a verified `email` may name the person (ID-JAG §9.5).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub email_domains: Vec<String>,
    /// The domains of which a verified `email` lets a person link themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub link_domains: Vec<String>,
    /// It takes no ID-JAGs, but the assertions of these programs. Nothing else is said here, then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload: Option<Workload>,
}

impl TrustTerms {
    /// Whether `email` may name the person (ID-JAG §9.5).
    pub fn names_by(&self, email: &str) -> bool {
        is_of(email, &self.email_domains)
    }

    /// Whether who has `email` may link themselves: `docs/decisions/0045-linking.md`.
    pub fn links(&self, email: &str) -> bool {
        is_of(email, &self.link_domains)
    }
}

/// Whether `email` is an address of one of `domains`: domain names have no case (RFC 5321 §2.4).
fn is_of(email: &str, domains: &[String]) -> bool {
    let domain = email.rsplit_once('@').map(|(_, domain)| domain);
    domain.is_some_and(|it| domains.iter().any(|domain| domain.eq_ignore_ascii_case(it)))
}
