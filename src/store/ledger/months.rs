//! A table for each month: rolled by the writer on SQLite, a partition on PostgreSQL.

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use time::{Date, Month, OffsetDateTime};

use super::super::{Store, StoreError, Transaction};
use super::row::COLUMNS;

/// The month of a time in UTC as a number, like 202601.
pub fn month_of(at: OffsetDateTime) -> i32 {
    let at = at.to_offset(time::UtcOffset::UTC);
    at.year() * 100 + i32::from(u8::from(at.month()))
}

/// An index by `parent` alone would have each row at a place of its own, and dirty a page for it.
/// By segments of so many rows, all that is new lies together.
pub(super) const ROWS_OF_A_SEGMENT: i64 = 256;

/// The segment of a row, as the index has it.
pub(super) const SEGMENT: &str = "(number / 256)";

/// When the month after `month` begins, if it is one.
pub(super) fn end_of(month: i32) -> Option<OffsetDateTime> {
    let of_year = u8::try_from(month % 100).ok().and_then(|it| Month::try_from(it).ok())?;
    let year = if of_year == Month::December { month / 100 + 1 } else { month / 100 };
    let next = Date::from_calendar_date(year, of_year.next(), 1).ok()?;
    Some(next.midnight().assume_utc())
}

fn after(month: i32) -> i32 {
    if month % 100 == 12 { month + 89 } else { month + 1 }
}

pub(super) fn table(month: i32) -> String {
    format!("ledger_{month:06}")
}

/// All months that the ledger has, oldest first.
pub(super) async fn all(db: &impl ConnectionTrait) -> Result<Vec<i32>, StoreError> {
    let text = match db.get_database_backend() {
        DbBackend::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' \
             AND name GLOB 'ledger_[0-9][0-9][0-9][0-9][0-9][0-9]' \
             AND name NOT IN (SELECT printf('ledger_%06d', month) FROM ledger_drops) ORDER BY name"
        }
        _ => {
            "SELECT relname::text AS name FROM pg_inherits JOIN pg_class ON oid = inhrelid \
             WHERE inhparent = 'ledger'::regclass AND relname ~ '^ledger_[0-9]{6}$' ORDER BY 1"
        }
    };
    let statement = Statement::from_string(db.get_database_backend(), text);
    let mut months = Vec::new();
    for row in db.query_all_raw(statement).await? {
        let name: String = row.try_get_by_index(0)?;
        months.extend(name.strip_prefix("ledger_").and_then(|it| it.parse::<i32>().ok()));
    }
    Ok(months)
}

/// All tables of rows, oldest first but for the rest of PostgreSQL.
pub(super) async fn tables(db: &impl ConnectionTrait) -> Result<Vec<String>, StoreError> {
    let mut tables: Vec<_> = all(db).await?.into_iter().map(table).collect();
    if db.get_database_backend() != DbBackend::Sqlite {
        tables.push("ledger_rest".into());
    }
    Ok(tables)
}

pub(super) async fn newest(db: &impl ConnectionTrait) -> Result<i32, StoreError> {
    Ok(all(db).await?.last().copied().unwrap_or_default())
}

/// Goes on to `month`. Where that makes a table, its first row must have the number that is
/// returned, so that numbers ascend from table to table.
///
/// On SQLite this is one step of the writer's transaction: nobody else writes meanwhile.
pub(super) async fn turn(
    db: &impl ConnectionTrait,
    month: i32,
) -> Result<(i32, Option<i64>), StoreError> {
    let backend = db.get_database_backend();
    if backend != DbBackend::Sqlite {
        return Ok((month, None));
    }
    let mut months = all(db).await?;
    let newest = months.last().copied().unwrap_or_default();
    if newest >= month {
        return Ok((newest, None));
    }
    let (old, new) = (table(newest), table(month));
    let last = format!("SELECT COALESCE(MAX(number), 0) FROM {old}");
    let last = db.query_one_raw(Statement::from_string(backend, last)).await?;
    let last: i64 = last.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    // Numbers of a month that is gone are not given again.
    let gone = "SELECT COALESCE(MAX(last_number), 0) FROM ledger_drops";
    let gone = db.query_one_raw(Statement::from_string(backend, gone)).await?;
    let gone: i64 = gone.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    months.push(month);
    let view = view(&months);
    let text = format!(
        "CREATE TABLE {new} (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, \
         request TEXT NOT NULL, issuer TEXT NOT NULL, event TEXT NOT NULL, client TEXT, \
         \"user\" TEXT, service TEXT, scope TEXT, resource TEXT, jti TEXT, parent TEXT, \
         outcome TEXT NOT NULL, code TEXT, reason TEXT, chain INTEGER, place INTEGER, hash BLOB);
         CREATE INDEX {new}_jti ON {new} (jti) WHERE jti IS NOT NULL;
         CREATE INDEX {new}_parent ON {new} ({SEGMENT}, parent) WHERE parent IS NOT NULL;
         CREATE TRIGGER {old}_is_over BEFORE INSERT ON {old} \
         BEGIN SELECT RAISE(ABORT, '{OVER}'); END;
         {view}"
    );
    db.execute_unprepared(&text).await?;
    Ok((month, Some(last.max(gone) + 1)))
}

const OVER: &str = "this month of the ledger is over";

/// Whether a row came too late for its table.
pub(in crate::store) fn is_over(error: &StoreError) -> bool {
    matches!(error, StoreError::Database(error) if error.to_string().contains(OVER))
}

/// All months as one, on SQLite.
pub(super) fn view(months: &[i32]) -> String {
    let of =
        |month: &i32| format!("SELECT {month} AS month, number, {COLUMNS} FROM {}", table(*month));
    let months: Vec<_> = months.iter().map(of).collect();
    format!("DROP VIEW ledger; CREATE VIEW ledger AS {};", months.join(" UNION ALL "))
}

/// Makes the view anew of the months that were not dropped, on SQLite: a restore makes tables of
/// others as well, which are empty or to be emptied.
pub async fn show_months(db: &impl ConnectionTrait) -> Result<(), StoreError> {
    if db.get_database_backend() == DbBackend::Sqlite {
        db.execute_unprepared(&view(&all(db).await?)).await?;
    }
    Ok(())
}

/// Keeps the months that there are until the transaction `db` ends. It must be its first
/// statement: on PostgreSQL a table that is dropped is gone also for who sees what was before.
pub async fn hold(db: &impl ConnectionTrait) -> Result<(), StoreError> {
    if db.get_database_backend() != DbBackend::Sqlite {
        db.execute_unprepared("LOCK TABLE ledger IN ACCESS SHARE MODE").await?;
    }
    Ok(())
}

/// Makes the partitions of this month and of the next two, and one for each month that has
/// rows in the partition of the rest. On SQLite the writer does that.
pub async fn prepare(store: &Store, now: OffsetDateTime) -> Result<(), StoreError> {
    let db = store.read();
    if db.get_database_backend() == DbBackend::Sqlite {
        return Ok(());
    }
    let rest = "SELECT DISTINCT month FROM ledger_rest ORDER BY 1 LIMIT 24";
    let rest = db.query_all_raw(Statement::from_string(DbBackend::Postgres, rest)).await?;
    let rest = rest.iter().map(|row| row.try_get_by_index::<i32>(0));
    let mut wanted = rest.collect::<Result<Vec<_>, _>>()?;
    let this = month_of(now);
    wanted.extend([this, after(this), after(after(this))]);
    let there = all(db).await?;
    for month in wanted.into_iter().filter(|it| !there.contains(it)) {
        let transaction = store.begin().await?;
        make_partition(&transaction, month).await?;
        Store::finish(transaction).await?;
    }
    Ok(())
}

/// What waits in the partition of the rest moves into the new one. Writers wait meanwhile, but
/// not for long: there are few such rows, and mostly none.
async fn make_partition(transaction: &Transaction, month: i32) -> Result<(), StoreError> {
    // All who read the ledger from now on wait behind us, and we behind who reads it for long, as a
    // backup does: the next time will do.
    transaction.execute_unprepared("SET LOCAL lock_timeout = '1s'").await?;
    transaction.execute_unprepared("LOCK TABLE ledger_rest IN ACCESS EXCLUSIVE MODE").await?;
    // Another node may have been faster.
    if all(transaction).await?.contains(&month) {
        return Ok(());
    }
    let table = table(month);
    let text = format!(
        "CREATE TABLE {table} (LIKE ledger INCLUDING DEFAULTS INCLUDING INDEXES);
         WITH moved AS (DELETE FROM ledger_rest WHERE month = {month} RETURNING *)
         INSERT INTO {table} SELECT * FROM moved;
         ALTER TABLE ledger ATTACH PARTITION {table} FOR VALUES IN ({month});"
    );
    transaction.execute_unprepared(&text).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn months_in_utc() {
        assert_eq!(month_of(datetime!(2026-01-31 23:59:59.999 UTC)), 202_601);
        assert_eq!(month_of(datetime!(2026-02-01 00:30 +1)), 202_601);
        assert_eq!(table(0), "ledger_000000");
    }

    #[test]
    fn december_is_followed_by_january() {
        assert_eq!(after(202_612), 202_701);
        assert_eq!(after(202_601), 202_602);
        assert_eq!(end_of(202_612), Some(datetime!(2027-01-01 00:00 UTC)));
        assert_eq!(end_of(202_601), Some(datetime!(2026-02-01 00:00 UTC)));
        assert_eq!(end_of(0), None);
    }
}
