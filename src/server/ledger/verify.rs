//! Checks the whole ledger: the rows, the chains, and what was signed about them.

use std::collections::{BTreeMap, VecDeque};

use time::OffsetDateTime;

use super::word::OurKeys;
use crate::model::ChainEnd;
use crate::store::ledger::{self, Broken, Walk, Walked};
use crate::store::{Store, StoreError, Transaction};

/// Rows and checkpoints that are in memory at a time.
const PAGE: u32 = 1000;

/// What is to be checked.
pub struct Verification<'a> {
    pub store: &'a Store,
    pub keys: &'a OurKeys,
    /// Only rows from the beginning of its month on.
    pub since: Option<OffsetDateTime>,
    /// Checkpoints that were kept elsewhere, by the numbers of their rows.
    pub elsewhere: BTreeMap<i64, Vec<ChainEnd>>,
}

/// Why the ledger is not proven to be whole.
#[derive(Debug, thiserror::Error)]
pub enum NotWhole {
    #[error(transparent)]
    Broken(#[from] Broken),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Walks along the ledger, and calls `progress` after each page with the number of rows so far.
///
/// All is read as it was at one moment: a running server writes rows, chains and checkpoints
/// meanwhile, and a row can become visible after one with a higher number.
pub async fn verify(
    verification: Verification<'_>,
    mut progress: impl FnMut(u64),
) -> Result<Walked, NotWhole> {
    let Verification { store, keys, since, mut elsewhere } = verification;
    let snapshot = store.snapshot().await?;
    let db = &snapshot;
    ledger::hold(db).await?;
    let mut ends = Vec::new();
    for month in ledger::dropped(db).await? {
        let ending = keys.dropped(&month.jws).map_err(|_| Broken::Dropped(month.month))?;
        ends.extend(ending.ends);
    }
    let chains = ledger::chains(db).await?;
    let mut walk = Walk::new(&chains, &ends, since.is_some())?;

    let (mut last, mut seen) = (0, 0);
    let after = since.is_none().then_some(0);
    let mut checkpoints = Checkpoints { db, keys, ahead: VecDeque::new(), after };
    loop {
        let records = ledger::records(db, last, since, PAGE).await?;
        let Some(end) = records.last() else { break };
        if last == 0 && since.is_some() {
            let before = records[0].number - 1;
            checkpoints.after = Some(before);
            elsewhere.retain(|number, _| *number > before);
        }
        last = end.number;
        seen += records.len() as u64;
        for record in records {
            walk.step(&record)?;
            for end in checkpoints.up_to(record.number).await? {
                walk.vouch(&end)?;
            }
            let later = elsewhere.split_off(&(record.number + 1));
            for end in std::mem::replace(&mut elsewhere, later).into_values().flatten() {
                walk.vouch(&end)?;
            }
        }
        progress(seen);
    }
    // About rows that come after the last one.
    for end in checkpoints.up_to(i64::MAX).await? {
        walk.vouch(&end)?;
    }
    for end in elsewhere.into_values().flatten() {
        walk.vouch(&end)?;
    }
    Ok(walk.finish()?)
}

/// The checkpoints of the database in the order of their rows, a page at a time.
struct Checkpoints<'a> {
    db: &'a Transaction,
    keys: &'a OurKeys,
    ahead: VecDeque<ChainEnd>,
    /// Where the next page begins; `None` when there is none.
    after: Option<i64>,
}

impl Checkpoints<'_> {
    /// Those about rows up to `number`, which come once.
    async fn up_to(&mut self, number: i64) -> Result<Vec<ChainEnd>, NotWhole> {
        let mut ends = Vec::new();
        loop {
            if self.ahead.is_empty() {
                self.next_page().await?;
            }
            match self.ahead.pop_front_if(|it| it.number <= number) {
                Some(end) => ends.push(end),
                None => return Ok(ends),
            }
        }
    }

    async fn next_page(&mut self) -> Result<(), NotWhole> {
        let Some(after) = self.after else { return Ok(()) };
        let page = ledger::checkpoints(self.db, after, PAGE).await?;
        self.after = page.last().map(|it| it.end.number);
        for checkpoint in page {
            let ChainEnd { chain, place, number, .. } = checkpoint.end;
            let wrong = |why| Broken::Checkpoint { number, chain, place, why };
            let signed = self.keys.checkpoint(&checkpoint.jws);
            let signed = signed.map_err(|_| wrong("not signed by one of our keys"))?;
            if signed != checkpoint.end {
                return Err(wrong("signed for another row").into());
            }
            self.ahead.push_back(signed);
        }
        Ok(())
    }
}
