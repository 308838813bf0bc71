//! Putting a backup into a database, all of it or nothing, in one transaction.

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use sea_orm_migration::MigratorTrait;
use time::OffsetDateTime;

use super::archive::{Archive, Line};
use super::schema::{self, Kind, MIGRATIONS, Table, quoted};
use super::{BackupError, Progress, rolled, withdraw};
use crate::store::changes::{self, Change};
use crate::store::migrations::Migrator;
use crate::store::{Store, ledger};

/// What may be in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Nothing, or the backup is not restored.
    Empty,
    /// Whatever there is, is thrown away.
    Replaced,
}

/// How a backup is restored.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    pub ground: Ground,
    /// Whether logins and refresh tokens are good again that were so at the time of the backup.
    pub keep_grants: bool,
    pub now: OffsetDateTime,
}

/// So many bytes of rows go into one statement.
const BATCH: usize = 256 * 1024;

/// Restores `archive` into the database at `url`, and brings its tables up to date.
pub async fn restore(
    url: &str,
    archive: &Archive,
    wish: Wish,
    progress: &mut Progress<'_>,
) -> Result<u64, BackupError> {
    let steps = known(&archive.head.migrations, &archive.head.version)?;
    let store = Store::connect(url).await?;
    let restored = into(&store, archive, steps, wish, progress).await;
    let closed = store.close().await;
    let rows = restored?;
    closed?;
    Ok(rows)
}

/// How many of our migrations the backup has: they must be the first of ours.
fn known(migrations: &[String], version: &str) -> Result<u32, BackupError> {
    let ours: Vec<_> = Migrator::migrations().iter().map(|it| it.name().to_owned()).collect();
    match ours.starts_with(migrations) {
        true => Ok(u32::try_from(migrations.len()).unwrap_or(u32::MAX)),
        false => Err(BackupError::Newer { version: version.to_owned() }),
    }
}

async fn into(
    store: &Store,
    archive: &Archive,
    steps: u32,
    wish: Wish,
    progress: &mut Progress<'_>,
) -> Result<u64, BackupError> {
    let transaction = store.begin().await?;
    let db = &transaction;
    let counted = counted(db).await?;
    match wish.ground {
        Ground::Empty if !is_empty(db).await? => return Err(BackupError::NotEmpty),
        Ground::Empty => {}
        Ground::Replaced => clear(db).await?,
    }
    Migrator::up(db, Some(steps)).await?;
    let mut tables = schema::tables(db).await?;
    for table in tables.iter().rev().filter(|it| it.months.is_empty()) {
        // Migrations may put rows in, which the backup has as well.
        if has_rows(db, &table.name).await? {
            db.execute_unprepared(&format!("DELETE FROM {}", quoted(&table.name))).await?;
        }
    }
    let rows = fill(db, archive, &mut tables, progress).await?;
    if db.get_database_backend() == DbBackend::Postgres {
        for table in &tables {
            count_on(db, table).await?;
        }
    }
    if !wish.keep_grants {
        withdraw::grants(db, wish.now).await?;
    }
    Migrator::up(db, None).await?;
    ledger::show_months(db).await?;
    changes::jump(db, counted).await?;
    changes::announce(db, &[Change::Everything]).await?;
    Store::finish(transaction).await?;
    Ok(rows)
}

async fn fill(
    db: &impl ConnectionTrait,
    archive: &Archive,
    tables: &mut [Table],
    progress: &mut Progress<'_>,
) -> Result<u64, BackupError> {
    let mut reading = archive.read()?;
    let (mut current, mut batch, mut done) = (None, String::new(), 0);
    while let Some(line) = reading.next()? {
        match line {
            Line::Table(table) => {
                flush(db, tables, current, &mut batch).await?;
                let same = |it: &Table| it.name == table.name && it.columns == table.columns;
                let found = tables.iter().position(same);
                current = Some(found.ok_or(BackupError::OtherTable(table.name))?);
            }
            Line::Row(row) => {
                batch.push(if batch.is_empty() { '[' } else { ',' });
                batch.push_str(&row);
                done += 1;
                if batch.len() >= BATCH {
                    flush(db, tables, current, &mut batch).await?;
                    progress(current.map_or("", |it| tables[it].name.as_str()), done);
                }
            }
        }
    }
    flush(db, tables, current, &mut batch).await?;
    Ok(done)
}

/// Puts a batch of rows in: the database itself takes the JSON apart.
async fn flush(
    db: &impl ConnectionTrait,
    tables: &mut [Table],
    current: Option<usize>,
    batch: &mut String,
) -> Result<(), BackupError> {
    if batch.is_empty() {
        return Ok(());
    }
    let Some(table) = current.and_then(|it| tables.get_mut(it)) else {
        return Err(BackupError::Damaged("a row belongs to no table"));
    };
    batch.push(']');
    let backend = db.get_database_backend();
    let statements = match backend {
        DbBackend::Sqlite if !table.months.is_empty() => {
            let months = rolled::make_room(db, table, batch).await?;
            months.iter().map(|month| for_sqlite(table, month)).collect()
        }
        DbBackend::Sqlite => vec![for_sqlite(table, &table.name)],
        _ => vec![for_postgres(table)],
    };
    for statement in statements {
        let values = [batch.as_str().into()];
        let statement = Statement::from_sql_and_values(backend, statement, values);
        db.execute_raw(statement).await?;
    }
    batch.clear();
    Ok(())
}

fn for_sqlite(table: &Table, into: &str) -> String {
    let (mut names, mut values, mut only) = (Vec::new(), Vec::new(), String::new());
    for (place, (name, kind)) in table.columns.iter().enumerate() {
        let value = format!("json_extract(value, '$[{place}]')");
        if let (false, rolled::MONTH, Some(month)) =
            (table.months.is_empty(), name.as_str(), rolled::month(into))
        {
            only = format!(" WHERE {value} = {month}");
            continue;
        }
        names.push(quoted(name));
        values.push(if *kind == Kind::Bytes { format!("unhex({value})") } else { value });
    }
    let (names, values) = (names.join(", "), values.join(", "));
    format!("INSERT INTO {} ({names}) SELECT {values} FROM json_each($1){only}", quoted(into))
}

fn for_postgres(table: &Table) -> String {
    let names: Vec<_> = table.columns.iter().map(|(name, _)| quoted(name)).collect();
    let values = table.columns.iter().enumerate().map(|(place, (_, kind))| match kind {
        Kind::Text => format!("line->>{place}"),
        Kind::Number => format!("(line->>{place})::bigint"),
        Kind::Flag => format!("(line->>{place})::int::boolean"),
        Kind::Bytes => format!("decode(line->>{place}, 'hex')"),
    });
    let (names, values) = (names.join(", "), values.collect::<Vec<_>>().join(", "));
    format!(
        "INSERT INTO {} ({names}) SELECT {values} FROM json_array_elements($1::text::json) \
         AS lines (line)",
        quoted(&table.name)
    )
}

/// PostgreSQL counts by sequences, which know nothing of rows that brought their number along.
async fn count_on(db: &impl ConnectionTrait, table: &Table) -> Result<(), BackupError> {
    for (column, kind) in &table.columns {
        if *kind != Kind::Number {
            continue;
        }
        let ask = "SELECT COALESCE(pg_get_serial_sequence(quote_ident($1), $2), \
                   substring(pg_get_expr(d.adbin, d.adrelid) FROM 'nextval\\(''([^'']+)''')) \
                   AS name FROM pg_attribute a LEFT JOIN pg_attrdef d \
                   ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
                   WHERE a.attrelid = to_regclass(quote_ident($1)) AND a.attname = $2";
        let values = [table.name.as_str().into(), column.as_str().into()];
        let ask = Statement::from_sql_and_values(DbBackend::Postgres, ask, values);
        let Some(row) = db.query_one_raw(ask).await? else { continue };
        let Some(sequence) = row.try_get_by::<Option<String>, _>("name")? else { continue };
        let (column, table) = (quoted(column), quoted(&table.name));
        let set = format!(
            "SELECT setval('{}'::regclass, GREATEST(MAX({column}), 1), MAX({column}) IS NOT NULL) \
             FROM {table}",
            sequence.replace('\'', "''")
        );
        db.execute_unprepared(&set).await?;
    }
    Ok(())
}

async fn has_rows(db: &impl ConnectionTrait, table: &str) -> Result<bool, BackupError> {
    let ask = format!("SELECT 1 FROM {} LIMIT 1", quoted(table));
    let ask = Statement::from_string(db.get_database_backend(), ask);
    Ok(db.query_one_raw(ask).await?.is_some())
}

async fn is_empty(db: &impl ConnectionTrait) -> Result<bool, BackupError> {
    let tables = schema::names(db, ALL_OF_SQLITE, ALL_OF_POSTGRES).await?;
    Ok(tables.is_empty())
}

/// How far the changes were counted in the database that is thrown away, if it is one of ours.
async fn counted(db: &impl ConnectionTrait) -> Result<i64, BackupError> {
    let tables = schema::names(db, ALL_OF_SQLITE, ALL_OF_POSTGRES).await?;
    let is_ours =
        ["versions", "changes", MIGRATIONS].iter().all(|name| tables.iter().any(|it| it == name));
    Ok(if is_ours { changes::last(db).await? } else { 0 })
}

const ALL_OF_SQLITE: &str = "SELECT name FROM sqlite_master \
     WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

const ALL_OF_POSTGRES: &str = "SELECT relname::text AS name FROM pg_class \
     WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm')";

/// Drops all tables, views, sequences and functions.
async fn clear(db: &impl ConnectionTrait) -> Result<(), BackupError> {
    for drop in schema::names(
        db,
        "SELECT 'DROP VIEW \"' || name || '\"' AS name \
        FROM sqlite_master WHERE type = 'view'",
        CLEAR_POSTGRES,
    )
    .await?
    {
        db.execute_unprepared(&drop).await?;
    }
    if db.get_database_backend() == DbBackend::Sqlite {
        let tables = schema::tables(db).await?;
        let names = tables.iter().rev().map(|it| it.name.as_str()).chain([MIGRATIONS]);
        for name in names {
            db.execute_unprepared(&format!("DROP TABLE IF EXISTS {}", quoted(name))).await?;
        }
    }
    Ok(())
}

/// Tables first, which take the sequences of their own columns along. What an extension brought
/// stays.
const CLEAR_POSTGRES: &str = "SELECT 'DROP ' || kind || ' IF EXISTS ' || name || ' CASCADE' AS name \
     FROM (SELECT c.oid, CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' \
           WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, c.oid::regclass::text AS name \
           FROM pg_class c WHERE relnamespace = current_schema()::regnamespace \
           AND relkind IN ('r', 'p', 'v', 'm', 'S') \
           UNION ALL SELECT p.oid, 'FUNCTION', p.oid::regprocedure::text FROM pg_proc p \
           WHERE pronamespace = current_schema()::regnamespace AND prokind = 'f') AS ours \
     WHERE NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = ours.oid AND deptype = 'e') \
     ORDER BY kind = 'FUNCTION', kind = 'SEQUENCE'";
