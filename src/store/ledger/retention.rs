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

/// The oldest month of which everything is from before `limit`; never the newest one.
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
        // Chains that ended before this month keep the ends that earlier drops have.
        let ends: BTreeMap<i64, i64> = ends_in(db, &table, 0).await?;
        let ends = found(db, &table, ends).await?;
        return Ok(Some(Ending { month, last_number: last.try_get_by_index(0)?, ends }));
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
    let table = months::table(dropped.month);
    if backend == DbBackend::Sqlite {
        months.retain(|month| *month != dropped.month);
        transaction.execute_unprepared(&months::view(&months)).await?;
    }
    transaction.execute_unprepared(&format!("DROP TABLE {table}")).await?;
    // The word about the month stands for all of these.
    let text = "DELETE FROM ledger_checkpoints WHERE number <= $1";
    let values = [dropped.last_number.into()];
    transaction.execute_raw(Statement::from_sql_and_values(backend, text, values)).await?;
    Store::finish(transaction).await
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
