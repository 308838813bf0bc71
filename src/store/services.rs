//! Services, hosted here or elsewhere.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, QueryOrder};

use super::StoreError;
use super::columns::{json, parsed, text};
use crate::model::{DetailTypes, Registrations, Service};
use crate::oauth::ServiceId;

const TABLE: &str = "services";

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "services")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub name: String,
        pub issuer: String,
        pub hosted: bool,
        pub active: bool,
        pub resources: String,
        pub audience_aliases: String,
        pub scopes: String,
        pub access_token_signing_alg: String,
        pub dpop_bound_access_tokens_required: bool,
        pub authorization_details_types: String,
        pub described_scope: String,
        pub registrations: String,
        pub sector: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub async fn find(
    db: &impl ConnectionTrait,
    id: &ServiceId,
) -> Result<Option<Service>, StoreError> {
    row::Entity::find_by_id(id.to_string()).one(db).await?.map(model).transpose()
}

pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Service>, StoreError> {
    let rows = row::Entity::find().order_by_asc(row::Column::Id).all(db).await?;
    rows.into_iter().map(model).collect()
}

/// Adds `service`, or changes all but its name in the directory.
pub async fn keep(db: &impl ConnectionTrait, service: &Service) -> Result<(), StoreError> {
    use row::Column as C;
    let row = row::ActiveModel {
        id: Set(service.id.to_string()),
        name: Set(service.name.clone()),
        issuer: Set(service.issuer.to_string()),
        hosted: Set(service.hosted),
        active: Set(service.active),
        resources: Set(json(&service.resources)),
        audience_aliases: Set(json(&service.audience_aliases)),
        scopes: Set(json(&service.scopes)),
        access_token_signing_alg: Set(service.access_token_signing_alg.clone()),
        dpop_bound_access_tokens_required: Set(service.dpop_bound_access_tokens_required),
        described_scope: Set(service.described_scope.to_string()),
        sector: Set(service.sector.as_ref().map(ToString::to_string)),
        registrations: Set(service.registrations.as_str().to_owned()),
        authorization_details_types: Set(json(&service.authorization_details_types.pairs())),
    };
    let rest = [
        C::Name,
        C::Issuer,
        C::Hosted,
        C::Active,
        C::Resources,
        C::AudienceAliases,
        C::Scopes,
        C::AccessTokenSigningAlg,
        C::DpopBoundAccessTokensRequired,
        C::AuthorizationDetailsTypes,
        C::DescribedScope,
        C::Registrations,
        C::Sector,
    ];
    row::Entity::insert(row)
        .on_conflict(OnConflict::column(C::Id).update_columns(rest).to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

fn model(row: row::Model) -> Result<Service, StoreError> {
    Ok(Service {
        id: text(TABLE, row.id)?,
        name: row.name,
        issuer: text(TABLE, row.issuer)?,
        hosted: row.hosted,
        active: row.active,
        resources: parsed(TABLE, &row.resources)?,
        audience_aliases: parsed(TABLE, &row.audience_aliases)?,
        scopes: parsed(TABLE, &row.scopes)?,
        access_token_signing_alg: row.access_token_signing_alg,
        dpop_bound_access_tokens_required: row.dpop_bound_access_tokens_required,
        described_scope: text(TABLE, row.described_scope)?,
        registrations: Registrations::parse(&row.registrations)
            .map_err(|_| StoreError::Corrupt(TABLE))?,
        sector: row.sector.map(|it| text(TABLE, it)).transpose()?,
        authorization_details_types: DetailTypes::of(parsed(
            TABLE,
            &row.authorization_details_types,
        )?),
    })
}
