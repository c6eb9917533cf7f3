//! Plain SQL against real SQLite.

mod common;

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use carboy::config::{Config, Environment};
use carboy_db::{Db, DbError, DbErrorKind};
use common::Folder;
use serde::Deserialize;
use serde_json::json;

const SCHEMA: &str = "
    CREATE TABLE user (id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT UNIQUE NOT NULL, active BOOLEAN NOT NULL DEFAULT 1);
    CREATE TABLE post (id INTEGER PRIMARY KEY AUTOINCREMENT, author_id INTEGER NOT NULL REFERENCES user (id), title TEXT NOT NULL,
        score REAL, picture BLOB, created TIMESTAMP NOT NULL DEFAULT '2018-01-01 00:00:00');
";

async fn filled() -> Db {
    let db = Db::memory();
    db.execute_script(SCHEMA).await.unwrap();
    db.execute("INSERT INTO user (username) VALUES (?)", ["ann"]).await.unwrap();
    db
}

#[tokio::test]
async fn statements_take_values_of_any_types_and_say_what_they_did() {
    let db = filled().await;
    let done = db
        .execute(
            "INSERT INTO post (author_id, title, score, picture) VALUES (?, ?, ?, ?)",
            (1, "It's \"quoted\"; --", 0.5, vec![0_u8, 255]),
        )
        .await
        .unwrap();
    assert_eq!((done.rows_affected(), done.last_insert_id()), (1, Some(1)));
    let row =
        db.query_one("SELECT * FROM post WHERE title = ?", ["It's \"quoted\"; --"]).await.unwrap().unwrap();
    assert_eq!(row.get::<i64>("id").unwrap(), 1);
    assert_eq!(row.get::<f64>("score").unwrap(), 0.5);
    assert_eq!(row.get::<Vec<u8>>("picture").unwrap(), [0, 255]);
    assert_eq!(row.get::<String>(2).unwrap(), "It's \"quoted\"; --");
    let deleted = db.execute("DELETE FROM post", ()).await.unwrap();
    assert_eq!(deleted.rows_affected(), 1);
}

#[tokio::test]
async fn a_row_serialises_as_what_the_database_stores() {
    let db = filled().await;
    db.execute("INSERT INTO post (author_id, title) VALUES (?, ?)", (1, "First")).await.unwrap();
    let sql = "SELECT p.id, title, score, created, username, active, count(*) AS n, 1.5 AS half, x'00ff' AS bytes, NULL AS empty_
               FROM post p JOIN user u ON p.author_id = u.id";
    let rows = db.query(sql, ()).await.unwrap();
    assert_eq!(
        serde_json::to_value(&rows).unwrap(),
        json!([{"id": 1, "title": "First", "score": null, "created": "2018-01-01 00:00:00", "username": "ann", "active": true,
                "n": 1, "half": 1.5, "bytes": [0, 255], "empty_": null}])
    );
    assert_eq!(rows[0].columns()[0], "id");
}

#[tokio::test]
async fn rows_become_structs() {
    #[derive(Deserialize, Debug, PartialEq)]
    struct User {
        id: u64,
        username: String,
        active: bool,
    }
    let db = filled().await;
    let users: Vec<User> = db.query_as("SELECT * FROM user", ()).await.unwrap();
    assert_eq!(users, [User { id: 1, username: "ann".into(), active: true }]);
    let error = db.query_as::<User>("SELECT id, username FROM user", ()).await.unwrap_err();
    assert_eq!(error.kind(), DbErrorKind::Conversion);
    assert!(error.to_string().contains("active"), "{error}");
}

#[tokio::test]
async fn one_value_is_asked_for_without_a_row() {
    let db = filled().await;
    assert_eq!(
        db.query_value::<i64>("SELECT count(*) FROM user WHERE username = ?", ["ann"]).await.unwrap(),
        Some(1)
    );
    assert_eq!(db.query_value::<String>("SELECT username FROM user WHERE id = ?", [9]).await.unwrap(), None);
    assert_eq!(db.query_value::<Option<i64>>("SELECT max(id) FROM post", ()).await.unwrap(), Some(None));
    assert_eq!(
        db.query_value::<i64>("SELECT max(id) FROM post", ()).await.unwrap_err().kind(),
        DbErrorKind::Conversion
    );
    assert_eq!(db.query_value::<i64>("SELECT 'x'", ()).await.unwrap_err().kind(), DbErrorKind::Conversion);
}

#[tokio::test]
async fn broken_constraints_can_be_told_apart() {
    let db = filled().await;
    let twice = db.execute("INSERT INTO user (username) VALUES (?)", ["ann"]).await.unwrap_err();
    assert!(twice.is_unique_violation());
    assert_eq!(twice.to_string(), "UNIQUE constraint failed: user.username");
    let orphan = db.execute("INSERT INTO post (author_id, title) VALUES (?, ?)", (7, "x")).await.unwrap_err();
    assert!(orphan.is_foreign_key_violation(), "foreign keys are enforced: {orphan}");
    let null = db.execute("INSERT INTO user (username) VALUES (?)", [None::<String>]).await.unwrap_err();
    assert_eq!(null.kind(), DbErrorKind::Query);
    let typo = db.query("SELEC 1", ()).await.unwrap_err();
    assert!(typo.to_string().contains("syntax error"), "{typo}");
}

#[tokio::test]
async fn an_integer_that_the_database_cannot_hold_is_an_error() {
    let error = Db::memory().query("SELECT ?", [u64::MAX]).await.unwrap_err();
    assert_eq!(error.kind(), DbErrorKind::Conversion);
    assert_eq!(Db::memory().query_value::<i64>("SELECT ?", [7_u64]).await.unwrap(), Some(7));
}

#[tokio::test]
async fn the_file_and_its_folder_are_made_at_first_use_and_for_their_owner() {
    let folder = Folder::new();
    let path = folder.path().join("instance/deep/shop.sqlite");
    let db = Db::open(folder.url("instance/deep/shop.sqlite"));
    assert!(!path.exists());
    db.execute_script(SCHEMA).await.unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(db.query_value::<String>("PRAGMA journal_mode", ()).await.unwrap().as_deref(), Some("wal"));
    assert_eq!(db.query_value::<i64>("PRAGMA busy_timeout", ()).await.unwrap(), Some(5000));
    db.close().await.unwrap();
    assert!(db.query("SELECT 1", ()).await.is_err());
    let again = Db::open(folder.url("instance/deep/shop.sqlite"));
    assert_eq!(again.query_value::<i64>("SELECT count(*) FROM user", ()).await.unwrap(), Some(0));
}

#[tokio::test]
async fn a_database_that_is_only_read_is_not_touched() {
    let folder = Folder::new();
    let url = folder.url("shop.sqlite");
    let missing = Db::open(format!("{url}?mode=ro"));
    assert_eq!(missing.connection().await.unwrap_err().kind(), DbErrorKind::Unavailable);
    assert!(!folder.path().join("shop.sqlite").exists());
    let writer = Db::open(&*url);
    writer.execute_script(SCHEMA).await.unwrap();
    let reader = Db::open(format!("{url}?mode=ro"));
    assert_eq!(reader.query_value::<i64>("SELECT count(*) FROM user", ()).await.unwrap(), Some(0));
    let error = reader.execute("DELETE FROM user", ()).await.unwrap_err();
    assert!(error.to_string().contains("readonly"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_opened_is_told_in_a_sentence_with_the_path_and_the_user() {
    let folder = Folder::new();
    std::fs::write(folder.path().join("file"), "not a folder").unwrap();
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    std::fs::write(
        folder.path().join("text.db"),
        "not a database, but long enough to be read as one".repeat(9),
    )
    .unwrap();
    for (name, wanted) in [
        ("file/shop.sqlite", "its folder: "),
        ("folder", "the file: Is a directory"),
        ("text.db", "file is not a database"),
    ] {
        let error = Db::open(folder.url(name)).connection().await.unwrap_err();
        let sentence = error.to_string();
        assert_eq!(error.kind(), DbErrorKind::Unavailable, "{sentence}");
        assert!(sentence.contains(wanted), "{sentence}");
        assert!(sentence.contains(&*folder.path().join(name).to_string_lossy()), "{sentence}");
        assert!(!sentence.contains('\n'), "{sentence}");
        assert!(
            name == "text.db" || (sentence.contains("by the user '") && sentence.contains("DATABASE_URL")),
            "{sentence}"
        );
    }
}

#[tokio::test]
async fn a_db_without_an_app_says_what_to_do() {
    let error = Db::default().connection().await.unwrap_err();
    assert!(error.to_string().contains("app.ext(Db::default())"), "{error}");
}

#[tokio::test]
async fn a_database_that_could_not_be_opened_is_tried_again() {
    let folder = Folder::new();
    let obstacle = folder.path().join("instance");
    std::fs::write(&obstacle, "").unwrap();
    let db = Db::open(folder.url("instance/shop.sqlite"));
    assert!(db.query("SELECT 1", ()).await.is_err());
    std::fs::remove_file(&obstacle).unwrap();
    assert!(db.query("SELECT 1", ()).await.is_ok());
}

#[tokio::test]
async fn a_transaction_counts_as_a_whole_or_not_at_all() {
    let db = filled().await;
    let added: carboy::Result<u64> = db
        .transaction(|tx| async move {
            tx.execute("INSERT INTO user (username) VALUES (?)", ["bob"]).await?;
            Ok(tx.query("SELECT * FROM user", ()).await?.len() as u64)
        })
        .await;
    assert_eq!(added.unwrap(), 2);
    let refused: carboy::Result<()> = db
        .transaction(|tx| async move {
            tx.execute("INSERT INTO user (username) VALUES (?)", ["cyd"]).await?;
            tx.execute("INSERT INTO user (username) VALUES (?)", ["ann"]).await?;
            Ok(())
        })
        .await;
    assert!(refused.unwrap_err().downcast_ref::<DbError>().unwrap().is_unique_violation());
    let names = db.query_value::<i64>("SELECT count(*) FROM user WHERE username = 'cyd'", ()).await.unwrap();
    assert_eq!(names, Some(0));
}

#[tokio::test]
async fn a_transaction_whose_closure_panics_is_rolled_back() {
    let db = filled().await;
    let other = db.clone();
    let task = tokio::spawn(async move {
        other
            .transaction(|tx| async move {
                tx.execute("DELETE FROM user", ()).await?;
                assert!(tx.query("SELECT * FROM user", ()).await?.len() > 5, "the test's panic");
                Ok(())
            })
            .await
    });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(db.query("SELECT * FROM user", ()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_kept_handle_prevents_the_commit() {
    let db = filled().await;
    let kept: carboy::Result<_> = db
        .transaction(|tx| async move {
            tx.execute("DELETE FROM user", ()).await?;
            Ok(tx)
        })
        .await;
    assert!(kept.unwrap_err().to_string().contains("not committed"));
    assert_eq!(db.query("SELECT * FROM user", ()).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_wait_for_each_other() {
    let folder = Folder::new();
    let db = Db::open(folder.url("counter.sqlite"));
    db.execute_script("CREATE TABLE counter (n INTEGER NOT NULL); INSERT INTO counter VALUES (0)")
        .await
        .unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    db.transaction(|tx| async move {
                        let n: i64 =
                            tx.query_value("SELECT n FROM counter", ()).await?.expect("there is one");
                        tokio::task::yield_now().await;
                        tx.execute("UPDATE counter SET n = ?", [n + 1]).await?;
                        Ok(())
                    })
                    .await
                    .unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(db.query_value::<i64>("SELECT n FROM counter", ()).await.unwrap(), Some(160));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_in_memory_is_one_for_all_clones_and_none_for_others() {
    let db = filled().await;
    let tasks: Vec<_> = (0..16)
        .map(|n| {
            let db = db.clone();
            tokio::spawn(async move {
                db.execute("INSERT INTO user (username) VALUES (?)", [format!("user{n}")]).await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(db.query_value::<i64>("SELECT count(*) FROM user", ()).await.unwrap(), Some(17));
    assert!(Db::memory().query("SELECT * FROM user", ()).await.is_err());
}

#[tokio::test]
async fn waiting_for_a_connection_ends() {
    let mut config = Config::with_environment(Environment::of::<String, String>([]));
    config.set("DATABASE_URL", "sqlite::memory:").set("DATABASE_ACQUIRE_TIMEOUT", 0.2);
    let db = Db::default();
    db.configure("shop", &config).unwrap();
    let start = Instant::now();
    let inside = db.clone();
    let stuck: carboy::Result<()> = db
        .transaction(|_tx| async move {
            inside.execute("SELECT 1", ()).await?;
            Ok(())
        })
        .await;
    let error = stuck.unwrap_err();
    let error = error.downcast_ref::<DbError>().unwrap();
    assert_eq!(error.kind(), DbErrorKind::Busy);
    assert!(error.to_string().contains("inside a transaction use its own handle"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[test]
fn a_pool_outlives_the_runtime_that_opened_it() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for db in [Db::memory(), Db::open(Folder::new().url("x.sqlite"))] {
        runtime().block_on(db.execute_script(SCHEMA)).unwrap();
        runtime().block_on(db.execute("INSERT INTO user (username) VALUES (?)", ["ann"])).unwrap();
        let count = runtime().block_on(db.query_value::<i64>("SELECT count(*) FROM user", ())).unwrap();
        assert_eq!(count, Some(1));
    }
}

#[tokio::test]
async fn a_transaction_that_is_dropped_half_way_is_rolled_back() {
    let folder = Folder::new();
    for db in [Db::memory(), Db::open(folder.url("x.sqlite"))] {
        db.execute_script(SCHEMA).await.unwrap();
        let half = db.transaction(|tx| async move {
            tx.execute("INSERT INTO user (username) VALUES (?)", ["ann"]).await?;
            std::future::pending::<()>().await;
            Ok(())
        });
        assert!(tokio::time::timeout(Duration::from_millis(100), half).await.is_err());
        db.execute("INSERT INTO user (username) VALUES (?)", ["bob"]).await.unwrap();
        let names: Vec<String> = db
            .query("SELECT username FROM user", ())
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(0).unwrap())
            .collect();
        assert_eq!(names, ["bob"]);
    }
}
