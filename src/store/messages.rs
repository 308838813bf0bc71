//! Messages that something changed, where the database sends any.

use std::time::Duration;

use sea_orm::DatabaseConnection;
use sea_orm::sqlx::postgres::PgListener;

use super::changes::CHANNEL;
use super::open::Store;

/// How long we wait before we ask again for messages that cannot be had.
const PAUSE: Duration = Duration::from_secs(5);

/// Messages of PostgreSQL. They only hasten what a look at the database would show, too: nobody
/// relies on them, and an engine without them (CockroachDB), or a pooler that swallows them
/// (PgBouncer by transaction), costs a fraction of a second.
pub struct Messages {
    database: Option<DatabaseConnection>,
    listener: Option<PgListener>,
}

impl Store {
    /// The messages about changes; none on SQLite.
    pub fn messages(&self) -> Messages {
        Messages { database: self.on_postgres().cloned(), listener: None }
    }
}

impl Messages {
    /// Waits for the next message.
    pub async fn next(&mut self) {
        let Some(database) = &self.database else { return std::future::pending().await };
        loop {
            if let Some(listener) = &mut self.listener {
                match listener.recv().await {
                    Ok(_) => return,
                    Err(error) => tracing::debug!(%error, "messages broke off"),
                }
                self.listener = None;
                tokio::time::sleep(PAUSE).await;
            }
            let mut options = sea_orm::sqlx::postgres::PgPoolOptions::new();
            options = options.max_connections(1).max_lifetime(None).idle_timeout(None);
            let connect = database.get_postgres_connection_pool().connect_options();
            let pool = options.connect_lazy_with((*connect).clone());
            let listening = async {
                let mut listener = PgListener::connect_with(&pool).await?;
                listener.listen(CHANNEL).await?;
                Ok::<_, sea_orm::sqlx::Error>(listener)
            };
            match listening.await {
                Ok(listener) => self.listener = Some(listener),
                Err(error) => {
                    tracing::debug!(%error, "no messages can be had");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}
