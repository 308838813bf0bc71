//! What a node has read and need not read again, for as long as nobody changed it.
//!
//! Nothing here is older than the last time that the node heard of changes, and what it heard
//! too long ago it does not believe: a node that is cut off reads the database, or fails.

use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use quick_cache::sync::Cache;
use time::OffsetDateTime;

use super::accounts::{self, Account};
use super::changes::{self, Change, News};
use super::open::Store;
use super::registrations::{self, Registered};
use super::{Effect, StoreError, codes, consents, logins, refresh_tokens, token_families, users};
use crate::model::{
    AuthorizationCode, Consent, Digest, Foreign, Login, RefreshToken, TokenFamily, User,
};
use crate::oauth::{ClientId, Issuer, ServiceId, SessionId, Subject};
use crate::telemetry::Stopwatch;

/// How long after the last news a decision may begin by what is held in memory. What it comes to
/// must be on the disk within [`DECIDED`] of the same news: so what an administrator switches off
/// is off everywhere within a second, even if every message about it is lost.
const BELIEVED: Duration = Duration::from_millis(600);

/// How long after the last news a decision that went by it still counts.
pub(super) const DECIDED: Duration = Duration::from_secs(1);

/// How many of each kind are held; about half a kilobyte each.
const HELD: usize = 16_384;

/// Some have keys, which are larger.
const REGISTRATIONS: usize = 4096;

/// Most codes are back within a second.
const CODES: usize = 2048;

/// One node's memory.
pub(super) struct Memory {
    users: Cache<Subject, Arc<User>>,
    logins: Cache<SessionId, Arc<Login>>,
    families: Cache<String, Arc<TokenFamily>>,
    consents: Cache<(Subject, Issuer, ClientId), Arc<Consent>>,
    accounts: Cache<(ServiceId, String, Subject), Arc<Account>>,
    registrations: Cache<(Issuer, ClientId), Arc<Registered>>,
    /// Codes and refresh tokens that this node made and has not seen again. What they stand for
    /// never changes; whether they were used, the commit looks for itself.
    codes: Cache<Digest, Arc<AuthorizationCode>>,
    refresh_tokens: Cache<Digest, Arc<RefreshToken>>,
    state: Mutex<State>,
}

struct State {
    /// Counts what was forgotten: what was read before something was forgotten is not kept after.
    forgotten: u64,
    /// The number of the last change that was heard of.
    read: i64,
    heard: Option<Stopwatch>,
}

/// What a node learned of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Whether what administrators declare is another than before.
    pub directory: bool,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            users: Cache::new(HELD),
            logins: Cache::new(HELD),
            families: Cache::new(HELD),
            consents: Cache::new(HELD),
            accounts: Cache::new(HELD),
            registrations: Cache::new(REGISTRATIONS),
            codes: Cache::new(CODES),
            refresh_tokens: Cache::new(HELD),
            state: Mutex::new(State { forgotten: 0, read: 0, heard: None }),
        }
    }
}

impl Memory {
    /// Changes up to the one with this number need not be heard of: nothing is held from before.
    pub(super) fn begin_after(&self, change: i64) {
        self.state(|it| it.read = change);
    }

    fn state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_current(&self) -> bool {
        self.state(|it| it.heard.is_some_and(|heard| heard.elapsed() < BELIEVED))
    }

    /// Forgets what `changes` are about, before anybody can be told that they happened.
    pub(super) fn forget(&self, changes: &[Change]) {
        self.state(|state| {
            state.forgotten += 1;
            for change in changes {
                self.drop_one(change);
            }
        });
    }

    fn drop_one(&self, change: &Change) {
        match change {
            Change::Everything => self.drop_all(),
            Change::Directory => {
                self.users.clear();
                self.registrations.clear();
            }
            Change::Login(sid) => drop(self.logins.remove(sid)),
            Change::Family(id) => drop(self.families.remove(id)),
            Change::Consent(user, issuer, client) => {
                let key = (user.clone(), issuer.clone(), client.clone());
                drop(self.consents.remove(&key));
            }
            Change::Registration(issuer, client) => {
                drop(self.registrations.remove(&(issuer.clone(), client.clone())));
            }
            Change::Account(service, realm, subject) => {
                let key = (service.clone(), realm.clone(), subject.clone());
                drop(self.accounts.remove(&key));
            }
        }
    }

    fn drop_all(&self) {
        self.users.clear();
        self.logins.clear();
        self.families.clear();
        self.consents.clear();
        self.accounts.clear();
        self.registrations.clear();
        self.codes.clear();
        self.refresh_tokens.clear();
    }

    /// Keeps what `effects` made and forgets what they used up, once they are on the disk.
    pub(super) fn learn<'a>(&self, effects: impl Iterator<Item = &'a Effect>) {
        for effect in effects {
            match effect {
                Effect::KeepCode(code) => self.codes.insert(code.digest.clone(), Arc::clone(code)),
                Effect::RedeemCode { code, .. } => drop(self.codes.remove(code)),
                Effect::KeepRefreshToken(token) => self.keep(token),
                Effect::RotateRefreshToken { old, new } => {
                    drop(self.refresh_tokens.remove(old));
                    self.keep(new);
                }
                _ => {}
            }
        }
    }

    fn keep(&self, token: &Arc<RefreshToken>) {
        self.refresh_tokens.insert(token.digest.clone(), Arc::clone(token));
    }

    /// What is held under `key`, or else what `read` finds, which is then held.
    async fn recall<K: Hash + Eq + Clone, V>(
        &self,
        shelf: &Cache<K, Arc<V>>,
        key: K,
        read: impl Future<Output = Result<Option<V>, StoreError>>,
    ) -> Result<Option<Arc<V>>, StoreError> {
        if self.is_current()
            && let Some(held) = shelf.get(&key)
        {
            return Ok(Some(held));
        }
        let before = self.state(|it| it.forgotten);
        let Some(found) = read.await?.map(Arc::new) else { return Ok(None) };
        // Under the lock, so that nothing is forgotten between the look and the keeping.
        self.state(|it| {
            if it.forgotten == before {
                shelf.insert(key, Arc::clone(&found));
            }
        });
        Ok(Some(found))
    }
}

impl Store {
    /// Whether the node has heard of changes lately enough to go by what it holds.
    pub fn is_current(&self) -> bool {
        self.memory().is_current()
    }

    /// When the node last heard of changes: whoever decides something now goes by that.
    pub fn heard(&self) -> Stopwatch {
        self.memory().state(|it| it.heard).unwrap_or_else(Stopwatch::start)
    }

    /// Listens for changes: reads those that are new, and forgets what they are about.
    pub async fn hear(&self) -> Result<Heard, StoreError> {
        let memory = self.memory();
        let (begun, after) = (Stopwatch::start(), memory.state(|it| it.read));
        let (news, read) = changes::since(self.read(), after).await?;
        Ok(memory.state(|state| {
            // Another task may have heard more in the meantime.
            let newer = state.read == after;
            let directory = match &news {
                News::Changes(changes) if changes.is_empty() => false,
                News::Changes(changes) => {
                    state.forgotten += 1;
                    for change in changes {
                        memory.drop_one(change);
                    }
                    changes.iter().any(Change::is_of_directory)
                }
                News::Lost => {
                    state.forgotten += 1;
                    memory.drop_all();
                    true
                }
            };
            if newer {
                (state.read, state.heard) = (read, Some(begun));
            }
            Heard { directory }
        }))
    }

    /// The person whose identifier is `id`, active or not.
    pub async fn user(&self, id: &Subject) -> Result<Option<Arc<User>>, StoreError> {
        let memory = self.memory();
        memory.recall(&memory.users, id.clone(), users::find(self.read(), id)).await
    }

    /// The code whose digest is `digest`. Whether it was used, only the commit can tell, unless it
    /// has expired.
    pub async fn code(
        &self,
        digest: &Digest,
        now: OffsetDateTime,
    ) -> Result<Option<Arc<AuthorizationCode>>, StoreError> {
        let held = self.memory().codes.get(digest).filter(|it| it.expires_at > now);
        match held {
            Some(held) => Ok(Some(held)),
            None => Ok(codes::find(self.read(), digest).await?.map(Arc::new)),
        }
    }

    /// The refresh token whose digest is `digest`, with its family. Whether it was used, only the
    /// commit can tell, unless it has expired.
    pub async fn refresh_token(
        &self,
        digest: &Digest,
        now: OffsetDateTime,
    ) -> Result<Option<RefreshToken>, StoreError> {
        let held = self.memory().refresh_tokens.get(digest).filter(|it| it.expires_at > now);
        let Some(held) = held else { return refresh_tokens::find(self.read(), digest).await };
        let family = self.family(&held.family.id).await?;
        Ok(family.map(|family| RefreshToken { family, ..RefreshToken::clone(&held) }))
    }

    /// The login whose `sid` it is, ended or not.
    pub async fn login(&self, sid: &SessionId) -> Result<Option<Arc<Login>>, StoreError> {
        let memory = self.memory();
        memory.recall(&memory.logins, sid.clone(), logins::find(self.read(), sid)).await
    }

    /// The family of this id, revoked or not.
    pub async fn family(&self, id: &str) -> Result<Option<Arc<TokenFamily>>, StoreError> {
        let memory = self.memory();
        let read = token_families::find(self.read(), id);
        memory.recall(&memory.families, id.to_owned(), read).await
    }

    /// What `user` has allowed `client` at `issuer`, if they were ever asked.
    pub async fn consent(
        &self,
        user: &Subject,
        issuer: &Issuer,
        client: &ClientId,
    ) -> Result<Option<Arc<Consent>>, StoreError> {
        let memory = self.memory();
        let key = (user.clone(), issuer.clone(), client.clone());
        let read = consents::find(self.read(), user, issuer, client);
        memory.recall(&memory.consents, key, read).await
    }

    /// The registration that `client` made at `issuer`.
    pub async fn registration(
        &self,
        issuer: &Issuer,
        client: &ClientId,
    ) -> Result<Option<Arc<Registered>>, StoreError> {
        let memory = self.memory();
        let key = (issuer.clone(), client.clone());
        let read = registrations::find(self.read(), issuer, client);
        memory.recall(&memory.registrations, key, read).await
    }

    /// The account that `whose` subject is linked to at `service`, as it stands for all who are.
    pub async fn account(
        &self,
        service: &ServiceId,
        whose: &Foreign,
    ) -> Result<Option<Arc<Account>>, StoreError> {
        let memory = self.memory();
        let key = (service.clone(), whose.realm(), whose.subject.clone());
        let read = accounts::standing(self.read(), service, whose);
        memory.recall(&memory.accounts, key, read).await
    }
}
