//! Dropping whole months, and remembering how their chains stood.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use time::OffsetDateTime;

use super::super::columns::time;
use super::super::{Store, StoreError};
use super::checkpoints::{all as query, ends_in, found};
use super::months;
use super::row;
use crate::model::{ChainEnd, DroppedMonth};

/// A month that may go, and how far each chain came in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    pub month: i32,
    pub last_number: i64,
    pub ends: Vec<ChainEnd>,
}

/// The oldest month of which everything is from before `limit`; never the one with the newest
/// row.
pub async fn past(
    db: &impl ConnectionTrait,
    limit: OffsetDateTime,
) -> Result<Option<Ending>, StoreError> {
    let there = months::all(db).await?;
    let Some((_, olds)) = there.split_last() else { return Ok(None) };
    for &month in olds {
        if months::end_of(month).is_some_and(|end| end > limit) {
            return Ok(None);
        }
        let table = months::table(month);
        let last = format!("SELECT number, at FROM {table} ORDER BY number DESC LIMIT 1");
        // An empty one keeps nothing, and costs nothing.
        let Some(last) = query(db, &last, []).await?.into_iter().next() else { continue };
        if row::at(last.try_get_by_index(1)?)? >= limit {
            return Ok(None);
        }
        let last_number: i64 = last.try_get_by_index(0)?;
        let newer = "SELECT number FROM ledger WHERE number > $1 LIMIT 1";
        if query(db, newer, [last_number.into()]).await?.is_empty() {
            return Ok(None);
        }
        // Chains that ended before this month keep the ends that earlier drops have.
        let ends: BTreeMap<i64, i64> = ends_in(db, &table, 0).await?;
        let ends = found(db, &table, ends).await?;
        return Ok(Some(Ending { month, last_number, ends }));
    }
    Ok(None)
}

/// Drops a month and keeps the signed word about it, in one step.
pub async fn drop_month(store: &Store, dropped: &DroppedMonth) -> Result<(), StoreError> {
    let transaction = store.begin().await?;
    let backend = transaction.get_database_backend();
    if backend != DbBackend::Sqlite {
        // Whoever reads the ledger for long is not waited for: the next time will do.
        transaction.execute_unprepared("SET LOCAL lock_timeout = '1s'").await?;
    }
    let mut months = months::all(&transaction).await?;
    if !months.contains(&dropped.month) {
        return Ok(());
    }
    let text = "INSERT INTO ledger_drops (month, at, last_number, jws) VALUES ($1, $2, $3, $4)";
    let values = [
        dropped.month.into(),
        dropped.at.unix_timestamp().into(),
        dropped.last_number.into(),
        dropped.jws.clone().into(),
    ];
    transaction.execute_raw(Statement::from_sql_and_values(backend, text, values)).await?;
    // The word about the month stands for all of these. On PostgreSQL the rows of two months
    // interleave where they meet: those of others keep their checkpoints.
    let text = "DELETE FROM ledger_checkpoints WHERE number <= $1 AND NOT EXISTS \
                (SELECT 1 FROM ledger WHERE ledger.number = ledger_checkpoints.number \
                AND ledger.month <> $2)";
    let values = [dropped.last_number.into(), dropped.month.into()];
    transaction.execute_raw(Statement::from_sql_and_values(backend, text, values)).await?;
    match backend {
        // The table goes by and by: see `clear`.
        DbBackend::Sqlite => {
            months.retain(|month| *month != dropped.month);
            transaction.execute_unprepared(&months::view(&months)).await?;
        }
        _ => {
            let table = months::table(dropped.month);
            transaction.execute_unprepared(&format!("DROP TABLE {table}")).await?;
        }
    }
    Store::finish(transaction).await
}

/// Deletes at most `at_most` rows of a month that is gone, and tells whether there may be more.
///
/// To drop a large table at once, SQLite goes through all of it, and every writer waits.
pub async fn clear(store: &Store, at_most: u32) -> Result<bool, StoreError> {
    let db = store.write();
    if db.get_database_backend() != DbBackend::Sqlite {
        return Ok(false);
    }
    let left = "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN \
                (SELECT printf('ledger_%06d', month) FROM ledger_drops) LIMIT 1";
    let Some(left) = query(db, left, []).await?.into_iter().next() else { return Ok(false) };
    let table: String = left.try_get_by_index(0)?;
    let rows = format!("SELECT number FROM {table} ORDER BY number LIMIT {at_most}");
    let delete = format!("DELETE FROM {table} WHERE number IN ({rows})");
    if db.execute_unprepared(&delete).await?.rows_affected() == 0 {
        db.execute_unprepared(&format!("DROP TABLE {table}")).await?;
    }
    Ok(true)
}

/// All months that are gone, oldest first.
pub async fn dropped(db: &impl ConnectionTrait) -> Result<Vec<DroppedMonth>, StoreError> {
    let text = "SELECT month, at, last_number, jws FROM ledger_drops ORDER BY month";
    let mut dropped = Vec::new();
    for row in query(db, text, []).await? {
        dropped.push(DroppedMonth {
            month: row.try_get_by_index(0)?,
            at: time("ledger_drops", row.try_get_by_index(1)?)?,
            last_number: row.try_get_by_index(2)?,
            jws: row.try_get_by_index(3)?,
        });
    }
    Ok(dropped)
}
