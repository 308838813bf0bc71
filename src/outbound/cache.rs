//! What is kept of the key sets of others, and when they are fetched anew.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use time::{Duration, OffsetDateTime};

use super::keys::Wanted;
use super::unreachable::Unreachable;
use crate::environment::Clock;
use crate::jose::KeySet;

/// Keys are used for this long while their issuer is down.
const OLDEST: Duration = Duration::hours(24);

/// An issuer that is down is left alone for this long.
const AFTER_FAILURE: Duration = Duration::seconds(5);

/// Strangers can make us look for newer keys, with a JWT of an unknown `kid`; no more often
/// than this.
const BETWEEN_SEARCHES: Duration = Duration::minutes(1);

/// One key set of somebody else.
#[derive(Default)]
pub(super) struct Entry {
    state: Mutex<State>,
    /// Held by the one who fetches; the others wait and find what was fetched.
    flight: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    failed: Option<(OffsetDateTime, Arc<Unreachable>)>,
    searched_at: Option<OffsetDateTime>,
}

struct Held {
    keys: Arc<KeySet>,
    fetched_at: OffsetDateTime,
    fresh_until: OffsetDateTime,
}

/// Keys as they came, and for how long they may be kept without asking.
pub(super) struct Fetched {
    pub(super) keys: KeySet,
    pub(super) fresh_for: Duration,
}

impl Entry {
    /// The keys that are kept, or else what `fetch` brings.
    pub(super) async fn keys(
        &self,
        clock: &dyn Clock,
        wanted: Wanted,
        fetch: impl Future<Output = Result<Fetched, Unreachable>> + Send,
    ) -> Result<Arc<KeySet>, Unreachable> {
        if let Some(known) = self.with(|state| state.known(clock.now(), wanted)) {
            return known;
        }
        let _flight = self.flight.lock().await;
        let now = clock.now();
        if let Some(known) = self.with(|state| state.known(now, wanted)) {
            return known;
        }
        if wanted == Wanted::Newer {
            self.with(|state| state.searched_at = Some(now));
        }
        let fetched = fetch.await;
        self.with(|state| state.take(fetched, clock.now()))
    }

    /// Whether there are keys that need not be fetched.
    pub(super) fn is_fresh(&self, now: OffsetDateTime) -> bool {
        self.with(|state| state.held.as_ref().is_some_and(|held| now < held.fresh_until))
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    /// What can be answered without fetching.
    fn known(
        &self,
        now: OffsetDateTime,
        wanted: Wanted,
    ) -> Option<Result<Arc<KeySet>, Unreachable>> {
        let within = |at: OffsetDateTime, time: Duration| now < at + time;
        if let Some((at, why)) = &self.failed
            && within(*at, AFTER_FAILURE)
        {
            let kept = self.kept(now).ok_or_else(|| Unreachable::Shared(Arc::clone(why)));
            return Some(kept);
        }
        let searched = self.searched_at.is_some_and(|at| within(at, BETWEEN_SEARCHES));
        if wanted == Wanted::Newer && !searched {
            return None;
        }
        let held = self.held.as_ref().filter(|held| now < held.fresh_until)?;
        Some(Ok(Arc::clone(&held.keys)))
    }

    fn kept(&self, now: OffsetDateTime) -> Option<Arc<KeySet>> {
        let held = self.held.as_ref().filter(|held| now < held.fetched_at + OLDEST)?;
        Some(Arc::clone(&held.keys))
    }

    fn take(
        &mut self,
        fetched: Result<Fetched, Unreachable>,
        now: OffsetDateTime,
    ) -> Result<Arc<KeySet>, Unreachable> {
        match fetched {
            Ok(Fetched { keys, fresh_for }) => {
                let keys = Arc::new(keys);
                let fresh_until = now + fresh_for;
                let held = Held { keys: Arc::clone(&keys), fetched_at: now, fresh_until };
                (self.held, self.failed) = (Some(held), None);
                Ok(keys)
            }
            Err(error) => {
                let error = Arc::new(error);
                tracing::warn!(%error, causes = error.causes(), "keys could not be fetched");
                self.searched_at = None;
                self.failed = Some((now, Arc::clone(&error)));
                self.kept(now).ok_or(Unreachable::Shared(error))
            }
        }
    }
}
