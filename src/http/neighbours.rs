//! Connections that come from one place.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::limits::network;

/// How many connections each address has. Those of one network count as one.
#[derive(Clone, Default)]
pub(super) struct Neighbours(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One of them, until it is dropped.
pub(super) struct Neighbour {
    address: IpAddr,
    all: Neighbours,
}

impl Neighbours {
    /// One more, if there are fewer than `at_most`.
    pub(super) fn enter(&self, address: IpAddr, at_most: usize) -> Option<Neighbour> {
        let address = network(address);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(address).or_default();
        if *count >= at_most {
            return None;
        }
        *count += 1;
        Some(Neighbour { address, all: self.clone() })
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.address);
            }
        }
    }
}
