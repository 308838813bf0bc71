//! A JWT that nobody has vouched for yet.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};

use super::bad_jwt::BadJwt;
use crate::oauth::strict_json;

/// Longer JWTs than this are not read at all, in bytes.
const LONGEST: usize = 16 * 1024;

/// A JWT whose signature has not been checked.
///
/// It tells only what is needed to find the key. No other claim can be read before
/// `KeySet::verify` has turned it into claims.
pub struct UnverifiedJwt {
    /// What was signed: the first two parts with their dot.
    message: String,
    signature: Vec<u8>,
    header: Header,
    claims: Vec<u8>,
    issuer: String,
}

/// RFC 8725 §3.10: `jku`, `x5u`, `jwk` and `x5c` are not read; keys come from the issuer's
/// configuration alone.
#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    #[serde(default, deserialize_with = "present", rename = "crit")]
    is_critical: bool,
}

/// Whatever stands there, `null` included.
pub(super) fn present<'de, D: Deserializer<'de>>(reader: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(reader).map(|_| true)
}

#[derive(Deserialize)]
struct OnlyIssuer {
    iss: String,
}

impl UnverifiedJwt {
    /// Takes a compact JWS of three parts apart (RFC 7515 §5.2, 1 to 5).
    pub fn read(text: &str) -> Result<Self, BadJwt> {
        let jws = Self::read_jws(text)?;
        let OnlyIssuer { iss: issuer } = json(&jws.claims)?;
        Ok(Self { issuer, ..jws })
    }

    /// The same of any payload, by nobody: published vectors sign more than claims.
    pub(super) fn read_jws(text: &str) -> Result<Self, BadJwt> {
        let Parts { message, header, claims, signature } = parts(text)?;
        let header: Header = json(&header)?;
        // RFC 7515 §4.1.11: "If any of the listed extension Header Parameters are not
        // understood and supported by the recipient, then the JWS is invalid." None is.
        if header.is_critical {
            return Err(BadJwt::Critical);
        }
        let (message, issuer) = (message.to_owned(), String::new());
        Ok(Self { message, signature, header, claims, issuer })
    }

    /// Who says that it issued the JWT: an issuer identifier, or a client's.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What the JWT says it is. RFC 7515 §4.1.9: a media type, whose "application/" may be
    /// left out; media types are compared without regard to case.
    pub fn typ(&self) -> Option<String> {
        self.header.typ.as_deref().map(short_typ)
    }

    pub(super) fn algorithm(&self) -> &str {
        &self.header.alg
    }

    pub(super) fn key_id(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    pub(super) fn message(&self) -> &[u8] {
        self.message.as_bytes()
    }

    pub(super) fn signature(&self) -> &[u8] {
        &self.signature
    }

    pub(super) fn claims(&self) -> &[u8] {
        &self.claims
    }
}

/// A compact JWS of three parts, decoded.
pub(super) struct Parts<'a> {
    /// What was signed: the first two parts with their dot, as they were sent.
    pub message: &'a str,
    pub header: Vec<u8>,
    pub claims: Vec<u8>,
    pub signature: Vec<u8>,
}

pub(super) fn parts(text: &str) -> Result<Parts<'_>, BadJwt> {
    if text.len() > LONGEST {
        return Err(BadJwt::Form);
    }
    let (message, signature) = text.rsplit_once('.').ok_or(BadJwt::Form)?;
    let (header, claims) = message.split_once('.').ok_or(BadJwt::Form)?;
    let (header, claims) = (decode(header)?, decode(claims)?);
    Ok(Parts { message, header, claims, signature: decode(signature)? })
}

/// A media type in lower case and without its "application/".
pub(super) fn short_typ(typ: &str) -> String {
    let typ = typ.to_ascii_lowercase();
    typ.strip_prefix("application/").map(str::to_owned).unwrap_or(typ)
}

fn decode(part: &str) -> Result<Vec<u8>, BadJwt> {
    BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| BadJwt::Form)
}

pub(super) fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, BadJwt> {
    strict_json::object(bytes).map_err(|_| BadJwt::Form)
}
