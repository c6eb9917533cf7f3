//! What the binary says, and with which code it ends.

use crate::flaskr::{Flaskr, command};
use carboy_testkit::{Answer, Folder, Process, ask};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// An ended run.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs the binary in this instance until it ends.
fn run(instance: &Folder, args: &[&str]) -> Ended {
    ended(command(args).arg("--instance").arg(instance.path()))
}

fn ended(command: &mut Command) -> Ended {
    let output = command.output().expect("the binary starts");
    let text = |bytes| String::from_utf8(bytes).expect("the binary writes UTF-8");
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Asserts that this run failed with one line on standard error, and answers the line.
fn failure(ended: &Ended) -> &str {
    assert_eq!((ended.code, &*ended.out), (Some(1), ""), "{ended:?}");
    let line = ended.err.strip_suffix('\n').expect("a line ends");
    assert!(!line.contains('\n') && line.starts_with("Error: "), "{ended:?}");
    assert!(!line.contains(['{', '}']) && !line.contains("Some("), "a sentence, not a struct: {line}");
    line
}

fn terminate(flaskr: &mut Flaskr) -> Option<i32> {
    let id = flaskr.process.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill runs").success());
    flaskr.process.wait().code()
}

fn post(flaskr: &Flaskr, path: &str, form: &str) -> Answer {
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    ask(flaskr.port, "POST", path, &headers, form).expect("the blog answers")
}

#[test]
fn a_port_in_use_is_one_sentence() {
    let instance = Folder::new();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let port = taken.local_addr().expect("a listener has an address").port();
    let ended = run(&instance, &["run", "--port", &port.to_string()]);
    let line = failure(&ended);
    assert!(line.contains(&format!("127.0.0.1:{port}")) && line.contains("in use"), "{line}");
}

#[test]
fn an_instance_folder_that_cannot_be_made_is_one_sentence() {
    // Nobody makes folders there, not even root.
    let ended = ended(&mut command(["run", "--port", "0", "--instance", "/proc/flaskr"]));
    let line = failure(&ended);
    assert!(line.contains("/proc/flaskr"), "{line}");
}

#[test]
fn a_database_that_cannot_be_opened_is_one_sentence() {
    let instance = Folder::new();
    let database = instance.path().join("flaskr.sqlite");
    std::fs::create_dir(&database).expect("the test's folder can be written to");
    let ended = run(&instance, &["run", "--port", "0"]);
    let line = failure(&ended);
    assert!(line.contains("flaskr.sqlite"), "{line}");
}

#[test]
fn a_configuration_that_does_not_parse_is_one_sentence() {
    let instance = Folder::new();
    std::fs::write(instance.path().join("config.toml"), "DEBUG = \n")
        .expect("the test's folder can be written to");
    let ended = run(&instance, &["routes"]);
    let line = failure(&ended);
    assert!(line.contains("config.toml"), "{line}");
}

#[test]
fn wrong_uses_of_the_command_line_end_with_2_and_say_what_is_wrong() {
    let instance = Folder::new();
    for (args, what) in [
        (&["run", "--bogus"][..], "--bogus"),
        (&["nonsense"], "nonsense"),
        (&["run", "--port", "99999"], "99999"),
        (&["run", "--workers", "0"], "0"),
    ] {
        let ended = run(&instance, args);
        assert_eq!((ended.code, &*ended.out), (Some(2), ""), "{args:?}: {ended:?}");
        assert!(ended.err.starts_with("error: ") && ended.err.contains(what), "{args:?}: {ended:?}");
        assert!(ended.err.contains("try '--help'"), "{args:?}: {ended:?}");
    }
}

#[test]
fn help_names_every_command() {
    let ended = ended(&mut command(["--help"]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for name in ["run", "routes", "check", "init-db", "Clears existing data and creates new tables"] {
        assert!(ended.out.contains(name), "{name}: {}", ended.out);
    }
}

#[test]
fn routes_are_listed_by_endpoint() {
    let ended = run(&Folder::new(), &["routes"]);
    assert_eq!((ended.code, &*ended.err), (Some(0), ""), "{ended:?}");
    let lines: Vec<String> =
        ended.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        lines,
        [
            "Endpoint Methods Rule",
            "------------- --------- -----------------------",
            "auth.login GET, POST /auth/login",
            "auth.logout GET /auth/logout",
            "auth.register GET, POST /auth/register",
            "blog.create GET, POST /create",
            "blog.delete POST /<int:id>/delete",
            "blog.index GET /",
            "blog.update GET, POST /<int:id>/update",
            "hello GET /hello",
            "index GET /",
            "static GET /static/<path:filename>",
        ]
    );
}

#[test]
fn check_finds_nothing_wrong() {
    let ended = run(&Folder::new(), &["check"]);
    assert_eq!(
        (ended.code, &*ended.out, &*ended.err),
        (Some(0), "flaskr: no problem found\n", ""),
        "{ended:?}"
    );
}

#[test]
fn the_blog_runs_without_a_command_and_says_where() {
    let instance = Folder::new();
    let mut command = command(["--instance"]);
    let mut process = Process::start(command.arg(instance.path()).env("FLASKR_RUN_PORT", "0"));
    process.wait_for("the name", |line| (line == " * Serving carboy app 'flaskr'").then_some(()));
    process.wait_for("the mode", |line| (line == " * Debug mode: off").then_some(()));
    let port = process
        .wait_for("the address", |line| line.strip_prefix(" * Running on http://127.0.0.1:")?.parse().ok());
    let answer = ask(port, "GET", "/hello", &[], "").expect("the blog answers");
    assert_eq!((answer.status, &*answer.text), (200, "Hello, World!"));
}

#[test]
fn the_first_start_makes_a_key_and_a_database_that_only_their_owner_reads() {
    let instance = Folder::new();
    let mut flaskr = Flaskr::start(&instance.path().join("new"));
    for name in ["secret_key", "flaskr.sqlite"] {
        let file = instance.path().join("new").join(name).metadata().expect(name);
        assert_eq!(file.permissions().mode() & 0o777, 0o600, "{name}");
    }
    assert_eq!(terminate(&mut flaskr), Some(0), "SIGTERM is no failure");
}

#[test]
fn a_user_stays_logged_in_over_a_restart() {
    let instance = Folder::new();
    let mut flaskr = Flaskr::start(instance.path());
    let user = "username=ann&password=secret";
    assert_eq!(post(&flaskr, "/auth/register", user).header("location"), Some("/auth/login"));
    let answer = post(&flaskr, "/auth/login", user);
    assert_eq!((answer.status, answer.header("location")), (302, Some("/")));
    let cookie = answer
        .header("set-cookie")
        .and_then(|cookie| cookie.split(';').next())
        .expect("a session")
        .to_owned();
    let key = std::fs::read_to_string(instance.path().join("secret_key")).expect("a key was made");
    assert_eq!(terminate(&mut flaskr), Some(0), "SIGTERM is no failure");

    let flaskr = Flaskr::start(instance.path());
    assert_eq!(std::fs::read_to_string(instance.path().join("secret_key")).ok(), Some(key));
    let page = ask(flaskr.port, "GET", "/create", &[("Cookie", &cookie)], "").expect("the blog answers");
    assert_eq!(page.status, 200);
    assert!(page.text.contains("<span class=\"who\">ann</span>"), "{}", page.text);
    let page = ask(flaskr.port, "GET", "/create", &[("Cookie", &format!("{cookie}x"))], "")
        .expect("the blog answers");
    assert_eq!(
        (page.status, page.header("location")),
        (302, Some("/auth/login")),
        "a forged session is none"
    );
}

#[test]
fn init_db_empties_the_blog() {
    let instance = Folder::new();
    let mut flaskr = Flaskr::start(instance.path());
    let user = "username=ann&password=secret";
    assert_eq!(post(&flaskr, "/auth/register", user).status, 302);
    assert_eq!(post(&flaskr, "/auth/register", user).status, 200, "the name is taken");
    terminate(&mut flaskr);
    let ended = run(&instance, &["init-db"]);
    assert_eq!((ended.code, &*ended.out, &*ended.err), (Some(0), "Initialized the database.\n", ""));
    let flaskr = Flaskr::start(instance.path());
    assert_eq!(post(&flaskr, "/auth/register", user).status, 302, "the name is free again");
}

#[test]
fn check_deploy_ends_with_1_until_nothing_is_left_to_do() {
    let instance = Folder::new();
    let lacking = run(&instance, &["check", "--deploy"]);
    assert_eq!(lacking.code, Some(1), "{lacking:?}");
    assert!(lacking.out.contains("- TRUSTED_HOSTS is not set: "), "{lacking:?}");
    assert!(lacking.err.ends_with("problems found\n"), "{lacking:?}");
    let settings = "HARDENED = true\nTRUSTED_HOSTS = [\"blog.example\"]\n";
    std::fs::write(instance.path().join("config.toml"), settings).expect("the instance can be written");
    let hardened = run(&instance, &["check", "--deploy"]);
    assert_eq!((hardened.code, &*hardened.out), (Some(0), "flaskr: no problem found\n"), "{hardened:?}");
}
