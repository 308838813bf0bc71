//! What is remembered of tokens: codes, families, refresh tokens, single uses, accounts.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, binary, boolean, text, text_null};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("codes")
                    .col(binary("digest").primary_key())
                    .col(text("family"))
                    .col(text("issuer"))
                    .col(text("client"))
                    .col(text("user"))
                    .col(text("sid"))
                    .col(text("redirect_uri"))
                    .col(text("challenge"))
                    .col(text_null("nonce"))
                    .col(text("scope"))
                    .col(text("resources"))
                    .col(big_integer("expires_at"))
                    .col(big_integer_null("used_at"))
                    .col(big_integer("forget_after"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("codes_by_expiry")
                    .table("codes")
                    .col("forget_after")
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("token_families")
                    .col(text("id").primary_key())
                    .col(text("issuer"))
                    .col(text("client"))
                    .col(text("user"))
                    .col(text("sid"))
                    .col(text("scope"))
                    .col(text("resources"))
                    .col(big_integer_null("revoked_at"))
                    .col(big_integer("forget_after"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("token_families_by_sid")
                    .table("token_families")
                    .col("sid")
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("token_families_by_user")
                    .table("token_families")
                    .col("user")
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("token_families_by_expiry")
                    .table("token_families")
                    .col("forget_after")
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("refresh_tokens")
                    .col(binary("digest").primary_key())
                    .col(text("family"))
                    .col(big_integer("expires_at"))
                    .col(big_integer_null("used_at"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("refresh_tokens", "family")
                            .to("token_families", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("refresh_tokens_by_family")
                    .table("refresh_tokens")
                    .col("family")
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("single_uses")
                    .col(text("issuer"))
                    .col(text("jti"))
                    .col(big_integer("forget_after"))
                    .primary_key(Index::create().col("issuer").col("jti"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("single_uses_by_expiry")
                    .table("single_uses")
                    .col("forget_after")
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("accounts")
                    .col(text("service"))
                    .col(text("issuer"))
                    .col(text("subject"))
                    .col(text("account"))
                    .col(boolean("active"))
                    .primary_key(Index::create().col("service").col("issuer").col("subject"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("accounts", "service")
                            .to("services", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["accounts", "single_uses", "refresh_tokens", "token_families", "codes"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
