//! Which clients want their tokens bound to their certificate.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::boolean;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

const COLUMN: &str = "tls_client_certificate_bound_access_tokens";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = boolean(COLUMN).default(false).to_owned();
        let table = Table::alter().table("clients").add_column(column).to_owned();
        manager.alter_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::alter().table("clients").drop_column(COLUMN).to_owned();
        manager.alter_table(table).await
    }
}
