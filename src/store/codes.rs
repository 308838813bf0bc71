//! Authorization codes.

use std::collections::HashSet;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
};
use time::{Duration, OffsetDateTime};

use super::StoreError;
use super::columns::{AT_ONCE, bytes, in_chunks, json, parsed, text, time};
use crate::model::{AuthorizationCode, Digest};
use crate::oauth::CodeChallenge;

const TABLE: &str = "codes";

/// How long a code is remembered after it has expired, so that its second use is noticed.
const REMEMBERED: Duration = Duration::days(1);

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "codes")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub digest: Vec<u8>,
        pub family: String,
        pub issuer: String,
        pub client: String,
        pub user: String,
        pub sid: String,
        pub redirect_uri: String,
        pub challenge: String,
        pub nonce: Option<String>,
        pub scope: String,
        pub resources: String,
        pub expires_at: i64,
        pub used_at: Option<i64>,
        pub forget_after: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) async fn keep(
    db: &impl ConnectionTrait,
    codes: &[&AuthorizationCode],
) -> Result<(), StoreError> {
    for some in in_chunks(codes.iter().map(|code| active_model(code))) {
        row::Entity::insert_many(some).exec_without_returning(db).await?;
    }
    Ok(())
}

fn active_model(code: &AuthorizationCode) -> row::ActiveModel {
    row::ActiveModel {
        digest: Set(code.digest.0.clone()),
        family: Set(code.family.clone()),
        issuer: Set(code.issuer.to_string()),
        client: Set(code.client.to_string()),
        user: Set(code.user.to_string()),
        sid: Set(code.sid.to_string()),
        redirect_uri: Set(code.redirect_uri.to_string()),
        challenge: Set(code.challenge.as_str().to_owned()),
        nonce: Set(code.nonce.clone()),
        scope: Set(code.scope.to_string()),
        resources: Set(json(&code.resources)),
        expires_at: Set(code.expires_at.unix_timestamp()),
        used_at: Set(None),
        forget_after: Set((code.expires_at + REMEMBERED).unix_timestamp()),
    }
}

/// The code whose digest is `digest`, used or not.
pub async fn find(
    db: &impl ConnectionTrait,
    digest: &Digest,
) -> Result<Option<AuthorizationCode>, StoreError> {
    row::Entity::find_by_id(digest.0.clone()).one(db).await?.map(model).transpose()
}

/// Which of `digests` are codes that were not used.
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

/// Uses codes up, and tells how many it were: of two at a time, one hears of a code.
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

fn model(row: row::Model) -> Result<AuthorizationCode, StoreError> {
    let challenge = CodeChallenge::parse(&row.challenge);
    Ok(AuthorizationCode {
        digest: Digest(row.digest),
        family: row.family,
        issuer: text(TABLE, row.issuer)?,
        client: text(TABLE, row.client)?,
        user: text(TABLE, row.user)?,
        sid: text(TABLE, row.sid)?,
        redirect_uri: text(TABLE, row.redirect_uri)?,
        challenge: challenge.map_err(|_| StoreError::Corrupt(TABLE))?,
        nonce: row.nonce,
        scope: text(TABLE, row.scope)?,
        resources: parsed(TABLE, &row.resources)?,
        expires_at: time(TABLE, row.expires_at)?,
        used: row.used_at.is_some(),
    })
}
