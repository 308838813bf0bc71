//! Stepping aside: the thread that writes SQLite's file gets a core as soon as a commit begins.
//!
//! As many threads answer requests as there are cores. While all of them sign what is being
//! committed, the thread that commits waits until one of them has nothing to do, and the disk with it.
//! So each of them offers its core once for each commit (`sched_yield`): 7 to 10 % more tokens a
//! second on two cores. Where others want the cores as well, a core that was offered comes back after
//! milliseconds: whoever had to wait for it several times keeps it for a while.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::open::Store;
use crate::telemetry::Stopwatch;

/// Writing a batch takes a tenth of this; who else wants the core has it for longer.
const LONG: Duration = Duration::from_millis(1);

/// After so many long waits, one after the other, a core is not offered for so long.
const TIMES: u32 = 3;
const KEPT: Duration = Duration::from_secs(1);

/// How many commits were begun. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Commits(Arc<AtomicUsize>);

impl Commits {
    pub(super) fn begins(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// What a thread did last.
#[derive(Clone, Copy, Debug, Default)]
struct Offers {
    /// For how many commits it offered its core.
    commits: usize,
    /// How often in a row it waited for long.
    long: u32,
    /// Since when it keeps its core.
    kept: Option<Stopwatch>,
}

thread_local! {
    static OFFERS: Cell<Offers> = const { Cell::new(Offers { commits: 0, long: 0, kept: None }) };
}

impl Offers {
    /// Whether the core is to be offered, where so many commits were begun.
    fn is_due(&mut self, commits: usize) -> bool {
        let is_new = self.commits != commits;
        self.commits = commits;
        is_new && self.kept.is_none_or(|it| it.elapsed() > KEPT)
    }

    fn took(&mut self, duration: Duration) {
        self.long = if duration > LONG { self.long + 1 } else { 0 };
        self.kept = (self.long >= TIMES).then(Stopwatch::start);
    }
}

impl Store {
    /// Lets the thread that writes go first, if a commit was begun since this thread did so last.
    pub fn step_aside(&self) {
        if !self.is_file() {
            return;
        }
        let mut offers = OFFERS.get();
        if offers.is_due(self.queue().commits.0.load(Ordering::Relaxed)) {
            let stopwatch = Stopwatch::start();
            thread::yield_now();
            offers.took(stopwatch.elapsed());
        }
        OFFERS.set(offers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_for_each_commit_and_not_where_others_want_the_cores() {
        let mut offers = Offers::default();
        assert!(!offers.is_due(0), "nothing was begun");
        assert!(offers.is_due(1));
        offers.took(Duration::from_micros(80));
        assert!(!offers.is_due(1));
        for commits in 3..6 {
            assert!(offers.is_due(commits));
            offers.took(Duration::from_millis(4));
        }
        assert!(!offers.is_due(6));
        assert!(!offers.is_due(7));
    }
}
