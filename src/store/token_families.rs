//! Families: all that came from one authorization code.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
};
use time::OffsetDateTime;

use super::StoreError;
use super::columns::{AT_ONCE, filled, in_chunks, json, parsed, text};
use crate::model::TokenFamily;

const TABLE: &str = "token_families";

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "token_families")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub issuer: String,
        pub client: String,
        pub user: String,
        pub sid: String,
        pub scope: String,
        pub resources: String,
        pub revoked_at: Option<i64>,
        pub forget_after: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Opens families, each to be forgotten when nothing of it can be valid any more.
pub(super) async fn open(
    db: &impl ConnectionTrait,
    families: &[(&TokenFamily, OffsetDateTime)],
) -> Result<(), StoreError> {
    let row = |(family, forget_after): &(&TokenFamily, OffsetDateTime)| row::ActiveModel {
        id: Set(family.id.clone()),
        issuer: Set(family.issuer.to_string()),
        client: Set(family.client.to_string()),
        user: Set(family.user.to_string()),
        sid: Set(family.sid.to_string()),
        scope: Set(family.scope.to_string()),
        resources: Set(json(&family.resources)),
        revoked_at: Set(None),
        forget_after: Set(forget_after.unix_timestamp()),
    };
    for some in in_chunks(families.iter().map(row)) {
        row::Entity::insert_many(some).exec_without_returning(db).await?;
    }
    Ok(())
}

pub async fn find(db: &impl ConnectionTrait, id: &str) -> Result<Option<TokenFamily>, StoreError> {
    row::Entity::find_by_id(id).one(db).await?.map(model).transpose()
}

/// Those of `ids` that are known, each with whether it is revoked.
pub(super) async fn states(
    db: &impl ConnectionTrait,
    ids: &[&str],
) -> Result<Vec<(String, bool)>, StoreError> {
    let mut states = Vec::new();
    for some in ids.chunks(AT_ONCE) {
        let rows = row::Entity::find()
            .select_only()
            .columns([row::Column::Id, row::Column::RevokedAt])
            .filter(row::Column::Id.is_in(filled(some)));
        let rows: Vec<(String, Option<i64>)> = rows.into_tuple().all(db).await?;
        states.extend(rows.into_iter().map(|(id, revoked_at)| (id, revoked_at.is_some())));
    }
    Ok(states)
}

/// Keeps families remembered for longer, those that are not revoked. Tells how many it were.
pub(super) async fn prolong(
    db: &impl ConnectionTrait,
    ids: &[&str],
    forget_after: OffsetDateTime,
) -> Result<u64, StoreError> {
    let mut prolonged = 0;
    for some in ids.chunks(AT_ONCE) {
        prolonged += row::Entity::update_many()
            .col_expr(row::Column::ForgetAfter, Expr::value(forget_after.unix_timestamp()))
            .filter(row::Column::Id.is_in(filled(some)))
            .filter(row::Column::RevokedAt.is_null())
            .exec(db)
            .await?
            .rows_affected;
    }
    Ok(prolonged)
}

pub(super) async fn revoke(
    db: &impl ConnectionTrait,
    id: &str,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    row::Entity::update_many()
        .col_expr(row::Column::RevokedAt, Expr::value(now.unix_timestamp()))
        .filter(row::Column::Id.eq(id))
        .filter(row::Column::RevokedAt.is_null())
        .exec(db)
        .await?;
    Ok(())
}

fn model(row: row::Model) -> Result<TokenFamily, StoreError> {
    Ok(TokenFamily {
        id: row.id,
        issuer: text(TABLE, row.issuer)?,
        client: text(TABLE, row.client)?,
        user: text(TABLE, row.user)?,
        sid: text(TABLE, row.sid)?,
        scope: text(TABLE, row.scope)?,
        resources: parsed(TABLE, &row.resources)?,
        revoked: row.revoked_at.is_some(),
    })
}
