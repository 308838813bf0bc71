//! Redirect URIs (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §2.1).

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::identifiers::{Malformed, is_loopback};

/// An absolute URI without fragment: `https`, `http` on loopback, or an application's own
/// scheme, which has a dot in it (RFC 8252 §7.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RedirectUri(String);

impl RedirectUri {
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let url = Url::parse(text).map_err(|_| Malformed("a redirect URI must be absolute"))?;
        let strange = |c: char| c.is_control() || c.is_whitespace() || c == '#';
        if text.len() > 2048 || text.contains(strange) {
            return Err(Malformed(
                "a redirect URI must be short and have no spaces and no fragment",
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Malformed("a redirect URI must name no user"));
        }
        match url.scheme() {
            "https" => Ok(Self(text.to_owned())),
            "http" if is_loopback(&url) => Ok(Self(text.to_owned())),
            own if own.contains('.') => Ok(Self(text.to_owned())),
            _ => Err(Malformed(
                "a redirect URI must be https, http on loopback, or of a scheme like com.example.app",
            )),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request may use `asked` where `self` is registered.
    ///
    /// RFC 9700 §2.1: "exact string matching", but for RFC 8252 §7.3: "The authorization
    /// server MUST allow any port to be specified at the time of the request for loopback
    /// IP redirect URIs".
    pub fn admits(&self, asked: &Self) -> bool {
        self == asked
            || match (self.without_loopback_port(), asked.without_loopback_port()) {
                (Some(registered), Some(asked)) => registered == asked,
                _ => false,
            }
    }

    /// The text without its port, if it is `http` on a loopback address. RFC 8252 §8.3 leaves
    /// `localhost` out: that name may be somebody else.
    fn without_loopback_port(&self) -> Option<String> {
        let url = Url::parse(&self.0).ok()?;
        let by_address = matches!(url.host(), Some(Host::Ipv4(_) | Host::Ipv6(_)));
        if url.scheme() != "http" || !by_address || !is_loopback(&url) {
            return None;
        }
        // Only what the parser did not have to change may be compared as text.
        let host = url.host_str()?;
        let rest = self.0.strip_prefix("http://")?.strip_prefix(host)?;
        let port = format!(":{}", url.port_or_known_default()?);
        Some(format!("{host}{}", rest.strip_prefix(&port).unwrap_or(rest)))
    }

    /// Whether it leads to this machine, where any program may listen.
    pub fn is_on_loopback(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| url.scheme() == "http" && is_loopback(&url))
    }

    /// The same without what stands in its query, which is nobody else's to keep.
    pub fn without_query(&self) -> String {
        match self.0.split_once('?') {
            Some((before, _)) => format!("{before}?…"),
            None => self.0.clone(),
        }
    }

    /// The host that a person is sent to, or the scheme of the application that takes it.
    pub fn shown_host(&self) -> String {
        match Url::parse(&self.0) {
            Ok(url) => url.host_str().unwrap_or(url.scheme()).to_owned(),
            Err(_) => String::new(),
        }
    }

    /// The URI with more query parameters.
    pub fn with(&self, pairs: &[(&str, &str)]) -> String {
        let mut url = Url::parse(&self.0).expect("checked when it was made");
        url.query_pairs_mut().extend_pairs(pairs);
        url.into()
    }
}

impl TryFrom<String> for RedirectUri {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        Self::parse(&text)
    }
}

impl From<RedirectUri> for String {
    fn from(it: RedirectUri) -> Self {
        it.0
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3986 has none, so what a browser is sent to would be no URI. Found by fuzzing.
    #[test]
    fn spaces() {
        for text in [
            "com.example.app:/a b",
            "com.example.app:a b/c",
            " https://a.example/",
            "https://a.example/\u{a0}",
        ] {
            assert!(RedirectUri::parse(text).is_err(), "{text}");
        }
        assert!(RedirectUri::parse("com.example.app:/a%20b").is_ok());
    }
}
