use crate::socket::{get, serve, talk};
use carboy::{Secret, prelude::*, server::AccessLog, server::Metrics};
use std::{
    io::Write,
    sync::{Arc, Mutex},
};

const CANARY: &str = "canary-7f3a9c";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

#[route("/fails/<token>", methods = ["GET", "POST"])]
fn fails(token: String) -> carboy::Result<String> {
    session().set("card", format!("{token}{CANARY}"));
    g().set("password", CANARY);
    "x".parse::<u32>()?;
    Ok(String::new())
}

/// Debug texts of what has secrets.
#[route("/panics")]
fn panics() -> String {
    let password = Secret::new(CANARY.to_owned());
    tracing::info!(?password, config = ?current_app().config(), "about to fail with {password}");
    panic!("cannot log in with {password:?}, {:?}", current_app().config())
}

/// The one test of its process that has a subscriber: it sees what every thread says, at every level.
#[test]
fn secrets_are_on_no_page_in_no_log_in_no_panic_and_in_no_figure() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .init();
    let said = log.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let _ = writeln!(said.clone(), "the hook saw: {panic}");
        eprintln!("{panic}");
    }));

    let mut app = App::new("secrets");
    app.config().set("SECRET_KEY", CANARY).set("DB_PASSWORD", CANARY).set("DEBUG", true);
    app.config().set("MAIL", serde_json::json!({"password": CANARY, "host": "mail.example"}));
    app.routes(routes![fails, panics]);
    let metrics = Metrics::new();
    carboy::server::add_figures_of_apps(&metrics);
    let counted = metrics.clone();
    let served = serve(&mut app, |server| {
        server.access_log(AccessLog::Combined).metrics(counted).metrics_on("127.0.0.1:0")
    });
    // Who reads the log may see the page.
    assert!(!get(served.address, "/fails/x", "").contains("invalid digit"));
    let text = log.text();
    let token = text.split("who enters ").nth(1).and_then(|rest| rest.get(..16)).unwrap().to_owned();
    let fields = format!(
        "Authorization: Bearer {CANARY}\r\nCookie: session={CANARY}; remember_token={CANARY}; carboy_debug_token={token}\r\nX-Api-Key: {CANARY}\r\n\
         Referer: http://localhost/reset?token={CANARY}\r\n"
    );
    let mut pages = Vec::new();
    for target in [
        format!("/fails/x?password={CANARY}&Api-Key={CANARY}&pass%77d={CANARY}"),
        format!("/panics?csrf_token={CANARY}"),
        format!("/missing?session={CANARY}"),
    ] {
        pages.push(get(served.address, &target, &fields));
    }
    let form = format!("password={CANARY}&card={CANARY}");
    let post = format!(
        "POST /fails/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}Content-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    );
    pages.push(String::from_utf8_lossy(&talk(served.address, post.as_bytes())).into_owned());
    for page in &pages {
        assert_eq!(page.matches(CANARY).count(), 0, "{page}");
    }
    assert!(
        pages[0].contains("invalid digit found in string") && pages[0].contains("<td>token</td>"),
        "{}",
        pages[0]
    );
    assert!(pages[1].contains("cannot log in with ***"), "{}", pages[1]);

    let address = served.server.metrics_address().unwrap().as_tcp().unwrap();
    let figures = get(address, "/metrics", "");
    assert!(
        figures.contains("route=\"/fails/<token>\"") && figures.contains("carboy_view_panics_total 1"),
        "{figures}"
    );
    assert_eq!(figures.matches(CANARY).count(), 0, "{figures}");

    served.server.shutdown();
    served.server.join();
    let text = log.text();
    for part in [
        "the hook saw: ",
        "about to fail with ***",
        "cannot log in with ***",
        "GET /missing?session=***",
        "Exception on ",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let lines: Vec<&str> = text.lines().filter(|line| line.contains(CANARY)).collect();
    assert!(lines.is_empty(), "{lines:#?}");
}

#[test]
fn a_secret_is_printed_as_stars_also_by_what_contains_it() {
    #[derive(Debug, serde::Deserialize)]
    #[allow(dead_code)]
    struct Mail {
        host: String,
        password: Secret<String>,
    }
    let mut app = App::new("secrets");
    app.config().set("MAIL", serde_json::json!({"host": "mail.example", "password": CANARY}));
    let mail: Mail = app.config().get("MAIL").unwrap().unwrap();
    assert_eq!(format!("{mail:?}"), "Mail { host: \"mail.example\", password: *** }");
    assert_eq!(mail.password.expose(), CANARY);
    assert!(!format!("{:?}", app.config()).contains(CANARY));
    let told: Result<(), Secret<&str>> = std::hint::black_box(Err(Secret::new(CANARY)));
    let panic = std::panic::catch_unwind(|| told.unwrap()).unwrap_err();
    assert!(!panic.downcast_ref::<String>().unwrap().contains(CANARY));
}
