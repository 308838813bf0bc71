//! How far chains are, and the signed words about that.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};

use super::super::StoreError;
use super::super::columns::time;
use crate::model::{ChainEnd, Checkpoint};

/// On PostgreSQL a row can become visible after one with a higher number. None is late by more
/// rows than this.
pub(super) const LATE: i64 = 10_000;

/// From which number on rows may not be vouched for yet.
pub(super) async fn vouched_to(db: &impl ConnectionTrait) -> Result<i64, StoreError> {
    let text = "SELECT COALESCE(MAX(number), 0) FROM ledger_checkpoints";
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), text)).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
}

/// The ends of all chains that have grown since the last checkpoint of anybody.
///
/// So whichever node looks, vouches for the chains of all nodes, also of those that are dead.
pub async fn unvouched_ends(db: &impl ConnectionTrait) -> Result<Vec<ChainEnd>, StoreError> {
    let vouched = vouched_to(db).await?;
    let after = match db.get_database_backend() {
        DbBackend::Sqlite => vouched,
        _ => vouched - LATE,
    };
    let mut ends = ends_in(db, "ledger", after).await?;
    if after < vouched && !ends.is_empty() {
        let kept = newest(db, after).await?;
        ends.retain(|chain, number| kept.get(chain) != Some(number));
    }
    found(db, "ledger", ends).await
}

/// The ends of all chains that no chain was linked to yet at its end.
pub(super) async fn unlinked_ends(db: &impl ConnectionTrait) -> Result<Vec<ChainEnd>, StoreError> {
    let text = "SELECT COALESCE(MAX(after), 0) FROM ledger_chains";
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), text)).await?;
    let linked: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    let unvouched = unvouched_ends(db).await?;
    let mut ends = newest(db, linked - LATE).await?;
    ends.retain(|chain, _| unvouched.iter().all(|it| it.chain != *chain));
    let mut ends = found(db, "ledger_checkpoints", ends).await?;
    ends.extend(unvouched);
    ends.sort_by_key(|it| it.chain);
    Ok(ends)
}

/// The number of the newest checkpoint of each chain, of those after `after`.
async fn newest(db: &impl ConnectionTrait, after: i64) -> Result<BTreeMap<i64, i64>, StoreError> {
    ends_in(db, "ledger_checkpoints", after).await
}

/// The highest number of each chain in `table`, of those after `after`.
///
/// It walks back from the newest row, a step for each chain, for there are few. To group all rows by
/// their chain, SQLite sorts them: at full load those of a minute took 30 MiB.
pub(super) async fn ends_in(
    db: &impl ConnectionTrait,
    table: &str,
    after: i64,
) -> Result<BTreeMap<i64, i64>, StoreError> {
    let mut ends = BTreeMap::new();
    loop {
        let found = ends.keys().map(i64::to_string).collect::<Vec<_>>().join(", ");
        let others = if found.is_empty() { "IS NOT NULL" } else { &format!("NOT IN ({found})") };
        let text = format!(
            "SELECT chain, number FROM {table} WHERE number > $1 AND chain {others} \
             ORDER BY number DESC LIMIT 1"
        );
        match all(db, &text, [after.into()]).await?.first() {
            None => return Ok(ends),
            Some(row) => ends.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?),
        };
    }
}

/// The places and hashes of the rows with these numbers.
pub(super) async fn found(
    db: &impl ConnectionTrait,
    table: &str,
    ends: BTreeMap<i64, i64>,
) -> Result<Vec<ChainEnd>, StoreError> {
    let text = format!("SELECT place, hash FROM {table} WHERE number = $1");
    let mut found = Vec::new();
    for (chain, number) in ends {
        for row in all(db, &text, [number.into()]).await? {
            let place: Option<i64> = row.try_get_by_index(0)?;
            let hash: Option<Vec<u8>> = row.try_get_by_index(1)?;
            let place = place.unwrap_or_default();
            found.push(ChainEnd { chain, place, hash: hash.unwrap_or_default(), number });
        }
    }
    Ok(found)
}

/// Keeps a checkpoint, unless another node was faster.
pub async fn keep_checkpoint(
    db: &impl ConnectionTrait,
    checkpoint: &Checkpoint,
) -> Result<(), StoreError> {
    let text = "INSERT INTO ledger_checkpoints (number, chain, place, hash, at, jws) \
                VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (number) DO NOTHING";
    let Checkpoint { end, at, jws } = checkpoint;
    let values = [
        end.number.into(),
        end.chain.into(),
        end.place.into(),
        end.hash.clone().into(),
        at.unix_timestamp().into(),
        jws.clone().into(),
    ];
    db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), text, values)).await?;
    Ok(())
}

const COLUMNS: &str = "number, chain, place, hash, at, jws FROM ledger_checkpoints";

/// The next checkpoints after the row `after`, by the numbers of their rows.
pub async fn checkpoints(
    db: &impl ConnectionTrait,
    after: i64,
    at_most: u32,
) -> Result<Vec<Checkpoint>, StoreError> {
    let text = format!("SELECT {COLUMNS} WHERE number > $1 ORDER BY number LIMIT $2");
    let rows = all(db, &text, [after.into(), at_most.into()]).await?;
    rows.iter().map(read).collect()
}

/// The newest checkpoint of each chain.
pub async fn newest_checkpoints(db: &impl ConnectionTrait) -> Result<Vec<Checkpoint>, StoreError> {
    let text = format!(
        "SELECT {COLUMNS} WHERE number IN \
         (SELECT MAX(number) FROM ledger_checkpoints GROUP BY chain) ORDER BY number"
    );
    all(db, &text, []).await?.iter().map(read).collect()
}

fn read(row: &QueryResult) -> Result<Checkpoint, StoreError> {
    let end = ChainEnd {
        number: row.try_get_by_index(0)?,
        chain: row.try_get_by_index(1)?,
        place: row.try_get_by_index(2)?,
        hash: row.try_get_by_index(3)?,
    };
    let at = time("ledger_checkpoints", row.try_get_by_index(4)?)?;
    Ok(Checkpoint { end, at, jws: row.try_get_by_index(5)? })
}

pub(super) async fn all<const N: usize>(
    db: &impl ConnectionTrait,
    text: &str,
    values: [Value; N],
) -> Result<Vec<QueryResult>, StoreError> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), text, values);
    Ok(db.query_all_raw(statement).await?)
}
