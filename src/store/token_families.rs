//! Families: all that came from one authorization code.

use std::collections::BTreeSet;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use time::OffsetDateTime;

use super::StoreError;
use super::batch::Script;
use super::columns::{json, parsed, text};
use super::many::ForMany;
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
        pub key: Option<String>,
        pub revoked_at: Option<i64>,
        pub forget_after: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

static OPEN: ForMany = ForMany::new(
    "INSERT INTO token_families (id, issuer, client, \"user\", sid, scope, resources, \
     \"key\", forget_after) VALUES {rows}",
    9,
);
static PROLONG: ForMany =
    ForMany::new("UPDATE token_families SET forget_after = ? WHERE id IN ({rows})", 1);

/// Opens families, each to be forgotten when nothing of it can be valid any more.
pub(super) fn open(script: &mut Script, families: &[(&TokenFamily, OffsetDateTime)]) {
    let row = |(family, forget_after): &(&TokenFamily, OffsetDateTime)| {
        [
            family.id.clone().into(),
            family.issuer.as_str().into(),
            family.client.as_str().into(),
            family.user.as_str().into(),
            family.sid.as_str().into(),
            family.scope.to_string().into(),
            json(&family.resources).into(),
            family.key.clone().into(),
            forget_after.unix_timestamp().into(),
        ]
    };
    OPEN.all(script, &[], families.iter().map(row));
}

pub async fn find(db: &impl ConnectionTrait, id: &str) -> Result<Option<TokenFamily>, StoreError> {
    row::Entity::find_by_id(id).one(db).await?.map(model).transpose()
}

/// Keeps families remembered for longer.
pub(super) fn prolong(script: &mut Script, ids: &BTreeSet<&str>, forget_after: OffsetDateTime) {
    let rows = ids.iter().map(|it| [(*it).into()]);
    PROLONG.any(script, &[forget_after.unix_timestamp().into()], rows);
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
        key: row.key,
        revoked: row.revoked_at.is_some(),
    })
}
