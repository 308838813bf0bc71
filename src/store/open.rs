//! Opening the database: SQLite with one writer and many readers, or PostgreSQL.

use std::time::Duration;

use super::{StoreError, migrate};
use sea_orm::sqlx::Connection;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

/// How long a statement waits for another process that holds the SQLite file.
const BUSY: Duration = Duration::from_secs(5);

/// How many connections read at a time.
const READERS: u32 = 8;

/// How many connections to PostgreSQL one process holds.
const POSTGRES_CONNECTIONS: u32 = 16;

/// A transaction that is under way; dropped, it is undone.
pub type Transaction = DatabaseTransaction;

/// The database of one process.
///
/// SQLite takes one writer at a time, so there is one connection for writing: whoever waits,
/// waits here in line and not in a loop of `SQLITE_BUSY`.
#[derive(Clone)]
pub struct Store {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
}

impl Store {
    /// Opens the database at `url` and brings its tables up to date.
    ///
    /// `sqlite:PATH`, `sqlite::memory:` or `postgres://user@host/name`.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let store = if let Some(path) = url.strip_prefix("sqlite:") {
            open_sqlite(path).await?
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            open_postgres(url).await?
        } else {
            return Err(StoreError::Address("it must begin with sqlite: or postgres://"));
        };
        migrate::up_to_date(store.begin().await?).await?;
        Ok(store)
    }

    /// For what only reads.
    pub fn read(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// For single statements that change something.
    pub fn write(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Begins a transaction that changes something.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(self.writer.begin_with_options(options).await?)
    }

    /// Ends `transaction`, and returns once it is on the disk.
    pub async fn finish(transaction: Transaction) -> Result<(), StoreError> {
        Ok(transaction.commit().await?)
    }

    /// Whether the database answers, for `/readyz`.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.reader.execute_unprepared("SELECT 1").await?;
        Ok(())
    }

    /// Closes all connections, once what is under way has ended.
    pub async fn close(self) -> Result<(), StoreError> {
        self.reader.close().await?;
        self.writer.close().await?;
        Ok(())
    }
}

async fn open_sqlite(path: &str) -> Result<Store, StoreError> {
    if path == ":memory:" {
        // The database lives in its one connection.
        let writer = connect_sqlite("sqlite::memory:".into(), 1).await?;
        return Ok(Store { reader: writer.clone(), writer });
    }
    let path = path.trim_start_matches("//");
    make_private(path).map_err(StoreError::File)?;
    let writer = connect_sqlite(format!("sqlite://{path}?mode=rwc"), 1).await?;
    let reader = connect_sqlite(format!("sqlite://{path}?mode=rw"), READERS).await?;
    Ok(Store { reader, writer })
}

/// A database that is not there yet is made so that only we can read it: it holds password
/// hashes. The files that SQLite puts beside it take over its permissions.
fn make_private(path: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

async fn connect_sqlite(url: String, connections: u32) -> Result<DatabaseConnection, StoreError> {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|options| {
            options
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(BUSY)
        })
        // SQLite ends a transaction by itself when the disk is full. sqlx still counts it, and
        // takes the next ones for parts of it, which are then never committed, though they say
        // so. Such a connection is closed.
        .map_sqlx_sqlite_before_acquire(|connection, _| {
            Box::pin(std::future::ready(Ok(!connection.is_in_transaction())))
        });
    Ok(Database::connect(options).await?)
}

async fn open_postgres(url: &str) -> Result<Store, StoreError> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(POSTGRES_CONNECTIONS).acquire_timeout(BUSY).sqlx_logging(false);
    let both = Database::connect(options).await?;
    Ok(Store { reader: both.clone(), writer: both })
}

#[cfg(test)]
mod tests {
    use super::super::leases;
    use super::*;
    use time::OffsetDateTime;

    /// What is committed is there for everybody, also after transactions that SQLite ended.
    #[tokio::test]
    async fn a_transaction_that_sqlite_ended_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("tegata.db").display());
        let store = Store::open(&url).await.unwrap();
        let ended = store.begin().await.unwrap();
        ended.execute_unprepared("ROLLBACK").await.unwrap();
        drop(ended);
        drop(store.begin().await.unwrap());

        let (transaction, now) = (store.begin().await.unwrap(), OffsetDateTime::UNIX_EPOCH);
        assert!(leases::take(&transaction, "any", "one", now).await.unwrap());
        Store::finish(transaction).await.unwrap();
        let other = Store::open(&url).await.unwrap();
        assert!(!leases::take(other.write(), "any", "other", now).await.unwrap());
    }
}
