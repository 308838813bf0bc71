//! How long something took.

use std::time::{Duration, Instant};

/// Starts when it is made. It tells how old something is in this process, whatever the clock
/// of the machine is set to; what is written down has its time from `Clock`.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "the one place that measures")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
