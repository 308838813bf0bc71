//! What a request writes lies together. An index on something random dirties a page for each row.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, Statement};

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
        if manager.get_database_backend() == DbBackend::Sqlite {
            months(manager).await?;
        }
        manager.get_connection().execute_unprepared(BOTH).await?;
        Ok(())
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("refresh tokens may have outlived their families".into()))
    }
}

/// The index of all months of the ledger by what an entry came of: see [`POSTGRES`].
async fn months(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let ask = "SELECT name FROM sqlite_master WHERE type = 'table' \
               AND name GLOB 'ledger_[0-9][0-9][0-9][0-9][0-9][0-9]'";
    for row in db.query_all_raw(Statement::from_string(DbBackend::Sqlite, ask)).await? {
        let month: String = row.try_get_by_index(0)?;
        let text = format!(
            "DROP INDEX {month}_parent; CREATE INDEX {month}_parent \
             ON {month} ((number / 256), parent) WHERE parent IS NOT NULL;"
        );
        db.execute_unprepared(&text).await?;
    }
    Ok(())
}

/// Refresh tokens expire by themselves and not with their families.
const SQLITE: &str = r#"
CREATE TABLE new_refresh_tokens (
    "digest" blob(1) NOT NULL PRIMARY KEY,
    "family" text NOT NULL,
    "expires_at" integer NOT NULL,
    "used_at" integer NULL
);
INSERT INTO new_refresh_tokens SELECT digest, family, expires_at, used_at FROM refresh_tokens;
DROP TABLE refresh_tokens;
ALTER TABLE new_refresh_tokens RENAME TO refresh_tokens;
"#;

/// Locks are taken in the order in which requests take them. Writers wait while the index of the
/// ledger is made anew.
const POSTGRES: &str = "
LOCK TABLE token_families, refresh_tokens, ledger IN ACCESS EXCLUSIVE MODE;
ALTER TABLE refresh_tokens DROP CONSTRAINT refresh_tokens_family_fkey;
DROP INDEX refresh_tokens_by_family;
DROP INDEX ledger_parent;
CREATE INDEX ledger_parent ON ledger ((number / 256), parent) WHERE parent IS NOT NULL;
";

/// Nobody looks for families by these two.
const BOTH: &str = "
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);
DROP INDEX token_families_by_sid;
DROP INDEX token_families_by_user;
";
