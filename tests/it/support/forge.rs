//! JWTs that no honest issuer makes.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use josekit::jws::{ES256, HS256, JwsSigner};
use serde_json::Value;
use tegata::jose::{Algorithm, KeyEncryptionKey, SigningKey};

use super::{PARTNER, World};

/// The key that `issuer` signs access tokens and ID-JAGs by.
pub fn key_of(world: &World, issuer: &str) -> SigningKey {
    match issuer {
        PARTNER => world.partner.key.clone(),
        _ => world.server(issuer).keys.signer(Algorithm::ES256).unwrap().clone(),
    }
}

/// A header as `key` would have it.
pub fn header_by(key: &SigningKey, typ: &str) -> Value {
    serde_json::json!({ "typ": typ, "alg": "ES256", "kid": key.key_id() })
}

/// Any header over any claims, truly signed by `key`.
pub fn forge(key: &SigningKey, header: &Value, claims: &str) -> String {
    let kek = KeyEncryptionKey::new([1; 32]);
    let jwk = Jwk::from_bytes(kek.unseal(&key.seal(&kek)).unwrap()).unwrap();
    by(&ES256.signer_from_jwk(&jwk).unwrap(), header, claims)
}

/// The same, "signed" by what everybody can read in the JWKS (RFC 8725 §2.1).
pub fn by_public_key(key: &SigningKey, header: &Value, claims: &str) -> String {
    let secret = key.public_jwk().to_string();
    by(&HS256.signer_from_bytes(secret.as_bytes()).unwrap(), header, claims)
}

/// The same, signed by nobody.
pub fn unsigned(header: &Value, claims: &str) -> String {
    with_signature(header, claims, b"")
}

/// Any header and claims with any signature.
pub fn with_signature(header: &Value, claims: &str, signature: &[u8]) -> String {
    format!("{}.{}", message(header, claims), BASE64_URL_SAFE_NO_PAD.encode(signature))
}

fn by(signer: &dyn JwsSigner, header: &Value, claims: &str) -> String {
    let signature = signer.sign(message(header, claims).as_bytes()).unwrap();
    with_signature(header, claims, &signature)
}

fn message(header: &Value, claims: &str) -> String {
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}", encode(&header.to_string()), encode(claims))
}
