//! Refresh tokens: each is good once.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use time::OffsetDateTime;

use super::columns::time;
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
    token: &RefreshToken,
) -> Result<(), StoreError> {
    let row = row::ActiveModel {
        digest: Set(token.digest.0.clone()),
        family: Set(token.family.id.clone()),
        expires_at: Set(token.expires_at.unix_timestamp()),
        used_at: Set(None),
    };
    row::Entity::insert(row).exec_without_returning(db).await?;
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

/// Uses the token up. One statement, so of two at a time only one hears `true`.
pub(super) async fn redeem(
    db: &impl ConnectionTrait,
    digest: &Digest,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let redeemed = row::Entity::update_many()
        .col_expr(row::Column::UsedAt, Expr::value(now.unix_timestamp()))
        .filter(row::Column::Digest.eq(digest.0.clone()))
        .filter(row::Column::UsedAt.is_null())
        .exec(db)
        .await?;
    Ok(redeemed.rows_affected == 1)
}
