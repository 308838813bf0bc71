//! What a directory file declares, checked: records, and secrets not yet hashed.

use secrecy::SecretString;

use crate::model::{Client, Connection, Service, Trust};

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Declared {
    pub groups: Vec<String>,
    pub users: Vec<DeclaredUser>,
    pub services: Vec<DeclaredService>,
    pub clients: Vec<DeclaredClient>,
    pub connections: Vec<Connection>,
}

#[derive(Debug)]
pub(super) struct DeclaredUser {
    pub username: String,
    pub email: Option<String>,
    pub name: Option<String>,
    /// In order, each once.
    pub groups: Vec<String>,
    /// Left out, the one that they have stays.
    pub password: Option<DeclaredPassword>,
    pub active: bool,
}

#[derive(Debug)]
pub(super) enum DeclaredPassword {
    Plain(SecretString),
    /// An argon2id hash in PHC form.
    Hash(SecretString),
}

#[derive(Debug)]
pub(super) struct DeclaredService {
    pub record: Service,
    pub trusts: Vec<Trust>,
}

#[derive(Debug)]
pub(super) struct DeclaredClient {
    /// Without what is kept of its secret.
    pub record: Client,
    pub secret: Option<SecretString>,
}
