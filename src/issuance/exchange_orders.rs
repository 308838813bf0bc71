//! What leaves for an access token that is exchanged (RFC 8693 §2.2.1).

use time::Duration;

use super::orders::{Bench, Order, access_token, plain, record};
use super::warrant::Narrowed;
use crate::model::LedgerEvent;
use crate::tokens::AccessTokenClaims;

impl Bench<'_> {
    /// The same person and the same login, for no longer than before.
    pub(super) fn narrowed(self, narrowed: Narrowed) -> Order {
        let Self { server, client, attempt } = self;
        let Narrowed { token, scope, resources, details, act, audience } = narrowed;
        attempt.scope = Some(scope.clone());
        attempt.acted(act.as_ref());
        let shown = token.claims();
        let left = Duration::seconds(shown.exp - attempt.now.unix_timestamp());
        let lifetime = server.shared.lifetimes.access_token.min(left);
        let access = AccessTokenClaims {
            exp: (attempt.now + lifetime).unix_timestamp(),
            auth_time: shown.auth_time,
            acr: shown.acr.clone(),
            amr: shown.amr.clone(),
            authorization_details: details.clone(),
            sid: shown.sid.clone(),
            grant_id: shown.grant_id.clone(),
            act,
            // What was bound stays so, whatever the client wants of its own tokens.
            cnf: shown.cnf.clone().or_else(|| client.confirmation().cloned()),
            ..access_token(server, client, attempt, shown.sub.clone(), &scope, audience)
        };
        let effects = vec![record(attempt, LedgerEvent::AccessToken, &access.jti)];
        Order { lifetime, resources, details, ..plain(server, access, scope, effects) }
    }
}
