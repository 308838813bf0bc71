//! Hashing the passwords of a file, as far as they are not those that people have already.

use std::collections::BTreeMap;

use secrecy::ExposeSecret;

use super::declared::{Declared, DeclaredPassword};
use super::present::Present;
use crate::passwords::{PasswordError, Passwords};

/// The new hashes, by username. Who keeps their password has none here.
pub(super) type NewHashes = BTreeMap<String, String>;

/// From this many on it takes so long that somebody who waits should know why.
const MANY: usize = 20;

/// Compares, and hashes what is new. Takes a core for a while, so no transaction is open.
pub(super) async fn new_hashes(
    declared: &Declared,
    present: &Present,
    passwords: &Passwords,
    announce: fn(&str),
) -> Result<NewHashes, PasswordError> {
    let plain = |it: &&super::declared::DeclaredUser| {
        matches!(it.password, Some(DeclaredPassword::Plain(_)))
    };
    let count = declared.users.iter().filter(plain).count();
    if count >= MANY {
        announce(&format!("comparing {count} passwords with their hashes, which takes a while"));
    }
    let mut hashes = NewHashes::new();
    for user in &declared.users {
        let kept = present.user(&user.username).and_then(|it| it.password_hash.as_deref());
        let new = match &user.password {
            None => None,
            Some(DeclaredPassword::Hash(hash)) => {
                let hash = hash.expose_secret();
                (kept != Some(hash)).then(|| hash.to_owned())
            }
            Some(DeclaredPassword::Plain(password)) => {
                let same = kept.is_some() && passwords.verify(password, kept).await?;
                if same { None } else { Some(passwords.hash(password).await?) }
            }
        };
        hashes.extend(new.map(|hash| (user.username.clone(), hash)));
    }
    Ok(hashes)
}
