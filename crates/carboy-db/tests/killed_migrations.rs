//! A process that is killed in the middle of a migration: the database has nothing of that one, and the next run goes on.

mod common;

use carboy_db::{Db, DbErrorKind, Migrations};
use carboy_testkit::Process;
use common::Folder;
use std::process::Command;
use std::time::{Duration, Instant};

/// In the child: where the database is.
const URL: &str = "KILLED_MIGRATION_URL";

const BEFORE: (&str, &str) = ("0001_before", "CREATE TABLE before (n INTEGER)");

/// Half done when its last statement begins.
fn halting(last: &str) -> Migrations {
    let sql = format!("CREATE TABLE halfway (n INTEGER); INSERT INTO before VALUES (1); {last};");
    Migrations::sql([BEFORE, ("0002_halfway", &*sql)])
}

/// Statements that do not come to an end before their process is killed. PostgreSQL goes on with one, and undoes it only behind its end, when nobody is there
/// to be told of it: it has to have one.
fn lasting(url: &str) -> &'static str {
    match url.starts_with("sqlite") {
        true => {
            "WITH RECURSIVE endless (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM endless) \
             INSERT INTO halfway SELECT n FROM endless WHERE n < 0"
        }
        false => "SELECT pg_sleep(5)",
    }
}

/// Not a test: what the process does that the tests kill.
#[tokio::test]
#[ignore = "needs to be started by the tests below; alone it does nothing"]
async fn the_process_that_is_killed() {
    let Ok(url) = std::env::var(URL) else { return };
    let migrations = halting(lasting(&url));
    Db::open(url).with_migrations(migrations).upgrade(None).await.unwrap();
}

/// Whether the second migration is under way: it holds what it has written to.
async fn is_under_way(db: &Db, url: &str) -> bool {
    if url.starts_with("sqlite") {
        return db
            .execute("INSERT INTO before VALUES (0)", ())
            .await
            .is_err_and(|error| error.kind() == DbErrorKind::Busy);
    }
    let sql = "SELECT count(*) AS n FROM pg_stat_activity WHERE query LIKE '%pg_sleep(5)%' AND pid <> pg_backend_pid()";
    db.query(sql, ()).await.is_ok_and(|rows| rows[0].get::<i64>("n").unwrap() > 0)
}

async fn survives(url: &str) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["the_process_that_is_killed", "--exact", "--include-ignored"]).env(URL, url);
    let db = Db::open(url).with_migrations(halting("SELECT 1"));
    assert_eq!(db.upgrade(Some(1)).await.unwrap(), ["0001_before"]);
    let child = Process::start(&mut child);
    let end = Instant::now() + Duration::from_secs(30);
    while !is_under_way(&db, url).await {
        assert!(Instant::now() < end, "the migration does not begin");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // SIGKILL.
    drop(child);

    let applied =
        |states: &[carboy_db::MigrationState]| states.iter().map(|state| state.applied).collect::<Vec<_>>();
    let count = async |sql| db.query(sql, ()).await.map(|rows| rows[0].get::<i64>("n").unwrap());
    assert_eq!(applied(&db.migration_status().await.unwrap()), [true, false]);
    assert_eq!(count("SELECT count(*) AS n FROM before WHERE n = 1").await.unwrap(), 0);
    count("SELECT count(*) AS n FROM halfway").await.unwrap_err();

    assert_eq!(db.upgrade(None).await.unwrap(), ["0002_halfway"]);
    assert_eq!(count("SELECT count(*) AS n FROM before WHERE n = 1").await.unwrap(), 1);
    assert_eq!(count("SELECT count(*) AS n FROM halfway").await.unwrap(), 0);
    db.close().await.unwrap();
}

#[tokio::test]
async fn a_migration_that_is_killed_leaves_nothing_of_itself_and_the_next_run_goes_on() {
    let folder = Folder::new();
    survives(&folder.url("killed.sqlite")).await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn in_postgresql_a_migration_that_is_killed_leaves_nothing_of_itself_and_the_next_run_goes_on() {
    let postgres = carboy_testkit::Postgres::start();
    survives(&postgres.url()).await;
}
