//! Public keys, ours and those of others, and what they verify.

use josekit::jwk::Jwk;
use josekit::jws::JwsVerifier;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::bad_jwt::BadJwt;
use super::unverified::UnverifiedJwt;

/// A set of public keys (RFC 7517 §5). Keys that we cannot use are left out.
#[derive(Clone, Default)]
pub struct KeySet(Vec<PublicKey>);

#[derive(Clone)]
struct PublicKey {
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
        let Members { keys } = serde_json::from_slice(json).map_err(|_| BadJwt::KeySet)?;
        let keys = keys.into_iter().take(MOST_KEYS).filter_map(PublicKey::read);
        Ok(Self(keys.collect()))
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
        serde_json::from_slice(jwt.claims()).map_err(|_| BadJwt::Form)
    }

    fn verifiers(
        &self,
        algorithm: Algorithm,
        key_id: Option<&str>,
    ) -> impl Iterator<Item = &dyn JwsVerifier> {
        self.0
            .iter()
            .filter(move |key| key_id.is_none() || key.key_id.as_deref() == key_id)
            .flat_map(|key| &key.verifiers)
            .filter(move |(its, _)| *its == algorithm)
            .map(|(_, verifier)| &**verifier)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PublicKey {
    fn read(members: Map<String, Value>) -> Option<Self> {
        let jwk = Jwk::from_map(members).ok()?;
        if jwk.key_use().is_some_and(|it| it != "sig") {
            return None;
        }
        let fitting = Algorithm::of_key(&jwk);
        let verifiers = match jwk.algorithm() {
            None => fitting.iter().filter_map(|it| Some((*it, it.verifier(&jwk)?))).collect(),
            Some(named) => {
                let named = Algorithm::parse(named).filter(|it| fitting.contains(it))?;
                vec![(named, named.verifier(&jwk)?)]
            }
        };
        Some(Self { key_id: jwk.key_id().map(str::to_owned), verifiers })
    }
}
