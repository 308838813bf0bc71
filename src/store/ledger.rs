//! The ledger: rows are appended, and never changed.

use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use time::OffsetDateTime;

use super::StoreError;
use super::columns::{in_chunks, text};
use crate::model::{LedgerEntry, LedgerEvent, LedgerRow, Outcome};

const TABLE: &str = "ledger";

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "ledger")]
    pub(super) struct Model {
        #[sea_orm(primary_key)]
        pub number: i64,
        pub at: i64,
        pub request: String,
        pub issuer: String,
        pub event: String,
        pub client: Option<String>,
        pub user: Option<String>,
        pub service: Option<String>,
        pub scope: Option<String>,
        pub resource: Option<String>,
        pub jti: Option<String>,
        pub parent: Option<String>,
        pub outcome: String,
        pub code: Option<String>,
        pub reason: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) async fn append(
    db: &impl ConnectionTrait,
    entries: &[&LedgerEntry],
) -> Result<(), StoreError> {
    for some in in_chunks(entries.iter().map(|entry| active_model(entry))) {
        row::Entity::insert_many(some).exec_without_returning(db).await?;
    }
    Ok(())
}

fn active_model(entry: &LedgerEntry) -> row::ActiveModel {
    let (outcome, code, reason) = match &entry.outcome {
        Outcome::Issued => ("issued", None, None),
        Outcome::Refused { code, reason } => ("refused", Some(code.clone()), Some(reason.clone())),
    };
    row::ActiveModel {
        number: NotSet,
        at: Set(milliseconds(entry.at)),
        request: Set(entry.request.to_string()),
        issuer: Set(entry.issuer.to_string()),
        event: Set(entry.event.as_str().to_owned()),
        client: Set(entry.client.as_ref().map(ToString::to_string)),
        user: Set(entry.user.as_ref().map(ToString::to_string)),
        service: Set(entry.service.clone()),
        scope: Set(entry.scope.as_ref().map(ToString::to_string)),
        resource: Set(entry.resource.clone()),
        jti: Set(entry.jti.clone()),
        parent: Set(entry.parent.clone()),
        outcome: Set(outcome.to_owned()),
        code: Set(code),
        reason: Set(reason),
    }
}

/// The newest rows, oldest of them first; only those after `after`, if that is given.
pub async fn tail(
    db: &impl ConnectionTrait,
    after: Option<i64>,
    at_most: u64,
) -> Result<Vec<LedgerRow>, StoreError> {
    let mut rows = row::Entity::find().order_by_desc(row::Column::Number).limit(at_most);
    if let Some(after) = after {
        rows = rows.filter(row::Column::Number.gt(after));
    }
    let mut rows = rows.all(db).await?.into_iter().map(model).collect::<Result<Vec<_>, _>>()?;
    rows.reverse();
    Ok(rows)
}

/// The rows of what has this `jti`, and of all that was obtained or refused by it.
pub async fn about(db: &impl ConnectionTrait, jti: &str) -> Result<Vec<LedgerRow>, StoreError> {
    let either = Condition::any().add(row::Column::Jti.eq(jti)).add(row::Column::Parent.eq(jti));
    let rows = row::Entity::find().filter(either).order_by_asc(row::Column::Number).limit(1000);
    rows.all(db).await?.into_iter().map(model).collect()
}

fn milliseconds(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

fn model(row: row::Model) -> Result<LedgerRow, StoreError> {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(row.at) * 1_000_000);
    let outcome = match row.outcome.as_str() {
        "issued" => Outcome::Issued,
        _ => Outcome::Refused {
            code: row.code.unwrap_or_default(),
            reason: row.reason.unwrap_or_default(),
        },
    };
    let entry = LedgerEntry {
        at: at.map_err(|_| StoreError::Corrupt(TABLE))?,
        request: text(TABLE, row.request)?,
        issuer: text(TABLE, row.issuer)?,
        event: LedgerEvent::parse(&row.event).ok_or(StoreError::Corrupt(TABLE))?,
        client: row.client.map(|it| text(TABLE, it)).transpose()?,
        user: row.user.map(|it| text(TABLE, it)).transpose()?,
        service: row.service,
        scope: row.scope.map(|it| text(TABLE, it)).transpose()?,
        resource: row.resource,
        jti: row.jti,
        parent: row.parent,
        outcome,
    };
    Ok(LedgerRow { number: row.number, entry })
}
