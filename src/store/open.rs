//! Opening the database: SQLite with one writer and many readers, or PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use tokio::sync::Mutex;

use super::ledger::Head;
use super::{StoreError, migrations};

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
    /// Where the chain of this process ends, once it has begun.
    pub(super) ledger: Arc<Mutex<Option<Head>>>,
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
        migrations::Migrator::up(&store.writer, None).await?;
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
        return Ok(Store { reader: writer.clone(), writer, ledger: Arc::default() });
    }
    let path = path.trim_start_matches("//");
    make_private(path).map_err(StoreError::File)?;
    let writer = connect_sqlite(format!("sqlite://{path}?mode=rwc"), 1).await?;
    let reader = connect_sqlite(format!("sqlite://{path}?mode=rw"), READERS).await?;
    Ok(Store { reader, writer, ledger: Arc::default() })
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
        });
    Ok(Database::connect(options).await?)
}

async fn open_postgres(url: &str) -> Result<Store, StoreError> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(POSTGRES_CONNECTIONS).acquire_timeout(BUSY).sqlx_logging(false);
    let both = Database::connect(options).await?;
    Ok(Store { reader: both.clone(), writer: both, ledger: Arc::default() })
}
