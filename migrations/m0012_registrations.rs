//! Clients that register themselves (RFC 7591), and where they may.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, binary, binary_null, text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let registrations = Table::create()
            .table("registrations")
            .col(text("issuer"))
            .col(text("client"))
            .col(text("metadata"))
            .col(binary_null("secret_mac"))
            .col(binary("token"))
            .col(big_integer("registered_at"))
            .col(big_integer_null("forget_after"))
            .primary_key(Index::create().col("issuer").col("client"))
            .to_owned();
        manager.create_table(registrations).await?;
        let index = Index::create()
            .name("registrations_forget_after")
            .table("registrations")
            .col("forget_after")
            .to_owned();
        manager.create_index(index).await?;
        let column = text("registrations").default("off").to_owned();
        let services = Table::alter().table("services").add_column(column).to_owned();
        manager.alter_table(services).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let services = Table::alter().table("services").drop_column("registrations").to_owned();
        manager.alter_table(services).await?;
        manager.drop_table(Table::drop().table("registrations").to_owned()).await
    }
}
