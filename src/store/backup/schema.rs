//! Which tables there are, asked of the database: those that others refer to come first.

use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};
use serde::{Deserialize, Serialize};

use super::{BackupError, rolled};

/// A table with its columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Table {
    #[serde(rename = "table")]
    pub name: String,
    pub columns: Vec<(String, Kind)>,
    /// Where its rows lie on SQLite, if it is rolled by months ([`rolled`]).
    #[serde(skip)]
    pub months: Vec<String>,
}

/// What a column holds, whatever the database calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Text,
    Number,
    /// A number as well: 0 or 1.
    Flag,
    /// In hexadecimal.
    Bytes,
}

/// Kept by SeaORM itself, and written by it again.
pub(super) const MIGRATIONS: &str = "seaql_migrations";

impl Kind {
    pub(super) fn of(declared: &str) -> Option<Self> {
        let declared = declared.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
        match () {
            () if has(&["text", "char"]) => Some(Self::Text),
            () if has(&["bool"]) => Some(Self::Flag),
            () if has(&["blob", "bytea", "binary"]) => Some(Self::Bytes),
            () if has(&["int"]) && !has(&["interval", "point"]) => Some(Self::Number),
            () => None,
        }
    }
}

/// All tables but that of the migrations. Views have nothing of their own; partitions are read
/// through their parent.
pub(super) async fn tables(db: &impl ConnectionTrait) -> Result<Vec<Table>, BackupError> {
    let mut tables = Vec::new();
    for name in names(db, TABLES_OF_SQLITE, TABLES_OF_POSTGRES).await? {
        tables.push(Table { columns: columns(db, &name).await?, name, months: vec![] });
    }
    if db.get_database_backend() == DbBackend::Sqlite {
        let views = names(db, VIEWS_OF_SQLITE, "").await?;
        tables = rolled::gathered(tables, &views);
    }
    ordered(db, tables).await
}

const TABLES_OF_SQLITE: &str = "SELECT name FROM sqlite_master WHERE type = 'table' \
     AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> 'seaql_migrations' ORDER BY name";

const VIEWS_OF_SQLITE: &str = "SELECT name FROM sqlite_master WHERE type = 'view' ORDER BY name";

const TABLES_OF_POSTGRES: &str = "SELECT relname::text AS name FROM pg_class \
     WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') \
     AND NOT relispartition AND relname <> 'seaql_migrations' ORDER BY relname";

/// The column `name` of what is asked.
pub(super) async fn names(
    db: &impl ConnectionTrait,
    of_sqlite: &str,
    of_postgres: &str,
) -> Result<Vec<String>, BackupError> {
    let backend = db.get_database_backend();
    let ask = if backend == DbBackend::Sqlite { of_sqlite } else { of_postgres };
    let rows = db.query_all_raw(Statement::from_string(backend, ask)).await?;
    rows.iter().map(|row| text(row, "name")).collect()
}

fn text(row: &QueryResult, column: &str) -> Result<String, BackupError> {
    Ok(row.try_get_by::<String, _>(column)?)
}

async fn columns(
    db: &impl ConnectionTrait,
    table: &str,
) -> Result<Vec<(String, Kind)>, BackupError> {
    let backend = db.get_database_backend();
    let ask = match backend {
        DbBackend::Sqlite => {
            "SELECT name, type AS kind FROM pragma_table_info($1) ORDER BY cid".to_owned()
        }
        _ => "SELECT column_name::text AS name, data_type::text AS kind \
              FROM information_schema.columns \
              WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position"
            .to_owned(),
    };
    let ask = Statement::from_sql_and_values(backend, ask, [table.into()]);
    let mut columns = Vec::new();
    for row in db.query_all_raw(ask).await? {
        let (column, kind) = (text(&row, "name")?, text(&row, "kind")?);
        match Kind::of(&kind) {
            Some(kind) => columns.push((column, kind)),
            None => return Err(BackupError::Column { table: table.to_owned(), column, kind }),
        }
    }
    Ok(columns)
}

/// Parents first, so that no row comes before the one that it refers to.
async fn ordered(
    db: &impl ConnectionTrait,
    mut left: Vec<Table>,
) -> Result<Vec<Table>, BackupError> {
    let mut refers = Vec::new();
    for table in &left {
        refers.push((table.name.clone(), parents(db, &table.name).await?));
    }
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let waits = |table: &Table, left: &[Table]| {
            let parents = refers.iter().find(|(name, _)| *name == table.name);
            let is_left = |parent: &String| {
                *parent != table.name && left.iter().any(|other| other.name == *parent)
            };
            parents.is_some_and(|(_, parents)| parents.iter().any(is_left))
        };
        // A circle cannot be put in order: the database will say so.
        let next = left.iter().position(|table| !waits(table, &left)).unwrap_or_default();
        ordered.push(left.remove(next));
    }
    Ok(ordered)
}

async fn parents(db: &impl ConnectionTrait, table: &str) -> Result<Vec<String>, BackupError> {
    let backend = db.get_database_backend();
    let ask = match backend {
        DbBackend::Sqlite => "SELECT \"table\" AS name FROM pragma_foreign_key_list($1)",
        _ => {
            "SELECT confrelid::regclass::text AS name FROM pg_constraint WHERE contype = 'f' \
             AND conrelid = to_regclass(quote_ident($1))"
        }
    };
    let ask = Statement::from_sql_and_values(backend, ask, [table.into()]);
    let rows = db.query_all_raw(ask).await?;
    rows.iter().map(|row| Ok(text(row, "name")?.trim_matches('"').to_owned())).collect()
}

/// A name as it stands in SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
