//! Refresh tokens: each is good once.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, EntityTrait};
use time::OffsetDateTime;

use super::batch::Script;
use super::columns::time;
use super::many::ForMany;
use super::{StoreError, token_families};
use crate::model::{Digest, RefreshToken};

const TABLE: &str = "refresh_tokens";

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "refresh_tokens")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub digest: Vec<u8>,
        pub family: String,
        pub expires_at: i64,
        pub used_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

static KEEP: ForMany =
    ForMany::new("INSERT INTO refresh_tokens (digest, family, expires_at) VALUES {rows}", 3);
static LOOK: ForMany = ForMany::new(
    "SELECT digest, used_at, id, revoked_at, token_families.forget_after FROM refresh_tokens \
     JOIN token_families ON id = family WHERE digest IN ({rows}) ORDER BY id{held token_families}",
    1,
);
static REDEEM: ForMany = ForMany::new(
    "UPDATE refresh_tokens SET used_at = ? WHERE used_at IS NULL AND EXISTS (SELECT 1 FROM \
     token_families WHERE id = family AND revoked_at IS NULL AND forget_after > ?) \
     AND digest IN ({rows})",
    1,
);

pub(super) fn keep(script: &mut Script, tokens: &[&RefreshToken]) {
    let row = |token: &&RefreshToken| {
        let expires_at = token.expires_at.unix_timestamp();
        [token.digest.0.clone().into(), token.family.id.clone().into(), expires_at.into()]
    };
    KEEP.all(script, &[], tokens.iter().map(row));
}

/// The refresh token whose digest is `digest`, used or not, with its family: once that is
/// forgotten, there is none.
pub async fn find(
    db: &impl ConnectionTrait,
    digest: &Digest,
) -> Result<Option<RefreshToken>, StoreError> {
    let Some(row) = row::Entity::find_by_id(digest.0.clone()).one(db).await? else {
        return Ok(None);
    };
    let Some(family) = token_families::find(db, &row.family).await? else {
        return Ok(None);
    };
    Ok(Some(RefreshToken {
        digest: Digest(row.digest),
        family: Arc::new(family),
        expires_at: time(TABLE, row.expires_at)?,
        used: row.used_at.is_some(),
    }))
}

/// A refresh token as somebody who wants to use it up finds it.
pub(super) struct Found {
    pub(super) digest: Digest,
    pub(super) used: bool,
    pub(super) family: String,
    pub(super) revoked: bool,
    /// When its family is forgotten if nobody prolongs that.
    pub(super) forget_after: i64,
}

/// Those of `digests` that are known. Their families stay as they are until the transaction ends.
pub(super) async fn look(
    db: &impl ConnectionTrait,
    digests: &[&Digest],
) -> Result<Vec<Found>, StoreError> {
    let rows = LOOK.find(db, &[], digests.iter().map(|it| [it.0.clone().into()])).await?;
    let found = rows.iter().map(|row| {
        Ok(Found {
            digest: Digest(row.try_get_by_index(0)?),
            used: row.try_get_by_index::<Option<i64>>(1)?.is_some(),
            family: row.try_get_by_index(2)?,
            revoked: row.try_get_by_index::<Option<i64>>(3)?.is_some(),
            forget_after: row.try_get_by_index(4)?,
        })
    });
    found.collect()
}

/// Uses tokens up, which must not have been used before, and whose families must not be revoked and
/// be remembered for longer than `until`.
pub(super) fn redeem(
    script: &mut Script,
    digests: &[&Digest],
    now: OffsetDateTime,
    until: OffsetDateTime,
) {
    let rows = digests.iter().map(|it| [it.0.clone().into()]);
    let common = [now.unix_timestamp().into(), until.unix_timestamp().into()];
    REDEEM.all(script, &common, rows);
}
