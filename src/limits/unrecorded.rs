//! Requests that were turned away, to be summed up in the ledger.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::model::LedgerEvent;
use crate::oauth::{ClientId, Issuer};

/// What they have in common. A client is named only if it has proven who it is: so there are no
/// more of these than issuers and their clients, whatever strangers send.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Unrecorded {
    pub issuer: Issuer,
    pub event: LedgerEvent,
    pub client: Option<ClientId>,
}

/// How often each was there.
#[derive(Default)]
pub(super) struct Tally(Mutex<HashMap<Unrecorded, u64>>);

impl Tally {
    pub(super) fn add(&self, what: Unrecorded, count: u64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(what).or_default() += count;
    }

    pub(super) fn take(&self) -> Vec<(Unrecorded, u64)> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.drain().collect()
    }
}
