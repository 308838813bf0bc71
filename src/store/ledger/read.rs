//! Reading the ledger: its end, what is about one thing, and all of it in pages.

use sea_orm::{ConnectionTrait, Statement, Value};
use time::OffsetDateTime;
use tokio::sync::Semaphore;

use super::super::StoreError;
use super::super::columns::parsed;
use super::months::{self, ROWS_OF_A_SEGMENT, SEGMENT, month_of};
use super::row::{self, COLUMNS, milliseconds};
use crate::model::{LedgerChain, LedgerRecord, LedgerRow};

/// The newest rows, oldest of them first; only those after `after`, if that is given.
pub async fn tail(
    db: &impl ConnectionTrait,
    after: Option<i64>,
    at_most: u64,
) -> Result<Vec<LedgerRow>, StoreError> {
    let after = after.unwrap_or(-1);
    let at_most = i64::try_from(at_most).unwrap_or(i64::MAX);
    let rest = "WHERE number > $1 ORDER BY number DESC LIMIT $2";
    let mut rows = select(db, rest, [after.into(), at_most.into()]).await?;
    rows.reverse();
    rows.into_iter().map(row::model).collect()
}

/// So many rows of one kind are enough for anybody.
const MOST: usize = 1000;

/// The rows of what has this `jti`, oldest first.
pub async fn named(db: &impl ConnectionTrait, jti: &str) -> Result<Vec<LedgerRow>, StoreError> {
    let rest = format!("WHERE jti = $1 ORDER BY number LIMIT {MOST}");
    let rows = select(db, &rest, [jti.into()]).await?;
    rows.into_iter().map(row::model).collect()
}

/// The rows of all that was obtained or refused by what has this `jti`, oldest first; only those
/// after `after`. It looks into each segment of the index, which takes some 30 ms for a
/// million rows, and into one month after the other: `db` should be a snapshot.
pub async fn obtained_by(
    db: &impl ConnectionTrait,
    jti: &str,
    after: i64,
) -> Result<Vec<LedgerRow>, StoreError> {
    let mut rows = Vec::new();
    for table in months::tables(db).await? {
        let text = format!(
            "WITH RECURSIVE segments (segment) AS (\
             SELECT MIN(number) / {ROWS_OF_A_SEGMENT} FROM {table} WHERE number > $2 UNION ALL \
             SELECT segment + 1 FROM segments \
             WHERE segment < (SELECT MAX(number) FROM {table}) / {ROWS_OF_A_SEGMENT}) \
             SELECT number, {COLUMNS} FROM segments CROSS JOIN {table} \
             WHERE {SEGMENT} = segment AND parent = $1 AND number > $2 \
             ORDER BY number LIMIT {MOST}"
        );
        let values = [jti.into(), after.into()];
        let statement = Statement::from_sql_and_values(db.get_database_backend(), text, values);
        for row in db.query_all_raw(statement).await? {
            rows.push(row::model(row::read(&row)?)?);
        }
    }
    rows.sort_unstable_by_key(|row| row.number);
    rows.truncate(MOST);
    Ok(rows)
}

/// That reads a lot: only one may at a time, so that all others find a connection.
static READS_A_LOT: Semaphore = Semaphore::const_new(1);

/// The rows of one request, which came at about `at`: no index has them, but numbers go with the
/// time, and a minute is enough for those that were late.
pub async fn of_request(
    db: &impl ConnectionTrait,
    request: &str,
    at: OffsetDateTime,
) -> Result<Vec<LedgerRow>, StoreError> {
    const AROUND: time::Duration = time::Duration::MINUTE;
    let _turn = READS_A_LOT.acquire().await;
    let first = first_since(db, at - AROUND).await?;
    let end = first_since(db, at + AROUND).await?;
    let rest =
        format!("WHERE number >= $1 AND number < $2 AND request = $3 ORDER BY number LIMIT {MOST}");
    let rows = select(db, &rest, [first.into(), end.into(), request.into()]).await?;
    rows.into_iter().map(row::model).collect()
}

/// The number of about the first row since `at`, found by halves.
async fn first_since(db: &impl ConnectionTrait, at: OffsetDateTime) -> Result<i64, StoreError> {
    let (mut low, mut high) = (0, last_number(db).await? + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let next =
            select(db, "WHERE number >= $1 ORDER BY number LIMIT 1", [middle.into()]).await?;
        match next.first() {
            Some(row) if row.at < milliseconds(at) => low = row.number + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// The next rows after `after`, at most `at_most`, as they lie there: from the beginning of the
/// month of `since` on, and those from before there were months.
pub async fn records(
    db: &impl ConnectionTrait,
    after: i64,
    since: Option<OffsetDateTime>,
    at_most: u32,
) -> Result<Vec<LedgerRecord>, StoreError> {
    let month = since.map_or(0, month_of);
    let at = since.map_or(i64::MIN, milliseconds);
    let rest = "WHERE number > $1 AND (month >= $2 OR (month = 0 AND at >= $3)) \
                ORDER BY number LIMIT $4";
    select(db, rest, [after.into(), month.into(), at.into(), at_most.into()]).await
}

async fn select<const N: usize>(
    db: &impl ConnectionTrait,
    rest: &str,
    values: [Value; N],
) -> Result<Vec<LedgerRecord>, StoreError> {
    let text = format!("SELECT number, {COLUMNS} FROM ledger {rest}");
    let statement = Statement::from_sql_and_values(db.get_database_backend(), text, values);
    let rows = db.query_all_raw(statement).await?;
    Ok(rows.iter().map(row::read).collect::<Result<_, _>>()?)
}

/// The number of the newest row, or of the last that is gone; 0 if there never was one.
pub(super) async fn last_number(db: &impl ConnectionTrait) -> Result<i64, StoreError> {
    let backend = db.get_database_backend();
    let newest = "SELECT number FROM ledger ORDER BY number DESC LIMIT 1";
    let newest = db.query_one_raw(Statement::from_string(backend, newest)).await?;
    Ok(newest.map_or(Ok(0), |row| row.try_get_by_index(0))?)
}

/// Keeps what a chain says about itself, and gives it an id.
pub(super) async fn begin(
    db: &impl ConnectionTrait,
    chain: &LedgerChain,
) -> Result<i64, StoreError> {
    let text = "INSERT INTO ledger_chains (node, after, links) VALUES ($1, $2, $3) RETURNING id";
    let links = super::super::columns::json(&chain.links);
    let values = [chain.node.clone().into(), chain.after.into(), links.into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), text, values);
    let row = db.query_one_raw(statement).await?;
    let row = row.ok_or(StoreError::Corrupt("ledger_chains"))?;
    Ok(row.try_get_by_index(0)?)
}

/// All chains, oldest first.
pub async fn chains(db: &impl ConnectionTrait) -> Result<Vec<LedgerChain>, StoreError> {
    let text = "SELECT id, node, after, links FROM ledger_chains ORDER BY id";
    let statement = Statement::from_string(db.get_database_backend(), text);
    let mut chains = Vec::new();
    for row in db.query_all_raw(statement).await? {
        let links: String = row.try_get_by_index(3)?;
        chains.push(LedgerChain {
            id: row.try_get_by_index(0)?,
            node: row.try_get_by_index(1)?,
            after: row.try_get_by_index(2)?,
            links: parsed("ledger_chains", &links)?,
        });
    }
    Ok(chains)
}
