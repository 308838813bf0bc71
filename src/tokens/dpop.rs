//! The proof that whoever asks has a certain key (RFC 9449 §4).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};
use url::Url;

use super::verify::{LEEWAY, Unacceptable, acceptable_until, in_time};
use crate::jose::{Algorithm, Thumbprint, verify_self_signed};
use crate::oauth::Jti;

/// RFC 9449 §4.2.
const TYP: &str = "dpop+jwt";

/// How long after it was made a proof is taken, besides the leeway between clocks (§11.1:
/// "a relatively brief period").
const LONGEST: Duration = Duration::minutes(1);

/// RFC 9449 §4.2.
#[derive(Deserialize)]
struct Claims {
    jti: Jti,
    htm: String,
    htu: String,
    iat: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    exp: Option<i64>,
    #[serde(default)]
    ath: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
}

/// The request that a proof has to be made for.
#[derive(Clone, Copy, Debug)]
pub struct Proven<'a> {
    pub method: &'a str,
    /// Without query and fragment.
    pub url: &'a str,
    /// At a resource: the access token that comes with it.
    pub access_token: Option<&'a str>,
}

/// A proof that holds for a request. Whether it was used before, only the commit can tell.
#[derive(Clone, Debug)]
pub struct DpopProof {
    key: Thumbprint,
    jti: Jti,
    forget_after: OffsetDateTime,
    nonce: Option<String>,
}

/// Why a proof is not taken: a sentence about "it".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadProof {
    #[error("{0}")]
    Unacceptable(#[from] Unacceptable),
    #[error("its htm is not the method of the request")]
    Method,
    #[error("its htu is not {0}")]
    Url(String),
    #[error("its ath is not the hash of the access token")]
    AccessToken,
}

impl DpopProof {
    /// RFC 9449 §4.3, (2) to (9), (11) and (12a); there is one header field, (1), and the key is
    /// the one of the access token, (12b), where the caller says so.
    pub fn verify(text: &str, proven: Proven<'_>, now: OffsetDateTime) -> Result<Self, BadProof> {
        let (claims, key) =
            verify_self_signed::<Claims>(text, TYP, &Algorithm::ALL).map_err(Unacceptable::from)?;
        if claims.htm != proven.method {
            return Err(BadProof::Method);
        }
        if !is_same(&claims.htu, proven.url) {
            return Err(BadProof::Url(proven.url.to_owned()));
        }
        let last = claims.iat.saturating_add(LONGEST.whole_seconds());
        let exp = claims.exp.map_or(last, |exp| exp.min(last));
        in_time(claims.iat, claims.nbf, exp, now)?;
        if claims.ath != proven.access_token.map(hash) {
            return Err(BadProof::AccessToken);
        }
        let forget_after = acceptable_until(last);
        Ok(Self { key, jti: claims.jti, forget_after, nonce: claims.nonce })
    }

    /// Which key it proves.
    pub fn key(&self) -> &Thumbprint {
        &self.key
    }

    /// Within which no `jti` is taken twice. No issuer identifier looks like that.
    pub fn realm(&self) -> String {
        format!("dpop {}", self.key)
    }

    pub fn jti(&self) -> &Jti {
        &self.jti
    }

    /// Until then, [`DpopProof::verify`] may accept it again.
    pub fn acceptable_until(&self) -> OffsetDateTime {
        self.forget_after
    }

    /// What the server gave the client to put into it (RFC 9449 §8).
    pub fn nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }
}

/// RFC 9449 §4.3 (9): "ignoring any query and fragment parts", after normalization.
fn is_same(htu: &str, url: &str) -> bool {
    let plain = |text: &str| {
        let mut url = Url::parse(text).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        Some(url)
    };
    plain(htu).is_some_and(|htu| Some(htu) == plain(url))
}

/// RFC 9449 §4.2: `ath`.
fn hash(access_token: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(access_token))
}

/// How long a nonce is good for at least: as long as a proof.
pub const NONCE_LIFETIME: Duration = LONGEST.saturating_add(LEEWAY);

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9449 §7.1.
    #[test]
    fn vectors_of_the_rfc() {
        let rfc: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/rfc.json")).unwrap();
        let vectors = rfc["ath"].as_array().unwrap();
        assert_eq!(vectors.len(), 1);
        for vector in vectors {
            assert_eq!(hash(vector["token"].as_str().unwrap()), vector["ath"]);
        }
    }
}
