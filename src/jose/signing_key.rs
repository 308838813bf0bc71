//! Our own signing keys.
//!
//! OpenSSL takes 15 times longer to read a key than to sign with it, so a signer is made
//! once and kept.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use josekit::jws::JwsSigner;
use serde::Serialize;
use serde_json::{Value, json};

use super::algorithm::Algorithm;
use super::bad_jwt::BadJwt;
use super::seal::{KeyEncryptionKey, Sealed, Unsealable};

/// A private key with its signer.
#[derive(Clone)]
pub struct SigningKey {
    jwk: Jwk,
    key_id: String,
    algorithm: Algorithm,
    signer: Box<dyn JwsSigner>,
}

impl SigningKey {
    /// Makes a new key pair. RSA takes a tenth of a second and more.
    pub fn generate(algorithm: Algorithm, key_id: &str) -> Self {
        let mut jwk = algorithm.generate();
        jwk.set_key_id(key_id);
        jwk.set_algorithm(algorithm.as_str());
        jwk.set_key_use("sig");
        Self::from_jwk(jwk).expect("the key was made for this algorithm")
    }

    fn from_jwk(jwk: Jwk) -> Result<Self, BadJwt> {
        let algorithm = jwk.algorithm().and_then(Algorithm::parse).ok_or(BadJwt::KeySet)?;
        let key_id = jwk.key_id().ok_or(BadJwt::KeySet)?.to_owned();
        let signer = algorithm.signer(&jwk).ok_or(BadJwt::KeySet)?;
        Ok(Self { jwk, key_id, algorithm, signer })
    }

    /// The private key, unreadable without `kek`.
    pub fn seal(&self, kek: &KeyEncryptionKey) -> Sealed {
        kek.seal(self.jwk.to_string().as_bytes())
    }

    pub fn unseal(sealed: &Sealed, kek: &KeyEncryptionKey) -> Result<Self, Unsealable> {
        let json = kek.unseal(sealed)?;
        let jwk = Jwk::from_bytes(&json).map_err(|_| Unsealable)?;
        Self::from_jwk(jwk).map_err(|_| Unsealable)
    }

    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The public half as a JWK with `kid`, `use` and `alg`.
    pub fn public_jwk(&self) -> Value {
        let public = self.jwk.to_public_key().expect("an asymmetric key has a public half");
        let mut public = Value::Object(public.as_ref().clone());
        // josekit leaves these behind.
        public["kid"] = json!(self.key_id);
        public["use"] = json!("sig");
        public["alg"] = json!(self.algorithm.as_str());
        public
    }

    /// Signs `claims` into a JWT whose `typ` header says what it is (RFC 8725 §3.11).
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> String {
        let header = Header { typ, alg: self.algorithm.as_str(), kid: &self.key_id };
        let header = serde_json::to_vec(&header).expect("it has three texts");
        let claims = serde_json::to_vec(claims).expect("claims are plain structs");
        let mut jwt = String::with_capacity(2 * (header.len() + claims.len()) + LIKELY_SIGNATURE);
        BASE64_URL_SAFE_NO_PAD.encode_string(header, &mut jwt);
        jwt.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(claims, &mut jwt);
        let signature = self.signer.sign(jwt.as_bytes()).expect("the key serves its algorithm");
        jwt.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut jwt);
        jwt
    }
}

/// The JOSE header of what we sign (RFC 7515 §4).
#[derive(Serialize)]
struct Header<'a> {
    typ: &'a str,
    alg: &'a str,
    kid: &'a str,
}

/// Of most keys, in bytes.
const LIKELY_SIGNATURE: usize = 96;

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, {})", self.key_id, self.algorithm.as_str())
    }
}
