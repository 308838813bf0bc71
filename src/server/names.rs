//! What people are called (OIDC Core §8): the same everywhere, or in each sector something else.
//! `docs/decisions/0043-pairwise-subjects.md`.

use super::authorization_server::{AuthorizationServer, Role, Shared};
use super::keys::KeyError;
use super::secret_key::SecretKey;
use crate::environment::Environment;
use crate::jose::{KeyEncryptionKey, WrappingKey};
use crate::model::{Client, Service};
use crate::oauth::{Sector, SessionId, Subject};
use crate::store::{Store, StoreError};

/// What all pairwise names are made with. It never changes: with another one everybody would be
/// somebody else everywhere.
#[derive(Clone)]
pub struct PairwiseKey(SecretKey);

/// Under which name the store has it.
const NAME: &str = "pairwise-subjects";

/// What people and their logins are called in one sector, or publicly.
pub struct Names(Option<Keys>);

struct Keys {
    subjects: WrappingKey,
    sessions: WrappingKey,
}

impl PairwiseKey {
    /// The key of `store`, sealed under `kek`. On first start it is made.
    pub async fn load_or_make(
        store: &Store,
        kek: &KeyEncryptionKey,
        environment: &Environment,
    ) -> Result<Self, KeyError> {
        Ok(Self(SecretKey::load_or_make_named(NAME, store, kek, environment).await?))
    }

    /// The names of `sector`; without one, the public ones.
    pub fn names(&self, sector: Option<&Sector>) -> Names {
        Names(sector.map(|sector| Keys {
            subjects: self.derived("sub", sector),
            sessions: self.derived("sid", sector),
        }))
    }

    /// OIDC Core §8.1: "The Subject Identifier value MUST NOT be reversible by any party other than
    /// the OpenID Provider", nor can one sector's be told from another's.
    fn derived(&self, claim: &str, sector: &Sector) -> WrappingKey {
        WrappingKey::new(self.0.mac_256(&format!("{claim} {sector}")))
    }
}

impl Names {
    /// The `sub` of a person. What an administrator called an account is a name of one service
    /// already, and stays as it is.
    pub fn subject(&self, person: &Subject) -> Result<Subject, StoreError> {
        let Some(keys) = &self.0 else { return Ok(person.clone()) };
        if !is_hex(person.as_str(), DIGITS) && !is_pairwise(person.as_str()) {
            return Ok(person.clone());
        }
        let name = wrapped(&keys.subjects, person.as_str());
        name.and_then(|it| Subject::parse(&it).ok()).ok_or(StoreError::Corrupt("users"))
    }

    /// Whom a `sub` means; `None` if it is of another sector. One that was told before the
    /// sector was named is public, and means whom it meant.
    pub fn person(&self, subject: &Subject) -> Option<Subject> {
        match unwrapped(self.0.as_ref().map(|it| &it.subjects), subject.as_str())? {
            None => Some(subject.clone()),
            Some(id) => Subject::parse(&id).ok(),
        }
    }

    /// The `sid` of a login: the same one everywhere would tell that two people are one.
    pub fn session(&self, login: &SessionId) -> Result<SessionId, StoreError> {
        let Some(keys) = &self.0 else { return Ok(login.clone()) };
        let name = wrapped(&keys.sessions, login.as_str());
        name.and_then(|it| SessionId::parse(&it).ok()).ok_or(StoreError::Corrupt("logins"))
    }

    /// Which login a `sid` means, as [`Self::person`].
    pub fn login(&self, sid: &SessionId) -> Option<SessionId> {
        match unwrapped(self.0.as_ref().map(|it| &it.sessions), sid.as_str())? {
            None => Some(sid.clone()),
            Some(id) => SessionId::parse(&id).ok(),
        }
    }
}

/// The identifiers of people and logins are 128 bits (`Environment::unique_id`); their pairwise
/// names are 192, so that none is ever the name of somebody else.
const DIGITS: usize = 32;
const WRAPPED_DIGITS: usize = 48;

fn wrapped(key: &WrappingKey, id: &str) -> Option<String> {
    let bits = is_hex(id, DIGITS).then(|| u128::from_str_radix(id, 16).ok())??;
    Some(base16ct::lower::encode_string(&key.wrap(bits)))
}

/// `Some(None)` for what is public.
#[expect(clippy::option_option, reason = "the outer one says whether it means anybody")]
fn unwrapped(key: Option<&WrappingKey>, name: &str) -> Option<Option<String>> {
    if !is_pairwise(name) {
        return Some(None);
    }
    let mut bytes = [0; WRAPPED_DIGITS / 2];
    base16ct::lower::decode(name, &mut bytes).ok()?;
    let bits = key?.unwrap(&bytes)?;
    Some(Some(base16ct::lower::encode_string(&bits.to_be_bytes())))
}

fn is_pairwise(name: &str) -> bool {
    is_hex(name, WRAPPED_DIGITS)
}

/// Only small letters: otherwise two names could stand for the same bits.
fn is_hex(name: &str, digits: usize) -> bool {
    name.len() == digits && name.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}

impl Shared {
    /// What `service` calls people: at home, for it, and itself if it is hosted here.
    pub fn names_at(&self, service: &Service) -> Names {
        self.pairwise_key.names(service.sector.as_ref())
    }
}

impl AuthorizationServer {
    /// What people are called in what `client` gets here: at home, by the client (OIDC Core §8); at a
    /// service by the service, for its tokens are for its resources.
    pub fn names_for(&self, client: &Client) -> Names {
        match &self.role {
            Role::Home => self.shared.pairwise_key.names(client.sector.as_ref()),
            Role::Service(service) => self.shared.names_at(service),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(sector: Option<&str>) -> Names {
        let sector = sector.map(|it| Sector::parse(it).unwrap());
        PairwiseKey(SecretKey::new(vec![7; 32])).names(sector.as_ref())
    }

    fn subject(text: &str) -> Subject {
        Subject::parse(text).unwrap()
    }

    /// These must never change, or everybody becomes somebody else.
    #[test]
    fn the_same_for_ever() {
        let alice = subject("000102030405060708090a0b0c0d0e0f");
        let there = names(Some("chat.example")).subject(&alice).unwrap();
        insta::assert_snapshot!(there, @"db14eb1053d2fd7d02cf2c51e443ebe37ab79d4ea7af4eff");
        assert_eq!(names(Some("CHAT.example")).person(&there), Some(alice.clone()));
        assert_eq!(names(None).subject(&alice).unwrap(), alice);
    }

    /// OIDC Core §8.1: each sector has its own, and can do nothing with another's.
    #[test]
    fn another_sector() {
        let alice = subject("000102030405060708090a0b0c0d0e0f");
        let chat = names(Some("chat.example")).subject(&alice).unwrap();
        let mail = names(Some("mail.example")).subject(&alice).unwrap();
        assert_ne!(chat, mail);
        for other in [Some("mail.example"), Some("www.chat.example"), None] {
            assert_eq!(names(other).person(&chat), None, "{other:?}");
        }
    }

    #[test]
    fn a_login_is_no_person() {
        let names = names(Some("chat.example"));
        let id = "000102030405060708090a0b0c0d0e0f";
        let sid = names.session(&SessionId::parse(id).unwrap()).unwrap();
        assert_eq!(names.login(&sid).unwrap().as_str(), id);
        assert_eq!(names.person(&subject(sid.as_str())), None);
    }

    /// What was told before the client had a sector; and what is no identifier of ours.
    #[test]
    fn what_is_not_pairwise() {
        let names = names(Some("chat.example"));
        for text in ["000102030405060708090a0b0c0d0e0f", "wiki-agent", &"F".repeat(48)] {
            assert_eq!(names.person(&subject(text)), Some(subject(text)), "{text}");
        }
        assert_eq!(names.person(&subject(&"f".repeat(48))), None);
        for text in ["carol-at-chat", &"+".repeat(32), &"é".repeat(16), &"F".repeat(32)] {
            assert_eq!(names.subject(&subject(text)).unwrap(), subject(text), "{text}");
        }
        assert!(names.subject(&subject(&"f".repeat(48))).is_err());
    }
}
