//! What bad input gets: a clear answer with the right status, and a line in the log for whoever runs the app.

use carboy::{prelude::*, testing::TestClient};
use carboy_testkit::logged;
use std::{io, path::PathBuf, time::Duration};

#[route("/sleepy")]
fn sleepy() -> &'static str {
    std::thread::sleep(Duration::from_millis(500));
    "awake"
}

#[route("/sleepy-aside", blocking)]
fn sleepy_aside() -> &'static str {
    std::thread::sleep(Duration::from_millis(500));
    "awake"
}

#[route("/json", methods = ["POST"])]
fn json(body: Json<Vec<u32>>) -> String {
    body.0.len().to_string()
}

#[route("/any-json", methods = ["POST"])]
fn any_json() -> carboy::Result<String> {
    Ok(request().json::<serde_json::Value>()?.to_string())
}

#[route("/form", methods = ["POST"])]
fn form() -> carboy::Result<String> {
    Ok(request().form().get_required("name")?)
}

#[route("/echo/<path:p>")]
fn echo(p: String) -> String {
    p
}

#[route("/page")]
fn page() -> carboy::Result<Html> {
    render!("broken.html", items = [1, 0])
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("carboy-bad-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        std::fs::create_dir_all(root.join("templates")).unwrap();
        std::fs::write(root.join("templates/broken.html"), "<ul>\n<li>{{ nothing.at.all }}</li>\n</ul>")
            .unwrap();
        Folder(root)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn app() -> App {
    let mut app = App::new("bad");
    app.routes(routes![sleepy, sleepy_aside, json, any_json, form, echo, page]);
    app
}

/// A client that gets errors as pages, as a visitor does.
fn visitor(mut app: App) -> TestClient {
    app.build().unwrap().test_client()
}

#[test]
fn a_view_that_blocks_its_worker_is_logged_with_the_advice() {
    let client = visitor(app());
    let (response, log) = logged(|| client.get("/sleepy").send());
    assert_eq!(response.text(), "awake");
    assert!(
        log.contains("WARN") && log.contains("the view `sleepy` blocked its worker for more than"),
        "{log}"
    );
    assert!(log.contains("add `blocking` to its route"), "{log}");
    let (_, log) = logged(|| client.get("/sleepy-aside").send());
    assert!(!log.contains("blocked its worker"), "{log}");
}

#[test]
fn a_view_that_blocks_its_worker_is_noticed_after_a_time_without_requests_as_well() {
    let client = visitor(app());
    client.get("/sleepy").send();
    std::thread::sleep(Duration::from_millis(1500));
    let (_, log) = logged(|| client.get("/sleepy").send());
    assert!(log.contains("the view `sleepy` blocked its worker"), "{log}");
}

#[test]
fn a_template_that_fails_is_a_500_and_the_log_names_it_and_the_line() {
    let folder = Folder::new("template");
    let mut app = app();
    app.root_path(&folder.0);
    let client = visitor(app);
    let (response, log) = logged(|| client.get("/page").send());
    assert_eq!(response.status(), 500);
    assert!(response.text().contains("The server encountered an internal error"));
    assert!(!response.text().contains("broken.html"));
    assert!(log.contains("ERROR") && log.contains("Exception on /page [GET]"), "{log}");
    assert!(log.contains("broken.html") && log.contains('2'), "{log}");
}

#[test]
fn a_template_that_fails_in_debug_mode_shows_its_name_line_and_source() {
    let folder = Folder::new("debug");
    let mut app = app();
    app.root_path(&folder.0);
    app.config().set("DEBUG", true);
    let client = visitor(app).propagate_errors(false);
    let response = client.get("/page").base_url("http://127.0.0.1:5000").send();
    assert_eq!(response.status(), 500);
    let page = response.text();
    assert!(page.contains("broken.html") && page.contains("nothing.at.all"), "{page}");
}

#[test]
fn json_that_is_none_too_deep_or_of_another_type_is_told_apart() {
    let client = visitor(app());
    let post = |path: &str, content_type: &str, body: &str| {
        client.post(path).content_type(content_type).data(body).send().status().as_u16()
    };
    assert_eq!(post("/json", "application/json", "[1,2]"), 200);
    assert_eq!(post("/json", "application/json", "[1,"), 400);
    assert_eq!(post("/json", "application/json", ""), 400);
    assert_eq!(post("/json", "text/plain", "[1]"), 415);
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    assert_eq!(post("/any-json", "application/json", &deep), 400);
    assert_eq!(post("/any-json", "application/json", "{\"a\": \"\\ud800\"}"), 400);
}

#[test]
fn a_missing_field_is_a_400_that_names_it_only_in_debug_mode() {
    let page = |debug: bool| {
        let mut app = app();
        app.config().set("DEBUG", debug).set("TRAP_BAD_REQUEST_ERRORS", false);
        let response = visitor(app).post("/form").form([("other", "1")]).send();
        assert_eq!(response.status(), 400);
        response.text()
    };
    assert!(!page(false).contains("name"));
    assert!(page(true).contains("KeyError: &#39;name&#39;"));
}

#[test]
fn a_body_over_the_limit_is_a_413_with_and_without_a_length() {
    let mut app = app();
    app.config().set("MAX_CONTENT_LENGTH", 10);
    let client = visitor(app);
    let form = |body: &str| {
        client
            .post("/form")
            .content_type("application/x-www-form-urlencoded")
            .data(body)
            .send()
            .status()
            .as_u16()
    };
    assert_eq!((form("name=12345"), form("name=123456")), (200, 413));
    let pieces = futures_util::stream::iter((0..4).map(|_| Ok::<_, io::Error>("name=")));
    let streamed = client
        .post("/form")
        .content_type("application/x-www-form-urlencoded")
        .header("transfer-encoding", "chunked")
        .stream(carboy::Body::from_stream(pieces))
        .send();
    assert_eq!(streamed.status(), 413);
}

#[test]
fn a_path_that_is_no_utf_8_is_answered() {
    let client = visitor(app());
    for path in ["/echo/%ff", "/%c0%af", "/echo/%ed%a0%80", "/echo/%"] {
        let status = client.get(path).send().status().as_u16();
        assert!(matches!(status, 200 | 400 | 404), "{path}: {status}");
    }
}
