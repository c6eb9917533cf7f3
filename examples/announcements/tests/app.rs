//! What the extension does in an app.

use carboy::{AppService, prelude::*, testing::TestClient};
use carboy_announcements::{Announcement, Announcements};
use carboy_db::Db;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicUsize, Ordering},
};

/// A folder for the instance of one test, which takes it along when it ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("announcements-{}-{number}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[route("/")]
fn index() -> carboy::Result<Html> {
    carboy::render_template_string("{% include 'announcements/banner.html' %}<h1>shop</h1>", context! {})
}

fn shop(instance: &Path) -> App {
    let mut app = App::new("shop");
    app.config().set("SECRET_KEY", "for tests").set("ANNOUNCEMENTS_REFRESH", 0);
    app.set_instance_path(instance);
    app.ext(Db::default()).ext(Announcements::new()).routes(routes![index]);
    app
}

/// An app whose database has its tables, and what these commands leave there.
fn shop_after(instance: &Path, commands: &[&[&str]]) -> AppService {
    run(instance, &["db", "upgrade"]);
    for command in commands {
        run(instance, command);
    }
    shop(instance).build().unwrap()
}

fn run(instance: &Path, args: &[&str]) -> String {
    let result = shop(instance).test_cli_runner().invoke(args.iter().copied());
    assert_eq!(result.exit_code, 0, "{args:?}: {}", result.output);
    result.output
}

fn current(client: &TestClient) -> Vec<Announcement> {
    client.get("/announcements/").send().json()
}

#[test]
fn what_is_announced_on_the_command_line_is_on_every_page_and_is_escaped() {
    let folder = Folder::new();
    let add = ["announcements", "add", "We <move>", "warning"];
    let client = shop_after(folder.path(), &[&add]).test_client();
    let page = client.get("/").send().text();
    assert!(page.contains("<p>We &lt;move&gt;</p>"), "{page}");
    assert!(page.contains(r#"class="announcement announcement-warning""#), "{page}");
}

#[test]
fn a_visitor_dismisses_one_for_themselves() {
    let folder = Folder::new();
    let (one, two) = (["announcements", "add", "one"], ["announcements", "add", "two"]);
    let service = shop_after(folder.path(), &[&one, &two]);
    let (ann, bob) = (service.test_client(), service.test_client());
    assert_eq!(current(&ann).iter().map(|a| a.text.as_str()).collect::<Vec<_>>(), ["two", "one"]);
    let answer = ann.post("/announcements/2/dismiss").form([("next", "/cart")]).send();
    assert_eq!((answer.status().as_u16(), answer.location()), (302, Some("/cart")));
    let away = ann.post("/announcements/2/dismiss").form([("next", "//evil.example")]).send();
    assert_eq!(away.location(), Some("/"));
    assert_eq!(current(&ann).iter().map(|a| a.text.as_str()).collect::<Vec<_>>(), ["one"]);
    assert_eq!(current(&bob).len(), 2);
}

#[test]
fn pages_without_announcements_do_not_touch_the_session() {
    let folder = Folder::new();
    let client = shop_after(folder.path(), &[]).test_client();
    let answer = client.get("/").send();
    assert_eq!((answer.header("vary"), answer.text().as_str()), (None, "<h1>shop</h1>"));
}

#[test]
fn its_commands_list_and_clear() {
    let folder = Folder::new();
    run(folder.path(), &["db", "upgrade"]);
    assert_eq!(run(folder.path(), &["announcements", "add", "Hello"]), "Announced.\n");
    assert_eq!(run(folder.path(), &["announcements", "list"]), "   1  info     Hello\n");
    assert_eq!(run(folder.path(), &["announcements", "clear"]), "1 taken back.\n");
    assert_eq!(run(folder.path(), &["announcements", "list"]), "");
    let refused = shop(folder.path()).test_cli_runner().invoke(["announcements", "add", " "]);
    assert_eq!(refused.exit_code, 1);
    assert!(refused.output.contains("an announcement needs a text"), "{}", refused.output);
}

#[test]
fn its_style_sheet_is_served() {
    let folder = Folder::new();
    let answer = shop(folder.path()).test_client().get("/announcements/static/announcements.css").send();
    assert_eq!(
        (answer.status().as_u16(), answer.header("content-type")),
        (200, Some("text/css; charset=utf-8"))
    );
}

#[test]
fn a_page_comes_also_while_the_table_is_not_there_and_check_says_what_is_missing() {
    let folder = Folder::new();
    assert_eq!(shop(folder.path()).test_client().get("/").send().status(), 200);
    let checked = shop(folder.path()).test_cli_runner().invoke(["check"]);
    assert_eq!(checked.exit_code, 1);
    assert!(checked.output.contains("shop db upgrade"), "{}", checked.output);
    assert!(checked.output.contains("the announcements cannot be read"), "{}", checked.output);
}

#[test]
fn without_a_database_the_app_does_not_start_and_says_what_to_add() {
    let mut app = App::new("shop");
    app.ext(Announcements::new());
    let error = app.build().err().unwrap().to_string();
    assert!(error.contains("the extension Db is not registered: add `app.ext(Db::…)`"), "{error}");
    assert!(error.contains("(asked for by: the extension Announcements)"), "{error}");
}

#[test]
fn its_form_has_a_token_where_the_app_asks_for_one() {
    let folder = Folder::new();
    run(folder.path(), &["db", "upgrade"]);
    run(folder.path(), &["announcements", "add", "Hello"]);
    let client = shop(folder.path()).ext(carboy::security::Csrf::new()).test_client();
    let page = client.get("/").send().text();
    let token = page.split_once("name=\"csrf_token\"").and_then(|(_, rest)| rest.split_once("value=\""));
    let token = token.and_then(|(_, rest)| rest.split_once('"')).expect("a token in the form").0;
    assert_eq!(client.post("/announcements/1/dismiss").send().status(), 400);
    assert_eq!(client.post("/announcements/1/dismiss").form([("csrf_token", token)]).send().status(), 302);
}
