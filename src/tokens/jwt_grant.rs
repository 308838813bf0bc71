//! The JWT authorization grant of identity chaining (draft-ietf-oauth-identity-chaining-17 §2.3).

use super::id_jag::IdJagClaims;
use crate::jose::SigningKey;

/// 7523bis-01 §4, and WIMSE's practices since. No token of ours has it but this one, and none of ours
/// that has it is taken.
const TYP: &str = "authorization-grant+jwt";

/// It says all that an ID-JAG says; `docs/decisions/0039-identity-chaining.md`.
#[derive(Clone, Debug)]
pub struct JwtGrant(pub IdJagClaims);

impl JwtGrant {
    pub fn sign(&self, key: &SigningKey) -> String {
        self.0.sign_as(TYP, key)
    }
}
