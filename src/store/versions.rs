//! Counters that tell a running server that somebody else changed something.

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};

use super::StoreError;

/// Of services, trusts and keys, which a server holds in memory.
pub const DIRECTORY: &str = "directory";

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "versions")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub number: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub async fn current(db: &impl ConnectionTrait, name: &str) -> Result<i64, StoreError> {
    Ok(row::Entity::find_by_id(name).one(db).await?.map_or(0, |row| row.number))
}

pub async fn advance(db: &impl ConnectionTrait, name: &str) -> Result<(), StoreError> {
    use row::Column as C;
    let row = row::ActiveModel { name: Set(name.to_owned()), number: Set(1) };
    let next = OnConflict::column(C::Name)
        .value(C::Number, Expr::col((row::Entity, C::Number)).add(1))
        .to_owned();
    row::Entity::insert(row).on_conflict(next).exec_without_returning(db).await?;
    Ok(())
}
