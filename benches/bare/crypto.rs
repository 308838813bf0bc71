//! josekit with signers and verifier kept.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use josekit::jws::alg::ecdsa::{EcdsaJwsSigner, EcdsaJwsVerifier};
use josekit::jws::alg::rsassa::RsassaJwsSigner;
use josekit::jws::{ES256, JwsSigner, JwsVerifier, RS256};
use serde::Deserialize;

pub(crate) struct Keys {
    es256: EcdsaJwsSigner,
    rs256: RsassaJwsSigner,
    verifier: EcdsaJwsVerifier,
}

impl Keys {
    pub(crate) fn generate() -> Self {
        let ec = Jwk::generate_ec_key(EcCurve::P256).unwrap();
        let rsa = Jwk::generate_rsa_key(2048).unwrap();
        Self {
            es256: ES256.signer_from_jwk(&ec).unwrap(),
            rs256: RS256.signer_from_jwk(&rsa).unwrap(),
            verifier: ES256.verifier_from_jwk(&ec.to_public_key().unwrap()).unwrap(),
        }
    }

    pub(crate) fn es256(&self) -> String {
        self.es256_with(&jti())
    }

    pub(crate) fn es256_with(&self, jti: &str) -> String {
        sign(&self.es256, "ES256", jti)
    }

    pub(crate) fn rs256(&self) -> String {
        sign(&self.rs256, "RS256", &jti())
    }

    /// The `jti` of a JWT, if it is one of ours.
    pub(crate) fn verify(&self, jwt: &str) -> Option<String> {
        #[derive(Deserialize)]
        struct Claims {
            jti: String,
        }
        let (message, signature) = jwt.rsplit_once('.')?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.verifier.verify(message.as_bytes(), &signature).ok()?;
        let claims = BASE64_URL_SAFE_NO_PAD.decode(message.split_once('.')?.1).ok()?;
        Some(serde_json::from_slice::<Claims>(&claims).ok()?.jti)
    }
}

/// 128 random bits.
pub(crate) fn jti() -> String {
    #[expect(clippy::disallowed_methods, reason = "there is no environment here")]
    let bits: u128 = rand::random();
    BASE64_URL_SAFE_NO_PAD.encode(bits.to_ne_bytes())
}

/// Claims as many and as long as those of an access token.
fn sign(signer: &dyn JwsSigner, alg: &str, jti: &str) -> String {
    let header = format!(r#"{{"typ":"at+jwt","alg":"{alg}","kid":"0123456789abcdef"}}"#);
    let claims = format!(
        r#"{{"iss":"http://127.0.0.1:8080/services/chat","sub":"0123456789abcdefghijkl","aud":"http://127.0.0.1:18770/mcp","client_id":"wiki-at-chat","scope":"chat.read","iat":1790000000,"exp":1790000300,"jti":"{jti}"}}"#
    );
    let mut jwt = BASE64_URL_SAFE_NO_PAD.encode(header);
    jwt.push('.');
    BASE64_URL_SAFE_NO_PAD.encode_string(claims, &mut jwt);
    let signature = signer.sign(jwt.as_bytes()).unwrap();
    jwt.push('.');
    BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut jwt);
    jwt
}
