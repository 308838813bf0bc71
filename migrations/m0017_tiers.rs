//! What clients that nobody declared said of themselves when people allowed them, and whether
//! refresh tokens may follow their codes.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{boolean, text_null};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let portrait = text_null("portrait");
        let consents = Table::alter().table("consents").add_column(portrait).to_owned();
        manager.alter_table(consents).await?;
        let lasting = boolean("lasting").default(true).to_owned();
        let codes = Table::alter().table("codes").add_column(lasting).to_owned();
        manager.alter_table(codes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let codes = Table::alter().table("codes").drop_column("lasting").to_owned();
        manager.alter_table(codes).await?;
        let consents = Table::alter().table("consents").drop_column("portrait").to_owned();
        manager.alter_table(consents).await
    }
}
