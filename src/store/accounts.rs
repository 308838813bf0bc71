//! Which of its accounts a service takes a subject of another issuer for.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};
use time::OffsetDateTime;

use super::StoreError;
use super::changes::{self, Change};
use super::columns::{text, time};
use crate::model::{Foreign, Link, LinkInvitation};
use crate::oauth::{ClientId, ServiceId, Subject};

const TABLE: &str = "accounts";

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "accounts")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub service: String,
        #[sea_orm(primary_key, auto_increment = false)]
        /// With the tenant, if there is one: see [`Foreign::realm`].
        pub issuer: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub subject: String,
        pub account: String,
        pub active: bool,
        pub client: Option<String>,
        pub email: Option<String>,
        pub linked_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Whose account it is at the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The person, or somebody whom only the service knows. Its tokens say what it calls them.
    pub id: Subject,
    pub active: bool,
    /// How the person linked it, if it was they who did.
    pub linked: Option<Linked>,
}

/// What was known when a person linked an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// Who had brought the ID-JAG.
    pub client: ClientId,
    /// As the issuer said then.
    pub email: String,
    pub at: OffsetDateTime,
}

/// The account that `whose` subject is linked to at `service`.
pub async fn of(
    db: &impl ConnectionTrait,
    service: &ServiceId,
    whose: &Foreign,
) -> Result<Option<Account>, StoreError> {
    let key = (service.to_string(), whose.realm(), whose.subject.to_string());
    let row = row::Entity::find_by_id(key).one(db).await?;
    row.map(|row| Ok(model(row)?.1)).transpose()
}

/// Links `whose` subject to `account`, unless it is linked already: of two at a time, the first
/// wins and both find the same account afterwards.
pub async fn link(
    db: &impl ConnectionTrait,
    service: &ServiceId,
    whose: &Foreign,
    account: &Subject,
) -> Result<(), StoreError> {
    let row = row::ActiveModel {
        service: Set(service.to_string()),
        issuer: Set(whose.realm()),
        subject: Set(whose.subject.to_string()),
        account: Set(account.to_string()),
        active: Set(true),
        ..Default::default()
    };
    row::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Links as the person of `account` wants it. `false` if the subject is linked already: nobody takes
/// another's.
pub(super) async fn link_by(
    db: &impl ConnectionTrait,
    invitation: &LinkInvitation,
    account: &Subject,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let row = row::ActiveModel {
        service: Set(invitation.service.to_string()),
        issuer: Set(invitation.whose.realm()),
        subject: Set(invitation.whose.subject.to_string()),
        account: Set(account.to_string()),
        active: Set(true),
        client: Set(Some(invitation.client.to_string())),
        email: Set(Some(invitation.email.clone())),
        linked_at: Set(Some(now.unix_timestamp())),
    };
    let inserted = row::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(inserted == 1)
}

/// Whether there is `link`, and nobody switched it off.
pub(super) async fn is_linked(db: &impl ConnectionTrait, link: &Link) -> Result<bool, StoreError> {
    let found = of(db, &link.service, &link.whose).await?;
    Ok(found.is_some_and(|it| it.active && it.id == link.account))
}

/// Takes `link` out. One that was switched off stays, for it would be a way to switch it on:
/// `false`, as for one that is not there.
pub(super) async fn unlink(db: &impl ConnectionTrait, link: &Link) -> Result<bool, StoreError> {
    let deleted = row::Entity::delete_many()
        .filter(row::Column::Service.eq(link.service.as_str()))
        .filter(row::Column::Issuer.eq(link.whose.realm()))
        .filter(row::Column::Subject.eq(link.whose.subject.as_str()))
        .filter(row::Column::Account.eq(link.account.as_str()))
        .filter(row::Column::Active.eq(true))
        .exec(db)
        .await?;
    Ok(deleted.rows_affected == 1)
}

/// All accounts of `service`, each with whom it is linked to.
pub async fn all(
    db: &impl ConnectionTrait,
    service: &ServiceId,
) -> Result<Vec<(Foreign, Account)>, StoreError> {
    let rows = row::Entity::find()
        .filter(row::Column::Service.eq(service.as_str()))
        .order_by_asc(row::Column::Issuer)
        .order_by_asc(row::Column::Subject);
    rows.all(db).await?.into_iter().map(model).collect()
}

/// All subjects that are linked to `account` of `service`.
pub async fn of_person(
    db: &impl ConnectionTrait,
    service: &ServiceId,
    account: &Subject,
) -> Result<Vec<(Foreign, Account)>, StoreError> {
    let rows = row::Entity::find()
        .filter(row::Column::Service.eq(service.as_str()))
        .filter(row::Column::Account.eq(account.as_str()))
        .order_by_asc(row::Column::Issuer)
        .order_by_asc(row::Column::Subject);
    rows.all(db).await?.into_iter().map(model).collect()
}

fn model(row: row::Model) -> Result<(Foreign, Account), StoreError> {
    let whose = Foreign::in_realm(&row.issuer, text(TABLE, row.subject)?);
    let linked = match (row.client, row.email, row.linked_at) {
        (Some(client), Some(email), Some(at)) => {
            Some(Linked { client: text(TABLE, client)?, email, at: time(TABLE, at)? })
        }
        _ => None,
    };
    let account = Account { id: text(TABLE, row.account)?, active: row.active, linked };
    Ok((whose.ok_or(StoreError::Corrupt(TABLE))?, account))
}

/// Switches an account off or on, and announces it: in a transaction. `false` if there is none.
pub async fn switch(
    db: &impl ConnectionTrait,
    service: &ServiceId,
    whose: &Foreign,
    active: bool,
) -> Result<bool, StoreError> {
    let switched = row::Entity::update_many()
        .col_expr(row::Column::Active, Expr::value(active))
        .filter(row::Column::Service.eq(service.as_str()))
        .filter(row::Column::Issuer.eq(whose.realm()))
        .filter(row::Column::Subject.eq(whose.subject.as_str()))
        .exec(db)
        .await?;
    changes::announce(db, &[Change::account(service, whose)]).await?;
    Ok(switched.rows_affected == 1)
}
