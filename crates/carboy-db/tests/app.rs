//! The database as an app's extension.

mod common;

use carboy::prelude::*;
use carboy_db::{Db, DbErrorKind, Migrations, db};
use common::Folder;

const POSTS: &str = "-- migrate:up
CREATE TABLE post (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL UNIQUE);
-- migrate:down
DROP TABLE post;";

#[route("/")]
async fn list() -> carboy::Result<Json<Vec<carboy_db::Row>>> {
    Ok(Json(db().query("SELECT * FROM post ORDER BY id", ()).await?))
}

#[route("/<int:id>")]
async fn show(id: i64) -> carboy::Result<String> {
    let post = db().query_one("SELECT title FROM post WHERE id = ?", [id]).await?.or_404()?;
    Ok(post.get("title")?)
}

#[post("/")]
async fn create(db: Ext<Db>) -> carboy::Result<(String, u16)> {
    let title: String = request().form().get("title").unwrap_or_default();
    match db.execute("INSERT INTO post (title) VALUES (?)", [title]).await {
        Ok(done) => Ok((done.last_insert_id().unwrap_or_default().to_string(), 201)),
        Err(error) if error.is_unique_violation() => Ok(("taken".into(), 409)),
        Err(error) => Err(error.into()),
    }
}

#[post("/change/<int:id>")]
async fn change(id: i64) -> carboy::Result<&'static str> {
    db().transaction(|tx| async move {
        tx.execute("INSERT INTO post (title) VALUES (?)", ["half"]).await?;
        tx.query_one("SELECT * FROM post WHERE id = ?", [id]).await?.or_404()?;
        Ok(())
    })
    .await?;
    Ok("changed")
}

fn app(url: &str) -> App {
    let mut app = App::new("blog");
    app.config().set("DATABASE_URL", url).set("SECRET_KEY", "dev");
    app.ext(Db::default().with_migrations(Migrations::sql([("0001_posts", POSTS)])));
    app.routes(routes![list, show, create, change]);
    app
}

fn upgraded(url: &str) -> carboy::testing::TestClient {
    let client = app(url).test_client();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(client.app().in_app_context(async { db().upgrade(None).await })).unwrap();
    client
}

#[test]
fn every_request_uses_the_pool_that_the_first_one_opened() {
    // A database in memory is gone with its pool.
    let client = upgraded("sqlite::memory:");
    for n in 1..=20 {
        let answer = client.post("/").form([("title", format!("Post {n}"))]).send();
        assert_eq!((answer.status().as_u16(), answer.text()), (201, n.to_string()));
    }
    assert_eq!(client.get("/20").send().text(), "Post 20");
    assert_eq!(
        client.get("/").send().json::<serde_json::Value>()[0],
        serde_json::json!({"id": 1, "title": "Post 1"})
    );
    assert_eq!(client.post("/").form([("title", "Post 1")]).send().status(), 409);
}

#[test]
fn a_row_that_is_not_there_is_a_404() {
    assert_eq!(upgraded("sqlite::memory:").get("/1").send().status(), 404);
}

#[test]
fn abort_inside_a_transaction_rolls_it_back_and_answers() {
    let client = upgraded("sqlite::memory:");
    assert_eq!(client.post("/change/7").send().status(), 404);
    assert_eq!(client.get("/").send().json::<serde_json::Value>(), serde_json::json!([]));
    client.post("/").form([("title", "one")]).send();
    assert_eq!(client.post("/change/1").send().text(), "changed");
    assert_eq!(client.get("/").send().json::<Vec<serde_json::Value>>().len(), 2);
}

#[test]
fn workers_come_and_go_and_the_pool_stays() {
    let folder = Folder::new();
    for url in ["sqlite::memory:".to_owned(), folder.url("x.sqlite")] {
        let service = upgraded(&url).app().clone();
        for round in 0..3 {
            let workers: Vec<_> = (0..4)
                .map(|worker| {
                    let client = service.test_client();
                    std::thread::spawn(move || {
                        let runtime =
                            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                        runtime.block_on(async {
                            for n in 0..5 {
                                let title = format!("{round}-{worker}-{n}");
                                assert_eq!(client.post("/").form([("title", title)]).await.status(), 201);
                            }
                        });
                    })
                })
                .collect();
            for worker in workers {
                worker.join().unwrap();
            }
        }
        assert_eq!(service.test_client().get("/").send().json::<Vec<serde_json::Value>>().len(), 60);
        service.shutdown();
    }
}

#[test]
fn the_commands_upgrade_downgrade_and_tell() {
    let folder = Folder::new();
    let url = folder.url("x.sqlite");
    let run = |args: &[&str]| {
        let result = app(&url).test_cli_runner().invoke(args.iter().copied());
        (result.exit_code, result.output)
    };
    assert_eq!(run(&["db", "status"]), (0, "pending  0001_posts\n".into()));
    assert_eq!(run(&["check"]).0, 1);
    assert!(run(&["check"]).1.contains("Db: the database lacks 1 migration: run `blog db upgrade`"));
    assert_eq!(run(&["db", "upgrade"]), (0, "applied  0001_posts\n".into()));
    assert_eq!(run(&["db", "upgrade"]), (0, "the database has all migrations\n".into()));
    assert_eq!(run(&["db", "status"]), (0, "applied  0001_posts\n".into()));
    assert_eq!(run(&["check"]), (0, "blog: no problem found\n".into()));
    assert_eq!(run(&["db", "downgrade"]), (0, "taken back  0001_posts\n".into()));
    assert_eq!(run(&["db", "downgrade", "many"]).0, 1);
    assert_eq!(run(&["db"]).0, 2);
}

#[test]
fn an_app_whose_database_cannot_be_written_does_not_start_and_says_why() {
    let folder = Folder::new();
    std::fs::write(folder.path().join("instance"), "a file").unwrap();
    let error = app(&folder.url("instance/x.sqlite")).build().err().unwrap().to_string();
    assert!(error.starts_with("Db: the database '"), "{error}");
    assert!(
        error.contains("cannot be written by the user '") && error.contains("set DATABASE_URL"),
        "{error}"
    );
}

#[test]
fn the_default_is_a_file_named_after_the_app_in_the_instance_folder() {
    let folder = Folder::new();
    let mut app = App::new("blog");
    app.set_instance_path(folder.path().join("instance"));
    app.ext(Db::default());
    app.build().unwrap().shutdown();
    assert!(folder.path().join("instance/blog.sqlite").is_file());
}

#[test]
fn a_database_that_was_shut_down_is_closed() {
    let client = upgraded("sqlite::memory:");
    let handle = client.app().app_context(db);
    client.app().shutdown();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = runtime.block_on(handle.query("SELECT 1", ())).unwrap_err();
    assert_eq!(error.kind(), DbErrorKind::Unavailable);
}
