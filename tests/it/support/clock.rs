//! Time and randomness that a test can foresee.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use tegata::environment::{Clock, Entropy};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

/// When every world begins.
pub const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);

/// The hands of a clock that stands still until somebody moves them.
#[derive(Clone, Default)]
pub struct Hands(Arc<AtomicI64>);

impl Hands {
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(by.whole_seconds(), Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> OffsetDateTime {
        NOW + Duration::seconds(self.0.load(Ordering::SeqCst))
    }
}

/// Never the same twice, always the same in a new world.
#[derive(Default)]
pub struct Dice(AtomicU64);

impl Entropy for Dice {
    fn fill(&self, bytes: &mut [u8]) {
        let throw = self.0.fetch_add(1, Ordering::SeqCst);
        let throw = throw.to_be_bytes();
        for (index, byte) in bytes.iter_mut().rev().enumerate() {
            *byte = throw.get(7_usize.wrapping_sub(index)).copied().unwrap_or(0xA5);
        }
    }
}
