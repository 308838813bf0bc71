//! People in their browsers: sessions, logins, what they allowed, and failed sign-ins.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, binary, text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("sessions")
                    .col(binary("digest").primary_key())
                    .col(text("data"))
                    .col(big_integer("expires_at"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("sessions_by_expiry")
                    .table("sessions")
                    .col("expires_at")
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("logins")
                    .col(text("sid").primary_key())
                    .col(text("user"))
                    .col(big_integer("auth_time"))
                    .col(text("acr"))
                    .col(text("amr"))
                    .col(big_integer_null("ended_at"))
                    .col(big_integer("forget_after"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("logins", "user")
                            .to("users", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create().name("logins_by_user").table("logins").col("user").to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("logins_by_expiry")
                    .table("logins")
                    .col("forget_after")
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("consents")
                    .col(text("user"))
                    .col(text("issuer"))
                    .col(text("client"))
                    .col(text("scope"))
                    .col(text("services"))
                    .col(big_integer("given_at"))
                    .primary_key(Index::create().col("user").col("issuer").col("client"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("consents", "user")
                            .to("users", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("sign_in_failures")
                    .col(text("key").primary_key())
                    .col(big_integer("failures"))
                    .col(big_integer("blocked_until"))
                    .col(big_integer("forget_after"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("sign_in_failures_by_expiry")
                    .table("sign_in_failures")
                    .col("forget_after")
                    .to_owned(),
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["sign_in_failures", "consents", "logins", "sessions"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
