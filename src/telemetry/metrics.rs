//! Counters for Prometheus.
//!
//! Labels are words of the program, never of a request: no client, no user, no path, no issuer.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// The media type of [`Metrics::render`].
pub const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The upper bounds of the histogram of durations, in seconds.
const BUCKETS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// All counters. Clones count together.
#[derive(Clone)]
pub struct Metrics(Arc<Families>);

struct Families {
    registry: Registry,
    answers: Family<Answer, Counter>,
    durations: Family<Endpoint, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    issued: Family<Kind, Counter>,
    refused: Family<Refused, Counter>,
    sign_ins: Family<SignIn, Counter>,
    turned_away: Family<TurnedAway, Counter>,
    database_errors: Counter,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answer {
    endpoint: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Endpoint {
    endpoint: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Refused {
    endpoint: &'static str,
    error: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SignIn {
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct TurnedAway {
    limit: &'static str,
    at: &'static str,
}

/// A request that is being answered, until it is dropped.
pub struct InFlight(Gauge);

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All counters at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("tegata");
        let mut all = Families {
            registry: Registry::default(),
            answers: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            in_flight: Gauge::default(),
            issued: Family::default(),
            refused: Family::default(),
            sign_ins: Family::default(),
            turned_away: Family::default(),
            database_errors: Counter::default(),
        };
        registry.register("http_requests", "Requests that were answered", all.answers.clone());
        registry.register_with_unit(
            "http_request_duration",
            "How long an answer took",
            Unit::Seconds,
            all.durations.clone(),
        );
        registry.register(
            "http_requests_in_flight",
            "Requests that are being answered",
            all.in_flight.clone(),
        );
        registry.register("tokens_issued", "Tokens and codes that were issued", all.issued.clone());
        registry.register("refusals", "Requests that were refused", all.refused.clone());
        registry.register("sign_ins", "Attempts to sign in", all.sign_ins.clone());
        registry.register(
            "turned_away",
            "Requests that came too early, by the limit that they met",
            all.turned_away.clone(),
        );
        registry.register(
            "database_errors",
            "Failures of the database",
            all.database_errors.clone(),
        );
        all.registry = registry;
        Self(Arc::new(all))
    }

    /// Counts a request as being answered for as long as the guard lives.
    #[must_use]
    pub fn begin(&self) -> InFlight {
        self.0.in_flight.inc();
        InFlight(self.0.in_flight.clone())
    }

    /// An endpoint answered with this status.
    pub fn answered(&self, endpoint: &'static str, status: u16, took: Duration) {
        let status = match status {
            100..=199 => "1xx",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            _ => "5xx",
        };
        self.0.answers.get_or_create(&Answer { endpoint, status }).inc();
        self.0.durations.get_or_create(&Endpoint { endpoint }).observe(took.as_secs_f64());
    }

    /// A token or a code of this kind was issued.
    pub fn issued(&self, kind: &'static str) {
        self.0.issued.get_or_create(&Kind { kind }).inc();
    }

    /// A request was refused with this `error`.
    pub fn refused(&self, endpoint: &'static str, error: &'static str) {
        self.0.refused.get_or_create(&Refused { endpoint, error }).inc();
    }

    /// Somebody tried to sign in.
    pub fn signed_in(&self, outcome: &'static str) {
        self.0.sign_ins.get_or_create(&SignIn { outcome }).inc();
    }

    /// A request met this limit.
    pub fn turned_away(&self, limit: &'static str, at: &'static str) {
        self.0.turned_away.get_or_create(&TurnedAway { limit, at }).inc();
    }

    /// The database failed.
    pub fn database_failed(&self) {
        self.0.database_errors.inc();
    }

    /// All counters, as text of [`METRICS_TYPE`].
    pub fn render(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.0.registry).expect("a String takes all that is written");
        text
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_shown() {
        let metrics = Metrics::new();
        let busy = metrics.begin();
        metrics.answered("token", 200, Duration::from_millis(3));
        metrics.refused("token", "invalid_grant");
        let text = metrics.render();
        drop(busy);
        for line in [
            "tegata_http_requests_in_flight 1",
            r#"tegata_http_requests_total{endpoint="token",status="2xx"} 1"#,
            r#"tegata_http_request_duration_seconds_bucket{le="0.005",endpoint="token"} 1"#,
            r#"tegata_refusals_total{endpoint="token",error="invalid_grant"} 1"#,
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(metrics.render().contains("tegata_http_requests_in_flight 0"));
    }
}
