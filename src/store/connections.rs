//! Connections: what administrators decided about clients and services.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};

use super::StoreError;
use super::columns::{json, parsed, text};
use crate::model::{Approval, Connection};
use crate::oauth::{ClientId, ServiceId};

const TABLE: &str = "connections";

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "connections")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub client: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub service: String,
        pub client_there: String,
        pub scope: String,
        pub resources: String,
        pub groups: String,
        pub approval: String,
        pub terms: String,
        pub active: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The connection of a client of home to a service, active or not.
pub async fn find(
    db: &impl ConnectionTrait,
    client: &ClientId,
    service: &ServiceId,
) -> Result<Option<Connection>, StoreError> {
    let key = (client.to_string(), service.to_string());
    row::Entity::find_by_id(key).one(db).await?.map(model).transpose()
}

/// All connections of a client of home.
pub async fn of(
    db: &impl ConnectionTrait,
    client: &ClientId,
) -> Result<Vec<Connection>, StoreError> {
    let rows = row::Entity::find()
        .filter(row::Column::Client.eq(client.as_str()))
        .order_by_asc(row::Column::Service);
    rows.all(db).await?.into_iter().map(model).collect()
}

pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Connection>, StoreError> {
    let rows =
        row::Entity::find().order_by_asc(row::Column::Client).order_by_asc(row::Column::Service);
    rows.all(db).await?.into_iter().map(model).collect()
}

/// Approves a connection, or changes the one that there is.
pub async fn approve(db: &impl ConnectionTrait, connection: &Connection) -> Result<(), StoreError> {
    use row::Column as C;
    let approval = match connection.approval {
        Approval::Admin => "admin",
        Approval::User => "user",
    };
    let row = row::ActiveModel {
        client: Set(connection.client.to_string()),
        service: Set(connection.service.to_string()),
        client_there: Set(connection.client_there.to_string()),
        scope: Set(connection.scope.to_string()),
        resources: Set(json(&connection.resources)),
        groups: Set(json(&connection.groups)),
        approval: Set(approval.to_owned()),
        terms: Set(json(&connection.terms)),
        active: Set(connection.active),
    };
    let rest =
        [C::ClientThere, C::Scope, C::Resources, C::Groups, C::Approval, C::Terms, C::Active];
    row::Entity::insert(row)
        .on_conflict(OnConflict::columns([C::Client, C::Service]).update_columns(rest).to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

fn model(row: row::Model) -> Result<Connection, StoreError> {
    let approval = match row.approval.as_str() {
        "admin" => Approval::Admin,
        "user" => Approval::User,
        _ => return Err(StoreError::Corrupt(TABLE)),
    };
    Ok(Connection {
        client: text(TABLE, row.client)?,
        service: text(TABLE, row.service)?,
        client_there: text(TABLE, row.client_there)?,
        scope: text(TABLE, row.scope)?,
        resources: parsed(TABLE, &row.resources)?,
        groups: parsed(TABLE, &row.groups)?,
        approval,
        terms: parsed(TABLE, &row.terms)?,
        active: row.active,
    })
}
