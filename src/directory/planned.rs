//! A plan: what is to be changed, in words and as writes.

use std::fmt;

use crate::model::{Client, Connection, Service, Trust, User, is_registered};
use crate::oauth::{Issuer, ServiceId};
use crate::store::{self, StoreError, Transaction};

/// All that differs between a file and the store.
#[derive(Debug, Default)]
pub struct Plan {
    pub changes: Vec<Change>,
    /// What is active in the store and not in the file, by name. It is left alone.
    pub not_in_file: Vec<String>,
}

/// One difference. Its text is a line of a diff, without secrets.
#[derive(Debug)]
pub struct Change {
    pub mark: Mark,
    /// Like `client wiki-agent`.
    pub what: String,
    /// What about it, member by member.
    pub details: Vec<String>,
    pub(super) write: Option<Write>,
}

/// What happens to the thing that a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Added,
    Changed,
    TakenOut,
}

/// What makes a change happen.
#[derive(Debug)]
pub(super) enum Write {
    Group(String),
    User(Box<User>),
    Service(Box<Service>),
    /// Moves the clients that are registered at the old issuer of a service to its new one.
    Move {
        from: Issuer,
        clients: Vec<Client>,
    },
    Trusts(ServiceId, Vec<Trust>),
    Client(Box<Client>),
    Connection(Box<Connection>),
}

impl Plan {
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub(super) fn change(&mut self, mark: Mark, what: String, details: Vec<String>, write: Write) {
        self.changes.push(Change { mark, what, details, write: Some(write) });
    }
}

impl Write {
    pub(super) async fn happen(&self, db: &Transaction) -> Result<(), StoreError> {
        match self {
            Self::Group(name) => store::groups::keep(db, name).await,
            Self::User(user) => store::users::keep(db, user).await,
            Self::Service(service) => store::services::keep(db, service).await,
            Self::Move { from, clients } => {
                store::clients::remove_all_at(db, from).await?;
                for client in clients {
                    store::clients::register(db, client).await?;
                }
                Ok(())
            }
            Self::Trusts(service, trusts) => store::trusts::declare(db, service, trusts).await,
            Self::Client(client) => store::clients::register(db, client).await,
            Self::Connection(connection) => {
                // Whom a connection names will come, be it later than tomorrow.
                for client in [&connection.client, &connection.client_there] {
                    if is_registered(client) {
                        store::registrations::keep_named(db, client).await?;
                    }
                }
                store::connections::approve(db, connection).await
            }
        }
    }
}

impl Mark {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "+",
            Self::Changed => "~",
            Self::TakenOut => "-",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.mark.as_str(), self.what)?;
        match self.details.is_empty() {
            true => Ok(()),
            false => write!(f, ": {}", self.details.join("; ")),
        }
    }
}
