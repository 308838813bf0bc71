//! Group commit: the lists of effects of many requests share one transaction.
//!
//! A writer takes all that waits, commits it, and answers everybody: so while one batch is on its
//! way to the disk the next one gathers, and a lone request waits for nobody.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::StoreError;
use super::batch::Writer;
use super::commit::{CommitError, Committing, Effect, Late};
use super::memory::{DECIDED, Memory};
use super::open::Databases;
use crate::telemetry::Stopwatch;

/// That many lists wait at most: beyond that, waiting would only use up memory.
const WAITING: usize = 4096;

/// A commit that takes this long is worth waiting for company, and so long is waited.
const SLOW: Duration = Duration::from_millis(3);
const COMPANY: Duration = Duration::from_millis(1);

/// That many lists share a commit at most.
const TOGETHER: usize = 128;

/// What one request changes, and who waits for it.
pub(super) struct Order {
    pub(super) effects: Vec<Effect>,
    pub(super) now: OffsetDateTime,
    /// By which news it was decided, if it is a decision.
    pub(super) heard: Option<Stopwatch>,
    pub(super) answer: oneshot::Sender<Result<(), CommitError>>,
}

type Orders = Arc<tokio::sync::Mutex<mpsc::Receiver<Order>>>;

/// The queue, and those who write what comes through it.
pub(super) struct Queue {
    orders: Mutex<Option<mpsc::Sender<Order>>>,
    writers: Mutex<Vec<JoinHandle<()>>>,
}

impl Order {
    fn is_late(&self) -> bool {
        self.heard.is_some_and(|it| it.elapsed() > DECIDED)
    }

    /// Whether nobody waits any more for what uses up a code or a refresh token: then the client
    /// still has it, and may come again. All else happens, whoever waits for it.
    fn is_abandoned(&self) -> bool {
        let uses_up = |it: &Effect| {
            matches!(it, Effect::RedeemCode { .. } | Effect::RotateRefreshToken { .. })
        };
        self.answer.is_closed() && self.effects.iter().any(uses_up)
    }
}

/// Those of `batch` that are still to happen; the others are told that they are not.
fn in_time(batch: Vec<Order>) -> Vec<Order> {
    let (late, rest): (Vec<_>, Vec<_>) =
        batch.into_iter().filter(|it| !it.is_abandoned()).partition(Order::is_late);
    for order in late {
        let _ = order.answer.send(Err(Late.into()));
    }
    rest
}

impl Queue {
    /// Starts `writers` writers. They end with [`Queue::close`], or when nobody has the queue.
    pub(super) fn start(databases: &Databases, memory: &Arc<Memory>, writers: usize) -> Self {
        let (sender, orders) = mpsc::channel(WAITING);
        let orders = Arc::new(tokio::sync::Mutex::new(orders));
        let writer = |_| spawn(watched(databases.clone(), Arc::clone(memory), Arc::clone(&orders)));
        let writers = (0..writers).map(writer).collect();
        Self { orders: Mutex::new(Some(sender)), writers: Mutex::new(writers) }
    }

    pub(super) fn push(
        &self,
        effects: Vec<Effect>,
        now: OffsetDateTime,
        heard: Option<Stopwatch>,
    ) -> Result<Committing, CommitError> {
        let (answer, answered) = oneshot::channel();
        let order = Order { effects, now, heard, answer };
        let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = orders.as_ref().ok_or(StoreError::Closed)?.try_send(order);
        match sent {
            Ok(()) => Ok(Committing(answered)),
            Err(mpsc::error::TrySendError::Full(_)) => Err(CommitError::Overloaded),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(StoreError::Closed.into()),
        }
    }

    /// Takes no more, and returns when all that waited is written.
    pub(super) async fn close(&self) {
        drop(self.orders.lock().unwrap_or_else(PoisonError::into_inner).take());
        let writers =
            std::mem::take(&mut *self.writers.lock().unwrap_or_else(PoisonError::into_inner));
        for writer in writers {
            let _ = writer.await;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "it ends with the queue, which `close` waits for")]
fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn(task)
}

/// A writer that goes on after a panic, though none is known: without it nothing is issued.
async fn watched(databases: Databases, memory: Arc<Memory>, orders: Orders) {
    let writer = || spawn(write(databases.clone(), Arc::clone(&memory), Arc::clone(&orders)));
    while writer().await.is_err() {
        tracing::error!("the writer of the database panicked, and begins anew");
    }
}

/// The last commit of a writer.
#[derive(Default)]
struct Last {
    together: usize,
    took: Duration,
}

impl Last {
    /// On a slow disk, those who were answered by the last commit are back in a moment with their
    /// next requests. To take them along is worth a millisecond; who comes alone waits for nobody.
    async fn wait_for_company(&self, orders: &mut mpsc::Receiver<Order>, batch: &mut Vec<Order>) {
        if self.together < 2 || self.took < SLOW {
            return;
        }
        let expected = (self.together + batch.len()).min(TOGETHER);
        let gathering = async {
            while batch.len() < expected {
                let room = expected - batch.len();
                if orders.recv_many(batch, room).await == 0 {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(COMPANY, gathering).await;
    }
}

async fn write(databases: Databases, memory: Arc<Memory>, orders: Orders) {
    let (mut batch, mut writer) = (Vec::new(), Writer::new(databases, memory));
    let mut last = Last::default();
    loop {
        {
            // Whoever holds the lock waits for the next order; then the next writer does.
            let mut orders = orders.lock().await;
            if orders.recv_many(&mut batch, TOGETHER).await == 0 {
                return;
            }
            last.wait_for_company(&mut orders, &mut batch).await;
        }
        let stopwatch = Stopwatch::start();
        last.together = batch.len();
        writer.commit(in_time(std::mem::take(&mut batch))).await;
        last.took = stopwatch.elapsed();
    }
}
