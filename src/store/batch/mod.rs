//! A batch: many lists of effects in one transaction, each of them done as a whole or not at all.
//!
//! It decides in the order of arrival who gets what they ask for, and writes that down in a few
//! statements. They notice what was used up before: then the batch is done anew, and begins with a
//! look at that. On PostgreSQL somebody else may be faster after the look, too.

mod decide;
mod look;
mod script;
#[cfg(test)]
mod tests;
mod write;

use std::sync::Arc;

use super::commit::{CommitError, shared};
use super::ledger::{self, Head};
use super::memory::Memory;
use super::open::{Databases, Transaction};
use super::queue::Order;
use super::{Conflict, StoreError};
use decide::Seen;
pub(super) use script::Script;

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

/// The transaction of a batch, if it was begun before all of the batch was there.
pub(super) type Begun = Option<Result<Transaction, StoreError>>;

/// What became of each list of a batch.
type Verdicts = Vec<Result<(), Conflict>>;

/// Why a batch was not committed.
#[derive(Debug)]
pub(super) enum Failed {
    /// Somebody else used something up in the meantime.
    Raced,
    /// Somebody else began a new month of the ledger.
    Outdated,
    Store(StoreError),
    /// It may be on the disk or not: the answer to the commit got lost.
    Unknown(StoreError),
}

impl<T: Into<StoreError>> From<T> for Failed {
    fn from(error: T) -> Self {
        let error = error.into();
        match &error {
            StoreError::Away(away) if away.is_race() => Self::Raced,
            _ if ledger::is_over(&error) => Self::Outdated,
            _ => Self::Store(error),
        }
    }
}

impl Failed {
    fn is_away(&self) -> bool {
        match self {
            Self::Raced | Self::Outdated => false,
            Self::Store(error) | Self::Unknown(error) => error.away().is_some(),
        }
    }
}

impl Writer {
    pub(super) fn new(databases: Databases, memory: Arc<Memory>, node: String) -> Self {
        Self { databases, memory, node, head: None }
    }

    /// Begins the transaction that `orders` take, while others are waited for.
    pub(super) fn begin(&self, orders: &[Order]) -> impl Future<Output = Begun> + use<> {
        let takes = write::take_a_transaction(orders).then(|| self.databases.clone());
        async move {
            match takes {
                Some(databases) => Some(databases.begin().await),
                None => None,
            }
        }
    }

    /// Commits `orders`, and answers all of them.
    pub(super) async fn commit(&mut self, orders: Vec<Order>, begun: Begun) {
        if orders.is_empty() {
            return;
        }
        let several = orders.len() > 1;
        let tried = match begun.transpose() {
            Ok(begun) => self.tried(&orders, begun).await,
            Err(error) => Err(error.into()),
        };
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
                    Box::pin(self.commit(vec![order], None)).await;
                }
            }
            Err(Failed::Raced | Failed::Outdated) => {
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

    async fn tried(
        &mut self,
        orders: &[Order],
        mut begun: Option<Transaction>,
    ) -> Result<Verdicts, Failed> {
        if begun.is_none()
            && let Some(recorded) = self.recorded(orders).await
        {
            return recorded;
        }
        // Hardly anything is used twice: whether it was is looked up once a statement says so.
        let mut hoped = Some(look::unused(orders));
        for _ in 0..TRIES {
            let hopes = hoped.is_some();
            match self.done(orders, hoped.take(), begun.take()).await {
                Err(Failed::Raced) => {}
                // What was used up may be in the way of what was to come of it.
                Err(Failed::Store(error)) if hopes && error.away().is_none() => {}
                Err(Failed::Outdated) => self.head = None,
                done => return done,
            }
        }
        Err(Failed::Raced)
    }

    /// Where there is nothing but rows of the ledger for one statement, that is a transaction of
    /// its own.
    async fn recorded(&mut self, orders: &[Order]) -> Option<Result<Verdicts, Failed>> {
        let entries = write::nothing_but_entries(orders)?;
        let head = self.head.as_ref().filter(|it| it.takes_at_once(&entries))?;
        let mut script = Script::new(self.databases.writer());
        let head = head.append(&mut script, &entries);
        Some(match script.run(self.databases.writer()).await {
            Ok(()) => {
                self.head = Some(head);
                Ok(orders.iter().map(|_| Ok(())).collect())
            }
            Err(failed) => Err(match failed {
                Failed::Raced => return None,
                Failed::Outdated => {
                    self.head = None;
                    return None;
                }
                // It may have happened, and then the chain goes on after it.
                Failed::Store(error) if !error.is_refusal() => {
                    self.head = None;
                    Failed::Unknown(error)
                }
                failed => failed,
            }),
        })
    }

    async fn done(
        &mut self,
        orders: &[Order],
        seen: Option<Seen>,
        begun: Option<Transaction>,
    ) -> Result<Verdicts, Failed> {
        let transaction = match begun {
            Some(begun) => begun,
            None => self.databases.begin().await?,
        };
        let mut seen = match seen {
            Some(seen) => seen,
            None => look::look(&transaction, orders).await?,
        };
        let verdicts: Vec<_> = orders.iter().map(|it| seen.admit(&it.effects)).collect();
        let admitted = orders.iter().zip(&verdicts).filter(|(_, verdict)| verdict.is_ok());
        let admitted: Vec<_> = admitted.map(|(order, _)| order).collect();
        if admitted.is_empty() {
            transaction.rollback().await?;
            return Ok(verdicts);
        }
        let head = self.head.as_ref();
        let written = write::write(&transaction, &admitted, &seen, &self.node, head).await;
        let (changes, head) = match written {
            Ok(written) => written,
            Err(failed) => {
                // At once, and not when the connection is back in its pool: the next try would
                // wait for our own locks.
                let _ = transaction.rollback().await;
                return Err(failed);
            }
        };
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
