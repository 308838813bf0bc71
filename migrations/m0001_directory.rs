//! What administrators declare: people, groups, services, trusts, clients, connections.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, binary_null, boolean, text, text_null};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("versions")
                    .col(text("name").primary_key())
                    .col(big_integer("number"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create().table("groups").col(text("name").primary_key()).to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("users")
                    .col(text("id").primary_key())
                    .col(text("username"))
                    .col(text_null("email"))
                    .col(boolean("email_verified"))
                    .col(text_null("name"))
                    .col(text_null("password_hash"))
                    .col(text("groups"))
                    .col(boolean("active"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("users_by_username")
                    .table("users")
                    .col("username")
                    .unique()
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("services")
                    .col(text("id").primary_key())
                    .col(text("name"))
                    .col(text("issuer"))
                    .col(boolean("hosted"))
                    .col(boolean("active"))
                    .col(text("resources"))
                    .col(text("audience_aliases"))
                    .col(text("scopes"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("services_by_issuer")
                    .table("services")
                    .col("issuer")
                    .unique()
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("trusts")
                    .col(text("service"))
                    .col(text("issuer"))
                    .col(text("keys"))
                    .col(text_null("keys_from"))
                    .col(text_null("scope"))
                    .col(text("reuse"))
                    .col(text("accounts"))
                    .col(big_integer("longest"))
                    .col(boolean("active"))
                    .primary_key(Index::create().col("service").col("issuer"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("trusts", "service")
                            .to("services", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("clients")
                    .col(text("issuer"))
                    .col(text("id"))
                    .col(text("name"))
                    .col(boolean("agent"))
                    .col(boolean("active"))
                    .col(text("auth_method"))
                    .col(binary_null("secret_mac"))
                    .col(text_null("jwks"))
                    .col(text_null("jwks_uri"))
                    .col(text("redirect_uris"))
                    .col(text("post_logout_redirect_uris"))
                    .col(text("grant_types"))
                    .col(text("scope"))
                    .col(text("id_token_signed_response_alg"))
                    .primary_key(Index::create().col("issuer").col("id"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("connections")
                    .col(text("client"))
                    .col(text("service"))
                    .col(text("client_there"))
                    .col(text("scope"))
                    .col(text("resources"))
                    .col(text("groups"))
                    .col(text("approval"))
                    .col(boolean("active"))
                    .primary_key(Index::create().col("client").col("service"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("connections", "service")
                            .to("services", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["connections", "clients", "trusts", "services", "users", "groups", "versions"]
        {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
