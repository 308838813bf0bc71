//! The assertions that were presented to us, kept until they have expired.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use time::OffsetDateTime;

use super::StoreError;
use crate::oauth::Jti;

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "single_uses")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub issuer: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub jti: String,
        pub forget_after: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[derive(Debug, PartialEq, Eq)]
pub enum Use {
    First,
    Repeated,
}

/// Records that an assertion was presented, and tells whether it was the first time.
///
/// One statement does both, so of two concurrent requests only one sees [`Use::First`].
/// The key is (`iss`, `jti`): two issuers may well choose one `jti`.
pub(super) async fn record(
    db: &impl ConnectionTrait,
    issuer: &str,
    jti: &Jti,
    forget_after: OffsetDateTime,
) -> Result<Use, StoreError> {
    let row = row::ActiveModel {
        issuer: Set(issuer.to_owned()),
        jti: Set(jti.to_string()),
        forget_after: Set(forget_after.unix_timestamp()),
    };
    let inserted = row::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(if inserted == 1 { Use::First } else { Use::Repeated })
}
