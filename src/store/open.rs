//! Opening the database: SQLite with one writer and many readers, or PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{Connection, Executor};
use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    DbBackend, IsolationLevel, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

use super::health::Health;
use super::many::{PREPARED, SCRIPTS};
use super::memory::Memory;
use super::queue::Queue;
use super::{Away, StoreError, changes, migrate};
use crate::environment;

/// How long a statement waits for another process that holds the SQLite file.
const BUSY: Duration = Duration::from_secs(5);

/// How long we wait for a connection to PostgreSQL: a restart of it is felt as a pause if it is
/// short, and an agent hears soon that it must come again if it is not.
const AWAY: Duration = Duration::from_secs(2);

/// A connection that was not used for so long is asked whether it is still there.
const QUIET: Duration = Duration::from_secs(1);

/// How often, and after what time, a SQLite file is opened once more that another process is
/// opening for the first time.
const TOGETHER: u32 = 50;
const MOMENT: Duration = Duration::from_millis(20);

/// How many connections read at a time. Each has a thread, and takes a megabyte when it is busy; most
/// tokens are issued without reading.
const READERS: u32 = 4;

/// After so many pages what was written again and again is copied into the file once, and nobody's
/// commit waits for that often; and the bytes of a page.
const LOG_PAGES: u32 = 4000;
const PAGE: u32 = 4096;

/// How many connections to PostgreSQL one process holds.
const POSTGRES_CONNECTIONS: u32 = 16;

/// How long PostgreSQL lets a statement wait for a lock, and a transaction for its next statement.
const PATIENCE: &str = "SET lock_timeout = '2s'; SET idle_in_transaction_session_timeout = '10s'; SET tcp_user_timeout = '10s'";

/// A transaction that is under way; dropped, it is undone.
pub type Transaction = DatabaseTransaction;

/// The connections of one process.
///
/// SQLite takes one writer at a time, so there is one connection for writing: whoever waits,
/// waits here in line and not in a loop of `SQLITE_BUSY`.
#[derive(Clone)]
pub(super) struct Databases {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
    /// Whether it is a SQLite file, with its log beside it.
    is_file: bool,
    pub(super) health: Health,
}

impl Databases {
    fn both(both: DatabaseConnection) -> Self {
        Self { reader: both.clone(), writer: both, is_file: false, health: Health::default() }
    }

    /// For single statements that change something.
    pub(super) fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    pub(super) async fn begin(&self) -> Result<Transaction, StoreError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(self.writer.begin_with_options(options).await?)
    }
}

/// The database of one process, with what it remembers of it and the queue of what it changes.
#[derive(Clone)]
pub struct Store {
    databases: Databases,
    memory: Arc<Memory>,
    queue: Arc<Queue>,
}

impl Store {
    /// Opens the database at `url` and brings its tables up to date.
    ///
    /// `sqlite:PATH`, `sqlite::memory:` or `postgres://user@host/name`.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let store = Self::connect(url).await?;
        migrate::up_to_date(store.begin().await?).await?;
        store.memory.begin_after(changes::last(store.read()).await?);
        Ok(store)
    }

    /// Opens it, and leaves its tables as they are.
    pub(super) async fn connect(url: &str) -> Result<Self, StoreError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            Ok(Self::on(open_sqlite(path).await?))
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Ok(Self::on(open_postgres(url).await?))
        } else {
            Err(StoreError::Address("it must begin with sqlite: or postgres://"))
        }
    }

    /// One connection, or one pool, for everything.
    pub(super) fn of(both: DatabaseConnection) -> Self {
        Self::on(Databases::both(both))
    }

    fn on(databases: Databases) -> Self {
        let memory = Arc::new(Memory::default());
        let queue = Arc::new(Queue::start(&databases, &memory, environment::process_name()));
        Self { databases, memory, queue }
    }

    /// The connections, if the database is PostgreSQL.
    pub(super) fn on_postgres(&self) -> Option<&DatabaseConnection> {
        let reader = &self.databases.reader;
        (reader.get_database_backend() == DbBackend::Postgres).then_some(reader)
    }

    /// Whether it is a SQLite file.
    pub(super) fn is_file(&self) -> bool {
        self.databases.is_file
    }

    pub(super) fn last_health(&self) -> &Health {
        &self.databases.health
    }

    pub(super) fn memory(&self) -> &Memory {
        &self.memory
    }

    pub(super) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// For what only reads.
    pub fn read(&self) -> &DatabaseConnection {
        &self.databases.reader
    }

    /// For single statements that change something.
    pub fn write(&self) -> &DatabaseConnection {
        &self.databases.writer
    }

    /// Begins a transaction that changes something.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        self.databases.begin().await
    }

    /// Begins a transaction that only reads, all of it as it was at its first statement.
    pub async fn snapshot(&self) -> Result<Transaction, StoreError> {
        let options = match self.databases.reader.get_database_backend() {
            // Each transaction reads one snapshot there.
            DbBackend::Sqlite => TransactionOptions::default(),
            _ => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
        };
        Ok(self.databases.reader.begin_with_options(options).await?)
    }

    /// Ends `transaction`, and returns once it is on the disk.
    pub async fn finish(transaction: Transaction) -> Result<(), StoreError> {
        Ok(transaction.commit().await?)
    }

    /// Makes the write-ahead log of a SQLite file as long as it will be: a disk writes over what
    /// is there two to five times as fast as it makes a file longer, and each commit waits for
    /// it. This takes some 20 ms, and the next commit waits until the disk has all of it.
    pub async fn lengthen_log(&self) -> Result<(), StoreError> {
        if !self.is_file() {
            return Ok(());
        }
        let unfinished = self.begin().await?;
        unfinished.execute_unprepared("CREATE TABLE room (room BLOB)").await?;
        let bytes = LOG_PAGES * PAGE;
        let room = format!("INSERT INTO room VALUES (zeroblob({bytes}))");
        unfinished.execute_unprepared(&room).await?;
        Ok(unfinished.rollback().await?)
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.databases.reader.execute_unprepared("SELECT 1").await?;
        Ok(())
    }

    /// Closes all connections, once what is under way has ended.
    pub async fn close(self) -> Result<(), StoreError> {
        self.queue.close().await;
        self.databases.reader.close().await?;
        self.databases.writer.close().await?;
        Ok(())
    }
}

async fn open_sqlite(path: &str) -> Result<Databases, StoreError> {
    if path == ":memory:" {
        // The database lives in its one connection.
        let writer = connect_sqlite("sqlite::memory:".into(), 1).await?;
        return Ok(Databases::both(writer));
    }
    let path = path.trim_start_matches("//");
    make_private(path).map_err(StoreError::File)?;
    let writer = connect_sqlite(format!("sqlite://{path}?mode=rwc"), 1).await?;
    let reader = connect_sqlite(format!("sqlite://{path}?mode=rw"), READERS).await?;
    Ok(Databases { reader, writer, is_file: true, health: Health::default() })
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
                .statement_cache_capacity(SCRIPTS)
                // What a statement of many rows would have to undo is kept in memory: else it
                // opens a file for it.
                .pragma("temp_store", "MEMORY")
                // What is asked for again and again is in `memory`; there are many connections.
                .pragma("cache_size", "-1000")
                .pragma("wal_autocheckpoint", LOG_PAGES.to_string())
        })
        // SQLite ends a transaction by itself when the disk is full. sqlx still counts it, and
        // takes the next ones for parts of it, which are then never committed, though they say
        // so. Such a connection is closed.
        .map_sqlx_sqlite_before_acquire(|connection, _| {
            Box::pin(std::future::ready(Ok(!connection.is_in_transaction())))
        });
    // Making a file one with a write-ahead log waits for nobody else who does the same: SQLite says
    // at once that it is locked.
    for _ in 0..TOGETHER {
        match Database::connect(options.clone()).await.map_err(StoreError::from) {
            Err(error) if error.away() == Some(Away::Busy) => {
                tokio::time::sleep(MOMENT).await;
            }
            done => return done,
        }
    }
    Ok(Database::connect(options).await?)
}

async fn open_postgres(url: &str) -> Result<Databases, StoreError> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(POSTGRES_CONNECTIONS).acquire_timeout(AWAY).sqlx_logging(false);
    // A question whether anybody is there costs as much as the statement itself.
    options.test_before_acquire_if_idle_for(QUIET);
    options.map_sqlx_postgres_opts(|options| options.statement_cache_capacity(PREPARED));
    // A node that is stopped in a transaction must not stop the others with it.
    options.map_sqlx_postgres_pool_opts(|pool| {
        pool.after_connect(|connection, _| {
            Box::pin(async move { connection.execute(PATIENCE).await.map(|_| ()) })
        })
    });
    let both = Database::connect(options).await?;
    Ok(Databases::both(both))
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

    /// The log gets its length and nothing else, and is written over from its beginning.
    #[tokio::test]
    async fn a_log_that_is_long_from_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tegata.db");
        let store = Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
        let length = || std::fs::metadata(folder.path().join("tegata.db-wal")).unwrap().len();
        store.lengthen_log().await.unwrap();
        let long = length();
        assert!(long > u64::from(LOG_PAGES * PAGE / 10 * 9), "{long}");

        assert!(
            leases::take(store.write(), "any", "one", OffsetDateTime::UNIX_EPOCH).await.unwrap()
        );
        assert_eq!(length(), long);
        assert!(store.read().execute_unprepared("SELECT 1 FROM room").await.is_err());
    }
}
