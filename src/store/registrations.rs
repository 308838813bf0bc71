//! Clients that registered themselves.

use std::sync::Arc;

use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};

use time::OffsetDateTime;

use super::StoreError;
use super::columns::{json, parsed, text, time};
use crate::jose::KeySet;
use crate::model::{Digest, Gist, Registration};
use crate::oauth::{ClientId, Issuer};

const TABLE: &str = "registrations";

/// A registration with the keys that are in it, read once.
pub struct Registered {
    pub registration: Registration,
    pub gist: Gist,
    pub keys: Option<Arc<KeySet>>,
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "registrations")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub issuer: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub client: String,
        pub metadata: String,
        pub secret_mac: Option<Vec<u8>>,
        pub token: Vec<u8>,
        pub registered_at: i64,
        pub forget_after: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The registration of `client` at `issuer`, if it is not forgotten yet.
pub async fn find(
    db: &impl ConnectionTrait,
    issuer: &Issuer,
    client: &ClientId,
) -> Result<Option<Registered>, StoreError> {
    let key = (issuer.to_string(), client.to_string());
    let row = row::Entity::find_by_id(key).one(db).await?;
    let Some(registration) = row.map(model).transpose()? else { return Ok(None) };
    let gist = registration.metadata.gist();
    let keys = KeySet::registered(gist.jwks.as_deref());
    Ok(Some(Registered { registration, gist, keys }))
}

/// All registrations of all issuers.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Registration>, StoreError> {
    let rows =
        row::Entity::find().order_by_asc(row::Column::Issuer).order_by_asc(row::Column::Client);
    rows.all(db).await?.into_iter().map(model).collect()
}

/// Adds a registration.
pub(super) async fn register(
    db: &impl ConnectionTrait,
    registration: &Registration,
) -> Result<(), StoreError> {
    row::Entity::insert(active_model(registration)).exec_without_returning(db).await?;
    Ok(())
}

/// Puts what `registration` says in the place of what is there; whether it is forgotten is not its
/// business. One that was taken out stays so.
pub(super) async fn change(
    db: &impl ConnectionTrait,
    registration: &Registration,
) -> Result<(), StoreError> {
    let said = row::ActiveModel {
        metadata: Set(json(&registration.metadata)),
        secret_mac: Set(registration.secret_mac.clone()),
        ..Default::default()
    };
    row::Entity::update_many()
        .set(said)
        .filter(is(&registration.issuer, &registration.client))
        .exec(db)
        .await?;
    Ok(())
}

/// Says that a client will be used, so that it is not forgotten.
pub async fn keep(
    db: &impl ConnectionTrait,
    issuer: &Issuer,
    client: &ClientId,
) -> Result<(), StoreError> {
    let kept = row::Entity::update_many().filter(is(issuer, client));
    kept.col_expr(row::Column::ForgetAfter, for_ever()).exec(db).await?;
    Ok(())
}

/// The same wherever it is registered.
pub async fn keep_named(db: &impl ConnectionTrait, client: &ClientId) -> Result<(), StoreError> {
    let kept = row::Entity::update_many().filter(row::Column::Client.eq(client.as_str()));
    kept.col_expr(row::Column::ForgetAfter, for_ever()).exec(db).await?;
    Ok(())
}

fn for_ever() -> SimpleExpr {
    Expr::value(Option::<i64>::None)
}

/// Takes a registration out, and tells whether there was one.
pub async fn remove(
    db: &impl ConnectionTrait,
    issuer: &Issuer,
    client: &ClientId,
) -> Result<bool, StoreError> {
    let removed = row::Entity::delete_many().filter(is(issuer, client)).exec(db).await?;
    Ok(removed.rows_affected > 0)
}

fn is(issuer: &Issuer, client: &ClientId) -> SimpleExpr {
    row::Column::Issuer.eq(issuer.as_str()).and(row::Column::Client.eq(client.as_str()))
}

fn active_model(registration: &Registration) -> row::ActiveModel {
    row::ActiveModel {
        issuer: Set(registration.issuer.to_string()),
        client: Set(registration.client.to_string()),
        metadata: Set(json(&registration.metadata)),
        secret_mac: Set(registration.secret_mac.clone()),
        token: Set(registration.token.0.clone()),
        registered_at: Set(registration.registered_at.unix_timestamp()),
        forget_after: Set(registration.forget_after.map(OffsetDateTime::unix_timestamp)),
    }
}

fn model(row: row::Model) -> Result<Registration, StoreError> {
    Ok(Registration {
        issuer: text(TABLE, row.issuer)?,
        client: text(TABLE, row.client)?,
        metadata: parsed(TABLE, &row.metadata)?,
        secret_mac: row.secret_mac,
        token: Digest(row.token),
        registered_at: time(TABLE, row.registered_at)?,
        forget_after: row.forget_after.map(|it| time(TABLE, it)).transpose()?,
    })
}
