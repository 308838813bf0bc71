//! Browser sessions, by the digest of the identifier in their cookie.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, QueryResult};
use time::OffsetDateTime;

use super::StoreError;
use super::columns::time;
use super::many::ForMany;
use crate::model::Digest;

const TABLE: &str = "sessions";

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "sessions")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub digest: Vec<u8>,
        pub data: String,
        pub expires_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Keeps a session that was not there. `false` if one was: then the identifier is taken.
pub async fn open(
    db: &impl ConnectionTrait,
    digest: &Digest,
    data: &str,
    expires_at: OffsetDateTime,
) -> Result<bool, StoreError> {
    let inserted = row::Entity::insert(active_model(digest, data, expires_at))
        .on_conflict(OnConflict::column(row::Column::Digest).do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(inserted == 1)
}

pub async fn keep(
    db: &impl ConnectionTrait,
    digest: &Digest,
    data: &str,
    expires_at: OffsetDateTime,
) -> Result<(), StoreError> {
    use row::Column as C;
    row::Entity::insert(active_model(digest, data, expires_at))
        .on_conflict(
            OnConflict::column(C::Digest).update_columns([C::Data, C::ExpiresAt]).to_owned(),
        )
        .exec_without_returning(db)
        .await?;
    Ok(())
}

static FIND: ForMany = ForMany::new(
    "SELECT data, expires_at FROM sessions WHERE expires_at > ? AND digest IN ({rows})",
    1,
);

/// The data of a session that has not expired, and when it will.
pub async fn find(
    db: &impl ConnectionTrait,
    digest: &Digest,
    now: OffsetDateTime,
) -> Result<Option<(String, OffsetDateTime)>, StoreError> {
    let rows = std::iter::once([digest.0.clone().into()]);
    let found = FIND.find(db, &[now.unix_timestamp().into()], rows).await?;
    let read =
        |row: &QueryResult| Ok((row.try_get_by_index(0)?, time(TABLE, row.try_get_by_index(1)?)?));
    found.first().map(read).transpose()
}

pub async fn close(db: &impl ConnectionTrait, digest: &Digest) -> Result<(), StoreError> {
    row::Entity::delete_by_id(digest.0.clone()).exec(db).await?;
    Ok(())
}

fn active_model(digest: &Digest, data: &str, expires_at: OffsetDateTime) -> row::ActiveModel {
    row::ActiveModel {
        digest: Set(digest.0.clone()),
        data: Set(data.to_owned()),
        expires_at: Set(expires_at.unix_timestamp()),
    }
}
