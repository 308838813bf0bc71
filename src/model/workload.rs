//! Programs that another issuer knows, and which of our clients they are.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::oauth::{ClientId, Resource};

/// Which assertions of an issuer act as which client of a service (RFC 7523 §2.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workload {
    pub client: ClientId,
    /// What an assertion has to say, each with exactly this value.
    pub claims: BTreeMap<String, Value>,
    /// The resources that it may have tokens for; none is all of the service's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Resource>,
}

impl Workload {
    /// Whether an assertion with `claims` is meant. One value in an array is not that value.
    pub fn is_meant_by(&self, claims: &Map<String, Value>) -> bool {
        self.claims.iter().all(|(name, value)| claims.get(name) == Some(value))
    }

    /// Whether one assertion could be meant by both: only two values of one claim keep them apart.
    pub fn may_coincide_with(&self, other: &Self) -> bool {
        let differs = |(name, value): (&String, &Value)| {
            other.claims.get(name).is_some_and(|its| its != value)
        };
        !self.claims.iter().any(differs)
    }
}

impl fmt::Display for Workload {
    /// Like `ci by repository "org/x"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let claims: Vec<_> =
            self.claims.iter().map(|(name, value)| format!("{name} {value}")).collect();
        write!(f, "{} by {}", self.client, claims.join(", "))
    }
}
