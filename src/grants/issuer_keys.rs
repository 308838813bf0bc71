//! Verifying what a trusted issuer signed, by the keys that it has today.

use std::sync::Arc;

use crate::jose::{BadJwt, KeySet};
use crate::outbound::{Unreachable, Wanted};
use crate::policy::TrustedIssuer;
use crate::server::AuthorizationServer;
use crate::tokens::Unacceptable;

/// What `verify` makes of it.
pub(super) async fn verified<T, R: From<Unacceptable> + From<Unreachable>>(
    server: &AuthorizationServer,
    trusted: &TrustedIssuer,
    verify: impl Fn(&KeySet) -> Result<T, Unacceptable>,
) -> Result<T, R> {
    match verify(&*keys_of(server, trusted, Wanted::Cached).await?) {
        // The issuer may have rotated its keys since we last looked.
        Err(Unacceptable::Untrue(BadJwt::UnknownKey)) if trusted.keys.is_none() => {
            Ok(verify(&*keys_of(server, trusted, Wanted::Newer).await?)?)
        }
        verified => Ok(verified?),
    }
}

async fn keys_of(
    server: &AuthorizationServer,
    trusted: &TrustedIssuer,
    wanted: Wanted,
) -> Result<Arc<KeySet>, Unreachable> {
    match &trusted.keys {
        Some(keys) => Ok(Arc::clone(keys)),
        None => {
            let trust = &trusted.trust;
            server.shared.remote_keys.keys_of(&trust.issuer, &trust.keys, wanted).await
        }
    }
}
