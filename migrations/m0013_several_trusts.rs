//! A service may trust one issuer several times: for each of its tenants, and for workloads.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let up = match manager.get_database_backend() {
            DbBackend::Sqlite => SQLITE,
            _ => POSTGRES,
        };
        manager.get_connection().execute_unprepared(up).await?;
        Ok(())
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("a service may trust one issuer several times by now".into()))
    }
}

/// It cannot change a primary key.
const SQLITE: &str = r#"
CREATE TABLE new_trusts (
    "service" text NOT NULL,
    "issuer" text NOT NULL,
    "keys" text NOT NULL,
    "keys_from" text NULL,
    "scope" text NULL,
    "reuse" text NOT NULL,
    "accounts" text NOT NULL,
    "longest" bigint NOT NULL,
    "active" boolean NOT NULL,
    "terms" text NOT NULL DEFAULT '{}',
    "place" bigint NOT NULL DEFAULT 0,
    PRIMARY KEY ("service", "issuer", "place"),
    FOREIGN KEY ("service") REFERENCES "services" ("id") ON DELETE CASCADE
);
INSERT INTO new_trusts
    SELECT service, issuer, keys, keys_from, scope, reuse, accounts, longest, active, terms, 0
    FROM trusts;
DROP TABLE trusts;
ALTER TABLE new_trusts RENAME TO trusts;
"#;

const POSTGRES: &str = "
ALTER TABLE trusts ADD COLUMN place bigint NOT NULL DEFAULT 0;
ALTER TABLE trusts DROP CONSTRAINT trusts_pkey;
ALTER TABLE trusts ADD PRIMARY KEY (service, issuer, place);
";
