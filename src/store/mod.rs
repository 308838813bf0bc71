//! The database. The only room that knows SeaORM.
//!
//! One file per table; its functions take the connection or the transaction first, and
//! say what they do in the words of the protocol (`redeem`, `record`), not of SQL.

pub mod accounts;
mod batch;
pub mod changes;
pub mod clients;
pub mod codes;
mod columns;
mod commit;
pub mod connections;
pub mod consents;
pub mod groups;
pub mod keys;
pub mod ledger;
pub mod logins;
mod memory;
mod messages;
mod open;
mod queue;
pub mod refresh_tokens;
pub mod secrets;
pub mod services;
pub mod sessions;
pub mod sign_in_failures;
pub mod single_uses;
pub mod sweep;
pub mod token_families;
pub mod trusts;
pub mod users;

pub use commit::{CommitError, Committing, Conflict, Effect};
pub use memory::Heard;
pub use messages::Messages;
pub use open::{Store, Transaction};

use std::sync::Arc;

#[path = "../../migrations/mod.rs"]
#[expect(clippy::too_many_lines, reason = "a migration is one list of columns")]
mod migrations;

/// Our own failure: what was asked may still have been right.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database failed")]
    Database(#[from] sea_orm::DbErr),
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

impl StoreError {
    /// Whether the database is not there at all: then nothing else can be done in its place.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Database(error) => {
                matches!(error, sea_orm::DbErr::Conn(_) | sea_orm::DbErr::ConnectionAcquire(_))
            }
            Self::Shared(error) => error.is_away(),
            Self::Closed => true,
            Self::File(_) | Self::Address(_) | Self::Corrupt(_) => false,
        }
    }
}
