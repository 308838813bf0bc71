//! The assertions that were presented to us, kept until they have expired.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use time::OffsetDateTime;

use super::StoreError;
use super::columns::{AT_ONCE, filled, in_chunks};

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

/// Which of `keys`, pairs of issuer and `jti`, were used before.
///
/// The key is (`iss`, `jti`): two issuers may well choose one `jti`.
pub(super) async fn used(
    db: &impl ConnectionTrait,
    keys: &BTreeSet<(&str, &str)>,
) -> Result<HashSet<(String, String)>, StoreError> {
    let mut by_issuer = BTreeMap::<_, Vec<_>>::new();
    for (issuer, jti) in keys {
        by_issuer.entry(*issuer).or_default().push(*jti);
    }
    let mut used = HashSet::new();
    for (issuer, jtis) in by_issuer {
        for some in jtis.chunks(AT_ONCE) {
            let rows = row::Entity::find()
                .filter(row::Column::Issuer.eq(issuer))
                .filter(row::Column::Jti.is_in(filled(some)));
            used.extend(rows.all(db).await?.into_iter().map(|row| (row.issuer, row.jti)));
        }
    }
    Ok(used)
}

/// Marks all of `marks` as used: issuer, `jti`, and until when that counts. Tells how many were
/// not used before; of two at a time, one counts.
pub(super) async fn mark(
    db: &impl ConnectionTrait,
    marks: &BTreeMap<(&str, &str), OffsetDateTime>,
) -> Result<u64, StoreError> {
    let rows = marks.iter().map(|((issuer, jti), forget_after)| row::ActiveModel {
        issuer: Set((*issuer).to_owned()),
        jti: Set((*jti).to_owned()),
        forget_after: Set(forget_after.unix_timestamp()),
    });
    let mut marked = 0;
    for some in in_chunks(rows) {
        marked += row::Entity::insert_many(some)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(db)
            .await?;
    }
    Ok(marked)
}
