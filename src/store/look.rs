//! Opening the database only to look at it: for backups and for `tegata doctor`.

use std::time::Duration;

use sea_orm::{ConnectOptions, Database};

use super::{Store, StoreError};

/// How long we wait for an answer, and for somebody who holds the SQLite file.
const PATIENCE: Duration = Duration::from_secs(5);

impl Store {
    /// Opens the database that is at `url` for reading alone: no table is brought up to date, and
    /// no file is made. SQLite itself refuses changes; PostgreSQL is only asked (poolers refuse
    /// connections that want more than the usual settings).
    pub async fn look(url: &str) -> Result<Self, StoreError> {
        let is_sqlite = url.starts_with("sqlite:");
        let url = match url.strip_prefix("sqlite:") {
            // `mode=ro` could not read a file whose server is away: its log needs a helper file.
            Some(path) => format!("sqlite://{}?mode=rw", path.trim_start_matches("//")),
            None => url.to_owned(),
        };
        let mut options = ConnectOptions::new(url);
        options.max_connections(1).acquire_timeout(PATIENCE).sqlx_logging(false);
        if is_sqlite {
            options.map_sqlx_sqlite_opts(|it| it.busy_timeout(PATIENCE).pragma("query_only", "ON"));
        }
        Ok(Self::of(Database::connect(options).await?))
    }
}
