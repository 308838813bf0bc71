//! Forgetting what has expired, a little at a time, so that nobody waits for it.

use sea_orm::ConnectionTrait;
use time::OffsetDateTime;

use super::{StoreError, changes};

/// Each table that forgets, with its key and the column that says after when.
const TABLES: [(&str, &str, &str); 6] = [
    ("codes", "digest", "forget_after"),
    ("token_families", "id", "forget_after"),
    ("single_uses", "issuer, jti", "forget_after"),
    ("sessions", "digest", "expires_at"),
    ("logins", "sid", "forget_after"),
    ("sign_in_failures", "key", "forget_after"),
];

/// Deletes at most `at_most` expired rows of each table, and tells how many it were.
///
/// A family takes its refresh tokens with it.
pub async fn expired(
    db: &impl ConnectionTrait,
    now: OffsetDateTime,
    at_most: u32,
) -> Result<u64, StoreError> {
    let now = now.unix_timestamp();
    let mut swept = 0;
    for (table, key, expiry) in TABLES {
        let statement = format!(
            "DELETE FROM {table} WHERE ({key}) IN \
             (SELECT {key} FROM {table} WHERE {expiry} < {now} LIMIT {at_most})"
        );
        swept += db.execute_unprepared(&statement).await?.rows_affected();
    }
    swept += db.execute_unprepared(&changes::forget(at_most)).await?.rows_affected();
    Ok(swept)
}
