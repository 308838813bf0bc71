//! Authorization codes.

use std::collections::HashSet;

use sea_orm::{ConnectionTrait, EntityTrait};
use time::{Duration, OffsetDateTime};

use super::StoreError;
use super::batch::Script;
use super::columns::{json, parsed, text, time};
use super::many::ForMany;
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
        pub key: Option<String>,
        pub lasting: bool,
        pub expires_at: i64,
        pub used_at: Option<i64>,
        pub forget_after: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

static KEEP: ForMany = ForMany::new(
    "INSERT INTO codes (digest, family, issuer, client, \"user\", sid, redirect_uri, challenge, \
     nonce, scope, resources, \"key\", lasting, expires_at, forget_after) VALUES {rows}",
    15,
);
static UNUSED: ForMany =
    ForMany::new("SELECT digest FROM codes WHERE used_at IS NULL AND digest IN ({rows})", 1);
static REDEEM: ForMany =
    ForMany::new("UPDATE codes SET used_at = ? WHERE used_at IS NULL AND digest IN ({rows})", 1);

pub(super) fn keep(script: &mut Script, codes: &[&AuthorizationCode]) {
    let row = |code: &&AuthorizationCode| {
        [
            code.digest.0.clone().into(),
            code.family.clone().into(),
            code.issuer.as_str().into(),
            code.client.as_str().into(),
            code.user.as_str().into(),
            code.sid.as_str().into(),
            code.redirect_uri.as_str().into(),
            code.challenge.as_str().into(),
            code.nonce.clone().into(),
            code.scope.to_string().into(),
            json(&code.resources).into(),
            code.key.clone().into(),
            code.lasting.into(),
            code.expires_at.unix_timestamp().into(),
            (code.expires_at + REMEMBERED).unix_timestamp().into(),
        ]
    };
    KEEP.all(script, &[], codes.iter().map(row));
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
    let rows = UNUSED.find(db, &[], digests.iter().map(|it| [it.0.clone().into()])).await?;
    rows.iter().map(|row| Ok(Digest(row.try_get_by_index(0)?))).collect()
}

/// Uses codes up, which must not have been used before.
pub(super) fn redeem(script: &mut Script, digests: &[&Digest], now: OffsetDateTime) {
    let rows = digests.iter().map(|it| [it.0.clone().into()]);
    REDEEM.all(script, &[now.unix_timestamp().into()], rows);
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
        key: row.key,
        lasting: row.lasting,
        expires_at: time(TABLE, row.expires_at)?,
        used: row.used_at.is_some(),
    })
}
