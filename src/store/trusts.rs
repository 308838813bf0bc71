//! Whose ID-JAGs and workloads each service takes.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};
use time::Duration;

use super::StoreError;
use super::columns::{json, parsed, text};
use crate::model::{Accounts, Reuse, Trust, TrustTerms, TrustedKeys};
use crate::oauth::ServiceId;

const TABLE: &str = "trusts";

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "trusts")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub service: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub issuer: String,
        /// Among the trusts in this issuer.
        #[sea_orm(primary_key, auto_increment = false)]
        pub place: i64,
        pub keys: String,
        pub keys_from: Option<String>,
        pub scope: Option<String>,
        pub reuse: String,
        pub accounts: String,
        pub longest: i64,
        pub terms: String,
        pub active: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// All trusts of a service.
pub async fn of(db: &impl ConnectionTrait, service: &ServiceId) -> Result<Vec<Trust>, StoreError> {
    let rows = row::Entity::find()
        .filter(row::Column::Service.eq(service.as_str()))
        .order_by_asc(row::Column::Issuer)
        .order_by_asc(row::Column::Place);
    rows.all(db).await?.into_iter().map(model).collect()
}

/// Replaces all trusts of a service.
pub async fn declare(
    db: &impl ConnectionTrait,
    service: &ServiceId,
    trusts: &[Trust],
) -> Result<(), StoreError> {
    row::Entity::delete_many().filter(row::Column::Service.eq(service.as_str())).exec(db).await?;
    for (place, trust) in (0..).zip(trusts) {
        row::Entity::insert(active_model(service, trust, place)).exec_without_returning(db).await?;
    }
    Ok(())
}

/// What stands for accounts where there are none. Whoever does not know workloads must not take them
/// for ID-JAGs.
const OF_WORKLOAD: &str = "workload";

fn active_model(service: &ServiceId, trust: &Trust, place: i64) -> row::ActiveModel {
    let (keys, keys_from) = match &trust.keys {
        TrustedKeys::Local => ("local", None),
        TrustedKeys::Inline(jwks) => ("inline", Some(jwks.clone())),
        TrustedKeys::Uri(uri) => ("uri", Some(uri.clone())),
        TrustedKeys::Discovered => ("discovered", None),
    };
    let reuse = match trust.reuse {
        Reuse::Once => "once",
        Reuse::UntilExpiry => "until_expiry",
    };
    let accounts = match trust.accounts {
        _ if trust.workload().is_some() => OF_WORKLOAD,
        Accounts::SamePerson => "same_person",
        Accounts::Linked => "linked",
        Accounts::JustInTime => "just_in_time",
    };
    row::ActiveModel {
        service: Set(service.to_string()),
        issuer: Set(trust.issuer.to_string()),
        place: Set(place),
        keys: Set(keys.to_owned()),
        keys_from: Set(keys_from),
        scope: Set(trust.scope.as_ref().map(ToString::to_string)),
        reuse: Set(reuse.to_owned()),
        accounts: Set(accounts.to_owned()),
        longest: Set(trust.longest.whole_seconds()),
        terms: Set(json(&trust.terms)),
        active: Set(trust.active),
    }
}

fn model(row: row::Model) -> Result<Trust, StoreError> {
    let keys = match (row.keys.as_str(), row.keys_from) {
        ("local", _) => TrustedKeys::Local,
        ("inline", Some(jwks)) => TrustedKeys::Inline(jwks),
        ("uri", Some(uri)) => TrustedKeys::Uri(uri),
        ("discovered", _) => TrustedKeys::Discovered,
        _ => return Err(StoreError::Corrupt(TABLE)),
    };
    let reuse = match row.reuse.as_str() {
        "once" => Reuse::Once,
        "until_expiry" => Reuse::UntilExpiry,
        _ => return Err(StoreError::Corrupt(TABLE)),
    };
    let terms: TrustTerms = parsed(TABLE, &row.terms)?;
    if (row.accounts == OF_WORKLOAD) != terms.workload.is_some() {
        return Err(StoreError::Corrupt(TABLE));
    }
    let accounts = match row.accounts.as_str() {
        "same_person" => Accounts::SamePerson,
        "linked" | OF_WORKLOAD => Accounts::Linked,
        "just_in_time" => Accounts::JustInTime,
        _ => return Err(StoreError::Corrupt(TABLE)),
    };
    Ok(Trust {
        issuer: text(TABLE, row.issuer)?,
        keys,
        scope: row.scope.map(|scope| text(TABLE, scope)).transpose()?,
        reuse,
        accounts,
        longest: Duration::seconds(row.longest),
        terms,
        active: row.active,
    })
}
