//! Whether this node wants more requests: what a balancer looks at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A node that is about to end says so first, and answers on while others learn of it
/// (`docs/decisions/0028-drain.md`).
#[derive(Clone, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// From now on requests should go elsewhere. There is no way back.
    pub fn leave(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn is_leaving(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
