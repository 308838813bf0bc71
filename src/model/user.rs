//! A person.

use crate::oauth::Subject;

/// A person of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Opaque and stable: never a user name or an e-mail address.
    pub id: Subject,
    pub username: String,
    pub email: Option<String>,
    pub email_verified: bool,
    pub name: Option<String>,
    /// An argon2id hash in PHC form; none for people who cannot sign in by password.
    pub password_hash: Option<String>,
    /// Names of the groups, in order.
    pub groups: Vec<String>,
    pub active: bool,
}

impl User {
    /// What to call the person on a page.
    pub fn shown_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.username)
    }
}
