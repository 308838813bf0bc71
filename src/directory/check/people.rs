//! Groups and users.

use secrecy::ExposeSecret;

use super::Check;
use crate::directory::declared::{DeclaredPassword, DeclaredUser};
use crate::directory::file::Entry;
use crate::directory::raw::{RawGroup, RawUser};
use crate::passwords::{LONGEST_PASSWORD, Passwords};

/// The longest name, in bytes.
const LONGEST_NAME: usize = 256;

impl Check<'_> {
    pub(super) fn people(&mut self, groups: Vec<Entry<RawGroup>>, users: Vec<Entry<RawUser>>) {
        for Entry { path, raw } in groups {
            self.name(&path, "name", &raw.name);
            if self.declared.groups.contains(&raw.name) {
                self.notes.note(&path, "there is a group of this name already", "take one out");
            }
            self.declared.groups.push(raw.name);
        }
        for Entry { path, raw } in users {
            self.user(&path, raw);
        }
    }

    fn user(&mut self, path: &str, raw: RawUser) {
        self.name(path, "username", &raw.username);
        if self.declared.users.iter().any(|it| it.username == raw.username) {
            self.notes.note(path, "there is a user of this name already", "take one out");
        }
        if let Some(name) = &raw.name {
            self.name(path, "name", name);
        }
        // Whether it is an address, only a letter sent there can tell.
        let is_email =
            |it: &String| it.split_once('@').is_some_and(|(a, b)| !(a.is_empty() || b.is_empty()));
        if raw.email.as_ref().is_some_and(|it| !is_email(it)) {
            self.notes.note(format!("{path} email"), "it is no address", "write NAME@HOST");
        }
        let groups = self.groups(path, raw.groups.clone());
        let password = self.password(path, &raw);
        let RawUser { username, email, name, active, .. } = raw;
        let user = DeclaredUser { username, email, name, groups, password, active };
        self.declared.users.push(user);
    }

    fn password(&mut self, path: &str, raw: &RawUser) -> Option<DeclaredPassword> {
        match (&raw.password, &raw.password_hash) {
            (None, None) => None,
            (Some(_), Some(_)) => {
                let wrong = "it has both password and password_hash";
                self.notes.note(path, wrong, "take one of them out");
                None
            }
            (Some(plain), None) => {
                let path = format!("{path} password");
                match plain.0.expose_secret().len() {
                    0 => self.notes.note(path, "it is empty", "write one, or take it out"),
                    1..=LONGEST_PASSWORD => {}
                    _ => self.notes.note(path, "it is too long", "take 1024 bytes at most"),
                }
                Some(DeclaredPassword::Plain(plain.0.clone()))
            }
            (None, Some(hash)) => {
                let usable = Passwords::check_phc(hash.0.expose_secret());
                let fix = "make one with argon2id, version 19, or give the password itself";
                self.notes.parsed(format!("{path} password_hash"), usable, fix);
                Some(DeclaredPassword::Hash(hash.0.clone()))
            }
        }
    }

    fn name(&mut self, path: &str, member: &str, name: &str) {
        let fits = (1..=LONGEST_NAME).contains(&name.len())
            && name.trim() == name
            && !name.chars().any(char::is_control);
        if !fits {
            let fix = "take 1 to 256 bytes without control characters and spaces around it";
            self.notes.note(format!("{path} {member}"), "it cannot be a name", fix);
        }
    }
}
