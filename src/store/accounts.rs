//! Which of its accounts a service takes a subject of another issuer for.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};

use super::StoreError;
use super::changes::{self, Change};
use super::columns::text;
use crate::model::Foreign;
use crate::oauth::{ServiceId, Subject};

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
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Whose account it is at the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The `sub` that the service's own tokens have.
    pub id: Subject,
    pub active: bool,
}

/// The account that `whose` subject is linked to at `service`.
pub async fn of(
    db: &impl ConnectionTrait,
    service: &ServiceId,
    whose: &Foreign,
) -> Result<Option<Account>, StoreError> {
    let key = (service.to_string(), whose.realm(), whose.subject.to_string());
    let row = row::Entity::find_by_id(key).one(db).await?;
    row.map(|row| Ok(Account { id: text(TABLE, row.account)?, active: row.active })).transpose()
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
    };
    row::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
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
    let model = |row: row::Model| {
        let account = Account { id: text(TABLE, row.account)?, active: row.active };
        let whose = Foreign::in_realm(&row.issuer, text(TABLE, row.subject)?);
        Ok((whose.ok_or(StoreError::Corrupt(TABLE))?, account))
    };
    rows.all(db).await?.into_iter().map(model).collect()
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
    let change = Change::Account(service.clone(), whose.realm(), whose.subject.clone());
    changes::announce(db, &[change]).await?;
    Ok(switched.rows_affected == 1)
}

/// Who is linked to `account` of `service`: the realm of each ([`Foreign::realm`]), and whether the
/// link is active.
pub async fn links_to(
    db: &impl ConnectionTrait,
    service: &ServiceId,
    account: &Subject,
) -> Result<Vec<(String, bool)>, StoreError> {
    let rows = row::Entity::find()
        .filter(row::Column::Service.eq(service.as_str()))
        .filter(row::Column::Account.eq(account.as_str()));
    Ok(rows.all(db).await?.into_iter().map(|row| (row.issuer, row.active)).collect())
}
