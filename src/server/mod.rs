//! One issuer with all that answering for it takes, and all issuers of one process.

pub mod algorithms;
mod authorization_server;
mod catalogue;
mod clients;
mod described;
mod document;
mod dpop_nonces;
mod invitations;
mod issuers;
mod keys;
pub mod ledger;
mod live;
mod names;
mod readiness;
mod rotation;
mod secret_key;

pub use authorization_server::{AuthorizationServer, Role, Shared};
pub use catalogue::Catalogue;
pub use clients::{Clients, RegisteredClient};
pub use described::Unknowable;
pub use document::Document;
pub use dpop_nonces::DpopNonces;
pub use invitations::Invitation;
pub use issuers::{Issuers, Located};
pub use keys::{IssuerKeys, KeyError};
pub use live::{LiveIssuers, StartError};
pub use names::{Names, PairwiseKey};
pub use readiness::Readiness;
pub use rotation::{JWKS_CACHED, NotRotated, Pace, Rotated, Rotation, rotate};
pub use secret_key::SecretKey;
