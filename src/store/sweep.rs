//! Forgetting what has expired, a little at a time, so that nobody waits for it.

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use time::{Duration, OffsetDateTime};

use super::{StoreError, changes};

/// A refresh token is remembered for so long after it expired: if it was used before, whoever shows
/// it still ends its family.
const SHOWN_LATE: Duration = Duration::days(30);

/// Each table that forgets, with its key, the column that says after when, and how long after
/// that.
const TABLES: [(&str, &str, &str, Duration); 9] = [
    ("codes", "digest", "forget_after", Duration::ZERO),
    ("token_families", "id", "forget_after", Duration::ZERO),
    ("refresh_tokens", "digest", "expires_at", SHOWN_LATE),
    ("single_uses", "issuer, jti", "forget_after", Duration::ZERO),
    ("sessions", "digest", "expires_at", Duration::ZERO),
    ("logins", "sid", "forget_after", Duration::ZERO),
    ("registrations", "issuer, client", "forget_after", Duration::ZERO),
    ("link_invitations", "id", "expires_at", Duration::ZERO),
    ("sign_in_failures", "key", "forget_after", Duration::ZERO),
];

/// How wrong a clock may be without that a node forgets what another would still take.
const SLACK: Duration = Duration::minutes(10);

/// The time that has passed by all clocks, where it is `now` by ours: a node whose clock is
/// ahead must not forget for the others, and one that is behind may still be shown what has
/// expired. PostgreSQL has a clock of its own, which is the same for all.
pub async fn surely_past(
    db: &impl ConnectionTrait,
    now: OffsetDateTime,
) -> Result<OffsetDateTime, StoreError> {
    let mut past = now;
    if db.get_database_backend() == DbBackend::Postgres {
        let asked = "SELECT CAST(EXTRACT(EPOCH FROM now()) AS BIGINT) AS now";
        let answer = db.query_one_raw(Statement::from_string(DbBackend::Postgres, asked)).await?;
        let seconds: i64 = answer.ok_or(StoreError::Corrupt("now"))?.try_get("", "now")?;
        past = past.min(super::columns::time("now", seconds)?);
    }
    Ok(past - SLACK)
}

/// Deletes at most `at_most` expired rows of each table, and tells how many it were.
pub async fn expired(
    db: &impl ConnectionTrait,
    now: OffsetDateTime,
    at_most: u32,
) -> Result<u64, StoreError> {
    let mut swept = 0;
    for (table, key, expiry, after) in TABLES {
        let past = (now - after).unix_timestamp();
        let statement = format!(
            "DELETE FROM {table} WHERE ({key}) IN \
             (SELECT {key} FROM {table} WHERE {expiry} < {past} LIMIT {at_most})"
        );
        swept += db.execute_unprepared(&statement).await?.rows_affected();
    }
    swept += db.execute_unprepared(&changes::forget(at_most)).await?.rows_affected();
    Ok(swept)
}
