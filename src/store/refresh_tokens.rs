//! Refresh tokens: each is good once.

use std::collections::HashSet;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
};
use time::OffsetDateTime;

use super::columns::{AT_ONCE, bytes, in_chunks, time};
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

pub(super) async fn keep(
    db: &impl ConnectionTrait,
    tokens: &[&RefreshToken],
) -> Result<(), StoreError> {
    let row = |token: &&RefreshToken| row::ActiveModel {
        digest: Set(token.digest.0.clone()),
        family: Set(token.family.id.clone()),
        expires_at: Set(token.expires_at.unix_timestamp()),
        used_at: Set(None),
    };
    for some in in_chunks(tokens.iter().map(row)) {
        row::Entity::insert_many(some).exec_without_returning(db).await?;
    }
    Ok(())
}

/// The refresh token whose digest is `digest`, used or not, with its family.
pub async fn find(
    db: &impl ConnectionTrait,
    digest: &Digest,
) -> Result<Option<RefreshToken>, StoreError> {
    let Some(row) = row::Entity::find_by_id(digest.0.clone()).one(db).await? else {
        return Ok(None);
    };
    let family = token_families::find(db, &row.family).await?;
    Ok(Some(RefreshToken {
        digest: Digest(row.digest),
        family: family.ok_or(StoreError::Corrupt(TABLE))?,
        expires_at: time(TABLE, row.expires_at)?,
        used: row.used_at.is_some(),
    }))
}

/// Which of `digests` are refresh tokens that were not used.
pub(super) async fn unused(
    db: &impl ConnectionTrait,
    digests: &[&Digest],
) -> Result<HashSet<Digest>, StoreError> {
    let mut unused = HashSet::new();
    for some in digests.chunks(AT_ONCE) {
        let rows = row::Entity::find()
            .select_only()
            .column(row::Column::Digest)
            .filter(row::Column::Digest.is_in(bytes(some)))
            .filter(row::Column::UsedAt.is_null());
        let rows: Vec<Vec<u8>> = rows.into_tuple().all(db).await?;
        unused.extend(rows.into_iter().map(Digest));
    }
    Ok(unused)
}

/// Uses tokens up, and tells how many it were: of two at a time, one hears of a token.
pub(super) async fn redeem(
    db: &impl ConnectionTrait,
    digests: &[&Digest],
    now: OffsetDateTime,
) -> Result<u64, StoreError> {
    let mut redeemed = 0;
    for some in digests.chunks(AT_ONCE) {
        redeemed += row::Entity::update_many()
            .col_expr(row::Column::UsedAt, Expr::value(now.unix_timestamp()))
            .filter(row::Column::Digest.is_in(bytes(some)))
            .filter(row::Column::UsedAt.is_null())
            .exec(db)
            .await?
            .rows_affected;
    }
    Ok(redeemed)
}
