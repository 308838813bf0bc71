//! Bringing the tables up to date, by one process at a time.

use sea_orm::{ConnectionTrait, DbBackend};
use sea_orm_migration::MigratorTrait;

use super::migrations::Migrator;
use super::{Store, StoreError, Transaction};

/// "tegata" in ASCII: which of its locks PostgreSQL holds for us.
const LOCK: i64 = 0x7465_6761_7461;

/// Runs the migrations that are missing in `transaction`, all of them or none.
///
/// Of nodes that start together one does it and the others wait, and then find nothing left to
/// do. On SQLite the transaction itself is the lock: it is one that writes from its beginning.
/// On PostgreSQL it takes an advisory lock that ends with it, so that a node which dies leaves
/// none behind, and a pooler may stand in between.
pub(super) async fn up_to_date(transaction: Transaction) -> Result<(), StoreError> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        // However long the other takes.
        transaction.execute_unprepared("SET LOCAL lock_timeout = 0").await?;
        let lock = format!("SELECT pg_advisory_xact_lock({LOCK})");
        transaction.execute_unprepared(&lock).await?;
    }
    Migrator::up(&transaction, None).await?;
    Store::finish(transaction).await
}

#[cfg(test)]
mod tests {
    use super::super::leases;
    use super::*;
    use time::OffsetDateTime;

    /// Each is as a process of its own: it knows of the others by the file alone.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn processes_that_start_together() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("tegata.db").display());
        let mut starting = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let url = url.clone();
            starting.spawn(async move { Store::open(&url).await });
        }
        let now = OffsetDateTime::UNIX_EPOCH;
        for (holder, store) in starting.join_all().await.into_iter().enumerate() {
            let store = store.unwrap();
            let taken = leases::take(store.write(), "any", &holder.to_string(), now).await;
            assert_eq!(taken.unwrap(), holder == 0, "they share the tables");
        }
    }
}
