//! The assertions that were presented to us, kept until they have expired.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use sea_orm::ConnectionTrait;
use time::OffsetDateTime;

use super::StoreError;
use super::batch::Script;
use super::many::ForMany;

static USED: ForMany =
    ForMany::new("SELECT issuer, jti FROM single_uses WHERE (issuer, jti) IN (VALUES {rows})", 2);
static MARK: ForMany = ForMany::new(
    "INSERT INTO single_uses (issuer, jti, forget_after) VALUES {rows} ON CONFLICT DO NOTHING",
    3,
);

/// Which of `keys`, pairs of issuer and `jti`, were used before.
///
/// The key is (`iss`, `jti`): two issuers may well choose one `jti`.
pub(super) async fn used(
    db: &impl ConnectionTrait,
    keys: &BTreeSet<(&str, &str)>,
) -> Result<HashSet<(String, String)>, StoreError> {
    let rows = keys.iter().map(|(issuer, jti)| [(*issuer).into(), (*jti).into()]);
    let used = USED.find(db, &[], rows).await?;
    used.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// Marks all of `marks` as used, which they must not have been before: issuer, `jti`, and until
/// when that counts.
pub(super) fn mark(script: &mut Script, marks: &BTreeMap<(&str, &str), OffsetDateTime>) {
    let rows = marks.iter().map(|((issuer, jti), forget_after)| {
        [(*issuer).into(), (*jti).into(), forget_after.unix_timestamp().into()]
    });
    MARK.all(script, &[], rows);
}
