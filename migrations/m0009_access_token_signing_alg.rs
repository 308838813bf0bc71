//! By which algorithm a service's access tokens are signed. It was ES256 for all.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = text("access_token_signing_alg").default("ES256").to_owned();
        let table = Table::alter().table("services").add_column(column).to_owned();
        manager.alter_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table =
            Table::alter().table("services").drop_column("access_token_signing_alg").to_owned();
        manager.alter_table(table).await
    }
}
