//! What every JWT that we accept has to pass (RFC 7519 §4.1, RFC 8725 §3).

use time::{Duration, OffsetDateTime};

use super::confirmation::NotHeld;
use crate::jose::BadJwt;

/// How far another server's clock may be from ours.
pub const LEEWAY: Duration = Duration::seconds(30);

/// Why a JWT is not believed: a sentence about "it".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unacceptable {
    #[error(transparent)]
    Untrue(#[from] BadJwt),
    #[error("it was issued by another issuer")]
    Issuer,
    /// `docs/decisions/0007-exact-audience.md`: both are named, for the usual trap is a slash.
    #[error("its aud is {found} where {expected} was expected")]
    Audience { found: String, expected: String },
    #[error("it has expired, {seconds} seconds ago by the clock here")]
    Expired { seconds: i64 },
    #[error(
        "it was issued in the future or is not valid yet: by the clock here, in {seconds} seconds"
    )]
    NotYet { seconds: i64 },
    #[error("it lives for longer than is accepted here")]
    TooLong,
    #[error("it was issued to another client")]
    Client,
    #[error(
        "it is bound by a cnf that cannot be checked here: jkt alone is supported, or x5t#S256 alone where the metadata say so"
    )]
    Confirmation,
    #[error(transparent)]
    NotHeld(#[from] NotHeld),
    #[error("its sub is not the client")]
    Subject,
    #[error("what it says of the workload is not what makes one a client here")]
    Workload,
    #[error("it has no jti, and is to be used once: its trust may say reuse = until_expiry")]
    NoJti,
}

impl Unacceptable {
    pub(super) fn audience(found: &[String], expected: &str) -> Self {
        // What a stranger wrote must not break the grammar of error_description.
        let printable = |c: char| matches!(c, '\x20'..='\x21' | '\x23'..='\x5B' | '\x5D'..='\x7E');
        let found: String = found.join(" ").chars().filter(|c| printable(*c)).take(200).collect();
        Self::Audience { found, expected: expected.to_owned() }
    }
}

/// RFC 7519 §4.1.4 to §4.1.6: `exp`, `nbf`, `iat`.
pub(super) fn in_time(
    iat: i64,
    nbf: Option<i64>,
    exp: i64,
    now: OffsetDateTime,
) -> Result<(), Unacceptable> {
    let (now, leeway) = (now.unix_timestamp(), LEEWAY.whole_seconds());
    let ago = now.saturating_sub(exp);
    if ago >= leeway {
        return Err(Unacceptable::Expired { seconds: ago });
    }
    let ahead = nbf.unwrap_or(iat).max(iat).saturating_sub(now);
    match ahead > leeway {
        true => Err(Unacceptable::NotYet { seconds: ahead }),
        false => Ok(()),
    }
}

/// Refuses what lives for longer than `longest`, which is how long a thief can use it.
pub(super) fn short_lived(iat: i64, exp: i64, longest: Duration) -> Result<(), Unacceptable> {
    match exp.checked_sub(iat).is_some_and(|life| life <= longest.whole_seconds()) {
        true => Ok(()),
        false => Err(Unacceptable::TooLong),
    }
}

/// Until when [`in_time`] may let something with this `exp` pass.
pub(super) fn acceptable_until(exp: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(exp.saturating_add(LEEWAY.whole_seconds()))
        .unwrap_or(time::PrimitiveDateTime::MAX.assume_utc())
}
