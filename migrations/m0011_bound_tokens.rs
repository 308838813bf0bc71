//! Tokens that are bound to keys, the terms of connections and trusts, and people by their address.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{boolean, text, text_null};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// Tables and their new columns.
fn columns() -> Vec<(&'static str, ColumnDef)> {
    let no = |name: &'static str| boolean(name).default(false).to_owned();
    let object = |name: &'static str| text(name).default("{}").to_owned();
    vec![
        ("services", no("dpop_bound_access_tokens_required")),
        ("services", text("authorization_details_types").default("[]").to_owned()),
        ("services", text("described_scope").default("").to_owned()),
        ("clients", no("dpop_bound_access_tokens")),
        ("consents", text_null("described")),
        ("codes", text_null("key")),
        ("token_families", text_null("key")),
        ("connections", object("terms")),
        ("trusts", object("terms")),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in columns() {
            let table = Table::alter().table(table).add_column(column).to_owned();
            manager.alter_table(table).await?;
        }
        let index = Index::create().name("users_by_email").table("users").col("email").to_owned();
        manager.create_index(index).await?;
        let index = Index::create()
            .name("accounts_by_account")
            .table("accounts")
            .col("service")
            .col("account")
            .to_owned();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let by_account = Index::drop().name("accounts_by_account").table("accounts").to_owned();
        manager.drop_index(by_account).await?;
        manager.drop_index(Index::drop().name("users_by_email").table("users").to_owned()).await?;
        for (table, column) in columns() {
            let name = column.get_column_name();
            let table = Table::alter().table(table).drop_column(name).to_owned();
            manager.alter_table(table).await?;
        }
        Ok(())
    }
}
