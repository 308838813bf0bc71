//! JWTs that no honest issuer makes: any header, any claims, and still a true signature.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use josekit::jws::{self, JwsSigner};
use serde_json::{Value, json};
use tegata::jose::{Algorithm, KeyEncryptionKey, SigningKey};

/// A signer for whatever stands in the header, which the one of `tegata` is not.
pub struct Forge {
    jwk: Jwk,
    signer: Box<dyn JwsSigner>,
}

impl Forge {
    /// Signs by the private half of `key`, which must be of ES256.
    pub fn with(key: &SigningKey) -> Self {
        let kek = KeyEncryptionKey::new([1; 32]);
        let jwk = Jwk::from_bytes(kek.unseal(&key.seal(&kek)).unwrap()).unwrap();
        let signer = Box::new(jws::ES256.signer_from_jwk(&jwk).unwrap());
        Self { jwk, signer }
    }

    /// A key that nobody knows.
    pub fn of_a_stranger() -> Self {
        Self::with(&SigningKey::generate(Algorithm::ES256, "stranger"))
    }

    /// The public half, as a JWK set has it.
    pub fn public_jwk(&self) -> Value {
        let mut jwk = Value::Object(self.jwk.to_public_key().unwrap().as_ref().clone());
        jwk["kid"] = json!(self.jwk.key_id().unwrap());
        jwk["alg"] = json!("ES256");
        jwk
    }

    pub fn private_jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// The header of a token that is right, as `typ`.
    pub fn header(&self, typ: &str) -> Value {
        json!({ "typ": typ, "alg": "ES256", "kid": self.jwk.key_id().unwrap() })
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    /// Signs what may not even be JSON.
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        self.sign_message(&message(header, claims))
    }

    /// Signs what may not even be two parts.
    pub fn sign_message(&self, message: &str) -> String {
        let signature = self.signer.sign(message.as_bytes()).unwrap();
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

/// The two first parts of a JWT.
pub fn message(header: &str, claims: &str) -> String {
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}", encode(header), encode(claims))
}

/// `value` with some members of its object changed; `null` leaves one out.
pub fn with(value: &Value, changes: &Value) -> Value {
    let mut changed = value.clone();
    for (name, change) in changes.as_object().unwrap() {
        changed[name] = change.clone();
    }
    changed.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    changed
}
