//! A user's way through the blog in a real browser.

use crate::flaskr::Flaskr;
use carboy_testkit::{Browser, Folder};
use std::path::PathBuf;

const NAME: &str = "Ada <b>";
const FLASH: &str = "[role=alert]";

/// The browser at the blog.
struct Visit {
    browser: Browser,
    flaskr: Flaskr,
    pictures: PathBuf,
}

impl Visit {
    fn open(&self, path: &str) {
        self.browser.open(&self.flaskr.url(path));
    }

    /// The page's path, a flash message if there is one, and the stylesheet at work.
    fn is_at(&self, path: &str, flash: Option<&str>) {
        assert_eq!(self.browser.url(), self.flaskr.url(path), "{}", self.browser.text());
        assert_eq!(self.browser.texts(FLASH), flash.into_iter().collect::<Vec<_>>(), "at {path}");
        assert_eq!(self.browser.one("nav").css("background-color"), "rgba(22, 105, 122, 1)", "at {path}");
    }

    /// The message does not come again.
    fn flash_is_gone(&self, path: &str) {
        self.open(path);
        self.is_at(path, None);
    }

    fn log_in(&self, username: &str, password: &str) {
        self.browser.fill("#username", username);
        self.browser.fill("#password", password);
        self.browser.follow("input[type=submit]");
    }

    /// Lets the form be sent although a required field is empty, as any other client could.
    fn send_without_checks(&self) {
        self.browser
            .script("document.querySelectorAll('[required]').forEach(e => e.removeAttribute('required'))");
        self.browser.follow("form.card input[type=submit]");
    }

    /// A click on the form's button that the browser itself stops, because this field is empty.
    fn is_stopped_at(&self, field: &str) {
        let before = self.browser.url();
        self.browser.script("window.left = false");
        self.browser.one("form.card input[type=submit]").click();
        assert_eq!(self.browser.one(&format!("{field}:invalid")).property("id"), field[1..]);
        assert_eq!(
            self.browser.script("return [window.left, document.activeElement.id]"),
            serde_json::json!([false, &field[1..]])
        );
        assert_eq!(self.browser.url(), before);
    }

    fn picture(&self, name: &str) {
        self.browser.screenshot(&self.pictures.join(format!("{name}.png")));
    }
}

/// Where the screenshots go: the environment's choice, else the test's folder below `target`.
fn pictures() -> PathBuf {
    let folder = std::env::var_os("CARBOY_SCREENSHOTS")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("flaskr"), PathBuf::from);
    std::fs::create_dir_all(&folder).expect("a folder for the screenshots can be made");
    folder
}

#[test]
#[ignore = "needs Chromium and chromedriver"]
fn in_a_browser_a_user_registers_logs_in_writes_changes_and_deletes_a_post_and_logs_out() {
    let instance = Folder::new();
    let visit =
        Visit { browser: Browser::start(), flaskr: Flaskr::start(instance.path()), pictures: pictures() };
    let browser = &visit.browser;

    // A new blog is empty, and its stylesheet has arrived.
    visit.open("/");
    visit.is_at("/", None);
    assert_eq!(browser.title(), "Posts - Flaskr");
    assert_eq!(browser.texts("main p"), ["Nothing here yet."]);
    assert_eq!(browser.texts("nav li"), ["Register", "Log In"]);
    assert_eq!(browser.one("body").css("background-color"), "rgba(245, 247, 250, 1)");
    visit.picture("01-empty");

    // Registering: the browser wants both fields, and so does the server.
    browser.follow("nav a[href='/auth/register']");
    visit.is_at("/auth/register", None);
    visit.picture("02-register");
    visit.is_stopped_at("#username");
    visit.send_without_checks();
    visit.is_at("/auth/register", Some("Username is required."));
    visit.flash_is_gone("/auth/register");
    browser.fill("#username", NAME);
    visit.send_without_checks();
    visit.is_at("/auth/register", Some("Password is required."));
    assert_eq!(browser.one("#username").property("value"), NAME);
    visit.flash_is_gone("/auth/register");
    visit.log_in(NAME, "secret");
    visit.is_at("/auth/login", None);

    // The name is taken now; markup in it stays text.
    visit.open("/auth/register");
    visit.log_in(NAME, "other");
    visit.is_at("/auth/register", Some("User Ada <b> is already registered."));
    assert_eq!(browser.one(FLASH).css("background-color"), "rgba(251, 233, 231, 1)");
    visit.picture("03-name-taken");
    visit.flash_is_gone("/auth/register");

    // Logging in: a wrong name, a wrong password, the right ones.
    browser.follow("nav a[href='/auth/login']");
    visit.is_at("/auth/login", None);
    visit.log_in("Nobody", "secret");
    visit.is_at("/auth/login", Some("Incorrect username."));
    visit.flash_is_gone("/auth/login");
    visit.log_in(NAME, "wrong");
    visit.is_at("/auth/login", Some("Incorrect password."));
    visit.picture("04-wrong-password");
    visit.flash_is_gone("/auth/login");
    visit.log_in(NAME, "secret");
    visit.is_at("/", None);
    assert_eq!(browser.texts("nav li"), [NAME, "Log Out"]);
    visit.picture("05-logged-in");

    // Writing a post: the browser wants a title, and so does the server.
    browser.follow("main > header a.button");
    visit.is_at("/create", None);
    visit.picture("06-new-post");
    visit.is_stopped_at("#title");
    browser.fill("#body", "Two lines,\none <i>post</i>.");
    visit.send_without_checks();
    visit.is_at("/create", Some("Title is required."));
    assert_eq!(browser.one("#body").property("value"), "Two lines,\none <i>post</i>.");
    visit.picture("07-title-required");
    browser.fill("#title", "First & last");
    browser.follow("form.card input[type=submit]");
    visit.is_at("/", None);
    assert_eq!(browser.texts("article h2"), ["First & last"]);
    assert_eq!(browser.texts("article .body"), ["Two lines,\none <i>post</i>."]);
    // The page says the day in UTC, as SQLite does.
    let today = browser.script("return new Date().toISOString().slice(0, 10)");
    let about = browser.one("article .about").text();
    assert_eq!(about, format!("by {NAME} on {}", today.as_str().unwrap_or_default()));
    visit.picture("08-post");

    // Changing it.
    browser.follow("article a.action");
    visit.is_at("/1/update", None);
    assert_eq!(browser.title(), "Edit \"First & last\" - Flaskr");
    assert_eq!(browser.one("#title").property("value"), "First & last");
    assert_eq!(browser.one("#body").property("value"), "Two lines,\none <i>post</i>.");
    visit.picture("09-edit");
    browser.fill("#title", "");
    visit.send_without_checks();
    visit.is_at("/1/update", Some("Title is required."));
    visit.flash_is_gone("/1/update");
    browser.fill("#title", "Second thoughts");
    browser.follow("form.card input[type=submit]");
    visit.is_at("/", None);
    assert_eq!(browser.texts("article h2"), ["Second thoughts"]);
    browser.resize(420, 800);
    visit.picture("10-narrow");
    let overflow =
        browser.script("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assert_eq!(overflow, 0, "a narrow window needs no scrolling to the side");
    browser.resize(1100, 1000);

    // A user who is logged out sees the post and may not change it.
    browser.follow("nav a[href='/auth/logout']");
    visit.is_at("/", None);
    assert_eq!(browser.texts("nav li"), ["Register", "Log In"]);
    assert_eq!(browser.texts("article h2"), ["Second thoughts"]);
    assert!(browser.all("article a").is_empty());
    visit.open("/1/update");
    visit.is_at("/auth/login", None);
    visit.log_in(NAME, "secret");
    visit.is_at("/", None);

    // Deleting it: only after the question has been answered with yes.
    browser.follow("article a.action");
    browser.one("input.danger").click();
    assert_eq!(browser.dialogue(), "Are you sure?");
    browser.answer(false);
    visit.is_at("/1/update", None);
    browser.leave(|| {
        browser.one("input.danger").click();
        browser.answer(true);
    });
    visit.is_at("/", None);
    assert!(browser.all("article").is_empty());
    assert_eq!(browser.texts("main p"), ["Nothing here yet. Write the first post."]);
    visit.picture("11-deleted");

    // What is not there is a plain 404 page.
    visit.open("/1/update");
    assert_eq!(browser.title(), "404 Not Found");
    assert!(browser.text().contains("Post id 1 doesn't exist."), "{}", browser.text());

    visit.open("/");
    browser.follow("nav a[href='/auth/logout']");
    visit.is_at("/", None);
    assert_eq!(browser.texts("nav li"), ["Register", "Log In"]);
    assert_eq!(browser.script("return document.cookie"), "", "scripts do not see the session");
}
