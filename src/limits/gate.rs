//! One limit for many keys: GCRA, by governor.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock as Ticking;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use super::TurnedAway;
use super::rate::{Per, Rate};
use crate::environment::Clock;

/// Lets each key pass as often as its rate says; without a rate, always.
pub(super) struct Gate<K: Hash + Eq + Clone>(Option<Limiter<K>>);

type Limiter<K> = RateLimiter<K, DashMapStateStore<K>, Steady, NoOpMiddleware<Duration>>;

/// The steady time of our clock, so that nobody who sets it back is locked out.
#[derive(Clone)]
struct Steady(Arc<dyn Clock>);

impl Ticking for Steady {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.steady()
    }
}

impl<K: Hash + Eq + Clone> Gate<K> {
    pub(super) fn new(rate: Option<Rate>, clock: &Arc<dyn Clock>) -> Self {
        let clock = Steady(Arc::clone(clock));
        let limiter = |rate| RateLimiter::new(quota(rate), DashMapStateStore::default(), clock);
        Self(rate.map(limiter))
    }

    /// Whether `key` may pass now; it has, if it may.
    pub(super) fn pass(&self, key: &K) -> Result<(), TurnedAway> {
        let Some(limiter) = &self.0 else { return Ok(()) };
        limiter.check_key(key).map_err(|until| {
            let wait = until.wait_time_from(limiter.clock().now());
            // Rounded up: who comes back then gets in.
            let begun = u64::from(wait.subsec_nanos() > 0);
            TurnedAway { seconds: (wait.as_secs() + begun).max(1) }
        })
    }

    /// Forgets the keys that are as good as new.
    pub(super) fn forget(&self) {
        let Some(limiter) = &self.0 else { return };
        if !limiter.is_empty() {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }

    #[cfg(test)]
    pub(super) fn keys(&self) -> usize {
        self.0.as_ref().map_or(0, RateLimiter::len)
    }
}

fn quota(rate: Rate) -> Quota {
    let quota = match rate.per {
        Per::Second => Quota::per_second(rate.count),
        Per::Minute => Quota::per_minute(rate.count),
    };
    quota.allow_burst(rate.burst)
}
