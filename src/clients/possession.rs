//! The key that a client shows to have (RFC 9449 §5).

use time::OffsetDateTime;

use super::{Refusal, UsedProof};
use crate::jose::Thumbprint;
use crate::server::AuthorizationServer;
use crate::store::Conflict;
use crate::tokens::{DpopProof, Proven};

/// Verifies the `DPoP` header of a token request, and says what it uses up.
pub(super) fn verify(
    server: &AuthorizationServer,
    proof: &str,
    now: OffsetDateTime,
) -> Result<(Thumbprint, UsedProof), Refusal> {
    let url = server.issuer.at("/oauth2/token");
    let proven = Proven { method: "POST", url: &url, access_token: None };
    let proof = DpopProof::verify(proof, proven, now)?;
    // RFC 9449 §8: a nonce shows that the proof was made after we gave it out.
    let admitted = server.shared.dpop_nonces.admit(proof.nonce(), now);
    admitted.map_err(Refusal::NonceWanted)?;
    let used = UsedProof {
        issuer: proof.realm(),
        jti: proof.jti().clone(),
        forget_after: proof.acceptable_until(),
        otherwise: Conflict::PossessionUsed,
    };
    Ok((proof.key().clone(), used))
}
