//! The ID Token (OIDC Core §2), and what it takes to take it back as a subject token.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::audience::OneOrMany;
use super::verify::{Unacceptable, in_time};
use crate::jose::{Algorithm, KeySet, SigningKey, Typ, UnverifiedJwt};
use crate::oauth::{ClientId, Issuer, Jti, SessionId, Subject};

const TYP: &str = "JWT";

/// OIDC Core §2, in its order. What `profile` and `email` give is told at userinfo (§5.4).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IdTokenClaims {
    pub iss: Issuer,
    pub sub: Subject,
    pub aud: OneOrMany<ClientId>,
    pub exp: i64,
    pub iat: i64,
    pub auth_time: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    pub acr: String,
    pub amr: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azp: Option<ClientId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_hash: Option<String>,
    pub sid: SessionId,
    /// Ties what is obtained by it to it, in the ledger.
    pub jti: Jti,
    /// The family that it belongs to: what is revoked as a whole ends here, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_id: Option<String>,
}

impl IdTokenClaims {
    pub fn sign(&self, key: &SigningKey) -> String {
        key.sign(TYP, self)
    }
}

/// OIDC Core §3.1.3.6: the left half of the hash that the algorithm of the ID Token uses.
/// `None` for algorithms that hash by something else than SHA-256; the claim is optional.
pub fn access_token_hash(access_token: &str, algorithm: Algorithm) -> Option<String> {
    let digest = Sha256::digest(access_token.as_bytes());
    algorithm.hashes_by_sha256().then(|| BASE64_URL_SAFE_NO_PAD.encode(&digest[..16]))
}

/// An ID Token that we issued to the client that now presents it.
#[derive(Clone, Debug)]
pub struct VerifiedIdToken(IdTokenClaims);

impl VerifiedIdToken {
    /// ID-JAG §4.3.3, first rule, with the type check of RFC 8725 §3.11.
    pub fn verify(
        jwt: &UnverifiedJwt,
        our_keys: &KeySet,
        us: &Issuer,
        client: &ClientId,
        now: OffsetDateTime,
    ) -> Result<Self, Unacceptable> {
        if jwt.issuer() != us.as_str() {
            return Err(Unacceptable::Issuer);
        }
        let claims: IdTokenClaims = our_keys.verify(jwt, Typ::Plain, &Algorithm::ALL)?;
        // OIDC Core §3.1.3.7 (3)-(5).
        let audiences = claims.aud.as_slice();
        let authorized = match &claims.azp {
            Some(azp) => azp == client,
            None => audiences.len() == 1,
        };
        if !audiences.contains(client) || !authorized {
            return Err(Unacceptable::Client);
        }
        in_time(claims.iat, None, claims.exp, now)?;
        Ok(Self(claims))
    }

    pub fn claims(&self) -> &IdTokenClaims {
        &self.0
    }

    pub fn subject(&self) -> &Subject {
        &self.0.sub
    }

    pub fn sid(&self) -> &SessionId {
        &self.0.sid
    }
}

/// An ID Token as a hint about who is meant (OIDC Core §3.1.2.1, RP-Initiated Logout §2): its
/// signature and issuer are ours, but it may have expired.
#[derive(Clone, Debug)]
pub struct Hint(IdTokenClaims);

impl Hint {
    pub fn verify(
        jwt: &UnverifiedJwt,
        our_keys: &KeySet,
        us: &Issuer,
    ) -> Result<Self, Unacceptable> {
        if jwt.issuer() != us.as_str() {
            return Err(Unacceptable::Issuer);
        }
        Ok(Self(our_keys.verify(jwt, Typ::Plain, &Algorithm::ALL)?))
    }

    pub fn claims(&self) -> &IdTokenClaims {
        &self.0
    }
}
