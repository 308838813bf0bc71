//! Signing a person in (OIDC Core §3.1.2.3), and making guesses slow.

use std::net::IpAddr;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use crate::config::SignIn;
use crate::issuance::{Attempt, NotRecorded};
use crate::limits::network;
use crate::model::{LedgerEvent, Login, User};
use crate::oauth::{ErrorCode, SessionId};
use crate::passwords::Busy;
use crate::server::AuthorizationServer;
use crate::store::sign_in_failures::Failures;
use crate::store::{self, CommitError, Effect, StoreError};

/// What somebody typed, and from where.
pub struct Credentials {
    pub username: String,
    pub password: SecretString,
    pub address: Option<IpAddr>,
}

#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// For a wrong password, an unknown user and a disabled one: they read the same.
    #[error("wrong user name or password")]
    Wrong,
    #[error("too many attempts: wait for {0} seconds")]
    SlowDown(i64),
    #[error("too many people sign in at the moment")]
    Busy(#[from] Busy),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl From<NotRecorded> for Refusal {
    fn from(error: NotRecorded) -> Self {
        match error {
            NotRecorded::TurnedAway(early) => {
                Self::SlowDown(i64::try_from(early.seconds).unwrap_or(i64::MAX))
            }
            NotRecorded::Commit(error) => error.into(),
        }
    }
}

/// An address may fail this many times as often as an account: many people can share one.
const PEOPLE_PER_ADDRESS: i64 = 10;

/// How long a failure counts.
const REMEMBERED: Duration = Duration::hours(1);

/// The longest delay below the lockout.
const LONGEST_DELAY: i64 = 60;

/// How often an attempt is counted anew because another one was faster.
const AT_A_TIME: usize = 16;

/// Signs the person in, and records it.
pub async fn sign_in(
    server: &AuthorizationServer,
    credentials: Credentials,
    attempt: &mut Attempt,
) -> Result<Login, Refusal> {
    attempt.event = LedgerEvent::SignIn;
    let answer = tried(server, credentials, attempt).await;
    if let Err(refusal @ (Refusal::Wrong | Refusal::SlowDown(_))) = &answer {
        attempt.refused(server, ErrorCode::AccessDenied, refusal.to_string()).await?;
    }
    answer
}

async fn tried(
    server: &AuthorizationServer,
    credentials: Credentials,
    attempt: &mut Attempt,
) -> Result<Login, Refusal> {
    // The address first: one that may not try holds nothing against an account.
    let (account, now) = (account_key(&credentials.username), attempt.now);
    let address = match credentials.address.map(address_key) {
        Some(key) => Some(count(server, key, PEOPLE_PER_ADDRESS, now).await?),
        None => None,
    };
    let account = count(server, account, 1, now).await?;

    let store = &server.shared.store;
    let user = store::users::named(store.read(), &credentials.username).await?;
    attempt.user = user.as_ref().map(|it| it.id.clone());
    let hash = user.as_ref().and_then(|it| it.password_hash.as_deref());
    // An unknown user costs as much time as a known one.
    let right = server.shared.passwords.verify(&credentials.password, hash).await;
    // Who knows their password, or was not heard, has not guessed. An address is not forgiven
    // the guesses that others made, for whoever has an account could have it forgiven.
    let address = address.filter(|_| right != Ok(false)).map(Counted::taken_back);
    if let Some(user) = user.filter(|it| right == Ok(true) && it.active) {
        let pardons = address.into_iter().chain([Effect::Forgive(account.key)]);
        return begin(server, &user, pardons, attempt).await;
    }
    let account = right.is_err().then(|| account.taken_back());
    let pardons: Vec<_> = address.into_iter().chain(account).collect();
    if !pardons.is_empty() {
        store.commit(pardons, now).await?;
    }
    right?;
    Err(Refusal::Wrong)
}

async fn begin(
    server: &AuthorizationServer,
    user: &User,
    pardons: impl Iterator<Item = Effect>,
    attempt: &Attempt,
) -> Result<Login, Refusal> {
    let shared = &server.shared;
    let sid = SessionId::parse(&shared.environment.unique_id());
    let login = Login {
        sid: sid.expect("it is 32 hexadecimal digits"),
        user: user.id.clone(),
        auth_time: attempt.now,
        acr: Login::PASSWORD.to_owned(),
        // RFC 8176 §2.
        amr: vec!["pwd".to_owned()],
        ended_at: None,
    };
    let forget_after = attempt.now + shared.lifetimes.session + shared.lifetimes.refresh_token;
    let entry = attempt.issued(LedgerEvent::SignIn, Some(login.sid.to_string()));
    let begun = [
        Effect::BeginLogin { login: login.clone(), forget_after },
        Effect::Record(Box::new(entry)),
    ];
    shared.store.commit(begun.into_iter().chain(pardons).collect(), attempt.now).await?;
    Ok(login)
}

/// An attempt that was counted.
struct Counted {
    key: String,
    blocked_until: OffsetDateTime,
}

impl Counted {
    fn taken_back(self) -> Effect {
        Effect::TakeBack { key: self.key, blocked_until: self.blocked_until }
    }
}

/// Counts an attempt before it is made, and refuses it if there were too many.
async fn count(
    server: &AuthorizationServer,
    key: String,
    factor: i64,
    now: OffsetDateTime,
) -> Result<Counted, Refusal> {
    let (store, limits) = (&server.shared.store, &server.shared.sign_in);
    for _ in 0..AT_A_TIME {
        let before = store::sign_in_failures::of(store.read(), &key, now).await?;
        if let Some(failures) = before.filter(|it| it.blocked_until > now) {
            return Err(Refusal::SlowDown((failures.blocked_until - now).whole_seconds().max(1)));
        }
        let count = before.map_or(0, |it| it.count) + 1;
        let delay = delay(limits, count, factor);
        let after = Failures { count, blocked_until: now + delay };
        let times = (now, now + REMEMBERED.max(delay));
        if store::sign_in_failures::count(store.write(), &key, before, after, times).await? {
            return Ok(Counted { key, blocked_until: after.blocked_until });
        }
    }
    Err(Refusal::SlowDown(1))
}

/// How long to wait after this many failures.
fn delay(limits: &SignIn, failures: i64, factor: i64) -> Duration {
    let free = i64::from(limits.attempts_before_delay) * factor;
    match failures {
        it if it >= i64::from(limits.lockout_attempts) * factor => limits.lockout,
        it if it > free => {
            let doublings = u32::try_from(it - free).unwrap_or(u32::MAX).min(6);
            Duration::seconds(2_i64.pow(doublings).min(LONGEST_DELAY))
        }
        _ => Duration::ZERO,
    }
}

/// A digest, for people mistype passwords into the field of the name.
fn account_key(username: &str) -> String {
    let digest = Sha256::digest(username.to_lowercase().as_bytes());
    format!("account:{}", BASE64_URL_SAFE_NO_PAD.encode(digest))
}

fn address_key(address: IpAddr) -> String {
    format!("address:{}", network(address))
}
