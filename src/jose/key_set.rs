//! Public keys, ours and those of others, and what they verify.

use std::sync::Arc;

use josekit::jwk::Jwk;
use josekit::jws::JwsVerifier;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::bad_jwt::BadJwt;
use super::rsa;
use super::unverified::UnverifiedJwt;
use crate::oauth::strict_json;

/// A set of public keys (RFC 7517 §5). Keys that we cannot use are left out.
#[derive(Clone, Default)]
pub struct KeySet(Vec<PublicKey>);

#[derive(Clone)]
pub(super) struct PublicKey {
    key_id: Option<String>,
    verifiers: Vec<(Algorithm, Box<dyn JwsVerifier>)>,
}

/// Keys beyond this many in one set are not looked at.
const MOST_KEYS: usize = 64;

/// What the `typ` of a JWT may be.
#[derive(Clone, Copy, Debug)]
pub enum Typ {
    /// This and nothing else.
    Is(&'static str),
    /// Absent or `JWT`, for tokens from before RFC 8725 §3.11: anything else is another token.
    Plain,
    /// Absent, `JWT`, or this.
    PlainOr(&'static str),
}

impl Typ {
    /// Whether `jwt` says that it is what is expected, or at least does not deny it.
    pub fn admits(self, jwt: &UnverifiedJwt) -> bool {
        let typ = jwt.typ();
        let plain = matches!(typ.as_deref(), None | Some("jwt"));
        match self {
            Self::Is(expected) => typ.as_deref() == Some(expected),
            Self::Plain => plain,
            Self::PlainOr(expected) => plain || typ.as_deref() == Some(expected),
        }
    }
}

impl KeySet {
    /// Reads `{"keys": […]}`. A member that is no key we know is passed over (RFC 7517 §5).
    pub fn parse(json: &[u8]) -> Result<Self, BadJwt> {
        #[derive(serde::Deserialize)]
        struct Members {
            keys: Vec<Map<String, Value>>,
        }
        let Members { keys } = strict_json::object(json).map_err(|_| BadJwt::KeySet)?;
        let keys = keys.into_iter().take(MOST_KEYS).filter_map(PublicKey::read);
        Ok(Self(keys.collect()))
    }

    /// The keys that somebody registered as text; `None` if there is none, or none that can be read.
    pub fn registered(jwks: Option<&str>) -> Option<Arc<Self>> {
        Self::parse(jwks?.as_bytes()).ok().map(Arc::new)
    }

    /// The claims of `jwt`, once its `typ`, its algorithm and its signature are known to be
    /// right. `accepted` is the allow-list of RFC 8725 §3.1.
    pub fn verify<T: DeserializeOwned>(
        &self,
        jwt: &UnverifiedJwt,
        typ: Typ,
        accepted: &[Algorithm],
    ) -> Result<T, BadJwt> {
        if !typ.admits(jwt) {
            return Err(BadJwt::Type);
        }
        let algorithm = Algorithm::parse(jwt.algorithm())
            .filter(|it| accepted.contains(it))
            .ok_or(BadJwt::Algorithm)?;
        let mut candidates = self.verifiers(algorithm, jwt.key_id()).peekable();
        if candidates.peek().is_none() {
            return Err(BadJwt::UnknownKey);
        }
        if !candidates.any(|it| it.verify(jwt.message(), jwt.signature()).is_ok()) {
            return Err(BadJwt::Signature);
        }
        serde_json::from_slice(jwt.claims()).map_err(|_| BadJwt::Claims)
    }

    fn verifiers(
        &self,
        algorithm: Algorithm,
        key_id: Option<&str>,
    ) -> impl Iterator<Item = &dyn JwsVerifier> {
        self.0
            .iter()
            .filter(move |key| key_id.is_none() || key.key_id.as_deref() == key_id)
            .flat_map(move |key| key.verifiers(algorithm))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PublicKey {
    /// What verifies signatures by this key and `algorithm`, if it serves that one.
    pub(super) fn verifiers(&self, algorithm: Algorithm) -> impl Iterator<Item = &dyn JwsVerifier> {
        let serves = move |(its, _): &&(Algorithm, _)| *its == algorithm;
        self.verifiers.iter().filter(serves).map(|(_, verifier)| &**verifier)
    }

    pub(super) fn read(members: Map<String, Value>) -> Option<Self> {
        let jwk = Jwk::from_map(members).ok()?;
        if jwk.key_type() == "RSA" && !rsa::is_sound(&jwk) {
            return None;
        }
        if jwk.key_use().is_some_and(|it| it != "sig") {
            return None;
        }
        let fitting = Algorithm::of_key(&jwk);
        let verifiers: Vec<_> = match jwk.algorithm() {
            None => fitting.iter().filter_map(|it| Some((*it, it.verifier(&jwk)?))).collect(),
            Some(named) => {
                let named = Algorithm::parse(named).filter(|it| fitting.contains(it))?;
                vec![(named, named.verifier(&jwk)?)]
            }
        };
        let usable = !verifiers.is_empty();
        usable.then(|| Self { key_id: jwk.key_id().map(str::to_owned), verifiers })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// RFC 8017 §3.1. With an exponent of 1 a signature is the message itself.
    #[test]
    fn exponents_of_rsa() {
        let mut jwk = Algorithm::RS256.generate().to_public_key().unwrap();
        let mut usable = |e: &str| {
            jwk.set_parameter("e", Some(json!(e))).unwrap();
            !KeySet::parse(json!({ "keys": [jwk] }).to_string().as_bytes()).unwrap().is_empty()
        };
        for (e, what) in [("AQAB", "65537"), ("Aw", "3"), ("AAM", "3 after a zero")] {
            assert!(usable(e), "{what}");
        }
        for (e, what) in [("AQ", "1"), ("AAE", "1 after a zero"), ("Ag", "2"), ("AQAA", "even")] {
            assert!(!usable(e), "{what}");
        }
        assert!(!usable("") && !usable("AA") && !usable("?"));
        assert!(usable("_____w") && !usable("AQAAAAE"), "longer than four bytes");
    }

    /// RFC 7517 §5: what cannot be used is passed over, and then there is nothing.
    #[test]
    fn keys_that_verify_nothing() {
        for jwk in [
            json!({ "kty": "oct", "k": "AAAA" }),
            json!({ "kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA" }),
            json!({ "kty": "OKP", "crv": "X25519", "x": "AAAA" }),
            json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" }),
        ] {
            let set = json!({ "keys": [jwk] }).to_string();
            assert!(KeySet::parse(set.as_bytes()).unwrap().is_empty(), "{jwk}");
        }
    }
}
