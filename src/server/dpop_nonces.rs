//! The nonces that clients put into their DPoP proofs (RFC 9449 §8).
//!
//! They are made of the time and a key that all nodes have, so nobody keeps them.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;
use time::{Duration, OffsetDateTime};

use super::secret_key::SecretKey;
use crate::tokens::NONCE_LIFETIME;

/// Makes nonces, and knows them again.
#[derive(Clone)]
pub struct DpopNonces {
    key: SecretKey,
    required: bool,
}

/// A new one is given out this often, in seconds. The one before it is still good.
const STEP: i64 = NONCE_LIFETIME.whole_seconds();

impl DpopNonces {
    pub fn new(key: SecretKey, required: bool) -> Self {
        Self { key, required }
    }

    /// Whether a proof without one is refused.
    pub fn are_required(&self) -> bool {
        self.required
    }

    /// The one to give out now.
    pub fn current(&self, now: OffsetDateTime) -> String {
        self.at(now.unix_timestamp().div_euclid(STEP))
    }

    /// Whether a proof with `nonce` may pass; if not, the one that it should have.
    pub fn admit(&self, nonce: Option<&str>, now: OffsetDateTime) -> Result<(), String> {
        match nonce {
            None if !self.required => Ok(()),
            Some(nonce) if self.is_good(nonce, now) => Ok(()),
            _ => Err(self.current(now)),
        }
    }

    /// Whether `nonce` was given out a short while ago, by whichever node.
    fn is_good(&self, nonce: &str, now: OffsetDateTime) -> bool {
        // The clock of another node may be a step ahead.
        let steps = [-STEP, 0, STEP].map(|by| self.current(now + Duration::seconds(by)));
        steps.iter().any(|it| bool::from(it.as_bytes().ct_eq(nonce.as_bytes())))
    }

    fn at(&self, step: i64) -> String {
        // No secret of a client has a line end in it.
        let mac = self.key.mac(&format!("dpop-nonce\n{step}"));
        BASE64_URL_SAFE_NO_PAD.encode(&mac[..16])
    }
}
