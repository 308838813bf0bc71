//! A JWT that brings the key by which it is signed along: whoever made it has the private half.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::bad_jwt::BadJwt;
use super::key_set::PublicKey;
use super::thumbprint::Thumbprint;
use super::unverified::{self, Parts};
use crate::oauth::strict_json;

/// RFC 9449 §4.2.
#[derive(Deserialize)]
struct Header {
    typ: Option<String>,
    alg: String,
    jwk: Map<String, Value>,
    #[serde(default, deserialize_with = "unverified::present", rename = "crit")]
    is_critical: bool,
}

/// What only a private or a symmetric key has (RFC 7518 §6).
pub(super) const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// The claims of `text`, and the thumbprint of the key that is in its header and made its
/// signature: RFC 9449 §4.3, (2) and (4) to (7). It says nothing about whose key that is.
pub fn verify_self_signed<T: DeserializeOwned>(
    text: &str,
    typ: &str,
    accepted: &[Algorithm],
) -> Result<(T, Thumbprint), BadJwt> {
    let Parts { message, header, claims, signature } =
        unverified::parts(text).map_err(|_| BadJwt::Parts)?;
    let header: Header = unverified::json(&header).map_err(|_| BadJwt::Parts)?;
    if header.is_critical {
        return Err(BadJwt::Critical);
    }
    let said = header.typ.as_deref().map(unverified::short_typ);
    if said.as_deref() != Some(typ) {
        return Err(BadJwt::Type);
    }
    let algorithm = Algorithm::parse(&header.alg).filter(|it| accepted.contains(it));
    let algorithm = algorithm.ok_or(BadJwt::Algorithm)?;
    if PRIVATE.iter().any(|it| header.jwk.contains_key(*it)) {
        return Err(BadJwt::Key);
    }
    let thumbprint = Thumbprint::of(&header.jwk)?;
    let key = PublicKey::read(header.jwk).ok_or(BadJwt::Key)?;
    let mut verifiers = key.verifiers(algorithm).peekable();
    if verifiers.peek().is_none() {
        return Err(BadJwt::Key);
    }
    if !verifiers.any(|it| it.verify(message.as_bytes(), &signature).is_ok()) {
        return Err(BadJwt::OwnSignature);
    }
    let claims: Value = strict_json::object(&claims).map_err(|_| BadJwt::Parts)?;
    let claims = serde_json::from_value(claims).map_err(|_| BadJwt::Claims)?;
    Ok((claims, thumbprint))
}
