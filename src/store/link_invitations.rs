//! Invitations to link an account: of each code only its digest is kept.

use sea_orm::sea_query::{ExprTrait, SimpleExpr};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
};
use time::OffsetDateTime;

use super::columns::{text, time};
use super::{StoreError, accounts};
use crate::model::{Digest, Foreign, LinkInvitation};
use crate::oauth::{ClientId, ServiceId};

const TABLE: &str = "link_invitations";

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "link_invitations")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub digest: Vec<u8>,
        pub service: String,
        /// With the tenant, if there is one: see `Foreign::realm`.
        pub issuer: String,
        pub subject: String,
        pub email: String,
        pub client: String,
        pub jti: String,
        pub expires_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The invitation whose code has this digest, if it has not been answered.
pub async fn find(
    db: &impl ConnectionTrait,
    digest: &Digest,
) -> Result<Option<LinkInvitation>, StoreError> {
    let found =
        row::Entity::find().filter(row::Column::Digest.eq(digest.0.clone())).one(db).await?;
    found.map(model).transpose()
}

/// The invitation that we call `id`, if it has not been answered.
pub async fn named(
    db: &impl ConnectionTrait,
    id: &str,
) -> Result<Option<LinkInvitation>, StoreError> {
    row::Entity::find_by_id(id).one(db).await?.map(model).transpose()
}

/// How many `client` has at `service` for `whose` subject that are still good.
pub async fn count(
    db: &impl ConnectionTrait,
    service: &ServiceId,
    whose: &Foreign,
    client: &ClientId,
    now: OffsetDateTime,
) -> Result<u64, StoreError> {
    let good = row::Entity::find()
        .filter(are_of(service, whose))
        .filter(row::Column::Client.eq(client.as_str()))
        .filter(row::Column::ExpiresAt.gt(now.unix_timestamp()));
    Ok(good.count(db).await?)
}

pub(super) async fn keep(
    db: &impl ConnectionTrait,
    invitation: &LinkInvitation,
) -> Result<(), StoreError> {
    let row = row::ActiveModel {
        id: Set(invitation.id.to_string()),
        digest: Set(invitation.digest.0.clone()),
        service: Set(invitation.service.to_string()),
        issuer: Set(invitation.whose.realm()),
        subject: Set(invitation.whose.subject.to_string()),
        email: Set(invitation.email.clone()),
        client: Set(invitation.client.to_string()),
        jti: Set(invitation.jti.to_string()),
        expires_at: Set(invitation.expires_at.unix_timestamp()),
    };
    row::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// Whether `invitation` has not been answered, and nobody else linked its subject.
pub(super) async fn is_open(
    db: &impl ConnectionTrait,
    invitation: &LinkInvitation,
) -> Result<bool, StoreError> {
    let there = named(db, invitation.id.as_str()).await?.is_some();
    Ok(there && accounts::of(db, &invitation.service, &invitation.whose).await?.is_none())
}

/// Ends `invitation`, and all others for the same subject at the service. `false` if it was over.
pub(super) async fn close(
    db: &impl ConnectionTrait,
    invitation: &LinkInvitation,
) -> Result<bool, StoreError> {
    let ended = row::Entity::delete_by_id(invitation.id.as_str()).exec(db).await?;
    let others = are_of(&invitation.service, &invitation.whose);
    row::Entity::delete_many().filter(others).exec(db).await?;
    Ok(ended.rows_affected == 1)
}

fn are_of(service: &ServiceId, whose: &Foreign) -> SimpleExpr {
    let service = row::Column::Service.eq(service.as_str());
    let realm = row::Column::Issuer.eq(whose.realm());
    service.and(realm).and(row::Column::Subject.eq(whose.subject.as_str()))
}

fn model(row: row::Model) -> Result<LinkInvitation, StoreError> {
    let whose = Foreign::in_realm(&row.issuer, text(TABLE, row.subject)?);
    Ok(LinkInvitation {
        id: text(TABLE, row.id)?,
        digest: Digest(row.digest),
        service: text(TABLE, row.service)?,
        whose: whose.ok_or(StoreError::Corrupt(TABLE))?,
        email: row.email,
        client: text(TABLE, row.client)?,
        jti: text(TABLE, row.jti)?,
        expires_at: time(TABLE, row.expires_at)?,
    })
}
