//! What of all that a batch wants to use up is used up already.

use std::collections::{BTreeSet, HashMap};

use sea_orm::ConnectionTrait;

use super::decide::{Revoked, Seen};
use crate::store::queue::Order;
use crate::store::{Effect, StoreError, codes, refresh_tokens, single_uses, token_families};

/// Looks once for all orders; for what nobody wants to use up, not at all.
pub(super) async fn look(db: &impl ConnectionTrait, orders: &[Order]) -> Result<Seen, StoreError> {
    let mut uses = BTreeSet::new();
    let (mut redeemed, mut rotated, mut families) = (Vec::new(), Vec::new(), Vec::new());
    for effect in orders.iter().flat_map(|it| &it.effects) {
        match effect {
            Effect::UseOnce { issuer, jti, .. } => {
                uses.insert((issuer.as_str(), jti.as_str()));
            }
            Effect::RedeemCode { code, .. } => redeemed.push(code),
            Effect::RotateRefreshToken { old, new } => {
                rotated.push(old);
                families.push(new.family.id.as_str());
            }
            _ => {}
        }
    }
    let states = token_families::states(db, &families).await?;
    let states = states.into_iter().map(|(id, revoked)| (id, Revoked(revoked)));
    Ok(Seen {
        used: single_uses::used(db, &uses).await?,
        codes: codes::unused(db, &redeemed).await?,
        refresh_tokens: refresh_tokens::unused(db, &rotated).await?,
        families: states.collect::<HashMap<_, _>>(),
    })
}
