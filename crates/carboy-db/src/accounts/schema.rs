//! The tables, in what both databases understand.

use sea_orm::DbErr;
use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::prelude::{ColumnDef, ForeignKey, ForeignKeyAction, Index, Table};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};

pub(super) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(First), Box::new(Second)]
    }
}

struct First;

impl MigrationName for First {
    fn name(&self) -> &str {
        "carboy_accounts_0001"
    }
}

#[async_trait]
impl MigrationTrait for First {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = ColumnDef::new;
        let of_account = |table: &'static str| {
            let mut key = ForeignKey::create();
            key.from(table, "account_id").to("account", "id").on_delete(ForeignKeyAction::Cascade);
            key
        };
        manager
            .create_table(
                Table::create()
                    .table("account")
                    .col(column("id").big_integer().not_null().auto_increment().primary_key())
                    .col(column("email").text().not_null().unique_key())
                    .col(column("password").text())
                    .col(column("active").boolean().not_null())
                    .col(column("confirmed_at").big_integer())
                    .col(column("stamp").text().not_null().unique_key())
                    .col(column("handle").text().not_null().unique_key())
                    .col(column("totp_secret").text())
                    .col(column("totp_step").big_integer().not_null().default(-1))
                    .col(column("roles").text().not_null().default(""))
                    .take(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("account_recovery_code")
                    .col(column("account_id").big_integer().not_null())
                    .col(column("digest").text().not_null())
                    .primary_key(Index::create().col("account_id").col("digest"))
                    .foreign_key(&mut of_account("account_recovery_code"))
                    .take(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("account_passkey")
                    .col(column("credential_id").text().not_null().primary_key())
                    .col(column("account_id").big_integer().not_null())
                    .col(column("name").text().not_null())
                    .col(column("data").text().not_null())
                    .col(column("created_at").big_integer().not_null())
                    .col(column("last_used_at").big_integer())
                    .foreign_key(&mut of_account("account_passkey"))
                    .take(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("account_passkey_account")
                    .table("account_passkey")
                    .col("account_id")
                    .take(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("account_spent_token")
                    .col(column("token").text().not_null().primary_key())
                    .col(column("good_until").big_integer().not_null())
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["account_spent_token", "account_passkey", "account_recovery_code", "account"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

/// Tokens are forgotten by when they were good until.
struct Second;

const SPENT_TOKENS_BY_TIME: &str = "account_spent_token_good_until";

impl MigrationName for Second {
    fn name(&self) -> &str {
        "carboy_accounts_0002"
    }
}

#[async_trait]
impl MigrationTrait for Second {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut index = Index::create();
        index.name(SPENT_TOKENS_BY_TIME).table("account_spent_token").col("good_until");
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut index = Index::drop();
        index.name(SPENT_TOKENS_BY_TIME).table("account_spent_token");
        manager.drop_index(index).await
    }
}
