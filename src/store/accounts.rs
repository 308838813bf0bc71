//! Which of its accounts a service takes a subject of another issuer for.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};

use super::StoreError;
use super::columns::text;
use crate::oauth::{Issuer, ServiceId, Subject};

const TABLE: &str = "accounts";

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "accounts")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub service: String,
        #[sea_orm(primary_key, auto_increment = false)]
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

/// The account that `subject` of `issuer` is linked to at `service`.
pub async fn of(
    db: &impl ConnectionTrait,
    service: &ServiceId,
    issuer: &Issuer,
    subject: &Subject,
) -> Result<Option<Account>, StoreError> {
    let key = (service.to_string(), issuer.to_string(), subject.to_string());
    let row = row::Entity::find_by_id(key).one(db).await?;
    row.map(|row| Ok(Account { id: text(TABLE, row.account)?, active: row.active })).transpose()
}

/// Links `subject` to `account`, unless it is linked already: of two at a time, the first
/// wins and both find the same account afterwards.
pub async fn link(
    db: &impl ConnectionTrait,
    service: &ServiceId,
    issuer: &Issuer,
    subject: &Subject,
    account: &Subject,
) -> Result<(), StoreError> {
    let row = row::ActiveModel {
        service: Set(service.to_string()),
        issuer: Set(issuer.to_string()),
        subject: Set(subject.to_string()),
        account: Set(account.to_string()),
        active: Set(true),
    };
    row::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}
