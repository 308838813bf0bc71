//! A batch: many lists of effects in one transaction, each of them done as a whole or not at all.
//!
//! It looks what is used up already, decides in the order of arrival who gets what they ask for,
//! and writes that down in a few statements. SQLite has one transaction that writes at a time; on
//! PostgreSQL somebody else may be faster between the look and the writing: the statements
//! notice, and then the batch is done anew.

mod decide;
mod look;
#[cfg(test)]
mod tests;
mod write;

use std::sync::Arc;

use super::commit::{CommitError, shared};
use super::ledger::Head;
use super::memory::Memory;
use super::open::Databases;
use super::queue::Order;
use super::{Conflict, StoreError};

/// How often a batch is done anew because somebody else was faster.
const TRIES: usize = 16;

/// One who commits batches, one after the other.
pub(super) struct Writer {
    databases: Databases,
    memory: Arc<Memory>,
    /// What the ledger calls this process.
    node: String,
    /// Where its chain of the ledger ends. A new one begins with the first row, and whenever
    /// nobody can tell how far the last one got.
    head: Option<Head>,
}

/// What became of each list of a batch.
type Verdicts = Vec<Result<(), Conflict>>;

/// Why a batch was not committed.
enum Failed {
    /// Somebody else used something up in the meantime.
    Raced,
    Store(StoreError),
    /// It may be on the disk or not: the answer to the commit got lost.
    Unknown(StoreError),
}

impl<T: Into<StoreError>> From<T> for Failed {
    fn from(error: T) -> Self {
        let error = error.into();
        match &error {
            StoreError::Away(away) if away.is_race() => Self::Raced,
            _ => Self::Store(error),
        }
    }
}

impl Failed {
    fn is_away(&self) -> bool {
        match self {
            Self::Raced => false,
            Self::Store(error) | Self::Unknown(error) => error.away().is_some(),
        }
    }
}

impl Writer {
    pub(super) fn new(databases: Databases, memory: Arc<Memory>, node: String) -> Self {
        Self { databases, memory, node, head: None }
    }

    /// Commits `orders`, and answers all of them.
    pub(super) async fn commit(&mut self, orders: Vec<Order>) {
        if orders.is_empty() {
            return;
        }
        let several = orders.len() > 1;
        let tried = self.tried(&orders).await;
        self.databases.health.saw(tried.as_ref().is_err_and(Failed::is_away));
        match tried {
            Ok(verdicts) => {
                for (order, verdict) in orders.into_iter().zip(verdicts) {
                    let _ = order.answer.send(verdict.map_err(CommitError::Conflict));
                }
            }
            // One of them may be what the database does not take: the others need not suffer.
            Err(Failed::Store(error)) if several && error.away().is_none() => {
                for order in orders {
                    Box::pin(self.commit(vec![order])).await;
                }
            }
            Err(Failed::Raced) => {
                for order in orders {
                    let _ = order.answer.send(Err(CommitError::Overloaded));
                }
            }
            Err(Failed::Store(error) | Failed::Unknown(error)) => {
                let error = Arc::new(error);
                for order in orders {
                    let _ = order.answer.send(Err(shared(&error)));
                }
            }
        }
    }

    async fn tried(&mut self, orders: &[Order]) -> Result<Verdicts, Failed> {
        for _ in 1..TRIES {
            match self.done(orders).await {
                Err(Failed::Raced) => {}
                done => return done,
            }
        }
        self.done(orders).await
    }

    async fn done(&mut self, orders: &[Order]) -> Result<Verdicts, Failed> {
        let transaction = self.databases.begin().await?;
        let mut seen = look::look(&transaction, orders).await?;
        let verdicts: Vec<_> = orders.iter().map(|it| seen.admit(&it.effects)).collect();
        let admitted = orders.iter().zip(&verdicts).filter(|(_, verdict)| verdict.is_ok());
        let admitted: Vec<_> = admitted.map(|(order, _)| order).collect();
        if admitted.is_empty() {
            return Ok(verdicts);
        }
        let (changes, head) =
            write::write(&transaction, &admitted, &seen, &self.node, self.head.as_ref()).await?;
        if let Err(error) = transaction.commit().await {
            self.head = None;
            return Err(Failed::Unknown(error.into()));
        }
        self.head = head;
        self.memory.learn(admitted.iter().flat_map(|it| &it.effects));
        if !changes.is_empty() {
            self.memory.forget(&changes);
        }
        Ok(verdicts)
    }
}
