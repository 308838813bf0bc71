//! Who of several nodes does what only one should do at a time
//! (`docs/decisions/0027-leases.md`).

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use time::{Duration, OffsetDateTime};

use super::{StoreError, Transaction};

/// For how long a lease is taken. Whoever works longer takes it again meanwhile.
pub const TERM: Duration = Duration::seconds(30);

/// Forgetting what has expired.
pub const SWEEP: &str = "sweep";

/// Making and rotating keys.
pub const KEYS: &str = "keys";

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "leases")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub holder: String,
        pub held_until: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Takes the lease of `name` for `holder`, from `now` for a [`TERM`], and tells whether it is
/// the holder's: it was free, had run out, or was the holder's before.
///
/// One statement, so of two nodes only one gets it. A lease that ends later than anybody can
/// have taken it is of a node whose clock is wrong, and does not count.
pub async fn take(
    db: &impl ConnectionTrait,
    name: &str,
    holder: &str,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    use row::Column as C;
    let until = |at: OffsetDateTime| at.unix_timestamp();
    let column = |column: C| Expr::col((row::Entity, column));
    let free = column(C::HeldUntil)
        .lte(until(now))
        .or(column(C::HeldUntil).gt(until(now + TERM * 2)))
        .or(column(C::Holder).eq(holder));
    let row = row::ActiveModel {
        name: Set(name.to_owned()),
        holder: Set(holder.to_owned()),
        held_until: Set(until(now + TERM)),
    };
    let taken = OnConflict::column(C::Name)
        .update_columns([C::Holder, C::HeldUntil])
        .action_and_where(free)
        .to_owned();
    Ok(row::Entity::insert(row).on_conflict(taken).exec_without_returning(db).await? == 1)
}

/// Gives the lease of `name` back before it ends, if it still is `holder`'s.
pub async fn give_back(
    db: &impl ConnectionTrait,
    name: &str,
    holder: &str,
) -> Result<(), StoreError> {
    use row::Column as C;
    let its = row::Entity::delete_many().filter(C::Name.eq(name)).filter(C::Holder.eq(holder));
    its.exec(db).await?;
    Ok(())
}

/// Waits until no other transaction is at `name`, and keeps the others waiting until
/// `transaction` ends: what it reads from here on nobody else changes under the same name.
pub async fn alone(transaction: &Transaction, name: &str) -> Result<(), StoreError> {
    use row::Column as C;
    let row = row::ActiveModel {
        name: Set(name.to_owned()),
        holder: Set(String::new()),
        held_until: Set(0),
    };
    let touched = OnConflict::column(C::Name).update_column(C::Holder).to_owned();
    row::Entity::insert(row).on_conflict(touched).exec_without_returning(transaction).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::store::Store;

    const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);

    #[tokio::test]
    async fn one_holder_at_a_time() {
        let store = Store::open("sqlite::memory:").await.unwrap();
        let take = async |holder, at| take(store.write(), SWEEP, holder, at).await.unwrap();
        assert!(take("one", NOW).await);
        assert!(!take("other", NOW).await);
        // It can be kept, and it ends by itself.
        assert!(take("one", NOW + TERM / 2).await);
        assert!(!take("other", NOW + TERM).await);
        assert!(take("other", NOW + TERM + TERM / 2).await);
        assert!(!take("one", NOW + TERM + TERM / 2).await);
        // Another name is another lease.
        assert!(super::take(store.write(), KEYS, "one", NOW).await.unwrap());
    }

    #[tokio::test]
    async fn given_back() {
        let store = Store::open("sqlite::memory:").await.unwrap();
        let take = async |holder| take(store.write(), SWEEP, holder, NOW).await.unwrap();
        assert!(take("one").await);
        give_back(store.write(), SWEEP, "other").await.unwrap();
        assert!(!take("other").await, "only the holder can give it back");
        give_back(store.write(), SWEEP, "one").await.unwrap();
        assert!(take("other").await);
    }

    /// A node that lives in next year and dies would otherwise keep it until then.
    #[tokio::test]
    async fn a_clock_that_is_wrong() {
        let store = Store::open("sqlite::memory:").await.unwrap();
        let take = async |holder, at| take(store.write(), SWEEP, holder, at).await.unwrap();
        assert!(take("one", NOW + Duration::days(365)).await);
        assert!(take("other", NOW).await);
    }
}
