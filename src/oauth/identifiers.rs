//! Identifiers that travel in requests and claims. Each is checked once, when parsed; many hold
//! the same one.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use url::{Host, Url};

/// Why a text is not what it should be: a sentence for the one who sent it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub(super) &'static str);

/// The longest identifier that we keep or compare, in bytes.
const LONGEST: usize = 512;

/// An issuer identifier: an `https` URL without query or fragment (RFC 8414 §2), or an
/// `http` one whose host is this machine.
///
/// Kept as the text it came in, for issuers are compared by simple string comparison.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Issuer(Arc<str>);

impl TryFrom<String> for Issuer {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        let url = Url::parse(&text).map_err(|_| Malformed("an issuer must be a URL"))?;
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(Malformed("an issuer must have no spaces and no control characters"));
        }
        let plain = url.scheme() == "http" && is_loopback(&url);
        if text.len() > LONGEST || (url.scheme() != "https" && !plain) {
            return Err(Malformed("an issuer must be an https URL (http only on loopback)"));
        }
        let user = !url.username().is_empty() || url.password().is_some();
        if url.query().is_some() || url.fragment().is_some() || user {
            return Err(Malformed("an issuer must have no query, no fragment and no user"));
        }
        Ok(Self(text.into()))
    }
}

impl Issuer {
    /// The identifier that an endpoint or a well-known document is found below.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        Self::try_from(text.to_owned())
    }

    /// The identifier, letter by letter as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The identifier as a URL.
    pub fn url(&self) -> Url {
        Url::parse(&self.0).expect("checked when it was made")
    }

    /// Where `path`, which begins with a slash, is below this issuer.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0.trim_end_matches('/'))
    }
}

/// Whether the host of `url` is this machine, by its name or its address.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

macro_rules! opaque_text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes 1 to 512 bytes of text without control characters.
            pub fn parse(text: &str) -> Result<Self, Malformed> {
                Self::try_from(text.to_owned())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = Malformed;

            fn try_from(text: String) -> Result<Self, Malformed> {
                match (1..=LONGEST).contains(&text.len()) && !text.chars().any(char::is_control) {
                    true => Ok(Self(text.into())),
                    false => Err(Malformed(
                        "an identifier has 1 to 512 bytes and no control characters",
                    )),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

opaque_text! {
    /// A client identifier (RFC 6749 §2.2). Unique at one authorization server only.
    ClientId
}
opaque_text! {
    /// A subject identifier (RFC 7519 §4.1.2). Unique at one issuer only.
    Subject
}
opaque_text! {
    /// A JWT identifier (RFC 7519 §4.1.7).
    Jti
}
opaque_text! {
    /// The short name of a service in the directory, and the last part of its default issuer.
    ServiceId
}
opaque_text! {
    /// A session at the provider: one person, signed in once (OIDC Back-Channel Logout §2.1).
    SessionId
}
opaque_text! {
    /// What ties one answer, its log lines and its ledger rows together.
    RequestId
}

impl Serialize for Issuer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
