//! Statements about many rows at a time.
//!
//! Their text depends on how many rows there are and on nothing else. So there are few texts, each
//! of which is written once, and connections to PostgreSQL keep all of them prepared. SQLite is given
//! several at once, as a script; it keeps those prepared that come again soon.

use std::borrow::Cow;
use std::sync::OnceLock;

use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};

use super::StoreError;
use super::batch::Script;

/// Up to so many rows stand in one statement, whatever their number.
const ANY: usize = 32;

/// More stand in statements of this size, as far as they go.
const LARGE: usize = 64;

const SIZES: usize = ANY + 1;

/// How many statements a connection to PostgreSQL keeps prepared: all sizes of all that there are.
pub(super) const PREPARED: usize = 640;

/// How many scripts a connection to SQLite keeps prepared. One takes 10 to 130 KiB, by its rows.
pub(super) const SCRIPTS: usize = 32;

type Texts = [OnceLock<String>; SIZES];

/// A statement about many rows.
#[derive(Debug)]
pub(super) struct ForMany {
    template: Cow<'static, str>,
    width: usize,
    on_sqlite: Texts,
    on_postgres: Texts,
}

impl ForMany {
    /// `template` has `?` for each value that all rows have in common, and after them `{rows}`
    /// for the rows, of `width` values each: a list of tuples, or one of values if that is 1.
    /// What it finds of `{held TABLE}` nobody else changes until the transaction ends.
    pub(super) const fn new(template: &'static str, width: usize) -> Self {
        Self::of(Cow::Borrowed(template), width)
    }

    pub(super) const fn of(template: Cow<'static, str>, width: usize) -> Self {
        Self { template, width, on_sqlite: no_texts(), on_postgres: no_texts() }
    }

    /// Adds it for `rows`, all of which it has to touch.
    pub(super) fn all<const WIDTH: usize>(
        &self,
        script: &mut Script,
        common: &[Value],
        rows: impl ExactSizeIterator<Item = [Value; WIDTH]>,
    ) {
        for (statement, size) in self.statements(script.backend(), common, rows) {
            script.add(statement, Some(size as u64));
        }
    }

    /// Adds it for those of `rows` that are there.
    pub(super) fn any<const WIDTH: usize>(
        &self,
        script: &mut Script,
        common: &[Value],
        rows: impl ExactSizeIterator<Item = [Value; WIDTH]>,
    ) {
        for (statement, _) in self.statements(script.backend(), common, rows) {
            script.add(statement, None);
        }
    }

    /// What it finds for all of `rows`.
    pub(super) async fn find<const WIDTH: usize>(
        &self,
        db: &impl ConnectionTrait,
        common: &[Value],
        rows: impl ExactSizeIterator<Item = [Value; WIDTH]>,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let mut found = Vec::new();
        for (statement, _) in self.statements(db.get_database_backend(), common, rows) {
            found.append(&mut db.query_all_raw(statement).await?);
        }
        Ok(found)
    }

    fn statements<const WIDTH: usize>(
        &self,
        backend: DbBackend,
        common: &[Value],
        mut rows: impl ExactSizeIterator<Item = [Value; WIDTH]>,
    ) -> Vec<(Statement, usize)> {
        debug_assert_eq!(WIDTH, self.width);
        let mut statements = Vec::with_capacity(1);
        while rows.len() > 0 {
            let size = size_for(rows.len());
            let mut values = Vec::with_capacity(common.len() + size * WIDTH);
            values.extend_from_slice(common);
            values.extend(rows.by_ref().take(size).flatten());
            let text = self.text(backend, size);
            let statement = Statement::from_sql_and_values(backend, text, values);
            statements.push((statement, size));
        }
        statements
    }

    fn text(&self, backend: DbBackend, size: usize) -> &str {
        let texts = match backend {
            DbBackend::Sqlite => &self.on_sqlite,
            _ => &self.on_postgres,
        };
        let index = if size == LARGE { ANY } else { size - 1 };
        texts[index].get_or_init(|| self.written(backend, size))
    }

    fn written(&self, backend: DbBackend, size: usize) -> String {
        let row = vec!["?"; self.width].join(", ");
        let row = if self.width == 1 { row } else { format!("({row})") };
        let text = self.template.replace("{rows}", &vec![row; size].join(", "));
        let (text, held) = match text.split_once("{held ") {
            Some((text, held)) => (text.to_owned(), held.strip_suffix('}')),
            None => (text, None),
        };
        match (backend, held) {
            // One transaction writes at a time.
            (DbBackend::Sqlite, _) => text,
            (_, Some(table)) => format!("{} FOR NO KEY UPDATE OF {table}", numbered(&text)),
            (_, None) => numbered(&text),
        }
    }
}

const fn no_texts() -> Texts {
    [const { OnceLock::new() }; SIZES]
}

/// Whether so many rows stand in one statement.
pub(super) fn is_one_statement(rows: usize) -> bool {
    size_for(rows) == rows
}

fn size_for(rows: usize) -> usize {
    match rows {
        ..=ANY => rows,
        _ if rows < LARGE => ANY,
        _ => LARGE,
    }
}

/// `$1`, `$2`, … for the question marks.
fn numbered(text: &str) -> String {
    let mut pieces = text.split('?');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.enumerate().fold(first, |all, (index, piece)| format!("{all}${}{piece}", index + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    static PAIRS: ForMany = ForMany::new("SELECT ? WHERE (a, b) IN (VALUES {rows})", 2);

    fn statements(rows: usize, backend: DbBackend) -> Vec<(Statement, usize)> {
        let rows = (0..rows).map(|it| [Value::from(it as u64), Value::from("b")]);
        PAIRS.statements(backend, &["common".into()], rows)
    }

    #[test]
    fn each_database_has_its_own_words() {
        let text = |backend| statements(2, backend).remove(0).0.sql;
        let sqlite = "SELECT ? WHERE (a, b) IN (VALUES (?, ?), (?, ?))";
        assert_eq!(text(DbBackend::Sqlite), sqlite);
        let postgres = "SELECT $1 WHERE (a, b) IN (VALUES ($2, $3), ($4, $5))";
        assert_eq!(text(DbBackend::Postgres), postgres);
    }

    /// Every row stands in one statement, in order, with what all have in common.
    #[test]
    fn many_rows_in_few_statements() {
        for rows in [0, 1, 31, 32, 33, 63, 64, 65, 128, 1000] {
            let all = statements(rows, DbBackend::Sqlite);
            let values = all.iter().flat_map(|it| it.0.values.as_ref().unwrap().0[1..].iter());
            let numbers: Vec<_> = values.step_by(2).cloned().collect();
            let expected: Vec<Value> = (0..rows).map(|it| (it as u64).into()).collect();
            assert_eq!(numbers, expected);
            assert_eq!(all.iter().map(|it| it.1).sum::<usize>(), rows);
            assert!(all.len() <= rows / LARGE + 2, "{rows}: {}", all.len());
        }
    }
}
