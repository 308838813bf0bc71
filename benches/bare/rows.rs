//! One durable row per request, in one commit with those of its neighbours.

use std::collections::HashSet;

use sea_orm::sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous,
};
use sea_orm::sqlx::{ConnectOptions, query, query_scalar};
use tokio::sync::{mpsc, oneshot};

/// What waits while a commit is under way goes into the next one, up to this many.
const LARGEST_BATCH: usize = 256;

/// A new row, and who wants to know whether it was one.
type Row = (String, oneshot::Sender<bool>);

pub(crate) struct Rows(mpsc::Sender<Row>);

impl Rows {
    pub(crate) async fn open(file: &str) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .disable_statement_logging();
        let mut database = options.connect().await.unwrap();
        let table = "CREATE TABLE IF NOT EXISTS rows (jti TEXT PRIMARY KEY) WITHOUT ROWID";
        query(table).execute(&mut database).await.unwrap();
        let (sender, receiver) = mpsc::channel(4 * LARGEST_BATCH);
        #[expect(clippy::disallowed_methods, reason = "it lives as long as the program")]
        tokio::spawn(write(database, receiver));
        Self(sender)
    }

    /// Whether `jti` is new. When this returns, it is on the disk.
    pub(crate) async fn insert(&self, jti: String) -> bool {
        let (sender, receiver) = oneshot::channel();
        self.0.send((jti, sender)).await.unwrap();
        receiver.await.unwrap()
    }
}

async fn write(mut database: SqliteConnection, mut rows: mpsc::Receiver<Row>) {
    let mut batch = Vec::with_capacity(LARGEST_BATCH);
    while rows.recv_many(&mut batch, LARGEST_BATCH).await > 0 {
        // One statement of one text, however many rows: it is prepared once.
        let jtis: Vec<&str> = batch.iter().map(|(jti, _)| jti.as_str()).collect();
        let inserted: Vec<String> = query_scalar(
            "INSERT INTO rows SELECT value FROM json_each(?) WHERE true \
             ON CONFLICT DO NOTHING RETURNING jti",
        )
        .bind(serde_json::to_string(&jtis).unwrap())
        .fetch_all(&mut database)
        .await
        .unwrap();
        let mut new: HashSet<String> = inserted.into_iter().collect();
        for (jti, sender) in batch.drain(..) {
            // Of two of the same in one batch, one takes it.
            let _ = sender.send(new.remove(&jti));
        }
    }
}
