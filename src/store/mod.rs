//! The database. The only room that knows SeaORM.
//!
//! One file per table; its functions take the connection or the transaction first, and
//! say what they do in the words of the protocol (`redeem`, `record`), not of SQL.

pub mod accounts;
pub mod clients;
pub mod codes;
mod columns;
mod commit;
pub mod connections;
pub mod consents;
pub mod groups;
pub mod keys;
pub mod leases;
pub mod ledger;
pub mod logins;
mod migrate;
mod open;
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
pub mod versions;

pub use commit::{CommitError, Conflict, Effect};
pub use open::{Store, Transaction};

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
}
