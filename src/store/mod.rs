//! The database. The only room that knows SeaORM.
//!
//! One file per table; its functions take the connection or the transaction first, and
//! say what they do in the words of the protocol (`redeem`, `record`), not of SQL.

pub mod accounts;
mod aside;
mod away;
pub mod backup;
mod batch;
pub mod changes;
pub mod clients;
pub mod codes;
mod columns;
mod commit;
pub mod connections;
pub mod consents;
mod diagnosis;
pub mod groups;
mod health;
pub mod keys;
pub mod leases;
pub mod ledger;
pub mod link_invitations;
pub mod logins;
mod look;
mod many;
mod memory;
mod messages;
mod migrate;
mod open;
mod queue;
pub mod refresh_tokens;
pub mod registrations;
pub mod secrets;
pub mod services;
pub mod sessions;
pub mod sign_in_failures;
pub mod single_uses;
pub mod sweep;
pub mod token_families;
pub mod trusts;
pub mod users;

pub use away::{Away, AwayError};
pub use commit::{CommitError, Committing, Conflict, Effect, Late};
pub use diagnosis::Tables;
pub use memory::Heard;
pub use messages::Messages;
pub use open::{Store, Transaction};
pub use queue::Asking;

use std::sync::Arc;

use crate::oauth::ErrorCode;

#[path = "../../migrations/mod.rs"]
#[expect(clippy::too_many_lines, reason = "a migration is one list of columns")]
mod migrations;

/// Our own failure: what was asked may still have been right.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database failed")]
    Database(#[source] sea_orm::DbErr),
    /// What an agent is told as well, which need not know about our disks.
    #[error("the data cannot be reached at the moment")]
    Away(#[source] AwayError),
    #[error("the database did not answer in time")]
    Late,
    #[error("the database file cannot be made")]
    File(#[source] std::io::Error),
    #[error("the database address is not one that tegata can use: {0}")]
    Address(&'static str),
    #[error("the table {0} has a row that cannot be read")]
    Corrupt(&'static str),
    #[error("the commit that it was part of failed")]
    Shared(#[source] Arc<StoreError>),
    #[error("the database is closed")]
    Closed,
}

impl From<sea_orm::DbErr> for StoreError {
    fn from(error: sea_orm::DbErr) -> Self {
        AwayError::from(error).map_or_else(Self::Database, Self::Away)
    }
}

impl StoreError {
    /// RFC 6749 §4.1.2.1: "The authorization server is currently unable to handle the request
    /// due to a temporary overloading or maintenance of the server". RFC 6749 §5.2 has no code
    /// for the token endpoint's own failures, so it gives these, too.
    pub fn code(&self) -> ErrorCode {
        match self.away() {
            Some(_) => ErrorCode::TemporarilyUnavailable,
            None => ErrorCode::ServerError,
        }
    }
}
