//! Signing a person in (OIDC Core §3.1.2.3), and making guesses slow.

use std::net::IpAddr;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use crate::issuance::Attempt;
use crate::model::{LedgerEvent, Login, User};
use crate::oauth::{ErrorCode, SessionId};
use crate::passwords::Busy;
use crate::server::AuthorizationServer;
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

/// An address may fail this many times as often as an account: many people can share one.
const PEOPLE_PER_ADDRESS: i64 = 10;

/// How long a failure counts.
const REMEMBERED: Duration = Duration::hours(1);

/// The longest delay below the lockout.
const LONGEST_DELAY: i64 = 60;

/// Signs the person in, and records it.
pub async fn sign_in(
    server: &AuthorizationServer,
    credentials: Credentials,
    attempt: &mut Attempt,
) -> Result<Login, Refusal> {
    let keys = [
        Some((account_key(&credentials.username), 1)),
        credentials.address.map(|it| (address_key(it), PEOPLE_PER_ADDRESS)),
    ];
    attempt.event = LedgerEvent::SignIn;
    for (key, factor) in keys.iter().flatten() {
        count(server, key, *factor, attempt.now).await?;
    }

    let store = &server.shared.store;
    let user = store::users::named(store.read(), &credentials.username).await?;
    attempt.user = user.as_ref().map(|it| it.id.clone());
    let hash = user.as_ref().and_then(|it| it.password_hash.as_deref());
    // An unknown user costs as much time as a known one.
    let right = server.shared.passwords.verify(&credentials.password, hash).await?;
    let Some(user) = user.filter(|it| right && it.active) else {
        let refusal = Refusal::Wrong;
        attempt.refused(server, ErrorCode::AccessDenied, refusal.to_string()).await?;
        return Err(refusal);
    };

    store::sign_in_failures::forgive(store.write(), &account_key(&credentials.username)).await?;
    begin(server, &user, attempt).await
}

async fn begin(
    server: &AuthorizationServer,
    user: &User,
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
    let effects = vec![
        Effect::BeginLogin { login: login.clone(), forget_after },
        Effect::Record(Box::new(entry)),
    ];
    shared.store.commit(effects, attempt.now).await?;
    Ok(login)
}

/// Counts an attempt before it is made, and refuses it if there were too many.
async fn count(
    server: &AuthorizationServer,
    key: &str,
    factor: i64,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    let (store, limits) = (&server.shared.store, &server.shared.sign_in);
    let before = store::sign_in_failures::of(store.read(), key, now).await?;
    if let Some(failures) = before.filter(|it| it.blocked_until > now) {
        return Err(Refusal::SlowDown((failures.blocked_until - now).whole_seconds().max(1)));
    }
    let failures = before.map_or(0, |it| it.count) + 1;
    let free = i64::from(limits.attempts_before_delay) * factor;
    let delay = match failures {
        it if it >= i64::from(limits.lockout_attempts) * factor => limits.lockout,
        it if it > free => {
            let doublings = u32::try_from(it - free).unwrap_or(u32::MAX).min(6);
            Duration::seconds(2_i64.pow(doublings).min(LONGEST_DELAY))
        }
        _ => Duration::ZERO,
    };
    let forget_after = now + REMEMBERED.max(delay);
    store::sign_in_failures::count(store.write(), key, now + delay, forget_after).await?;
    Ok(())
}

/// A digest, for people mistype passwords into the field of the name.
fn account_key(username: &str) -> String {
    let digest = Sha256::digest(username.to_lowercase().as_bytes());
    format!("account:{}", BASE64_URL_SAFE_NO_PAD.encode(digest))
}

/// One IPv6 customer has a whole /64.
fn address_key(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("address:{address}"),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("address:{a:x}:{b:x}:{c:x}:{d:x}::")
        }
    }
}
