//! Requests that we make. The only room that knows reqwest and openidconnect.

mod address;
mod cache;
mod discovery;
mod http;
mod keys;
mod resolver;
mod unreachable;

pub use address::is_special_use;
pub use http::{Ask, Http, Limits, Method, Reach, Reply};
pub use keys::{FetchKeys, RemoteKeys, Wanted};
pub use unreachable::Unreachable;
