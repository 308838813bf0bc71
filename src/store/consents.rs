//! What people have allowed clients.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use time::OffsetDateTime;

use super::StoreError;
use super::columns::{json, parsed, text};
use crate::model::Consent;
use crate::oauth::{ClientId, Issuer, Subject};

const TABLE: &str = "consents";

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "consents")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub user: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub issuer: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub client: String,
        pub scope: String,
        pub services: String,
        pub described: Option<String>,
        pub portrait: Option<String>,
        pub given_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What `user` has allowed `client` at `issuer`, if they were ever asked.
pub async fn find(
    db: &impl ConnectionTrait,
    user: &Subject,
    issuer: &Issuer,
    client: &ClientId,
) -> Result<Option<Consent>, StoreError> {
    let key = (user.to_string(), issuer.to_string(), client.to_string());
    let row = row::Entity::find_by_id(key).one(db).await?;
    row.map(|row| {
        Ok(Consent {
            user: text(TABLE, row.user)?,
            issuer: text(TABLE, row.issuer)?,
            client: text(TABLE, row.client)?,
            scope: text(TABLE, row.scope)?,
            services: parsed(TABLE, &row.services)?,
            described: row.described,
            portrait: row.portrait.map(|it| parsed(TABLE, &it)).transpose()?,
        })
    })
    .transpose()
}

/// Remembers `consent` in place of what there was.
pub(super) async fn remember(
    db: &impl ConnectionTrait,
    consent: &Consent,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    use row::Column as C;
    let row = row::ActiveModel {
        user: Set(consent.user.to_string()),
        issuer: Set(consent.issuer.to_string()),
        client: Set(consent.client.to_string()),
        scope: Set(consent.scope.to_string()),
        services: Set(json(&consent.services)),
        described: Set(consent.described.clone()),
        portrait: Set(consent.portrait.as_ref().map(json)),
        given_at: Set(now.unix_timestamp()),
    };
    let key = OnConflict::columns([C::User, C::Issuer, C::Client])
        .update_columns([C::Scope, C::Services, C::Described, C::Portrait, C::GivenAt])
        .to_owned();
    row::Entity::insert(row).on_conflict(key).exec_without_returning(db).await?;
    Ok(())
}
