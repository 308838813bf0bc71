//! The name of a public key (RFC 7638), or of a certificate (RFC 8705 §3.1).

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::bad_jwt::BadJwt;

/// A SHA-256 thumbprint in base64url: of a public key, as `jkt` holds it (RFC 9449 §6.1), or of a
/// certificate, as `x5t#S256` does.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Thumbprint(Arc<str>);

/// The length of 32 bytes in base64url.
const LENGTH: usize = 43;

impl Thumbprint {
    /// Takes a text of the right form.
    pub fn parse(text: &str) -> Result<Self, BadJwt> {
        let decoded = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| BadJwt::Claims)?;
        match text.len() == LENGTH && decoded.len() == 32 {
            true => Ok(Self(text.into())),
            false => Err(BadJwt::Claims),
        }
    }

    /// RFC 7638 §3.2: the members that a key of its kind must have, in lexicographic order and
    /// without white space.
    pub(super) fn of(jwk: &Map<String, Value>) -> Result<Self, BadJwt> {
        let names: &[&str] = match jwk.get("kty").and_then(Value::as_str) {
            Some("EC") => &["crv", "kty", "x", "y"],
            Some("OKP") => &["crv", "kty", "x"],
            Some("RSA") => &["e", "kty", "n"],
            _ => return Err(BadJwt::Key),
        };
        let member = |name: &&str| {
            let value = jwk.get(*name).and_then(Value::as_str).ok_or(BadJwt::Key)?;
            Ok(format!("{}:{}", Value::from(*name), Value::from(value)))
        };
        let members: Result<Vec<_>, _> = names.iter().map(member).collect();
        Ok(Self::hash(format!("{{{}}}", members?.join(",")).as_bytes()))
    }

    /// RFC 8705 §3.1: "the SHA-256 hash [...] of the DER encoding of the X.509 certificate".
    pub(super) fn of_certificate(der: &[u8]) -> Self {
        Self::hash(der)
    }

    fn hash(bytes: &[u8]) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(bytes)).into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Thumbprint {
    type Error = BadJwt;

    fn try_from(text: String) -> Result<Self, BadJwt> {
        Self::parse(&text)
    }
}

impl Serialize for Thumbprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The example of RFC 7638 §3.1.
    #[test]
    fn the_example() {
        let jwk = json!({
            "kty": "RSA",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tS\
                  oc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGj\
                  QR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bF\
                  TWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
            "e": "AQAB",
            "alg": "RS256",
            "kid": "2011-04-29",
        });
        let thumbprint = Thumbprint::of(jwk.as_object().unwrap()).unwrap();
        assert_eq!(thumbprint.as_str(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }
}
