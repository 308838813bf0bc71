//! What strangers may take of the server, and how often anybody may ask.

use time::Duration;

use super::proxies::addresses;
use super::raw::Raw;
use crate::limits::{Rate, Rates};

/// What a connection and a request may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// That many connections at a time.
    pub connections: usize,
    /// That many of one address.
    pub connections_per_address: usize,
    /// For the first request of a connection to arrive.
    pub header: Duration,
    /// For a request to arrive whole and be answered.
    pub request: Duration,
    /// Without another request.
    pub idle: Duration,
    /// All header fields of a request together.
    pub header_bytes: u32,
    pub header_fields: usize,
    /// Requests at a time in a connection of HTTP/2.
    pub streams: u32,
}

pub(super) fn bounds(raw: &mut Raw) -> Bounds {
    let bounds = Bounds {
        connections: raw.number("limits.connections") as usize,
        connections_per_address: raw.number("limits.connections_per_address") as usize,
        header: raw.seconds("limits.header_seconds"),
        request: raw.seconds("limits.request_seconds"),
        idle: raw.seconds("limits.idle_seconds"),
        header_bytes: raw.number("limits.header_bytes"),
        header_fields: raw.number("limits.header_fields") as usize,
        streams: raw.number("limits.streams"),
    };
    if bounds.idle <= bounds.request {
        let path = "limits.idle_seconds";
        let wrong = "a connection would end before limits.request_seconds".to_owned();
        raw.note(path, raw.origin(path), wrong, "make it the larger of the two");
    }
    bounds
}

pub(super) fn rates(raw: &mut Raw) -> Rates {
    Rates {
        refusals_per_address: raw.text("limits.refusals_per_address", Rate::parse),
        refusals_per_client: raw.text("limits.refusals_per_client", Rate::parse),
        tokens_per_client: raw.text("limits.tokens_per_client", Rate::parse),
        tokens_per_user: raw.text("limits.tokens_per_user", Rate::parse),
        tokens_per_address: raw.text("limits.tokens_per_address", Rate::parse),
        pages_per_address: raw.text("limits.pages_per_address", Rate::parse),
        registrations_per_address: raw.text("limits.registrations_per_address", Rate::parse),
        documents_per_address: raw.text("limits.documents_per_address", Rate::parse),
        explanations_per_client: raw.text("limits.explanations_per_client", Rate::parse),
        exempt: raw.text("limits.exempt", addresses),
    }
}
