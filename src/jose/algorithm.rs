//! The algorithms that we sign with and accept (RFC 7518 §3.1, RFC 8037).

use josekit::jwk::Jwk;
use josekit::jwk::alg::{ec::EcCurve, ed::EdCurve};
use josekit::jws::{self, JwsSigner, JwsVerifier};
use serde::{Deserialize, Serialize};

use super::p256;

/// Asymmetric ones only: RFC 8725 §3.1 and §3.2 on `none`, and on a public key that is taken
/// for the secret of an HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Algorithm {
    ES256,
    ES384,
    ES512,
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    EdDSA,
}

/// RSA keys that we make have this many bits; keys of others must have as many at least.
const RSA_BITS: u32 = 2048;

impl Algorithm {
    pub const ALL: [Self; 10] = [
        Self::ES256,
        Self::ES384,
        Self::ES512,
        Self::RS256,
        Self::RS384,
        Self::RS512,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::EdDSA,
    ];

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }

    /// The `alg` of a header or a JWK.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::ES512 => "ES512",
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
            Self::EdDSA => "EdDSA",
        }
    }

    /// The length of the access token hash in an ID Token: half of this algorithm's hash
    /// (OIDC Core §3.1.3.6). We hash by SHA-256 alone, which those with 256 in their name use.
    pub const fn hashes_by_sha256(self) -> bool {
        matches!(self, Self::ES256 | Self::RS256 | Self::PS256)
    }

    pub(super) fn generate(self) -> Jwk {
        let made = match self {
            Self::ES256 => Jwk::generate_ec_key(EcCurve::P256),
            Self::ES384 => Jwk::generate_ec_key(EcCurve::P384),
            Self::ES512 => Jwk::generate_ec_key(EcCurve::P521),
            Self::EdDSA => Jwk::generate_ed_key(EdCurve::Ed25519),
            _ => Jwk::generate_rsa_key(RSA_BITS),
        };
        made.expect("OpenSSL is built in and knows all of these")
    }

    pub(super) fn signer(self, jwk: &Jwk) -> Option<Box<dyn JwsSigner>> {
        fn boxed<S: JwsSigner + 'static>(
            made: Result<S, josekit::JoseError>,
        ) -> Option<Box<dyn JwsSigner>> {
            made.ok().map(|it| Box::new(it) as Box<dyn JwsSigner>)
        }
        match self {
            Self::ES256 => p256::Signer::of(jwk).map(|it| Box::new(it) as Box<dyn JwsSigner>),
            Self::ES384 => boxed(jws::ES384.signer_from_jwk(jwk)),
            Self::ES512 => boxed(jws::ES512.signer_from_jwk(jwk)),
            Self::RS256 => boxed(jws::RS256.signer_from_jwk(jwk)),
            Self::RS384 => boxed(jws::RS384.signer_from_jwk(jwk)),
            Self::RS512 => boxed(jws::RS512.signer_from_jwk(jwk)),
            Self::PS256 => boxed(jws::PS256.signer_from_jwk(jwk)),
            Self::PS384 => boxed(jws::PS384.signer_from_jwk(jwk)),
            Self::PS512 => boxed(jws::PS512.signer_from_jwk(jwk)),
            Self::EdDSA => boxed(jws::EdDSA.signer_from_jwk(jwk)),
        }
    }

    pub(super) fn verifier(self, jwk: &Jwk) -> Option<Box<dyn JwsVerifier>> {
        fn boxed<V: JwsVerifier + 'static>(
            made: Result<V, josekit::JoseError>,
        ) -> Option<Box<dyn JwsVerifier>> {
            made.ok().map(|it| Box::new(it) as Box<dyn JwsVerifier>)
        }
        match self {
            Self::ES256 => p256::Verifier::of(jwk).map(|it| Box::new(it) as Box<dyn JwsVerifier>),
            Self::ES384 => boxed(jws::ES384.verifier_from_jwk(jwk)),
            Self::ES512 => boxed(jws::ES512.verifier_from_jwk(jwk)),
            Self::RS256 => boxed(jws::RS256.verifier_from_jwk(jwk)),
            Self::RS384 => boxed(jws::RS384.verifier_from_jwk(jwk)),
            Self::RS512 => boxed(jws::RS512.verifier_from_jwk(jwk)),
            Self::PS256 => boxed(jws::PS256.verifier_from_jwk(jwk)),
            Self::PS384 => boxed(jws::PS384.verifier_from_jwk(jwk)),
            Self::PS512 => boxed(jws::PS512.verifier_from_jwk(jwk)),
            Self::EdDSA => boxed(jws::EdDSA.verifier_from_jwk(jwk)),
        }
    }

    /// The algorithms that a key of this form can serve, where it names none itself.
    pub(super) fn of_key(jwk: &Jwk) -> &'static [Self] {
        match (jwk.key_type(), jwk.curve()) {
            ("EC", Some("P-256")) => &[Self::ES256],
            ("EC", Some("P-384")) => &[Self::ES384],
            ("EC", Some("P-521")) => &[Self::ES512],
            ("OKP", Some("Ed25519")) => &[Self::EdDSA],
            ("RSA", _) => {
                &[Self::RS256, Self::RS384, Self::RS512, Self::PS256, Self::PS384, Self::PS512]
            }
            _ => &[],
        }
    }
}
