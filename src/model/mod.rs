//! What we keep: plain records with public fields, and the rules that need nothing else.

mod client;
mod client_metadata;
mod code;
mod connection;
mod consent;
mod detail_types;
mod foreign;
mod key;
mod ledger;
mod link;
mod login;
mod portrait;
mod refresh;
mod registration;
mod service;
mod terms;
mod tier;
mod trust;
mod user;
mod workload;

pub use client::Client;
pub use client_metadata::{BadMetadata, ClientMetadata, Gist, ID_JAG_PROFILE};
pub use code::AuthorizationCode;
pub use connection::{Approval, Connection};
pub use consent::Consent;
pub use detail_types::{BadDetails, DetailTypes};
pub use foreign::Foreign;
pub use key::{KeyRecord, KeyState};
pub use ledger::{
    ChainEnd, Checkpoint, DroppedMonth, LedgerChain, LedgerEntry, LedgerEvent, LedgerRecord,
    LedgerRow, Outcome, Remark,
};
pub use link::{Link, LinkInvitation};
pub use login::Login;
pub use portrait::{Change, Feature, Portrait};
pub use refresh::{Digest, RefreshToken, TokenFamily};
pub use registration::{Registration, Registrations, is_registered, registered_id};
pub use service::Service;
pub use terms::{ClaimSource, ConnectionGrant, ConnectionTerms, NoSource, TrustTerms};
pub use tier::{NoSuchTier, Tier};
pub use trust::{Accounts, Reuse, Trust, TrustedKeys};
pub use user::User;
pub use workload::Workload;
