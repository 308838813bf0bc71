//! ES256 (RFC 7518 §3.4) by AWS-LC, which signs in three quarters of OpenSSL's time, and verifies in
//! four fifths: nearly every token is signed so.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, ParsedPublicKey,
};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use josekit::JoseError;
use josekit::jwk::Jwk;
use josekit::jws::{self, JwsAlgorithm, JwsSigner, JwsVerifier};
use serde_json::Value;

/// The bytes of a coordinate of P-256, and of a private key (RFC 7518 §6.2).
const COORDINATE: usize = 32;

/// Of an uncompressed point (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 4;

#[derive(Clone, Debug)]
pub(super) struct Signer(Arc<EcdsaKeyPair>);

#[derive(Clone, Debug)]
pub(super) struct Verifier(Arc<ParsedPublicKey>);

impl Signer {
    /// `None` if `jwk` is no private key of P-256, or not for signing.
    pub(super) fn of(jwk: &Jwk) -> Option<Self> {
        if !is_for(jwk, "sign") {
            return None;
        }
        let (private, public) = (number(jwk, "d")?, point(jwk)?);
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &private,
            &public,
        );
        pair.ok().map(|it| Self(Arc::new(it)))
    }
}

impl Verifier {
    /// `None` if `jwk` is no point of P-256, or not for verifying.
    pub(super) fn of(jwk: &Jwk) -> Option<Self> {
        if !is_for(jwk, "verify") {
            return None;
        }
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point(jwk)?);
        key.ok().map(|it| Self(Arc::new(it)))
    }
}

/// RFC 7517 §4.3, RFC 7518 §6.2.1.1.
fn is_for(jwk: &Jwk, operation: &str) -> bool {
    (jwk.key_type(), jwk.curve()) == ("EC", Some("P-256")) && jwk.is_for_key_operation(operation)
}

/// RFC 7518 §6.2.1.2: all of its octets are there, also if they are zeros.
fn number(jwk: &Jwk, name: &str) -> Option<[u8; COORDINATE]> {
    let text = jwk.parameter(name).and_then(Value::as_str)?;
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

fn point(jwk: &Jwk) -> Option<[u8; 1 + 2 * COORDINATE]> {
    let (x, y) = (number(jwk, "x")?, number(jwk, "y")?);
    [&[UNCOMPRESSED][..], &x, &y].concat().try_into().ok()
}

fn failed(error: aws_lc_rs::error::Unspecified) -> JoseError {
    JoseError::InvalidSignature(error.into())
}

impl JwsSigner for Signer {
    fn algorithm(&self) -> &dyn JwsAlgorithm {
        &jws::ES256
    }

    fn key_id(&self) -> Option<&str> {
        None
    }

    fn signature_len(&self) -> usize {
        2 * COORDINATE
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, JoseError> {
        let signature = self.0.sign(&SystemRandom::new(), message).map_err(failed)?;
        Ok(signature.as_ref().to_vec())
    }

    fn box_clone(&self) -> Box<dyn JwsSigner> {
        Box::new(self.clone())
    }
}

impl JwsVerifier for Verifier {
    fn algorithm(&self) -> &dyn JwsAlgorithm {
        &jws::ES256
    }

    fn key_id(&self) -> Option<&str> {
        None
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), JoseError> {
        self.0.verify_sig(message, signature).map_err(failed)
    }

    fn box_clone(&self) -> Box<dyn JwsVerifier> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use josekit::jwk::alg::ec::EcCurve;
    use serde_json::json;

    use super::*;

    fn key() -> Jwk {
        Jwk::generate_ec_key(EcCurve::P256).unwrap()
    }

    #[test]
    fn what_one_library_signs_the_other_one_takes() {
        let jwk = key();
        let public = jwk.to_public_key().unwrap();
        let signers: [Box<dyn JwsSigner>; 2] = [
            Box::new(Signer::of(&jwk).unwrap()),
            Box::new(jws::ES256.signer_from_jwk(&jwk).unwrap()),
        ];
        let verifiers: [Box<dyn JwsVerifier>; 2] = [
            Box::new(Verifier::of(&public).unwrap()),
            Box::new(jws::ES256.verifier_from_jwk(&public).unwrap()),
        ];
        for signer in &signers {
            let signature = signer.sign(b"one").unwrap();
            assert_eq!(signature.len(), signer.signature_len());
            for verifier in &verifiers {
                verifier.verify(b"one", &signature).unwrap();
                assert!(verifier.verify(b"other", &signature).is_err());
                assert!(verifier.verify(b"one", &signature[1..]).is_err());
            }
        }
    }

    #[test]
    fn what_is_no_key() {
        let with = |name: &str, value: Value| {
            let mut jwk = key();
            jwk.set_parameter(name, Some(value)).unwrap();
            jwk
        };
        let bytes = |length: usize| json!(BASE64_URL_SAFE_NO_PAD.encode(vec![1; length]));
        let other = key().parameter("d").cloned().unwrap();
        assert!(Signer::of(&key()).is_some() && Verifier::of(&key()).is_some());
        assert!(Signer::of(&with("d", other)).is_none(), "of another point");
        assert!(Verifier::of(&with("x", bytes(32))).is_none(), "not on the curve");
        assert!(Verifier::of(&with("x", bytes(31))).is_none(), "an octet too few");
        assert!(Verifier::of(&with("y", bytes(33))).is_none(), "an octet too many");
        assert!(Verifier::of(&with("key_ops", json!(["sign"]))).is_none());
        assert!(Signer::of(&with("key_ops", json!(["verify"]))).is_none());
        assert!(Verifier::of(&Jwk::generate_ec_key(EcCurve::P384).unwrap()).is_none());
    }
}
