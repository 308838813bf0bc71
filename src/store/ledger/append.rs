//! Appending: a few statements for many rows, each row chained to the one before it.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use super::super::{StoreError, hexadecimal};
use super::chain::{self, Hash};
use super::months::{self, month_of};
use super::row::{self, COLUMNS, WIDTH};
use super::{checkpoints, read};
use crate::model::{LedgerChain, LedgerEntry, LedgerRecord};

/// Rows in one statement. Sizes are powers of two up to this, so there are few texts, and a
/// connection keeps all of them prepared.
const MOST: usize = 64;
const SIZES: usize = MOST.ilog2() as usize + 1;

/// Where a chain ends: what the next row needs to know.
#[derive(Clone, Debug)]
pub(in crate::store) struct Head {
    chain: i64,
    place: i64,
    hash: Hash,
    /// It only grows, so that a chain goes through the months in order.
    month: i32,
    inserts: Arc<Inserts>,
}

/// The texts of the statements.
#[derive(Debug)]
struct Inserts {
    by_size: [String; SIZES],
    /// For the first row of a month on SQLite, which says from where on its table counts.
    numbered: String,
}

impl Head {
    /// Begins a chain, which is linked to how far the others are by now.
    pub(in crate::store) async fn open(
        db: &impl ConnectionTrait,
        node: &str,
    ) -> Result<Self, StoreError> {
        let links = checkpoints::unlinked_ends(db).await?;
        let links = links.into_iter().map(|it| (it.chain, it.place, hexadecimal(&it.hash)));
        let after = read::last_number(db).await?;
        let mut begun = LedgerChain { id: 0, node: node.to_owned(), after, links: links.collect() };
        begun.id = read::begin(db, &begun).await?;
        let backend = db.get_database_backend();
        let month = match backend {
            DbBackend::Sqlite => months::newest(db).await?,
            _ => 0,
        };
        let hash = chain::beginning(&begun);
        Ok(Self { chain: begun.id, place: 0, hash, month, inserts: inserts(backend, month) })
    }

    /// Gives `entry` the next place.
    fn chained(&mut self, entry: &LedgerEntry) -> LedgerRecord {
        let mut record = row::record(entry);
        self.place += 1;
        self.hash = chain::hash(&self.hash, self.chain, self.place, &record);
        record.chain = Some(self.chain);
        record.place = Some(self.place);
        record.hash = Some(self.hash.to_vec());
        record
    }

    fn go_to(&mut self, backend: DbBackend, month: i32) {
        if month != self.month && backend == DbBackend::Sqlite {
            self.inserts = inserts(backend, month);
        }
        self.month = month;
    }
}

/// Appends all `entries` in order, inside the caller's transaction. The head that is returned
/// counts once the transaction is committed.
pub(in crate::store) async fn append(
    db: &impl ConnectionTrait,
    head: &Head,
    entries: &[&LedgerEntry],
) -> Result<Head, StoreError> {
    let mut next = head.clone();
    let Some(month) = entries.iter().map(|it| month_of(it.at)).max() else { return Ok(next) };
    let backend = db.get_database_backend();
    let mut first_number = None;
    if month > next.month {
        let (month, first) = months::turn(db, month).await?;
        next.go_to(backend, month);
        first_number = first;
    }
    let mut records: Vec<_> = entries.iter().map(|it| next.chained(it)).collect();
    if let Some(number) = first_number {
        let values = row::values(records.remove(0)).into_iter().chain([number.into()]);
        let first = Statement::from_sql_and_values(backend, &next.inserts.numbered, values);
        db.execute_raw(first).await?;
    }
    if records.is_empty() {
        return Ok(next);
    }
    match insert(db, &next, &records).await {
        // Another process turned the month on this file before our clock did.
        Err(error) if months::is_over(&error) => {
            let month = months::newest(db).await?;
            next.go_to(backend, month);
            insert(db, &next, &records).await?;
        }
        done => done?,
    }
    Ok(next)
}

async fn insert(
    db: &impl ConnectionTrait,
    head: &Head,
    records: &[LedgerRecord],
) -> Result<(), StoreError> {
    let backend = db.get_database_backend();
    let has_month = backend != DbBackend::Sqlite;
    let mut rest = records;
    while !rest.is_empty() {
        let size = rest.len().min(MOST).ilog2();
        let (now, later) = rest.split_at(1 << size);
        let mut values: Vec<Value> = Vec::with_capacity(now.len() * (WIDTH + 1));
        for record in now {
            values.extend(row::values(record.clone()));
            values.extend(has_month.then(|| head.month.into()));
        }
        let text = &head.inserts.by_size[size as usize];
        db.execute_raw(Statement::from_sql_and_values(backend, text, values)).await?;
        rest = later;
    }
    Ok(())
}

fn inserts(backend: DbBackend, month: i32) -> Arc<Inserts> {
    let text = |rows: usize| match backend {
        DbBackend::Sqlite => {
            let row = format!("({})", vec!["?"; WIDTH].join(","));
            let rows = vec![row; rows].join(",");
            format!("INSERT INTO {} ({COLUMNS}) VALUES {rows}", months::table(month))
        }
        _ => {
            let row = |row: usize| {
                let first = row * (WIDTH + 1) + 1;
                let places: Vec<_> = (first..=first + WIDTH).map(|it| format!("${it}")).collect();
                format!("({})", places.join(","))
            };
            let rows: Vec<_> = (0..rows).map(row).collect();
            format!("INSERT INTO ledger ({COLUMNS}, month) VALUES {}", rows.join(","))
        }
    };
    let marks = vec!["?"; WIDTH + 1].join(",");
    let table = months::table(month);
    Arc::new(Inserts {
        by_size: std::array::from_fn(|size| text(1 << size)),
        numbered: format!("INSERT INTO {table} ({COLUMNS}, number) VALUES ({marks})"),
    })
}
