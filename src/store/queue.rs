//! Group commit: the lists of effects of many requests share one transaction.
//!
//! A writer takes all that waits, commits it, and answers everybody: so while one batch is on its
//! way to the disk the next one gathers, and a lone request waits for nobody.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join;
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::StoreError;
use super::aside::Commits;
use super::batch::Writer;
use super::commit::{CommitError, Committing, Effect, Late};
use super::memory::{DECIDED, Memory};
use super::open::Databases;
use crate::telemetry::Stopwatch;

/// That many lists wait at most: beyond that, waiting would only use up memory.
const WAITING: usize = 4096;

/// How long a commit waits for company at most.
const COMPANY: Duration = Duration::from_millis(1);

/// After a commit that took this long, those whom it answered are worth waiting for.
const SLOW: Duration = Duration::from_millis(3);

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

/// The queue, and who writes what comes through it.
pub(super) struct Queue {
    orders: Mutex<Option<mpsc::Sender<Order>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    asking: Arc<AtomicUsize>,
    pub(super) commits: Commits,
}

/// Somebody who is going to have an order in a moment, until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Asking(Arc<AtomicUsize>);

impl Asking {
    fn begin(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
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
    /// Starts the writer. It ends with [`Queue::close`], or when nobody has the queue.
    pub(super) fn start(databases: &Databases, memory: &Arc<Memory>, node: String) -> Self {
        let (sender, orders) = mpsc::channel(WAITING);
        let asking = Arc::default();
        let company = Company { asking: Arc::clone(&asking), ..Company::default() };
        let (databases, memory) = (databases.clone(), Arc::clone(memory));
        let writer = move || Writer::new(databases.clone(), Arc::clone(&memory), node.clone());
        let commits = Commits::default();
        let writer = watched(writer, orders, company, commits.clone());
        #[expect(clippy::disallowed_methods, reason = "it ends with the queue")]
        let writer = tokio::spawn(writer);
        Self { orders: Mutex::new(Some(sender)), writer: Mutex::new(Some(writer)), asking, commits }
    }

    pub(super) fn asks(&self) -> Asking {
        Asking::begin(&self.asking)
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
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let _ = writer.await;
        }
    }
}

/// A writer that goes on after a panic, though none is known: without it nothing is issued.
async fn watched(
    writer: impl Fn() -> Writer,
    mut orders: mpsc::Receiver<Order>,
    mut company: Company,
    commits: Commits,
) {
    loop {
        let writing = AssertUnwindSafe(write(writer(), &mut orders, &mut company, &commits));
        match writing.catch_unwind().await {
            Ok(()) => return,
            Err(_) => tracing::error!("the writer of the database panicked, and begins anew"),
        }
    }
}

/// With whom an order shares its commit.
#[derive(Default)]
struct Company {
    asking: Arc<AtomicUsize>,
    /// What the last commit was.
    together: usize,
    took: Duration,
}

impl Company {
    /// How many to wait for. A commit costs the same for one as for many, so most of those who are
    /// being answered should be in it; the others are signed and verified while the disk works, and
    /// begin the next one. On a slow disk all of them should, for those of the last commit are back
    /// in a moment. Who comes alone waits for nobody.
    fn expected(&self, here: usize) -> usize {
        let expected = match self.together > 1 && self.took >= SLOW {
            true => self.together + here,
            false => self.asking.load(Ordering::Relaxed) * 3 / 4,
        };
        expected.min(TOGETHER)
    }

    async fn gather(&self, orders: &mut mpsc::Receiver<Order>, batch: &mut Vec<Order>) {
        let expected = self.expected(batch.len());
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

async fn write(
    mut writer: Writer,
    orders: &mut mpsc::Receiver<Order>,
    company: &mut Company,
    commits: &Commits,
) {
    let mut batch = Vec::new();
    while orders.recv_many(&mut batch, TOGETHER).await > 0 {
        let begun = writer.begin(&batch);
        let (begun, ()) = join(begun, company.gather(orders, &mut batch)).await;
        let stopwatch = Stopwatch::start();
        company.together = batch.len();
        commits.begins();
        writer.commit(in_time(std::mem::take(&mut batch)), begun).await;
        company.took = stopwatch.elapsed();
    }
}
