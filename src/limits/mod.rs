//! How often something may happen, by address, by client and by person. The only room that knows
//! governor.
//!
//! All of it is kept in memory, by each node for itself, and costs a request less than looking
//! anything up. Guessing at passwords is held back elsewhere, by counts that all nodes share
//! (`flows::authorization::sign_in`). Why so: `docs/decisions/0026-who-is-turned-away.md`.

mod gate;
mod network;
mod rate;
mod unrecorded;

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;

pub use network::network;
pub use rate::{NoRate, Rate};
pub use unrecorded::Unrecorded;

use crate::environment::Clock;
use crate::model::LedgerEvent;
use crate::oauth::{ClientId, Issuer, Subject};
use crate::telemetry::Metrics;
use gate::Gate;
use unrecorded::Tally;

/// What an administrator allows. `None` is no limit.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    pub refusals_per_address: Option<Rate>,
    pub refusals_per_client: Option<Rate>,
    pub tokens_per_client: Option<Rate>,
    pub tokens_per_user: Option<Rate>,
    pub tokens_per_address: Option<Rate>,
    pub pages_per_address: Option<Rate>,
    pub registrations_per_address: Option<Rate>,
    pub documents_per_address: Option<Rate>,
    pub explanations_per_client: Option<Rate>,
    /// Addresses that nothing is held against.
    pub exempt: Vec<IpAddr>,
}

/// Many are many: refusals of strangers are recorded this many times as often as those of one
/// address, however many addresses they have.
const ADDRESSES: u32 = 20;

/// A request that came too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many requests: wait for {seconds} seconds")]
pub struct TurnedAway {
    /// How long to wait, at least one second.
    pub seconds: u64,
}

/// Which part of the server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    Token,
    Pages,
    Documents,
}

/// Whom a refusal is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// Whoever is there, if that is known: anybody can send the name of a client.
    Address(Option<IpAddr>),
    /// A client that has proven who it is.
    Client(ClientKey),
}

/// A client of an issuer, as a number that nobody outside can foresee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientKey(u64);

/// All limits of a process.
pub struct Limits {
    refusals_per_address: Gate<IpAddr>,
    refusals_of_strangers: Gate<()>,
    refusals_per_client: Gate<ClientKey>,
    tokens_per_client: Gate<ClientKey>,
    tokens_per_user: Gate<Subject>,
    tokens_per_address: Gate<IpAddr>,
    pages_per_address: Gate<IpAddr>,
    registrations_per_address: Gate<IpAddr>,
    registrations_of_strangers: Gate<()>,
    documents_per_address: Gate<IpAddr>,
    explanations_per_client: Gate<ClientKey>,
    exempt: Vec<IpAddr>,
    names: RandomState,
    tally: Tally,
    metrics: Metrics,
}

impl Limits {
    pub fn new(rates: &Rates, clock: &Arc<dyn Clock>, metrics: Metrics) -> Self {
        let strangers = rates.refusals_per_address.map(|it| it.times(ADDRESSES));
        Self {
            refusals_per_address: Gate::new(rates.refusals_per_address, clock),
            refusals_of_strangers: Gate::new(strangers, clock),
            refusals_per_client: Gate::new(rates.refusals_per_client, clock),
            tokens_per_client: Gate::new(rates.tokens_per_client, clock),
            tokens_per_user: Gate::new(rates.tokens_per_user, clock),
            tokens_per_address: Gate::new(rates.tokens_per_address, clock),
            pages_per_address: Gate::new(rates.pages_per_address, clock),
            registrations_per_address: Gate::new(rates.registrations_per_address, clock),
            registrations_of_strangers: Gate::new(
                rates.registrations_per_address.map(|it| it.times(ADDRESSES)),
                clock,
            ),
            documents_per_address: Gate::new(rates.documents_per_address, clock),
            explanations_per_client: Gate::new(rates.explanations_per_client, clock),
            exempt: rates.exempt.iter().map(IpAddr::to_canonical).collect(),
            names: RandomState::new(),
            tally: Tally::default(),
            metrics,
        }
    }

    /// A request to `endpoint` from `address`, before anything is done for it.
    pub fn visit(&self, endpoint: Endpoint, address: Option<IpAddr>) -> Result<(), TurnedAway> {
        let (gate, limit, at) = match endpoint {
            Endpoint::Token => (&self.tokens_per_address, "tokens_per_address", "token"),
            Endpoint::Pages => (&self.pages_per_address, "pages_per_address", "pages"),
            Endpoint::Documents => {
                (&self.documents_per_address, "documents_per_address", "documents")
            }
        };
        let Some(address) = self.counted(address) else { return Ok(()) };
        self.counting(gate.pass(&address), limit, at)
    }

    /// A token request of a client that has proven who it is.
    pub fn token_request(&self, client: ClientKey) -> Result<(), TurnedAway> {
        self.counting(self.tokens_per_client.pass(&client), "tokens_per_client", "token")
    }

    /// A token that acts for `user`.
    pub fn token_for(&self, user: &Subject) -> Result<(), TurnedAway> {
        self.counting(self.tokens_per_user.pass(user), "tokens_per_user", "token")
    }

    /// A decision that a client that has proven who it is wants explained: each is a search in the
    /// ledger.
    pub fn explanation(&self, client: ClientKey) -> Result<(), TurnedAway> {
        let passed = self.explanations_per_client.pass(&client);
        self.counting(passed, "explanations_per_client", "decisions")
    }

    /// A registration of a client, right or wrong, before anything is done for it.
    pub fn registration(&self, address: Option<IpAddr>) -> Result<(), TurnedAway> {
        let Some(address) = self.counted(address) else { return Ok(()) };
        let passed = self.registrations_per_address.pass(&address);
        let passed = passed.and_then(|()| self.registrations_of_strangers.pass(&()));
        self.counting(passed, "registrations_per_address", "registration")
    }

    /// A refusal that is about to be recorded. It is not a question whether the request may be
    /// answered: what is right is answered, however often others were wrong.
    pub fn refusal(&self, party: Party, event: LedgerEvent) -> Result<(), TurnedAway> {
        let at = event.as_str();
        match party {
            Party::Client(client) => {
                let passed = self.refusals_per_client.pass(&client);
                self.counting(passed, "refusals_per_client", at)
            }
            Party::Address(address) => {
                let Some(address) = self.counted(address) else { return Ok(()) };
                let passed = self.refusals_per_address.pass(&address);
                let passed = passed.and_then(|()| self.refusals_of_strangers.pass(&()));
                self.counting(passed, "refusals_per_address", at)
            }
        }
    }

    /// Notes a request of which the ledger has no entry of its own.
    pub fn unrecorded(&self, what: Unrecorded) {
        self.tally.add(what, 1);
    }

    /// What was noted since the last time, and how often.
    pub fn take_unrecorded(&self) -> Vec<(Unrecorded, u64)> {
        self.tally.take()
    }

    /// Puts back what was taken and could not be recorded.
    pub fn put_back(&self, what: Unrecorded, count: u64) {
        self.tally.add(what, count);
    }

    pub fn client_key(&self, issuer: &Issuer, client: &ClientId) -> ClientKey {
        ClientKey(self.names.hash_one((issuer.as_str(), client.as_str())))
    }

    /// Whether nothing is held against `address`.
    pub fn is_exempt(&self, address: IpAddr) -> bool {
        self.exempt.contains(&address.to_canonical())
    }

    /// Forgets whoever has been quiet for long enough to be as good as new. Call it every second
    /// or so: then no more keys are kept than there can be requests within the time that the
    /// burst of a limit takes to come back.
    pub fn forget(&self) {
        self.refusals_per_address.forget();
        self.refusals_per_client.forget();
        self.tokens_per_client.forget();
        self.tokens_per_user.forget();
        self.tokens_per_address.forget();
        self.pages_per_address.forget();
        self.registrations_per_address.forget();
        self.documents_per_address.forget();
        self.explanations_per_client.forget();
    }

    /// What stands for `address`, unless it is exempt or not known.
    fn counted(&self, address: Option<IpAddr>) -> Option<IpAddr> {
        address.filter(|it| !self.is_exempt(*it)).map(network)
    }

    fn counting(
        &self,
        passed: Result<(), TurnedAway>,
        limit: &'static str,
        at: &'static str,
    ) -> Result<(), TurnedAway> {
        if passed.is_err() {
            self.metrics.turned_away(limit, at);
        }
        passed
    }
}

#[cfg(test)]
mod tests;
