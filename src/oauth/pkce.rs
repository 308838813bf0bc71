//! Proof Key for Code Exchange (RFC 7636). `plain` is not among what we know.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::identifiers::Malformed;

/// An `S256` challenge: the base64url of a SHA-256 (RFC 7636 §4.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeChallenge(String);

/// What only the client that made the challenge knows (RFC 7636 §4.1).
pub struct CodeVerifier(String);

impl CodeChallenge {
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        match BASE64_URL_SAFE_NO_PAD.decode(text) {
            Ok(digest) if digest.len() == 32 => Ok(Self(text.to_owned())),
            _ => Err(Malformed("a code_challenge is the base64url of a SHA-256, 43 characters")),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// RFC 7636 §4.6: `BASE64URL-ENCODE(SHA256(ASCII(code_verifier))) == code_challenge`.
    pub fn is_met_by(&self, verifier: &CodeVerifier) -> bool {
        let met = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.0.as_bytes()));
        met.as_bytes().ct_eq(self.0.as_bytes()).into()
    }
}

impl CodeVerifier {
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        match (43..=128).contains(&text.len()) && text.chars().all(unreserved) {
            true => Ok(Self(text.to_owned())),
            false => Err(Malformed("a code_verifier has 43 to 128 unreserved characters")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 Appendix B.
    #[test]
    fn vectors_of_the_rfc() {
        let rfc: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/rfc.json")).unwrap();
        let vectors = rfc["pkce_s256"].as_array().unwrap();
        assert_eq!(vectors.len(), 1);
        for vector in vectors {
            let challenge = CodeChallenge::parse(vector["challenge"].as_str().unwrap()).unwrap();
            let verifier = vector["verifier"].as_str().unwrap();
            let meets = |text: &str| challenge.is_met_by(&CodeVerifier::parse(text).unwrap());
            assert!(meets(verifier));
            assert!(!meets(&verifier.to_lowercase()) && !meets(challenge.as_str()));
        }
    }
}
