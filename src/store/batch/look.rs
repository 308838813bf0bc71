//! What of all that a batch wants to use up is used up already.

use std::collections::BTreeSet;

use sea_orm::ConnectionTrait;

use super::decide::{Family, Seen};
use crate::model::Link;
use crate::store::queue::Order;
use crate::store::{
    Effect, StoreError, accounts, codes, link_invitations, refresh_tokens, single_uses,
};

/// What is seen where nothing of what `orders` want to use up was used before, and all families
/// live on.
pub(super) fn unused(orders: &[Order]) -> Seen {
    let mut seen = Seen::default();
    for effect in orders.iter().flat_map(|it| &it.effects) {
        match effect {
            Effect::RedeemCode { code, .. } => drop(seen.codes.insert(code.clone())),
            Effect::RotateRefreshToken { old, new } => {
                seen.refresh_tokens.insert(old.clone());
                seen.families.insert(new.family.id.clone(), Family { forget_after: i64::MAX });
            }
            Effect::Link { by, .. } | Effect::Dismiss(by) => {
                seen.invitations.insert(by.id.to_string(), by.about());
            }
            Effect::Unlink(link) => drop(seen.links.insert(Link::clone(link))),
            _ => {}
        }
    }
    seen
}

/// Looks once for all orders; for what nobody wants to use up, not at all.
pub(super) async fn look(db: &impl ConnectionTrait, orders: &[Order]) -> Result<Seen, StoreError> {
    let mut uses = BTreeSet::new();
    let (mut redeemed, mut rotated, mut seen) = (Vec::new(), Vec::new(), Seen::default());
    for effect in orders.iter().flat_map(|it| &it.effects) {
        match effect {
            Effect::UseOnce { issuer, jti, .. } => {
                uses.insert((issuer.as_str(), jti.as_str()));
            }
            Effect::RedeemCode { code, .. } => redeemed.push(code),
            Effect::RotateRefreshToken { old, new } => rotated.push((&new.family.id, old)),
            Effect::Link { by, .. } | Effect::Dismiss(by) => {
                let open = link_invitations::is_open(db, by).await?;
                seen.invitations.extend(open.then(|| (by.id.to_string(), by.about())));
            }
            Effect::Unlink(link) => {
                let there = accounts::is_linked(db, link).await?;
                seen.links.extend(there.then(|| Link::clone(link)));
            }
            _ => {}
        }
    }
    // Families are locked in order, so that of two nodes neither waits for the other while the
    // other waits for it.
    rotated.sort_unstable_by_key(|(family, _)| *family);
    let rotated: Vec<_> = rotated.into_iter().map(|(_, token)| token).collect();
    seen.used = single_uses::used(db, &uses).await?;
    seen.codes = codes::unused(db, &redeemed).await?;
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
