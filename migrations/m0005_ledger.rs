//! The ledger. Rows are appended and never changed.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, text, text_null};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("ledger")
                    .col(big_integer("number").auto_increment().primary_key())
                    .col(big_integer("at"))
                    .col(text("request"))
                    .col(text("issuer"))
                    .col(text("event"))
                    .col(text_null("client"))
                    .col(text_null("user"))
                    .col(text_null("service"))
                    .col(text_null("scope"))
                    .col(text_null("resource"))
                    .col(text_null("jti"))
                    .col(text_null("parent"))
                    .col(text("outcome"))
                    .col(text_null("code"))
                    .col(text_null("reason"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create().name("ledger_by_jti").table("ledger").col("jti").to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create().name("ledger_by_parent").table("ledger").col("parent").to_owned(),
            )
            .await?;
        manager
            .create_index(Index::create().name("ledger_by_at").table("ledger").col("at").to_owned())
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("ledger").to_owned()).await
    }
}
