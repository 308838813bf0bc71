//! Registered clients.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};

use super::StoreError;
use super::columns::{json, parsed, text};
use crate::model::Client;
use crate::oauth::{AuthMethod, ClientId, Issuer};

const TABLE: &str = "clients";

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "clients")]
    #[expect(clippy::struct_excessive_bools, reason = "each is a column")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub issuer: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub name: String,
        pub agent: bool,
        pub active: bool,
        pub auth_method: String,
        pub secret_mac: Option<Vec<u8>>,
        pub jwks: Option<String>,
        pub jwks_uri: Option<String>,
        pub redirect_uris: String,
        pub post_logout_redirect_uris: String,
        pub grant_types: String,
        pub scope: String,
        pub id_token_signed_response_alg: String,
        pub dpop_bound_access_tokens: bool,
        pub sector: Option<String>,
        pub tls_client_certificate_bound_access_tokens: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The client that is registered as `id` at `issuer`, active or not.
pub async fn find(
    db: &impl ConnectionTrait,
    issuer: &Issuer,
    id: &ClientId,
) -> Result<Option<Client>, StoreError> {
    let key = (issuer.to_string(), id.to_string());
    row::Entity::find_by_id(key).one(db).await?.map(model).transpose()
}

/// All clients of all issuers.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Client>, StoreError> {
    let rows = row::Entity::find().order_by_asc(row::Column::Issuer).order_by_asc(row::Column::Id);
    rows.all(db).await?.into_iter().map(model).collect()
}

/// Registers `client`, or changes the registration that it has.
pub async fn register(db: &impl ConnectionTrait, client: &Client) -> Result<(), StoreError> {
    use row::Column as C;
    let rest = [
        C::Name,
        C::Agent,
        C::Active,
        C::AuthMethod,
        C::SecretMac,
        C::Jwks,
        C::JwksUri,
        C::RedirectUris,
        C::PostLogoutRedirectUris,
        C::GrantTypes,
        C::Scope,
        C::IdTokenSignedResponseAlg,
        C::DpopBoundAccessTokens,
        C::Sector,
        C::TlsClientCertificateBoundAccessTokens,
    ];
    row::Entity::insert(active_model(client))
        .on_conflict(OnConflict::columns([C::Issuer, C::Id]).update_columns(rest).to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Removes every registration at an issuer that is no longer there.
pub async fn remove_all_at(db: &impl ConnectionTrait, issuer: &Issuer) -> Result<(), StoreError> {
    row::Entity::delete_many().filter(row::Column::Issuer.eq(issuer.as_str())).exec(db).await?;
    Ok(())
}

fn active_model(client: &Client) -> row::ActiveModel {
    row::ActiveModel {
        issuer: Set(client.issuer.to_string()),
        id: Set(client.id.to_string()),
        name: Set(client.name.clone()),
        agent: Set(client.agent),
        active: Set(client.active),
        auth_method: Set(client.auth_method.as_str().to_owned()),
        secret_mac: Set(client.secret_mac.clone()),
        jwks: Set(client.jwks.clone()),
        jwks_uri: Set(client.jwks_uri.clone()),
        redirect_uris: Set(json(&client.redirect_uris)),
        post_logout_redirect_uris: Set(json(&client.post_logout_redirect_uris)),
        grant_types: Set(json(&client.grant_types)),
        scope: Set(client.scope.to_string()),
        id_token_signed_response_alg: Set(client.id_token_signed_response_alg.clone()),
        dpop_bound_access_tokens: Set(client.dpop_bound_access_tokens),
        sector: Set(client.sector.as_ref().map(ToString::to_string)),
        tls_client_certificate_bound_access_tokens: Set(
            client.tls_client_certificate_bound_access_tokens
        ),
    }
}

fn model(row: row::Model) -> Result<Client, StoreError> {
    Ok(Client {
        issuer: text(TABLE, row.issuer)?,
        id: text(TABLE, row.id)?,
        name: row.name,
        agent: row.agent,
        active: row.active,
        auth_method: AuthMethod::parse(&row.auth_method).ok_or(StoreError::Corrupt(TABLE))?,
        secret_mac: row.secret_mac,
        jwks: row.jwks,
        jwks_uri: row.jwks_uri,
        redirect_uris: parsed(TABLE, &row.redirect_uris)?,
        post_logout_redirect_uris: parsed(TABLE, &row.post_logout_redirect_uris)?,
        grant_types: parsed(TABLE, &row.grant_types)?,
        scope: text(TABLE, row.scope)?,
        id_token_signed_response_alg: row.id_token_signed_response_alg,
        dpop_bound_access_tokens: row.dpop_bound_access_tokens,
        sector: row.sector.map(|it| text(TABLE, it)).transpose()?,
        tls_client_certificate_bound_access_tokens: row.tls_client_certificate_bound_access_tokens,
        described: None,
        fleeting: false,
    })
}
