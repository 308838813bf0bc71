//! Requests that we make. The only room that knows reqwest and openidconnect.

mod address;
mod cache;
mod client_document;
mod discovery;
mod documents;
mod http;
mod keys;
mod resolver;
mod unreachable;

pub use address::is_special_use;
pub use client_document::{BadDocument, ClientDocument, is_document_url};
pub use documents::{LONGEST_DOCUMENT, NamedBy};
pub use http::{Ask, Http, Limits, Method, Reach, Reply};
pub use keys::{FetchKeys, RemoteKeys, Wanted};
pub use unreachable::Unreachable;
