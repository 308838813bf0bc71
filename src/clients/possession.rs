//! What a client shows to have: a key (RFC 9449 §5), or a certificate (RFC 8705 §3).

use time::OffsetDateTime;

use super::{AuthenticatedClient, Refusal, UsedProof};
use crate::jose::Thumbprint;
use crate::server::AuthorizationServer;
use crate::store::Conflict;
use crate::tokens::{Confirmation, DpopProof, Proven};

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

/// What binds whatever `client` gets. A proof is made for that. A certificate may be there for other
/// reasons, so it binds where the client or the service wants tokens bound; and never together with a
/// key. `docs/decisions/0046-certificates.md`.
pub(super) fn confirmation(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
) -> Option<Confirmation> {
    let wanted = server.wants_bound_tokens(client.record());
    match (&client.key, &client.certificate) {
        (Some(key), _) => Some(Confirmation::Key(key.clone())),
        (None, Some(it)) if wanted => Some(Confirmation::Certificate(it.clone())),
        (None, _) => None,
    }
}
