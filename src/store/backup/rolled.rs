//! Tables that SQLite has one of a month: `ledger` is a view then, and its rows lie in
//! `ledger_202611` and its like. On PostgreSQL the same is a partitioned table.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::BackupError;
use super::schema::{self, Kind, Table, quoted};

/// The column that says in which month's table a row lies; only the view has it.
pub(super) const MONTH: &str = "month";

/// The month of the table of a month.
pub(super) fn month(table: &str) -> Option<u32> {
    let (_, month) = table.rsplit_once('_')?;
    if month.len() == 6 { month.parse().ok() } else { None }
}

/// Puts the tables of all months into one, named after their view.
pub(super) fn gathered(mut tables: Vec<Table>, views: &[String]) -> Vec<Table> {
    for view in views {
        let is_part = |table: &Table| {
            let rest = table.name.strip_prefix(view.as_str()).and_then(|it| it.strip_prefix('_'));
            rest.is_some() && month(&table.name).is_some()
        };
        let parts: Vec<_> = tables.extract_if(.., |table| is_part(table)).collect();
        let Some(first) = parts.first() else { continue };
        let mut columns = vec![(MONTH.to_owned(), Kind::Number)];
        columns.extend(first.columns.clone());
        let months = parts.iter().map(|it| it.name.clone()).collect();
        tables.push(Table { name: view.clone(), columns, months });
    }
    tables.sort_by(|one, other| one.name.cmp(&other.name));
    tables
}

/// Passes over the tables of months that were dropped: they are only still there because they are
/// emptied by and by, and some of their rows are gone already.
pub(super) async fn leave_out_dropped(
    db: &impl ConnectionTrait,
    table: &mut Table,
) -> Result<(), BackupError> {
    if !table.months.is_empty() {
        let ask = "SELECT printf('ledger_%06d', month) AS name FROM ledger_drops";
        let dropped = schema::names(db, ask, "").await?;
        table.months.retain(|it| !dropped.contains(it));
    }
    Ok(())
}

/// Makes the tables of those months that `rows`, a JSON array, has and `table` lacks: each as the
/// one that is there, with its indexes. Gives the tables of all months of `rows`.
pub(super) async fn make_room(
    db: &impl ConnectionTrait,
    table: &mut Table,
    rows: &str,
) -> Result<Vec<String>, BackupError> {
    let place = table.columns.iter().position(|(name, _)| name == MONTH).unwrap_or_default();
    let ask =
        format!("SELECT DISTINCT json_extract(value, '$[{place}]') AS month FROM json_each($1)");
    let ask = Statement::from_sql_and_values(DbBackend::Sqlite, ask, [rows.into()]);
    let (mut wanted, mut made) = (Vec::new(), false);
    for row in db.query_all_raw(ask).await? {
        let month: i64 = row.try_get_by("month")?;
        let name = format!("{}_{month:06}", table.name);
        if !table.months.contains(&name) {
            make_like(db, &table.months[0], &name).await?;
            table.months.push(name.clone());
            made = true;
        }
        wanted.push(name);
    }
    if made {
        make_view(db, table).await?;
    }
    Ok(wanted)
}

/// The statements that made `model` and its indexes make the new one, by its name.
async fn make_like(db: &impl ConnectionTrait, model: &str, name: &str) -> Result<(), BackupError> {
    let ask = "SELECT sql AS name FROM sqlite_master WHERE tbl_name = $1 AND sql IS NOT NULL \
               ORDER BY type DESC";
    let ask = Statement::from_sql_and_values(DbBackend::Sqlite, ask, [model.into()]);
    for row in db.query_all_raw(ask).await? {
        let statement: String = row.try_get_by("name")?;
        db.execute_unprepared(&statement.replace(model, name)).await?;
    }
    Ok(())
}

async fn make_view(db: &impl ConnectionTrait, table: &mut Table) -> Result<(), BackupError> {
    table.months.sort();
    let columns = table.columns.iter().filter(|(name, _)| name != MONTH);
    let columns = columns.map(|(name, _)| quoted(name)).collect::<Vec<_>>().join(", ");
    let parts = table.months.iter().filter_map(|part| {
        let month = month(part)?;
        Some(format!("SELECT {month} AS {MONTH}, {columns} FROM {}", quoted(part)))
    });
    let parts: Vec<_> = parts.collect();
    let name = quoted(&table.name);
    db.execute_unprepared(&format!("DROP VIEW {name}")).await?;
    let make = format!("CREATE VIEW {name} AS {}", parts.join(" UNION ALL "));
    db.execute_unprepared(&make).await?;
    Ok(())
}
