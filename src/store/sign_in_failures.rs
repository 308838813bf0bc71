//! Attempts to sign in that failed, per account and per address, so that guessing is slow.

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use time::OffsetDateTime;

use super::StoreError;
use super::columns::time;

const TABLE: &str = "sign_in_failures";

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "sign_in_failures")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub key: String,
        pub failures: i64,
        pub blocked_until: i64,
        pub forget_after: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What is held against an account or an address.
#[derive(Clone, Copy, Debug)]
pub struct Failures {
    pub count: i64,
    pub blocked_until: OffsetDateTime,
}

pub async fn of(
    db: &impl ConnectionTrait,
    key: &str,
    now: OffsetDateTime,
) -> Result<Option<Failures>, StoreError> {
    let row = row::Entity::find_by_id(key)
        .filter(row::Column::ForgetAfter.gt(now.unix_timestamp()))
        .one(db)
        .await?;
    row.map(|row| {
        Ok(Failures { count: row.failures, blocked_until: time(TABLE, row.blocked_until)? })
    })
    .transpose()
}

/// Counts an attempt before it is made, so that many at a time are all counted; a success
/// takes it back with [`forgive`].
pub async fn count(
    db: &impl ConnectionTrait,
    key: &str,
    blocked_until: OffsetDateTime,
    forget_after: OffsetDateTime,
) -> Result<(), StoreError> {
    use row::Column as C;
    let row = row::ActiveModel {
        key: Set(key.to_owned()),
        failures: Set(1),
        blocked_until: Set(blocked_until.unix_timestamp()),
        forget_after: Set(forget_after.unix_timestamp()),
    };
    let counted = OnConflict::column(C::Key)
        .value(C::Failures, Expr::col((row::Entity, C::Failures)).add(1))
        .update_columns([C::BlockedUntil, C::ForgetAfter])
        .to_owned();
    row::Entity::insert(row).on_conflict(counted).exec_without_returning(db).await?;
    Ok(())
}

pub async fn forgive(db: &impl ConnectionTrait, key: &str) -> Result<(), StoreError> {
    row::Entity::delete_by_id(key).exec(db).await?;
    Ok(())
}
