//! A JWT taken apart to be looked at. Nothing here vouches for it.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::oauth::strict_json;

/// Header and claims as they stand in the token.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// The JOSE header (RFC 7515 §4).
    pub header: Map<String, Value>,
    /// The claims (RFC 7519 §4).
    pub claims: Map<String, Value>,
}

/// Why a text cannot be looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAJwt {
    /// RFC 7515 §3.1 wants three.
    #[error("a signed JWT has three parts with dots between them")]
    Parts,
    /// RFC 7516 §3.1 has five.
    #[error("it is encrypted (JWE): only its recipient can read it")]
    Encrypted,
    /// A part is not what it should be.
    #[error("its {0} is not JSON in base64url")]
    Part(&'static str),
}

impl Decoded {
    /// Takes a compact JWS apart.
    pub fn read(token: &str) -> Result<Self, NotAJwt> {
        let parts: Vec<_> = token.split('.').collect();
        match parts[..] {
            [header, claims, _signature] => Ok(Self {
                header: object(header).ok_or(NotAJwt::Part("header"))?,
                claims: object(claims).ok_or(NotAJwt::Part("claims part"))?,
            }),
            [_, _, _, _, _] => Err(NotAJwt::Encrypted),
            _ => Err(NotAJwt::Parts),
        }
    }

    /// What the token says it is, in lower case and without `application/` (RFC 7515 §4.1.9).
    pub fn typ(&self) -> Option<String> {
        let typ = self.header.get("typ")?.as_str()?.to_ascii_lowercase();
        Some(typ.strip_prefix("application/").map(str::to_owned).unwrap_or(typ))
    }

    /// The `jwt` with other claims under the old signature: what a forger without the key
    /// can make.
    pub fn forge(
        token: &str,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> Result<String, NotAJwt> {
        let mut decoded = Self::read(token)?;
        change(&mut decoded.claims);
        let claims = BASE64_URL_SAFE_NO_PAD.encode(Value::Object(decoded.claims).to_string());
        let mut parts = token.split('.');
        let (header, signature) =
            (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
        Ok(format!("{header}.{claims}.{signature}"))
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
    strict_json::object(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forged_claim_leaves_header_and_signature() {
        let token = format!("{}.{}.c2ln", encoded(r#"{"alg":"ES256"}"#), encoded(r#"{"exp":1}"#));
        let forged = Decoded::forge(&token, |claims| {
            claims.insert("exp".into(), 2.into());
        })
        .unwrap();
        assert_eq!(Decoded::read(&forged).unwrap().claims["exp"], 2);
        assert_eq!(forged.rsplit('.').next(), Some("c2ln"));
    }

    #[test]
    fn what_is_no_jwt() {
        assert_eq!(Decoded::read("hello").unwrap_err(), NotAJwt::Parts);
        assert_eq!(Decoded::read("a.b.c.d.e").unwrap_err(), NotAJwt::Encrypted);
        assert_eq!(Decoded::read("é.b.c").unwrap_err(), NotAJwt::Part("header"));
    }

    fn encoded(json: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(json)
    }
}
