//! Reading everything as it is at one moment, a page of rows at a time.

use std::io::Write;

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use time::OffsetDateTime;

use super::archive::{Head, Sealing};
use super::schema::{self, Kind, Table, quoted};
use super::{BackupError, Progress, rolled};
use crate::store::{Store, ledger};

/// So many rows are in memory at a time.
const PAGE: usize = 1_000;

/// Writes all that `store` holds to `to`, and tells how many rows it were. Others go on
/// meanwhile; what they change is not in it.
pub async fn write(
    store: &Store,
    to: impl Write,
    at: OffsetDateTime,
    progress: &mut Progress<'_>,
) -> Result<u64, BackupError> {
    let transaction = store.snapshot().await?;
    ledger::hold(&transaction).await.map_err(|_| BackupError::NotOurs)?;
    let migrations = migrations(&transaction).await?;
    let mut sealing = Sealing::begin(to, &Head::new(at, migrations))?;
    for mut table in schema::tables(&transaction).await? {
        rolled::leave_out_dropped(&transaction, &mut table).await?;
        sealing.table(&table)?;
        match transaction.get_database_backend() {
            DbBackend::Sqlite => from_sqlite(&transaction, &table, &mut sealing, progress).await?,
            _ => from_postgres(&transaction, &table, &mut sealing, progress).await?,
        }
    }
    let rows = sealing.end()?;
    transaction.rollback().await?;
    Ok(rows)
}

async fn migrations(db: &impl ConnectionTrait) -> Result<Vec<String>, BackupError> {
    let ask = "SELECT version AS name FROM seaql_migrations ORDER BY version";
    schema::names(db, ask, ask).await.map_err(|_| BackupError::NotOurs)
}

/// By pages of the row's own number, which every table of ours has.
async fn from_sqlite<W: Write>(
    db: &impl ConnectionTrait,
    table: &Table,
    sealing: &mut Sealing<W>,
    progress: &mut Progress<'_>,
) -> Result<(), BackupError> {
    let parts = match table.months.as_slice() {
        [] => vec![(table.name.clone(), None)],
        months => months.iter().map(|it| (it.clone(), rolled::month(it))).collect(),
    };
    for (part, month) in parts {
        let row = json_array(table, "json_array", |column, kind| match (kind, month) {
            (_, Some(month)) if column == rolled::MONTH => month.to_string(),
            (Kind::Bytes, _) => {
                let column = quoted(column);
                format!("CASE WHEN {column} IS NOT NULL THEN lower(hex({column})) END")
            }
            _ => quoted(column),
        });
        let from = quoted(&part);
        let mut after = i64::MIN;
        loop {
            let ask = format!(
                "SELECT rowid AS place, {row} AS line FROM {from} WHERE rowid > {after} \
                 ORDER BY rowid LIMIT {PAGE}"
            );
            let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, ask)).await?;
            for row in &rows {
                after = row.try_get_by("place")?;
                sealing.row(&row.try_get_by::<String, _>("line")?)?;
            }
            progress(&table.name, sealing.rows);
            if rows.len() < PAGE {
                break;
            }
        }
    }
    Ok(())
}

async fn from_postgres<W: Write>(
    db: &impl ConnectionTrait,
    table: &Table,
    sealing: &mut Sealing<W>,
    progress: &mut Progress<'_>,
) -> Result<(), BackupError> {
    let row = json_array(table, "json_build_array", |column, kind| match kind {
        Kind::Bytes => format!("encode({}, 'hex')", quoted(column)),
        Kind::Flag => format!("{}::int", quoted(column)),
        Kind::Text | Kind::Number => quoted(column),
    });
    let from = quoted(&table.name);
    let declare = format!(
        "DECLARE tegata_backup NO SCROLL CURSOR FOR SELECT ({row})::text AS line FROM {from}"
    );
    db.execute_unprepared(&declare).await?;
    loop {
        let ask = format!("FETCH {PAGE} FROM tegata_backup");
        let rows = db.query_all_raw(Statement::from_string(DbBackend::Postgres, ask)).await?;
        for row in &rows {
            sealing.row(&row.try_get_by::<String, _>("line")?)?;
        }
        progress(&table.name, sealing.rows);
        if rows.len() < PAGE {
            break;
        }
    }
    db.execute_unprepared("CLOSE tegata_backup").await?;
    Ok(())
}

fn json_array(table: &Table, array: &str, value: impl Fn(&str, Kind) -> String) -> String {
    let values: Vec<_> = table.columns.iter().map(|(name, kind)| value(name, *kind)).collect();
    format!("{array}({})", values.join(", "))
}
