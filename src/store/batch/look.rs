//! What of all that a batch wants to use up is used up already.

use std::collections::BTreeSet;

use sea_orm::ConnectionTrait;

use super::decide::{Family, Seen};
use crate::store::queue::Order;
use crate::store::{Effect, StoreError, codes, refresh_tokens, single_uses};

/// Looks once for all orders; for what nobody wants to use up, not at all.
pub(super) async fn look(db: &impl ConnectionTrait, orders: &[Order]) -> Result<Seen, StoreError> {
    let mut uses = BTreeSet::new();
    let (mut redeemed, mut rotated) = (Vec::new(), Vec::new());
    for effect in orders.iter().flat_map(|it| &it.effects) {
        match effect {
            Effect::UseOnce { issuer, jti, .. } => {
                uses.insert((issuer.as_str(), jti.as_str()));
            }
            Effect::RedeemCode { code, .. } => redeemed.push(code),
            Effect::RotateRefreshToken { old, .. } => rotated.push(old),
            _ => {}
        }
    }
    let mut seen = Seen {
        used: single_uses::used(db, &uses).await?,
        codes: codes::unused(db, &redeemed).await?,
        ..Seen::default()
    };
    for found in refresh_tokens::look(db, &rotated).await? {
        if !found.used {
            seen.refresh_tokens.insert(found.digest);
        }
        if !found.revoked {
            seen.families.insert(found.family, Family { forget_after: found.forget_after });
        }
    }
    Ok(seen)
}
