//! The tests of Flask's tutorial, case by case.

use carboy::{
    AppService, g, session,
    testing::{TestClient, TestResponse},
};
use carboy_db::Db;

const DATA: &str = include_str!("data.sql");

struct Flaskr {
    service: AppService,
    client: TestClient,
    db: Db,
}

fn app() -> carboy::App {
    app_with(Db::memory())
}

fn app_with(db: Db) -> carboy::App {
    flaskr::create_app_with(db, |config| {
        config.set("SECRET_KEY", "dev");
    })
}

fn flaskr() -> Flaskr {
    let db = Db::memory();
    let service = app_with(db.clone()).testing().build().unwrap();
    let flaskr = Flaskr { client: service.test_client(), service, db };
    flaskr.sql(DATA);
    flaskr
}

impl Flaskr {
    /// Runs SQL in a context of the app.
    fn sql(&self, script: &str) {
        let (db, script) = (self.db.clone(), script.to_owned());
        wait(async move { db.execute_script(&script).await.unwrap() });
    }

    fn count(&self, sql: &'static str) -> i64 {
        let db = self.db.clone();
        wait(async move { db.query_value::<i64>(sql, ()).await.unwrap().unwrap_or(0) })
    }

    fn login(&self) -> TestResponse {
        self.login_as("test", "test")
    }

    fn login_as(&self, username: &str, password: &str) -> TestResponse {
        self.client.post("/auth/login").form([("username", username), ("password", password)]).send()
    }
}

/// Runs a future to its end where the app's own tasks run.
fn wait<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let (sender, receiver) = std::sync::mpsc::channel();
    carboy::spawn(async move { sender.send(future.await).unwrap() });
    receiver.recv().unwrap()
}

#[test]
fn register() {
    let flaskr = flaskr();
    assert_eq!(flaskr.client.get("/auth/register").send().status(), 200);
    let response = flaskr.client.post("/auth/register").form([("username", "a"), ("password", "a")]).send();
    assert_eq!(response.location(), Some("/auth/login"));
    assert_eq!(flaskr.count("SELECT count(*) FROM user WHERE username = 'a'"), 1);
}

fn register_says(username: &str, password: &str, message: &str) {
    let flaskr = flaskr();
    let response =
        flaskr.client.post("/auth/register").form([("username", username), ("password", password)]).send();
    assert!(response.text().contains(message), "{}", response.text());
}

#[test]
fn register_without_a_username() {
    register_says("", "", "Username is required.");
}

#[test]
fn register_without_a_password() {
    register_says("a", "", "Password is required.");
}

#[test]
fn register_with_a_name_that_is_taken() {
    register_says("test", "test", "already registered");
}

#[test]
fn login() {
    let flaskr = flaskr();
    assert_eq!(flaskr.client.get("/auth/login").send().status(), 200);
    assert_eq!(flaskr.login().location(), Some("/"));
    flaskr.client.get("/").send().in_context(|| {
        assert_eq!(session().get::<i64>("user_id"), Some(1));
        assert!(g().contains("user"));
    });
    assert!(flaskr.client.get("/").send().text().contains("<span class=\"who\">test</span>"));
}

#[test]
fn login_with_a_wrong_username() {
    assert!(flaskr().login_as("a", "test").text().contains("Incorrect username."));
}

#[test]
fn login_with_a_wrong_password() {
    assert!(flaskr().login_as("test", "a").text().contains("Incorrect password."));
}

#[test]
fn logout() {
    let flaskr = flaskr();
    flaskr.login();
    flaskr.client.get("/auth/logout").send().in_context(|| assert!(!session().contains("user_id")));
    flaskr.client.session(|session| assert!(!session.contains("user_id")));
}

#[test]
fn index() {
    let flaskr = flaskr();
    let page = flaskr.client.get("/").send().text();
    assert!(page.contains("Log In") && page.contains("Register"));
    flaskr.login();
    let page = flaskr.client.get("/").send().text();
    assert!(page.contains("test title"));
    assert!(page.contains("by test on 2018-01-01"));
    assert!(page.contains("test\nbody"));
    assert!(page.contains("href=\"/1/update\""));
}

fn login_is_required_for(path: &str) {
    assert_eq!(flaskr().client.post(path).send().location(), Some("/auth/login"));
}

#[test]
fn login_required_to_create() {
    login_is_required_for("/create");
}

#[test]
fn login_required_to_update() {
    login_is_required_for("/1/update");
}

#[test]
fn login_required_to_delete() {
    login_is_required_for("/1/delete");
}

#[test]
fn author_required() {
    let flaskr = flaskr();
    flaskr.sql("UPDATE post SET author_id = 2 WHERE id = 1");
    flaskr.login();
    assert_eq!(flaskr.client.post("/1/update").send().status(), 403);
    assert_eq!(flaskr.client.post("/1/delete").send().status(), 403);
    assert!(!flaskr.client.get("/").send().text().contains("href=\"/1/update\""));
}

fn must_exist(path: &str) {
    let flaskr = flaskr();
    flaskr.login();
    let response = flaskr.client.post(path).send();
    assert_eq!(response.status(), 404);
    assert!(response.text().contains("Post id 2 doesn&#39;t exist."));
}

#[test]
fn exists_required_to_update() {
    must_exist("/2/update");
}

#[test]
fn exists_required_to_delete() {
    must_exist("/2/delete");
}

#[test]
fn create() {
    let flaskr = flaskr();
    flaskr.login();
    assert_eq!(flaskr.client.get("/create").send().status(), 200);
    flaskr.client.post("/create").form([("title", "created"), ("body", "")]).send();
    assert_eq!(flaskr.count("SELECT count(id) FROM post"), 2);
}

#[test]
fn update() {
    let flaskr = flaskr();
    flaskr.login();
    assert_eq!(flaskr.client.get("/1/update").send().status(), 200);
    flaskr.client.post("/1/update").form([("title", "updated"), ("body", "")]).send();
    assert_eq!(flaskr.count("SELECT count(*) FROM post WHERE id = 1 AND title = 'updated'"), 1);
}

fn title_is_required(path: &str) {
    let flaskr = flaskr();
    flaskr.login();
    let response = flaskr.client.post(path).form([("title", ""), ("body", "")]).send();
    assert!(response.text().contains("Title is required."));
}

#[test]
fn create_validates() {
    title_is_required("/create");
}

#[test]
fn update_validates() {
    title_is_required("/1/update");
}

#[test]
fn delete() {
    let flaskr = flaskr();
    flaskr.login();
    assert_eq!(flaskr.client.post("/1/delete").send().location(), Some("/"));
    assert_eq!(flaskr.count("SELECT count(*) FROM post WHERE id = 1"), 0);
}

#[test]
fn get_close_db() {
    let flaskr = flaskr();
    let inside = flaskr.service.app_context(carboy_db::db);
    let db = inside.clone();
    assert_eq!(wait(async move { db.query_value::<i64>("SELECT 1", ()).await.unwrap() }), Some(1));
    flaskr.service.shutdown();
    assert!(wait(async move { inside.query_value::<i64>("SELECT 1", ()).await }).is_err());
}

#[test]
fn init_db_command() {
    let result = app().test_cli_runner().invoke(["init-db"]);
    assert_eq!(result.exit_code, 0, "{}", result.output);
    assert!(result.output.contains("Initialized"));
}

#[test]
fn config() {
    assert!(!app().build().unwrap().state().testing());
    assert!(app().testing().build().unwrap().state().testing());
}

#[test]
fn hello() {
    assert_eq!(flaskr().client.get("/hello").send().text(), "Hello, World!");
}
