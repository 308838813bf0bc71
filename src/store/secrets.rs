//! Other secrets of the server, sealed.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};

use super::StoreError;

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "secrets")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub sealed: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub async fn find(db: &impl ConnectionTrait, name: &str) -> Result<Option<String>, StoreError> {
    Ok(row::Entity::find_by_id(name).one(db).await?.map(|row| row.sealed))
}

/// Keeps a secret, unless one of that name is there: of two nodes that start together, both
/// find the same afterwards.
pub async fn keep(db: &impl ConnectionTrait, name: &str, sealed: &str) -> Result<(), StoreError> {
    let row = row::ActiveModel { name: Set(name.to_owned()), sealed: Set(sealed.to_owned()) };
    row::Entity::insert(row)
        .on_conflict(OnConflict::column(row::Column::Name).do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}
