//! What the database says about itself, for `tegata doctor`. Nothing is changed.

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use sea_orm_migration::MigratorTrait;

use super::migrations::Migrator;
use super::{Store, StoreError};

/// Where the tables are, compared with what this version knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tables {
    /// There are none yet: the first start makes them.
    Missing,
    Current,
    /// So many migrations will be done by the next start.
    Older(usize),
    /// A newer version was here.
    Newer(Vec<String>),
}

impl Store {
    /// How old the tables are.
    pub async fn tables(&self) -> Result<Tables, StoreError> {
        let backend = self.read().get_database_backend();
        let there = match backend {
            DbBackend::Sqlite => "SELECT name FROM sqlite_master WHERE name = 'seaql_migrations'",
            _ => {
                "SELECT relname FROM pg_class WHERE relname = 'seaql_migrations' \
                 AND relnamespace = current_schema()::regnamespace"
            }
        };
        if self.read().query_one_raw(Statement::from_string(backend, there)).await?.is_none() {
            return Ok(Tables::Missing);
        }
        let ask = Statement::from_string(backend, "SELECT version FROM seaql_migrations");
        let mut applied = Vec::new();
        for row in self.read().query_all_raw(ask).await? {
            applied.push(row.try_get_by::<String, _>("version")?);
        }
        let ours: Vec<_> = Migrator::migrations().iter().map(|it| it.name().to_owned()).collect();
        let newer: Vec<_> = applied.iter().filter(|it| !ours.contains(it)).cloned().collect();
        let pending = ours.iter().filter(|it| !applied.contains(it)).count();
        Ok(match (newer.is_empty(), pending) {
            (false, _) => Tables::Newer(newer),
            (true, 0) => Tables::Current,
            (true, pending) => Tables::Older(pending),
        })
    }

    /// One value of PostgreSQL's settings, or of SQLite's pragmas, as a text.
    pub async fn setting(&self, name: &'static str) -> Result<String, StoreError> {
        let backend = self.read().get_database_backend();
        let ask = match backend {
            DbBackend::Sqlite => format!("SELECT CAST({name} AS TEXT) AS value FROM pragma_{name}"),
            _ => format!("SELECT current_setting('{name}') AS value"),
        };
        let row = self.read().query_one_raw(Statement::from_string(backend, ask)).await?;
        Ok(row.map(|row| row.try_get_by::<String, _>("value")).transpose()?.unwrap_or_default())
    }

    /// The clock of PostgreSQL, in milliseconds since 1970. SQLite has ours.
    pub async fn clock(&self) -> Result<i64, StoreError> {
        let ask = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS value";
        let ask = Statement::from_string(DbBackend::Postgres, ask);
        let row = self.read().query_one_raw(ask).await?;
        Ok(row.map(|row| row.try_get_by::<i64, _>("value")).transpose()?.unwrap_or_default())
    }

    /// Whether the session stays on one connection between statements: a pooler that hands
    /// out connections by transaction breaks `LISTEN` and prepared statements.
    pub async fn keeps_its_session(&self) -> Result<bool, StoreError> {
        let ask =
            || Statement::from_string(DbBackend::Postgres, "SELECT pg_backend_pid() AS value");
        let mut seen = Vec::new();
        self.read().execute_unprepared("LISTEN tegata_doctor").await?;
        for _ in 0..3 {
            let row = self.read().query_one_raw(ask()).await?;
            seen.push(row.map(|row| row.try_get_by::<i32, _>("value")).transpose()?);
        }
        let heard = "SELECT count(*) AS value FROM pg_listening_channels() AS name \
                     WHERE name = 'tegata_doctor'";
        let heard = Statement::from_string(DbBackend::Postgres, heard);
        let row = self.read().query_one_raw(heard).await?;
        let heard = row.map(|row| row.try_get_by::<i64, _>("value")).transpose()? == Some(1);
        self.read().execute_unprepared("UNLISTEN tegata_doctor").await?;
        seen.dedup();
        Ok(heard && seen.len() == 1)
    }
}
