//! Signing keys, their private parts sealed.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};
use time::OffsetDateTime;

use super::StoreError;
use super::columns::{text, time};
use crate::model::KeyRecord;

const TABLE: &str = "keys";

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "keys")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub key_id: String,
        pub issuer: String,
        pub algorithm: String,
        pub sealed: String,
        pub created_at: i64,
        pub signs_from: i64,
        pub retired_at: Option<i64>,
        pub gone_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// All keys of all issuers, oldest first.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<KeyRecord>, StoreError> {
    let rows =
        row::Entity::find().order_by_asc(row::Column::SignsFrom).order_by_asc(row::Column::KeyId);
    rows.all(db).await?.into_iter().map(model).collect()
}

pub async fn publish(db: &impl ConnectionTrait, key: &KeyRecord) -> Result<(), StoreError> {
    let row = row::ActiveModel {
        key_id: Set(key.key_id.clone()),
        issuer: Set(key.issuer.to_string()),
        algorithm: Set(key.algorithm.clone()),
        sealed: Set(key.sealed.clone()),
        created_at: Set(key.created_at.unix_timestamp()),
        signs_from: Set(key.signs_from.unix_timestamp()),
        retired_at: Set(key.retired_at.map(OffsetDateTime::unix_timestamp)),
        gone_at: Set(key.gone_at.map(OffsetDateTime::unix_timestamp)),
    };
    row::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// Sets when a key stops signing and when it is no longer published.
pub async fn retire(
    db: &impl ConnectionTrait,
    key_id: &str,
    retired_at: OffsetDateTime,
    gone_at: OffsetDateTime,
) -> Result<(), StoreError> {
    row::Entity::update_many()
        .col_expr(row::Column::RetiredAt, Expr::value(retired_at.unix_timestamp()))
        .col_expr(row::Column::GoneAt, Expr::value(gone_at.unix_timestamp()))
        .filter(row::Column::KeyId.eq(key_id))
        .exec(db)
        .await?;
    Ok(())
}

fn model(row: row::Model) -> Result<KeyRecord, StoreError> {
    Ok(KeyRecord {
        key_id: row.key_id,
        issuer: text(TABLE, row.issuer)?,
        algorithm: row.algorithm,
        sealed: row.sealed,
        created_at: time(TABLE, row.created_at)?,
        signs_from: time(TABLE, row.signs_from)?,
        retired_at: row.retired_at.map(|at| time(TABLE, at)).transpose()?,
        gone_at: row.gone_at.map(|at| time(TABLE, at)).transpose()?,
    })
}
