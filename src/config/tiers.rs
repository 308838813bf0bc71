//! Whom the administrator knows of the clients that describe themselves, and what others get.

use url::Url;

use super::client_hosts::{ClientHosts, NoHost};
use crate::model::Tier;
use crate::oauth::{Malformed, Scope};
use crate::outbound::is_document_url;

/// What `[clients]` says about trust.
#[derive(Clone, Debug)]
pub struct Tiers {
    pub listed: Listed,
    /// Hosts at which whatever describes itself is known by its domain.
    pub verified: ClientHosts,
    /// Who may go on without the person, from this tier upwards.
    pub refresh_from: Tier,
    /// The most that a new client may have; left out, as much as any other.
    pub new_scope: Option<Scope>,
}

/// The clients, by their addresses, that the administrator looked at.
#[derive(Clone, Debug)]
pub struct Listed(Vec<String>);

/// Why a list is none.
#[derive(Debug, thiserror::Error)]
pub enum BadTiers {
    #[error("{0:?} is no https URL with a path, and without fragment and user")]
    Url(String),
    #[error(transparent)]
    Host(#[from] NoHost),
    #[error("that is everybody")]
    Everybody,
}

impl Listed {
    /// Addresses with commas between them.
    pub fn parse(text: &str) -> Result<Self, BadTiers> {
        let urls = text.split(',').map(str::trim).filter(|it| !it.is_empty());
        let checked = urls.map(|it| match is_document_url(it) {
            true => Ok(it.to_owned()),
            false => Err(BadTiers::Url(it.to_owned())),
        });
        checked.collect::<Result<_, _>>().map(Self)
    }
}

/// Names of hosts, but not all.
pub(super) fn verified(text: &str) -> Result<ClientHosts, BadTiers> {
    match ClientHosts::parse(text)? {
        ClientHosts::Any => Err(BadTiers::Everybody),
        hosts => Ok(hosts),
    }
}

/// A scope, or none for everything.
pub(super) fn ceiling(text: &str) -> Result<Option<Scope>, Malformed> {
    Ok(Some(Scope::parse(text)?).filter(|it| !it.is_empty()))
}

impl Tiers {
    /// Whether nobody is known.
    pub fn are_empty(&self) -> bool {
        self.listed.0.is_empty() && self.verified.is_none()
    }

    /// Whether the administrator looked at the client with this identifier. Addresses are compared
    /// by "simple string comparison" (draft-ietf-oauth-client-id-metadata-document-02 §3).
    pub fn list(&self, client: &str) -> bool {
        self.listed.0.iter().any(|it| it == client)
    }

    /// Whether the administrator knows who writes what stands at `url`.
    pub fn verify(&self, url: &str) -> bool {
        Url::parse(url).is_ok_and(|it| self.is_verified(&it))
    }

    /// Whether what stands at `url` may be fetched from a private network: the administrator chose the
    /// address, or the usual port of a host of which they know who writes what is there.
    pub fn open(&self, url: &str) -> bool {
        let known = |it: &Url| it.port().is_none() && self.is_verified(it);
        self.list(url) || Url::parse(url).is_ok_and(|it| known(&it))
    }

    fn is_verified(&self, url: &Url) -> bool {
        url.scheme() == "https" && url.host_str().is_some_and(|host| self.verified.admit(host))
    }

    /// Whether a client of this tier may go on without the person.
    pub fn let_last(&self, tier: Tier) -> bool {
        tier >= self.refresh_from
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_known() {
        let tiers = Tiers {
            listed: Listed::parse("https://a.example/x, https://b.example/y").unwrap(),
            verified: verified("example.com, *.example.com").unwrap(),
            refresh_from: Tier::Seen,
            new_scope: ceiling("").unwrap(),
        };
        assert!(tiers.list("https://a.example/x") && !tiers.list("https://a.example:443/x"));
        for (url, expected) in [
            ("https://example.com/x", true),
            ("https://a.example.com:8443/x", true),
            ("https://badexample.com/x", false),
            ("http://example.com/x", false),
            ("com.example:/x", false),
        ] {
            assert_eq!(tiers.verify(url), expected, "{url}");
        }
        assert!(!tiers.let_last(Tier::New) && tiers.let_last(Tier::Listed));
        assert_eq!(tiers.new_scope, None);
        assert!(tiers.open("https://a.example/x") && tiers.open("https://a.example.com/any"));
        assert!(!tiers.open("https://a.example.com:8443/x") && !tiers.open("https://c.example/x"));
        for wrong in ["http://a.example/x", "https://a.example", "https://a.example/x#y"] {
            assert!(Listed::parse(wrong).is_err(), "{wrong}");
        }
        assert!(verified("*").is_err());
    }
}
