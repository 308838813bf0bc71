//! Attempts to sign in that failed, per account and per address, so that guessing is slow.

use std::collections::BTreeSet;

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use time::OffsetDateTime;

use super::StoreError;
use super::batch::Script;
use super::columns::time;
use super::many::ForMany;

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

/// Counts an attempt before it is made: makes `after` of what [`of`] found. One statement, so
/// that of many attempts at a time each sees those before it; `false` if another was faster.
pub async fn count(
    db: &impl ConnectionTrait,
    key: &str,
    before: Option<Failures>,
    after: Failures,
    (now, forget_after): (OffsetDateTime, OffsetDateTime),
) -> Result<bool, StoreError> {
    use row::Column as C;
    let row = row::ActiveModel {
        key: Set(key.to_owned()),
        failures: Set(after.count),
        blocked_until: Set(after.blocked_until.unix_timestamp()),
        forget_after: Set(forget_after.unix_timestamp()),
    };
    let column = |column: C| Expr::col((row::Entity, column));
    let unchanged = match before {
        // Forgotten, but not swept yet.
        None => column(C::ForgetAfter).lte(now.unix_timestamp()),
        Some(before) => column(C::Failures)
            .eq(before.count)
            .and(column(C::BlockedUntil).eq(before.blocked_until.unix_timestamp())),
    };
    let counted = OnConflict::column(C::Key)
        .update_columns([C::Failures, C::BlockedUntil, C::ForgetAfter])
        .action_and_where(unchanged)
        .to_owned();
    let counted = row::Entity::insert(row).on_conflict(counted).exec_without_returning(db).await?;
    Ok(counted == 1)
}

/// Takes one attempt back that was none of a guesser, with the pause until `blocked_until` that
/// it began. What others did since stays.
pub(super) async fn take_back(
    db: &impl ConnectionTrait,
    key: &str,
    blocked_until: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    use row::Column as C;
    let (its, now) = (blocked_until.unix_timestamp(), now.unix_timestamp());
    let pause =
        Expr::case(Expr::col(C::BlockedUntil).eq(its), now).finally(Expr::col(C::BlockedUntil));
    row::Entity::update_many()
        .col_expr(C::Failures, Expr::col(C::Failures).sub(1))
        .col_expr(C::BlockedUntil, pause.into())
        .filter(C::Key.eq(key))
        .filter(C::Failures.gt(0))
        .exec(db)
        .await?;
    Ok(())
}

static FORGIVE: ForMany = ForMany::new("DELETE FROM sign_in_failures WHERE \"key\" IN ({rows})", 1);

/// Holds nothing against those any more whose `keys` these are.
pub(super) fn forgive(script: &mut Script, keys: &BTreeSet<&str>) {
    FORGIVE.any(script, &[], keys.iter().map(|it| [(*it).into()]));
}
