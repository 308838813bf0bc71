//! Departments and teams, by name. Who is in one stands with the person.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, QueryOrder};

use super::StoreError;

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "groups")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<String>, StoreError> {
    let rows = row::Entity::find().order_by_asc(row::Column::Name).all(db).await?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

/// Adds a group, if it is not there.
pub async fn keep(db: &impl ConnectionTrait, name: &str) -> Result<(), StoreError> {
    row::Entity::insert(row::ActiveModel { name: Set(name.to_owned()) })
        .on_conflict(OnConflict::column(row::Column::Name).do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}
