//! Migrations against real SQLite.

mod common;

use carboy_db::sea_orm_migration::prelude::*;
use carboy_db::{Db, DbErrorKind, MigrationState, Migrations};
use common::Folder;

const POSTS: &str = "-- migrate:up
CREATE TABLE post (id INTEGER PRIMARY KEY);
CREATE INDEX post_id ON post (id);
-- migrate:down
DROP TABLE post;
";
const TAGS: &str = "CREATE TABLE tag (id INTEGER PRIMARY KEY);";

fn two() -> Migrations {
    Migrations::sql([("0001_posts", POSTS), ("0002_tags", TAGS)])
}

async fn tables(db: &Db) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('post', 'tag', 'extra') ORDER BY name";
    db.query(sql, ()).await.unwrap().iter().map(|row| row.get("name").unwrap()).collect()
}

fn states(list: &[MigrationState]) -> Vec<(&str, bool)> {
    list.iter().map(|state| (state.name.as_str(), state.applied)).collect()
}

#[tokio::test]
async fn an_upgrade_applies_what_is_pending_and_nothing_twice() {
    let db = Db::memory().with_migrations(two());
    assert_eq!(states(&db.migration_status().await.unwrap()), [("0001_posts", false), ("0002_tags", false)]);
    assert_eq!(db.upgrade(Some(1)).await.unwrap(), ["0001_posts"]);
    assert_eq!(states(&db.migration_status().await.unwrap()), [("0001_posts", true), ("0002_tags", false)]);
    assert_eq!(db.upgrade(None).await.unwrap(), ["0002_tags"]);
    assert_eq!(db.upgrade(None).await.unwrap(), [""; 0]);
    assert_eq!(tables(&db).await, ["post", "tag"]);
}

#[tokio::test]
async fn a_downgrade_takes_the_last_ones_back() {
    let db = Db::memory().with_migrations(Migrations::sql([("0001_posts", POSTS)]));
    db.upgrade(None).await.unwrap();
    assert_eq!(db.downgrade(1).await.unwrap(), ["0001_posts"]);
    assert_eq!(tables(&db).await, [""; 0]);
    assert_eq!(db.downgrade(1).await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn a_migration_without_a_way_back_says_so_and_stays() {
    let db = Db::memory().with_migrations(two());
    db.upgrade(None).await.unwrap();
    let error = db.downgrade(1).await.unwrap_err();
    assert_eq!(error.kind(), DbErrorKind::Migration);
    assert!(error.to_string().contains("'0002_tags' has no way back"), "{error}");
    assert_eq!(tables(&db).await, ["post", "tag"]);
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_behind() {
    let broken = Migrations::sql([(
        "0003_broken",
        "CREATE TABLE extra (id INTEGER); INSERT INTO nowhere VALUES (1);",
    )]);
    let db = Db::memory().with_migrations(two().and(broken));
    let error = db.upgrade(None).await.unwrap_err();
    assert_eq!(error.kind(), DbErrorKind::Migration);
    assert!(error.to_string().contains("'0003_broken' failed: no such table: nowhere"), "{error}");
    assert_eq!(tables(&db).await, ["post", "tag"]);
    assert!(!db.migration_status().await.unwrap()[2].applied);
}

#[tokio::test]
async fn a_database_ahead_of_the_app_is_refused() {
    let folder = Folder::new();
    let newer = Db::open(folder.url("x.sqlite")).with_migrations(two());
    newer.upgrade(None).await.unwrap();
    let older = Db::open(folder.url("x.sqlite")).with_migrations(Migrations::sql([("0001_posts", POSTS)]));
    let error = older.upgrade(None).await.unwrap_err();
    assert_eq!(error.kind(), DbErrorKind::Migration);
    assert!(error.to_string().contains("0002_tags"), "{error}");
}

#[tokio::test]
async fn a_folder_of_sql_files_is_a_list_of_migrations_in_the_order_of_names() {
    let folder = Folder::new();
    std::fs::write(folder.path().join("0002_tags.sql"), TAGS).unwrap();
    std::fs::write(folder.path().join("0001_posts.sql"), POSTS).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "no SQL").unwrap();
    let migrations = Migrations::from_folder(folder.path()).unwrap();
    assert_eq!(migrations.names(), ["0001_posts", "0002_tags"]);
    let error = Migrations::from_folder(folder.path().join("none")).unwrap_err();
    assert!(error.to_string().contains("none"), "{error}");
}

#[derive(DeriveMigrationName)]
struct Extra;

#[async_trait::async_trait]
impl MigrationTrait for Extra {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let id = ColumnDef::new(Alias::new("id")).integer().primary_key().to_owned();
        manager.create_table(Table::create().table(Alias::new("extra")).col(id).to_owned()).await
    }
}

struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Extra)]
    }
}

#[tokio::test]
async fn sea_orms_migrators_stand_beside_sql() {
    let db = Db::memory().with_migrations(two().and(Migrations::of::<Migrator>()));
    assert_eq!(db.upgrade(None).await.unwrap().len(), 3);
    assert_eq!(tables(&db).await, ["extra", "post", "tag"]);
}
