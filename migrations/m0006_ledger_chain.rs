//! The ledger by months, its chains, and what is signed about them. Docs: decisions 0024, 0025.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, binary, integer, text};
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let months = match manager.get_database_backend() {
            DbBackend::Sqlite => SQLITE,
            _ => POSTGRES,
        };
        manager.get_connection().execute_unprepared(months).await?;
        for table in [chains(), checkpoints(), drops()] {
            manager.create_table(table).await?;
        }
        Ok(())
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("the chains of a ledger cannot be taken apart again".into()))
    }
}

/// `after`: the newest row of the whole ledger when the chain began. `links`: the ends of other
/// chains at that time, as JSON: `[[chain, place, "hash"], …]`.
fn chains() -> TableCreateStatement {
    Table::create()
        .table("ledger_chains")
        .col(big_integer("id").auto_increment().primary_key())
        .col(text("node"))
        .col(big_integer("after"))
        .col(text("links"))
        .to_owned()
}

/// By the number of the row that each vouches for, and of all before it in its chain.
fn checkpoints() -> TableCreateStatement {
    Table::create()
        .table("ledger_checkpoints")
        .col(big_integer("number").primary_key())
        .col(big_integer("chain"))
        .col(big_integer("place"))
        .col(binary("hash"))
        .col(big_integer("at"))
        .col(text("jws"))
        .to_owned()
}

/// The months that are gone, and with which rows they ended.
fn drops() -> TableCreateStatement {
    Table::create()
        .table("ledger_drops")
        .col(integer("month").primary_key())
        .col(big_integer("at"))
        .col(big_integer("last_number"))
        .col(text("jws"))
        .to_owned()
}

/// What was there becomes the month 0. The ledger itself is a view from now on.
const SQLITE: &str = r#"
ALTER TABLE ledger RENAME TO ledger_000000;
DROP INDEX ledger_by_at;
DROP INDEX ledger_by_jti;
DROP INDEX ledger_by_parent;
ALTER TABLE ledger_000000 ADD COLUMN chain INTEGER;
ALTER TABLE ledger_000000 ADD COLUMN place INTEGER;
ALTER TABLE ledger_000000 ADD COLUMN hash BLOB;
CREATE INDEX ledger_000000_jti ON ledger_000000 (jti) WHERE jti IS NOT NULL;
CREATE INDEX ledger_000000_parent ON ledger_000000 (parent) WHERE parent IS NOT NULL;
CREATE VIEW ledger AS SELECT 0 AS month, number, at, request, issuer, event, client, "user",
    service, scope, resource, jti, parent, outcome, code, reason, chain, place, hash
    FROM ledger_000000;
"#;

/// A partition for what was there, one for each of the next three months, and one for what has
/// no other.
const POSTGRES: &str = r#"
ALTER TABLE ledger RENAME TO ledger_before;
CREATE SEQUENCE ledger_numbers;
SELECT setval('ledger_numbers', GREATEST(MAX(number), 1), MAX(number) IS NOT NULL)
    FROM ledger_before;
CREATE TABLE ledger (
    month integer NOT NULL,
    number bigint NOT NULL DEFAULT nextval('ledger_numbers'),
    at bigint NOT NULL,
    request text NOT NULL,
    issuer text NOT NULL,
    event text NOT NULL,
    client text,
    "user" text,
    service text,
    scope text,
    resource text,
    jti text,
    parent text,
    outcome text NOT NULL,
    code text,
    reason text,
    chain bigint,
    place bigint,
    hash bytea
) PARTITION BY LIST (month);
CREATE UNIQUE INDEX ledger_number ON ledger (number, month);
CREATE INDEX ledger_jti ON ledger (jti) WHERE jti IS NOT NULL;
CREATE INDEX ledger_parent ON ledger (parent) WHERE parent IS NOT NULL;
CREATE TABLE ledger_rest PARTITION OF ledger DEFAULT;
CREATE TABLE ledger_000000 PARTITION OF ledger FOR VALUES IN (0);
INSERT INTO ledger_000000 (month, number, at, request, issuer, event, client, "user", service,
    scope, resource, jti, parent, outcome, code, reason)
    SELECT 0, number, at, request, issuer, event, client, "user", service,
    scope, resource, jti, parent, outcome, code, reason FROM ledger_before;
DROP TABLE ledger_before;
DO $$
DECLARE month text;
BEGIN
    FOR ahead IN 0..2 LOOP
        month := to_char(date_trunc('month', now() AT TIME ZONE 'UTC')
            + ahead * interval '1 month', 'YYYYMM');
        EXECUTE format('CREATE TABLE ledger_%s PARTITION OF ledger FOR VALUES IN (%s)', month, month);
    END LOOP;
END $$;
CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of the ledger are never changed';
END $$;
CREATE TRIGGER ledger_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
"#;
