//! Links that people make themselves, and the invitations that they make them by.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, binary, text, text_null};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// What is known of an account that its person linked.
fn columns() -> [ColumnDef; 3] {
    [text_null("client"), text_null("email"), big_integer_null("linked_at")]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let invitations = Table::create()
            .table("link_invitations")
            .col(text("id").primary_key())
            .col(binary("digest").unique_key())
            .col(text("service"))
            .col(text("issuer"))
            .col(text("subject"))
            .col(text("email"))
            .col(text("client"))
            .col(text("jti"))
            .col(big_integer("expires_at"))
            .to_owned();
        manager.create_table(invitations).await?;
        let by_subject = Index::create()
            .name("link_invitations_by_subject")
            .table("link_invitations")
            .col("service")
            .col("issuer")
            .col("subject")
            .to_owned();
        manager.create_index(by_subject).await?;
        let by_expiry = Index::create()
            .name("link_invitations_by_expiry")
            .table("link_invitations")
            .col("expires_at")
            .to_owned();
        manager.create_index(by_expiry).await?;
        for column in columns() {
            let accounts = Table::alter().table("accounts").add_column(column).to_owned();
            manager.alter_table(accounts).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in columns() {
            let name = column.get_column_name();
            let accounts = Table::alter().table("accounts").drop_column(name).to_owned();
            manager.alter_table(accounts).await?;
        }
        manager.drop_table(Table::drop().table("link_invitations").to_owned()).await
    }
}
