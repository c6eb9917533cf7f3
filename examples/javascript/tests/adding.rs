//! The pages, what they ask, and two of them in a real browser (jQuery would come from its own site).

use carboy::testing::TestClient;
use carboy_testkit::{Browser, Process};
use std::{
    process::Command,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// A client, and the names of the templates that were rendered for it.
fn client() -> (TestClient, Arc<Mutex<Vec<String>>>) {
    let rendered = Arc::new(Mutex::new(Vec::new()));
    let mut app = javascript::create_app();
    let names = rendered.clone();
    let _ = app
        .signals()
        .template_rendered
        .connect(move |event| names.lock().unwrap().extend(event.template.clone()));
    (app.test_client(), rendered)
}

#[test]
fn each_path_renders_its_page() {
    let (client, rendered) = client();
    for (path, template) in [("/", "fetch.html"), ("/xhr", "xhr.html"), ("/jquery", "jquery.html")] {
        let response = client.get(path).send();
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(std::mem::take(&mut *rendered.lock().unwrap()), [template], "{path}");
        assert!(response.text().contains("action=\"/add\""), "{path}");
    }
}

#[test]
fn the_default_has_one_url_and_other_words_have_none() {
    let (client, rendered) = client();
    let response = client.get("/fetch").send();
    assert_eq!((response.status().as_u16(), response.location()), (308, Some("/")));
    assert_eq!(client.get("/plain").send().status(), 404);
    assert!(rendered.lock().unwrap().is_empty());
}

#[test]
fn numbers_are_added_and_what_is_none_counts_as_nothing() {
    let (client, _) = client();
    for (a, b, sum) in [
        (Some("2"), Some("3"), 5.0),
        (Some("2.5"), Some("3"), 5.5),
        (Some("2"), None, 2.0),
        (Some("2"), Some("b"), 2.0),
    ] {
        let fields = [("a", a), ("b", b)].into_iter().filter_map(|(name, value)| Some((name, value?)));
        let response = client.post("/add").form(fields).send();
        assert_eq!(
            response.json::<serde_json::Value>(),
            serde_json::json!({ "result": sum }),
            "{a:?} + {b:?}"
        );
    }
}

#[test]
#[ignore = "needs Chromium and chromedriver"]
fn browser_pages_add_numbers_without_being_loaded_anew() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_javascript"));
    let mut process = Process::start(command.args(["run", "--port", "0"]));
    let origin = process.wait_for("the line with the address", |line| {
        Some(line.strip_prefix(" * Running on ")?.trim().trim_end_matches('/').to_owned())
    });
    let browser = Browser::start();
    for path in ["/", "/xhr"] {
        browser.open(&format!("{origin}{path}"));
        browser.script("window.mark = 'the same page'");
        for (a, b, sum) in [("2", "3", "5"), ("2.5", "x", "2.5")] {
            browser.fill("[name=a]", a);
            browser.fill("[name=b]", b);
            browser.one("button").click();
            let end = Instant::now() + Duration::from_secs(20);
            while browser.one("#result").text() != sum {
                assert!(Instant::now() < end, "{path}: {a} + {b} gave {}", browser.one("#result").text());
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        assert_eq!(browser.script("return window.mark"), "the same page", "{path}");
    }
}
