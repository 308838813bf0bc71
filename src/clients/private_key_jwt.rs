//! `private_key_jwt` (OIDC Core §9, RFC 7523 §2.2 and §3).

use std::sync::Arc;

use time::OffsetDateTime;

use super::{Refusal, UsedProof};
use crate::jose::{BadJwt, KeySet, UnverifiedJwt};
use crate::model::Client;
use crate::oauth::Issuer;
use crate::outbound::Wanted;
use crate::server::{AuthorizationServer, RegisteredClient};
use crate::store::Conflict;
use crate::tokens::{ClientAssertion, Unacceptable};

/// Verifies the assertion by the keys that the client registered.
pub(super) async fn verify(
    server: &AuthorizationServer,
    client: &RegisteredClient,
    jwt: &UnverifiedJwt,
    now: OffsetDateTime,
) -> Result<UsedProof, Refusal> {
    let (us, record) = (&server.issuer, &client.record);
    let keys = keys_of(server, client, Wanted::Cached).await?;
    let verified = match ClientAssertion::verify(jwt, &keys, &record.id, us, now) {
        // The client may have rotated its keys since we last looked.
        Err(Unacceptable::Untrue(BadJwt::UnknownKey)) if record.jwks_uri.is_some() => {
            let keys = keys_of(server, client, Wanted::Newer).await?;
            ClientAssertion::verify(jwt, &keys, &record.id, us, now)?
        }
        verified => verified?,
    };
    Ok(UsedProof {
        issuer: name_of(us, record),
        jti: verified.jti().clone(),
        forget_after: verified.acceptable_until(),
        otherwise: Conflict::ProofUsed,
    })
}

/// Under which its `jti` are single use: client ids are unique at one issuer only, and no
/// issuer identifier has a space in it.
fn name_of(us: &Issuer, client: &Client) -> String {
    format!("{us} {}", client.id)
}

async fn keys_of(
    server: &AuthorizationServer,
    client: &RegisteredClient,
    wanted: Wanted,
) -> Result<Arc<KeySet>, Refusal> {
    match (&client.record.jwks, &client.record.jwks_uri) {
        (Some(_), _) => Ok(Arc::clone(client.keys.as_ref().ok_or(BadJwt::KeySet)?)),
        (None, Some(uri)) => {
            let (remote, tiers) = (&server.shared.remote_keys, &server.shared.tiers);
            let record = &client.record;
            let known =
                record.described.is_none() || (tiers.open(record.id.as_str()) && tiers.open(uri));
            let keys = match known {
                true => remote.set_at(uri, wanted).await,
                // Strangers named it.
                false => remote.described_set_at(uri, wanted).await,
            };
            keys.map_err(Refusal::KeysUnreachable)
        }
        (None, None) => Err(Refusal::Failed),
    }
}
