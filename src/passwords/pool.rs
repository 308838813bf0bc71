//! Threads for hashes alone: as many as are made at a time, and behind everything else.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use argon2::Block;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use tokio::sync::{Semaphore, oneshot};

use super::Busy;

/// How many may wait.
const QUEUE: usize = 64;

/// How much nicer than others the threads are: a request that needs no hash gets ten times
/// their share of a core, and all cores are theirs when nobody else wants one.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Memory that no hash needed for so long is given back: 19 MiB.
const IDLE: Duration = Duration::from_secs(5);

/// Makes some hashes at a time, lets some wait, and turns the others away.
#[derive(Clone)]
pub(super) struct Pool {
    threads: usize,
    /// One for each hash that is being made or waits.
    places: Arc<Semaphore>,
    /// The threads begin with the first job: most commands have none. They end with the pool.
    jobs: Arc<OnceLock<Sender<Job>>>,
}

/// Work for a thread, which lends it memory for this.
type Job = Box<dyn FnOnce(&mut Vec<Block>) + Send>;

impl Pool {
    pub(super) fn new(threads: usize) -> Self {
        let places = Arc::new(Semaphore::new(threads + QUEUE));
        Self { threads, places, jobs: Arc::default() }
    }

    /// What `work` gives, in its turn. If nobody waits for it any more by then, it is not done.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| Busy)?;
        let (tell, told) = oneshot::channel();
        let job = Box::new(move |blocks: &mut Vec<Block>| {
            if !tell.is_closed() {
                let _ = tell.send(work(blocks));
            }
            drop(place);
        });
        let jobs = self.jobs.get_or_init(|| start(self.threads));
        jobs.send(job).expect("the threads go on for as long as there is a pool");
        Ok(told.await.expect("hashing does not panic"))
    }

    /// Takes all places, for a test to see what happens then.
    #[cfg(test)]
    pub(super) fn full(&self) -> tokio::sync::OwnedSemaphorePermit {
        let all = u32::try_from(self.threads + QUEUE).unwrap();
        self.places.clone().try_acquire_many_owned(all).unwrap()
    }
}

/// What hashes are made in, while none is. Whoever makes the next one takes what was used last: so
/// there is as much of it as hashes were made at a time.
#[derive(Clone, Default)]
struct Spare(Arc<Mutex<Vec<Vec<Block>>>>);

impl Spare {
    fn take(&self) -> Option<Vec<Block>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, blocks: Vec<Block>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(blocks);
    }

    fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

fn start(threads: usize) -> Sender<Job> {
    let (jobs, waiting) = unbounded();
    let spare = Spare::default();
    for _ in 0..threads {
        let (waiting, spare) = (waiting.clone(), spare.clone());
        let thread = thread::Builder::new().name("passwords".to_owned());
        let started = thread.spawn(move || work_off(&waiting, &spare));
        started.expect("the system has a thread for us, as for tokio");
    }
    jobs
}

fn work_off(waiting: &Receiver<Job>, spare: &Spare) {
    behind_others();
    loop {
        // Who keeps something is here again soon, and sees to it that it does not stay.
        let next = match spare.is_empty() {
            true => waiting.recv().map_err(|_| RecvTimeoutError::Disconnected),
            false => waiting.recv_timeout(IDLE),
        };
        match next {
            Ok(job) => {
                let mut blocks = spare.take().unwrap_or_default();
                job(&mut blocks);
                // A hash from elsewhere may have needed more than ours do; nobody needs to keep that.
                if (1..=super::ours().block_count()).contains(&blocks.len()) {
                    spare.keep(blocks);
                }
            }
            Err(RecvTimeoutError::Timeout) => drop(spare.take()),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// In Linux each thread is as nice as itself (nice(2), "C library/kernel differences"); elsewhere
/// this would be the whole process.
fn behind_others() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICE) {
        let error: &dyn std::error::Error = &error;
        tracing::debug!(error, "hashing is as urgent as everything else");
    }
}
