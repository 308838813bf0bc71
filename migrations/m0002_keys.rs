//! Signing keys and the other secrets of the server, all of them sealed.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("keys")
                    .col(text("key_id").primary_key())
                    .col(text("issuer"))
                    .col(text("algorithm"))
                    .col(text("sealed"))
                    .col(big_integer("created_at"))
                    .col(big_integer("signs_from"))
                    .col(big_integer_null("retired_at"))
                    .col(big_integer_null("gone_at"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create().name("keys_by_issuer").table("keys").col("issuer").to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("secrets")
                    .col(text("name").primary_key())
                    .col(text("sealed"))
                    .to_owned(),
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["secrets", "keys"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
