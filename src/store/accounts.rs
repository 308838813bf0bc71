//! Which of its accounts a service takes a subject of another issuer for.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};
use time::OffsetDateTime;

use super::StoreError;
use super::changes::{self, Change};
use super::columns::{text, time};
use crate::model::{Foreign, Link};
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

/// The same as it stands: what was switched off for one of those who are linked to it is off for all.
pub(super) async fn standing(
    db: &impl ConnectionTrait,
    service: &ServiceId,
    whose: &Foreign,
) -> Result<Option<Account>, StoreError> {
    let Some(account) = of(db, service, whose).await? else { return Ok(None) };
    let active = account.active && !is_switched_off(db, service, &account.id).await?;
    Ok(Some(Account { active, ..account }))
}

/// Whether an administrator switched `account` of `service` off, for whomever of those who are linked
/// to it.
pub async fn is_switched_off(
    db: &impl ConnectionTrait,
    service: &ServiceId,
    account: &Subject,
) -> Result<bool, StoreError> {
    let off = row::Entity::find()
        .filter(row::Column::Service.eq(service.as_str()))
        .filter(row::Column::Account.eq(account.as_str()))
        .filter(row::Column::Active.eq(false));
    Ok(off.one(db).await?.is_some())
}

/// Makes `link`, as the person wanted it if it was they. Of two at a time, the first wins, and both
/// find the same account afterwards: `false` if the subject is linked already.
pub async fn link(
    db: &impl ConnectionTrait,
    link: &Link,
    by: Option<&Linked>,
) -> Result<bool, StoreError> {
    let row = row::ActiveModel {
        service: Set(link.service.to_string()),
        issuer: Set(link.whose.realm()),
        subject: Set(link.whose.subject.to_string()),
        account: Set(link.account.to_string()),
        active: Set(true),
        client: Set(by.map(|it| it.client.to_string())),
        email: Set(by.map(|it| it.email.clone())),
        linked_at: Set(by.map(|it| it.at.unix_timestamp())),
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

/// All that is linked to `account` of one of `services`.
pub async fn of_person_at(
    db: &impl ConnectionTrait,
    services: impl IntoIterator<Item = &ServiceId>,
    account: &Subject,
) -> Result<Vec<(ServiceId, Foreign, Account)>, StoreError> {
    let rows = row::Entity::find()
        .filter(row::Column::Service.is_in(services.into_iter().map(ServiceId::as_str)))
        .filter(row::Column::Account.eq(account.as_str()))
        .order_by_asc(row::Column::Service)
        .order_by_asc(row::Column::Issuer)
        .order_by_asc(row::Column::Subject);
    let with_service = |row: row::Model| {
        let service = text(TABLE, row.service.clone())?;
        let (whose, account) = model(row)?;
        Ok((service, whose, account))
    };
    rows.all(db).await?.into_iter().map(with_service).collect()
}

/// All subjects that are linked to `account` of `service`.
pub async fn of_person(
    db: &impl ConnectionTrait,
    service: &ServiceId,
    account: &Subject,
) -> Result<Vec<(Foreign, Account)>, StoreError> {
    let all = of_person_at(db, [service], account).await?;
    Ok(all.into_iter().map(|(_, whose, account)| (whose, account)).collect())
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
    announce(db, service, whose).await?;
    Ok(switched.rows_affected == 1)
}

/// Takes out whom `whose` subject is linked to, be it switched off or not, and announces it: in a
/// transaction. `false` if there is nobody.
pub async fn remove(
    db: &impl ConnectionTrait,
    service: &ServiceId,
    whose: &Foreign,
) -> Result<bool, StoreError> {
    announce(db, service, whose).await?;
    let key = (service.to_string(), whose.realm(), whose.subject.to_string());
    Ok(row::Entity::delete_by_id(key).exec(db).await?.rows_affected == 1)
}

/// How an account stands may have changed, for all who are linked to it.
async fn announce(
    db: &impl ConnectionTrait,
    service: &ServiceId,
    whose: &Foreign,
) -> Result<(), StoreError> {
    let Some(account) = of(db, service, whose).await? else { return Ok(()) };
    let all = of_person(db, service, &account.id).await?;
    let all: Vec<_> = all.iter().map(|(whose, _)| Change::account(service, whose)).collect();
    changes::announce(db, &all).await
}
