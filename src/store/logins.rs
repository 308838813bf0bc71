//! Logins: who signed in, when and how.

use std::collections::BTreeSet;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use time::OffsetDateTime;

use super::StoreError;
use super::batch::Script;
use super::columns::{json, parsed, text, time};
use super::many::ForMany;
use crate::model::Login;
use crate::oauth::SessionId;

const TABLE: &str = "logins";

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "logins")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub sid: String,
        pub user: String,
        pub auth_time: i64,
        pub acr: String,
        pub amr: String,
        pub ended_at: Option<i64>,
        pub forget_after: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

static BEGIN: ForMany = ForMany::new(
    "INSERT INTO logins (sid, \"user\", auth_time, acr, amr, forget_after) VALUES {rows}",
    6,
);

/// Begins logins, each to be forgotten when nothing that comes from it can be valid any more.
pub(super) fn begin(script: &mut Script, logins: &[(&Login, OffsetDateTime)]) {
    let row = |(login, forget_after): &(&Login, OffsetDateTime)| {
        [
            login.sid.as_str().into(),
            login.user.as_str().into(),
            login.auth_time.unix_timestamp().into(),
            login.acr.clone().into(),
            json(&login.amr).into(),
            forget_after.unix_timestamp().into(),
        ]
    };
    BEGIN.all(script, &[], logins.iter().map(row));
}

/// The login whose `sid` it is, ended or not.
pub async fn find(db: &impl ConnectionTrait, sid: &SessionId) -> Result<Option<Login>, StoreError> {
    row::Entity::find_by_id(sid.to_string()).one(db).await?.map(model).transpose()
}

pub(super) async fn end(
    db: &impl ConnectionTrait,
    sid: &SessionId,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    row::Entity::update_many()
        .col_expr(row::Column::EndedAt, Expr::value(now.unix_timestamp()))
        .filter(row::Column::Sid.eq(sid.as_str()))
        .filter(row::Column::EndedAt.is_null())
        .exec(db)
        .await?;
    Ok(())
}

static PROLONG: ForMany = ForMany::new(
    "UPDATE logins SET forget_after = ? WHERE forget_after < ? AND sid IN ({rows})",
    1,
);

/// Keeps logins remembered for longer, for refresh tokens that come from them.
pub(super) fn prolong(script: &mut Script, sids: &BTreeSet<&str>, forget_after: OffsetDateTime) {
    let forget_after = forget_after.unix_timestamp();
    let rows = sids.iter().map(|it| [(*it).into()]);
    PROLONG.any(script, &[forget_after.into(), forget_after.into()], rows);
}

fn model(row: row::Model) -> Result<Login, StoreError> {
    Ok(Login {
        sid: text(TABLE, row.sid)?,
        user: text(TABLE, row.user)?,
        auth_time: time(TABLE, row.auth_time)?,
        acr: row.acr,
        amr: parsed(TABLE, &row.amr)?,
        ended_at: row.ended_at.map(|at| time(TABLE, at)).transpose()?,
    })
}
