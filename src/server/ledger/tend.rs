//! Every minute: checkpoints signed, tables for the months ahead, old months dropped.

use time::Duration;

use crate::model::{Checkpoint, DroppedMonth};
use crate::server::authorization_server::AuthorizationServer;
use crate::server::keys::IssuerKeys;
use crate::server::live::LiveIssuers;
use crate::store::{self, StoreError, ledger};

use super::word::{sign_checkpoint, sign_drop};

/// Rows of a month that is gone, deleted in one step.
const CLEARED_AT_ONCE: u32 = 500;

#[derive(Debug, thiserror::Error)]
pub enum TendError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("home has no ES256 key to sign with")]
    NoKey,
}

/// Signs how far the chains are, makes the tables of the months ahead, drops what need not be
/// kept. What fails does not keep the others from being done; the first error is returned.
pub async fn tend(issuers: &LiveIssuers) -> Result<(), TendError> {
    let shared = issuers.shared();
    let signed = checkpoint(issuers).await;
    let prepared = ledger::prepare(&shared.store, shared.environment.clock.now()).await;
    let retained = match shared.keep_ledger {
        Some(kept) => retain(issuers, kept).await,
        None => Ok(()),
    };
    signed?;
    prepared?;
    retained
}

/// Signs how far each chain is that has grown, also those of other nodes. Returns how many.
pub async fn checkpoint(issuers: &LiveIssuers) -> Result<usize, TendError> {
    let shared = issuers.shared();
    let mut ends = ledger::unvouched_ends(shared.store.read()).await?;
    // Whoever is cut off in between leaves the later ones to the next, who looks not far back.
    ends.sort_by_key(|it| it.number);
    let home = home_of(issuers);
    let key = home.keys.signer(IssuerKeys::MAIN).ok_or(TendError::NoKey)?;
    let at = shared.environment.clock.now();
    for end in &ends {
        let jws = sign_checkpoint(key, &home.issuer, end, at);
        let checkpoint = Checkpoint { end: end.clone(), at, jws };
        ledger::keep_checkpoint(shared.store.write(), &checkpoint).await?;
    }
    Ok(ends.len())
}

/// Drops the months whose rows are all older than `kept`.
pub async fn retain(issuers: &LiveIssuers, kept: Duration) -> Result<(), TendError> {
    let shared = issuers.shared();
    let now = shared.environment.clock.now();
    let Some(limit) = now.checked_sub(kept) else { return Ok(()) };
    let home = home_of(issuers);
    let key = home.keys.signer(IssuerKeys::MAIN).ok_or(TendError::NoKey)?;
    while let Some(ending) = store::ledger::past(shared.store.read(), limit).await? {
        let jws = sign_drop(key, &home.issuer, &ending, now);
        let (month, last_number) = (ending.month, ending.last_number);
        let dropped = DroppedMonth { month, at: now, last_number, jws };
        ledger::drop_month(&shared.store, &dropped).await?;
        tracing::info!(month, "a month of the ledger was dropped, as ledger.keep_days says");
    }
    // Step by step, so that requests get in between.
    while ledger::clear(&shared.store, CLEARED_AT_ONCE).await? {}
    Ok(())
}

fn home_of(issuers: &LiveIssuers) -> std::sync::Arc<AuthorizationServer> {
    std::sync::Arc::clone(issuers.last_known().home())
}
