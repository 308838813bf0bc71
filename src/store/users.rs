//! People.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};

use super::StoreError;
use super::columns::{json, parsed, text};
use crate::model::User;
use crate::oauth::Subject;

const TABLE: &str = "users";

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub username: String,
        pub email: Option<String>,
        pub email_verified: bool,
        pub name: Option<String>,
        pub password_hash: Option<String>,
        pub groups: String,
        pub active: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The person whose identifier is `id`, active or not.
pub async fn find(db: &impl ConnectionTrait, id: &Subject) -> Result<Option<User>, StoreError> {
    row::Entity::find_by_id(id.to_string()).one(db).await?.map(model).transpose()
}

/// The person who signs in as `username`, active or not.
pub async fn named(db: &impl ConnectionTrait, username: &str) -> Result<Option<User>, StoreError> {
    let row = row::Entity::find().filter(row::Column::Username.eq(username)).one(db).await?;
    row.map(model).transpose()
}

/// Who has the verified address `email`, letter by letter, active or not.
pub async fn with_email(
    db: &impl ConnectionTrait,
    email: &str,
) -> Result<Vec<Subject>, StoreError> {
    let rows = row::Entity::find()
        .filter(row::Column::Email.eq(email))
        .filter(row::Column::EmailVerified.eq(true))
        .all(db)
        .await?;
    rows.into_iter().map(|row| text(TABLE, row.id)).collect()
}

pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<User>, StoreError> {
    let rows = row::Entity::find().order_by_asc(row::Column::Username).all(db).await?;
    rows.into_iter().map(model).collect()
}

/// Adds `user`, or changes all but the identifier of the one who has it.
pub async fn keep(db: &impl ConnectionTrait, user: &User) -> Result<(), StoreError> {
    use row::Column as C;
    let row = row::ActiveModel {
        id: Set(user.id.to_string()),
        username: Set(user.username.clone()),
        email: Set(user.email.clone()),
        email_verified: Set(user.email_verified),
        name: Set(user.name.clone()),
        password_hash: Set(user.password_hash.clone()),
        groups: Set(json(&user.groups)),
        active: Set(user.active),
    };
    let rest =
        [C::Username, C::Email, C::EmailVerified, C::Name, C::PasswordHash, C::Groups, C::Active];
    row::Entity::insert(row)
        .on_conflict(OnConflict::column(C::Id).update_columns(rest).to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

fn model(row: row::Model) -> Result<User, StoreError> {
    Ok(User {
        id: text(TABLE, row.id)?,
        username: row.username,
        email: row.email,
        email_verified: row.email_verified,
        name: row.name,
        password_hash: row.password_hash,
        groups: parsed(TABLE, &row.groups)?,
        active: row.active,
    })
}
