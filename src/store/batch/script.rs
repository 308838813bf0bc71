//! Statements that follow one another in one transaction.
//!
//! Each is a way to the database and back, for which the whole batch waits. SQLite is given all of
//! them at once.

use sea_orm::{ConnectionTrait, DbBackend, Statement, Values};

use super::Failed;

/// Statements in their order, and how many rows each has to touch.
#[derive(Debug)]
pub(in crate::store) struct Script {
    backend: DbBackend,
    steps: Vec<(Statement, Option<u64>)>,
}

impl Script {
    pub(in crate::store) fn new(db: &impl ConnectionTrait) -> Self {
        Self { backend: db.get_database_backend(), steps: Vec::new() }
    }

    pub(in crate::store) fn backend(&self) -> DbBackend {
        self.backend
    }

    /// Adds `statement`, which touches `rows` at most, and has to touch all of them if there is
    /// a number.
    pub(in crate::store) fn add(&mut self, statement: Statement, rows: Option<u64>) {
        self.steps.push((statement, rows));
    }

    pub(in crate::store) fn then(mut self, other: Self) -> Self {
        self.steps.extend(other.steps);
        self
    }

    /// Executes all of it. If a statement did not find what it has to touch, somebody else was
    /// faster, and the transaction has to be undone.
    pub(in crate::store) async fn run(self, db: &impl ConnectionTrait) -> Result<(), Failed> {
        for (statement, rows) in self.in_few_steps() {
            let touched = db.execute_raw(statement).await?.rows_affected();
            if rows.is_some_and(|it| it != touched) {
                return Err(Failed::Raced);
            }
        }
        Ok(())
    }

    /// As none touches more than it has to, their sum tells whether all found what they have to.
    fn in_few_steps(self) -> Vec<(Statement, Option<u64>)> {
        let all: Option<u64> = self.steps.iter().map(|(_, rows)| *rows).sum();
        if self.backend != DbBackend::Sqlite || all.is_none() || self.steps.len() < 2 {
            return self.steps;
        }
        let texts: Vec<_> = self.steps.iter().map(|(statement, _)| &*statement.sql).collect();
        let text = texts.join("; ");
        let values = self.steps.into_iter().filter_map(|(statement, _)| statement.values);
        let values = Values(values.flat_map(|it| it.0).collect());
        vec![(Statement { sql: text, values: Some(values), db_backend: self.backend }, all)]
    }
}
