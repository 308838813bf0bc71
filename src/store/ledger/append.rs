//! Appending: a few statements for many rows, each row chained to the one before it.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DbBackend, Value};

use super::super::StoreError;
use super::super::batch::Script;
use super::super::many::{self, ForMany};
use super::chain::{self, Hash};
use super::months::{self, month_of};
use super::row::{self, COLUMNS, WIDTH};
use super::{checkpoints, read};
use crate::model::{LedgerChain, LedgerEntry, LedgerRecord};

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

/// The statements.
#[derive(Debug)]
struct Inserts {
    rows: ForMany,
    /// For the first row of a month on SQLite, which says from where on its table counts.
    numbered: ForMany,
}

impl Head {
    /// Begins a chain, which is linked to how far the others are by now.
    pub(in crate::store) async fn open(
        db: &impl ConnectionTrait,
        node: &str,
    ) -> Result<Self, StoreError> {
        let links = checkpoints::unlinked_ends(db).await?;
        let links = links
            .into_iter()
            .map(|it| (it.chain, it.place, base16ct::lower::encode_string(&it.hash)));
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

    /// Whether one statement is all that it takes to append `entries`.
    pub(in crate::store) fn takes_at_once(&self, entries: &[&LedgerEntry]) -> bool {
        let month = entries.iter().map(|it| month_of(it.at)).max();
        many::is_one_statement(entries.len()) && month.is_some_and(|it| it <= self.month)
    }

    /// The same where [`Head::takes_at_once`] says so.
    pub(in crate::store) fn append(&self, script: &mut Script, entries: &[&LedgerEntry]) -> Self {
        let mut next = self.clone();
        next.add(script, entries);
        next
    }

    fn add(&mut self, script: &mut Script, entries: &[&LedgerEntry]) {
        let (inserts, month) = (Arc::clone(&self.inserts), self.month);
        let rows = entries.iter().map(|it| row::values(self.chained(it)));
        match script.backend() {
            DbBackend::Sqlite => inserts.rows.all(script, &[], rows),
            _ => inserts.rows.all(script, &[], rows.map(|it| with(it, month.into()))),
        }
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

/// Adds to `script` what appends all `entries` in order, in the transaction `db`. The head that is
/// returned counts once that is committed.
///
/// Where another process turned the month on this file before our clock did, the script fails
/// with what [`is_over`] knows.
pub(in crate::store) async fn append(
    db: &impl ConnectionTrait,
    script: &mut Script,
    head: &Head,
    entries: &[&LedgerEntry],
) -> Result<Head, StoreError> {
    let mut next = head.clone();
    let Some(month) = entries.iter().map(|it| month_of(it.at)).max() else { return Ok(next) };
    let mut rest = entries;
    if month > next.month {
        let (month, first) = months::turn(db, month).await?;
        next.go_to(script.backend(), month);
        if let (Some(number), [entry, others @ ..]) = (first, entries) {
            let first = with(row::values(next.chained(entry)), number.into());
            next.inserts.numbered.all(script, &[], std::iter::once(first));
            rest = others;
        }
    }
    next.add(script, rest);
    Ok(next)
}

/// The values of a row, and one more.
fn with(values: [Value; WIDTH], last: Value) -> [Value; WIDTH + 1] {
    let mut values = values.into_iter().chain([last]);
    std::array::from_fn(|_| values.next().unwrap_or(Value::Bool(None)))
}

fn inserts(backend: DbBackend, month: i32) -> Arc<Inserts> {
    let insert = |table: &str, last: &str, width| {
        let text = format!("INSERT INTO {table} ({COLUMNS}{last}) VALUES {{rows}}");
        ForMany::of(text.into(), width)
    };
    let table = months::table(month);
    Arc::new(Inserts {
        rows: match backend {
            DbBackend::Sqlite => insert(&table, "", WIDTH),
            _ => insert("ledger", ", month", WIDTH + 1),
        },
        numbered: insert(&table, ", number", WIDTH + 1),
    })
}
