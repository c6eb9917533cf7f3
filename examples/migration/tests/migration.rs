//! A user's way through the blog while half of it is in Python and half in Rust, in both splits.

use carboy_testkit::{Browser, Flask, Folder, Process, ask, python};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

const NAME: &str = "Ada <b>";

/// Where the Python half is.
fn python_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python")
}

/// Both halves, running.
struct Blog {
    port: u16,
    _rust: Process,
    _python: Flask,
    _instance: Folder,
}

impl Blog {
    /// Starts both; `moved` is the half in Rust.
    fn start(moved: &str) -> Blog {
        let instance = Folder::new();
        let path = instance.path().to_str().unwrap();
        let python = Flask::start("flaskr", &python_folder(), &[("FLASKR_INSTANCE", path)]);
        let mut command = Command::new(env!("CARGO_BIN_EXE_migration"));
        command.args(["run", "--port", "0", "--workers", "2", "--instance", path]);
        command.env("FLASKR_MOVED", moved).env("FLASKR_UPSTREAM", python.url(""));
        let mut rust = Process::start(&mut command);
        let port = rust.wait_for("the line with the address", |line| {
            line.strip_prefix(" * Running on http://127.0.0.1:")?.trim_end_matches('/').parse().ok()
        });
        Blog { port, _rust: rust, _python: python, _instance: instance }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Whether a page comes from the Python half: its server says so.
    fn is_python(&self, path: &str) -> bool {
        let answer = ask(self.port, "GET", path, &[], "").unwrap();
        answer.header("server").is_some_and(|server| server.starts_with("Werkzeug/"))
    }
}

/// The browser at the blog.
struct Visit<'a> {
    browser: Browser,
    blog: &'a Blog,
}

impl Visit<'_> {
    fn open(&self, path: &str) {
        self.browser.open(&self.blog.url(path));
    }

    /// The page's path, the messages on it, who is logged in, and the stylesheet at work.
    fn is_at(&self, path: &str, flash: Option<&str>, user: Option<&str>) {
        assert_eq!(self.browser.url(), self.blog.url(path), "{}", self.browser.text());
        assert_eq!(self.browser.texts("[role=alert]"), flash.into_iter().collect::<Vec<_>>(), "at {path}");
        let menu = match user {
            Some(user) => vec![user.to_owned(), "Log Out".to_owned()],
            None => vec!["Register".to_owned(), "Log In".to_owned()],
        };
        assert_eq!(self.browser.texts("nav li"), menu, "at {path}");
        assert_eq!(self.browser.one("nav").css("background-color"), "rgba(22, 105, 122, 1)", "at {path}");
    }

    /// Looks at pages of both halves: the user is logged in everywhere, and no message comes twice.
    fn is_logged_in_everywhere(&self) {
        for path in ["/", "/auth/login", "/create", "/auth/register", "/"] {
            self.open(path);
            self.is_at(path, None, Some(NAME));
        }
    }

    fn send(&self, fields: &[(&str, &str)]) {
        fields.iter().for_each(|(field, text)| self.browser.fill(field, text));
        self.browser
            .script("document.querySelectorAll('[required]').forEach(e => e.removeAttribute('required'))");
        self.browser.follow("form.card input[type=submit]");
    }
}

fn walk(moved: &str) {
    let blog = Blog::start(moved);
    assert_eq!(blog.is_python("/"), moved == "auth");
    assert_eq!(blog.is_python("/auth/login"), moved == "blog");
    let visit = Visit { browser: Browser::start(), blog: &blog };
    let browser = &visit.browser;

    // From the blog to registering: each half builds the other one's URLs.
    visit.open("/");
    visit.is_at("/", None, None);
    browser.follow("nav a[href='/auth/register']");
    visit.is_at("/auth/register", None, None);
    visit.send(&[("#username", NAME), ("#password", "")]);
    visit.is_at("/auth/register", Some("Password is required."), None);
    visit.send(&[("#username", NAME), ("#password", "secret")]);
    visit.is_at("/auth/login", None, None);
    visit.send(&[("#username", NAME), ("#password", "wrong")]);
    visit.is_at("/auth/login", Some("Incorrect password."), None);

    // Who is sent to the login page by one half logs in at the other; its message is shown where the blog is.
    visit.open("/create");
    visit.is_at("/auth/login", None, None);
    visit.send(&[("#username", NAME), ("#password", "secret")]);
    visit.is_at("/", Some("Welcome back."), Some(NAME));
    visit.is_logged_in_everywhere();

    // Writing, changing and deleting a post, with looks at the other half between.
    browser.follow("main > header a.button");
    visit.is_at("/create", None, Some(NAME));
    visit.send(&[("#body", "Two lines,\none post.")]);
    visit.is_at("/create", Some("Title is required."), Some(NAME));
    visit.send(&[("#title", "First & last")]);
    visit.is_at("/", Some("Saved."), Some(NAME));
    assert_eq!(browser.texts("article h2"), ["First & last"]);
    visit.is_logged_in_everywhere();
    browser.follow("article a.action");
    visit.is_at("/1/update", None, Some(NAME));
    visit.send(&[("#title", "Second thoughts")]);
    visit.is_at("/", Some("Saved."), Some(NAME));
    assert_eq!(browser.texts("article h2"), ["Second thoughts"]);
    visit.is_logged_in_everywhere();
    browser.follow("article a.action");
    browser.leave(|| {
        browser.one("input.danger").click();
        browser.answer(true);
    });
    visit.is_at("/", Some("Deleted."), Some(NAME));
    assert!(browser.all("article").is_empty());
    visit.is_logged_in_everywhere();

    // Logging out counts for both halves.
    browser.follow("nav a[href='/auth/logout']");
    visit.is_at("/", None, None);
    visit.open("/auth/login");
    visit.is_at("/auth/login", None, None);
    visit.open("/create");
    visit.is_at("/auth/login", None, None);
}

#[test]
#[ignore = "needs Python with Flask, Chromium and chromedriver"]
fn with_the_blog_in_rust_and_the_users_in_python_nobody_is_logged_out_and_no_message_is_lost() {
    walk("blog");
}

#[test]
#[ignore = "needs Python with Flask, Chromium and chromedriver"]
fn with_the_users_in_rust_and_the_blog_in_python_nobody_is_logged_out_and_no_message_is_lost() {
    walk("auth");
}

#[test]
#[ignore = "needs Python with Flask"]
fn the_file_of_routes_is_what_the_python_half_exports() {
    let instance = Folder::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/carboy_routes.py");
    let mut command = Command::new(python());
    command.arg(script).args(["--app", "flaskr"]).current_dir(python_folder());
    let output =
        command.env("FLASKR_INSTANCE", instance.path()).env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let kept = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("routes.json")).unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), kept);
}
