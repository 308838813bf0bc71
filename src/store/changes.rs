//! What changed, in the order of the commits, for nodes that hold things in memory.
//!
//! All changes are numbered by one counter, whose row is locked until the commit: so numbers have
//! no gaps, and who has read up to one has missed nothing before it.

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::columns::{json, parsed};
use crate::model::Foreign;
use crate::oauth::{ClientId, Issuer, ServiceId, SessionId, Subject};

const TABLE: &str = "changes";

/// The counter's name in `versions`.
const COUNTER: &str = "changes";

/// The channel on which PostgreSQL tells all nodes that there is something to read.
pub(super) const CHANNEL: &str = "tegata_changes";

/// That many are kept. A node that is further behind forgets all that it holds.
const KEPT: i64 = 10_000;

/// How many are read at a time.
const AT_ONCE: u64 = 1000;

/// Something that is not any more as a node may hold it in memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The database is another one, as after `tegata restore`.
    Everything,
    /// What administrators declare, keys included.
    Directory,
    Login(SessionId),
    Family(String),
    Consent(Subject, Issuer, ClientId),
    /// A client that registered itself.
    Registration(Issuer, ClientId),
    /// The service, and the realm and the name of a subject (`model::Foreign`).
    Account(ServiceId, String, Subject),
}

impl Change {
    /// What `whose` subject stands for at `service`.
    pub(super) fn account(service: &ServiceId, whose: &Foreign) -> Self {
        Self::Account(service.clone(), whose.realm(), whose.subject.clone())
    }

    /// Whether what administrators declare may be another than before.
    pub(super) fn is_of_directory(&self) -> bool {
        matches!(self, Self::Everything | Self::Directory)
    }
}

mod counter {
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

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "changes")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i64,
        pub what: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What a node has to read to be up to date.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// All that came after the number that was asked for.
    Changes(Vec<Change>),
    /// Some of it is not kept any more.
    Lost,
}

/// The number of the last change.
pub async fn last(db: &impl ConnectionTrait) -> Result<i64, StoreError> {
    Ok(counter::Entity::find_by_id(COUNTER).one(db).await?.map_or(0, |row| row.number))
}

/// Announces changes, in the transaction that makes them.
pub async fn announce(db: &impl ConnectionTrait, changes: &[Change]) -> Result<(), StoreError> {
    use counter::Column as C;
    let Ok(count @ 1..) = i64::try_from(changes.len()) else { return Ok(()) };
    let counted = counter::ActiveModel { name: Set(COUNTER.to_owned()), number: Set(count) };
    let next = OnConflict::column(C::Name)
        .value(C::Number, Expr::col((counter::Entity, C::Number)).add(count))
        .to_owned();
    let counted =
        counter::Entity::insert(counted).on_conflict(next).exec_with_returning(db).await?;
    let numbers = counted.number - count + 1..;
    let rows = numbers
        .zip(changes)
        .map(|(number, change)| row::ActiveModel { number: Set(number), what: Set(json(change)) });
    row::Entity::insert_many(rows).exec_without_returning(db).await?;
    if db.get_database_backend() == DbBackend::Postgres {
        // It is sent when the transaction is committed.
        db.execute_unprepared(&format!("NOTIFY {CHANNEL}")).await?;
    }
    Ok(())
}

/// Counts on from far above `before` and above the number that is there, in the transaction that
/// makes this another database: so no node that is still running stands at a number to come, and
/// each finds that what it waits for is lost.
pub(super) async fn jump(db: &impl ConnectionTrait, before: i64) -> Result<(), StoreError> {
    let number = Ord::max(before, last(db).await?).saturating_add(2 * KEPT);
    let row = counter::ActiveModel { name: Set(COUNTER.to_owned()), number: Set(number) };
    let next =
        OnConflict::column(counter::Column::Name).update_column(counter::Column::Number).to_owned();
    counter::Entity::insert(row).on_conflict(next).exec_without_returning(db).await?;
    Ok(())
}

/// All changes after the one with the number `after`, with the number of the last of them.
pub(super) async fn since(
    db: &impl ConnectionTrait,
    after: i64,
) -> Result<(News, i64), StoreError> {
    let last = last(db).await?;
    let (mut changes, mut read) = (Vec::new(), after);
    while read != last {
        let rows = row::Entity::find()
            .filter(row::Column::Number.gt(read))
            .order_by_asc(row::Column::Number)
            .limit(AT_ONCE);
        let rows = rows.all(db).await?;
        if rows.is_empty() {
            return Ok((News::Lost, last));
        }
        for row in rows {
            // Swept, or counted anew in a database that was restored.
            if row.number != read + 1 {
                return Ok((News::Lost, last));
            }
            read = row.number;
            // A newer node may know changes that this one does not.
            let Ok(change) = parsed(TABLE, &row.what) else { return Ok((News::Lost, last)) };
            changes.push(change);
        }
        if read > last {
            break;
        }
    }
    Ok((News::Changes(changes), read))
}

/// The statement that forgets changes which no node waits for.
pub(super) fn forget(at_most: u32) -> String {
    format!(
        "DELETE FROM {TABLE} WHERE number IN (SELECT number FROM {TABLE} WHERE number <= \
         (SELECT number FROM versions WHERE name = '{COUNTER}') - {KEPT} LIMIT {at_most})"
    )
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::*;

    /// Wherever a node stood: before what was restored, in it, at its end, or far after it.
    #[tokio::test]
    async fn another_database() {
        let store = Store::open("sqlite::memory:").await.unwrap();
        let db = store.read();
        announce(db, &[Change::Directory, Change::Directory, Change::Directory]).await.unwrap();
        let restored = last(db).await.unwrap();
        let before = restored + 7;
        jump(db, before).await.unwrap();
        announce(db, &[Change::Everything]).await.unwrap();
        let now = last(db).await.unwrap();
        assert!(now > before + KEPT);
        for stood in 0..=before {
            assert_eq!(since(db, stood).await.unwrap(), (News::Lost, now), "{stood}");
        }
        assert_eq!(since(db, now).await.unwrap(), (News::Changes(vec![]), now));
    }
}
