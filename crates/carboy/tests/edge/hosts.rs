use crate::socket::{get, serve, talk};
use carboy::{SendFile, prelude::*};
use proptest::prelude::*;

#[route("/sub/")]
fn branch() -> &'static str {
    "branch"
}

#[route("/page", methods = ["GET", "POST"])]
fn page() -> String {
    format!("<a href=\"{}\">here</a>", url_for!(page))
}

#[route("/external")]
fn external() -> String {
    url_for!(page; _external = true)
}

#[route("/away")]
fn away() -> carboy::Result<Redirect> {
    Ok(redirect(url_for!(branch)))
}

#[route("/file")]
fn file() -> carboy::Result<Response> {
    SendFile::new(b"content".to_vec()).download_name("a.txt").send()
}

#[route("/fails")]
fn fails() -> carboy::Result<String> {
    "x".parse::<u32>()?;
    Ok(String::new())
}

fn app(trusted: Option<&[&str]>) -> App {
    let mut app = App::new("hosts");
    app.config().set("SECRET_KEY", "k");
    if let Some(trusted) = trusted {
        app.config().set("TRUSTED_HOSTS", trusted);
    }
    app.routes(routes![branch, page, external, away, file, fails]);
    app
}

/// Paths of each kind of answer: pages, redirects of the URL map, errors, files.
const TARGETS: [&str; 11] = [
    "/page",
    "/sub",
    "/sub/",
    "//sub",
    "/away",
    "/file",
    "/fails",
    "/missing",
    "/external",
    "/static/x.css",
    "/page?x=1",
];

#[test]
fn no_answer_says_the_host_that_an_attacker_made_up() {
    const MARK: &str = "evil-7f3a";
    let trusting = serve(&mut app(Some(&["shop.example"])), |server| server);
    let open = serve(&mut app(None), |server| server);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(300)
    });
    let hosts = prop::sample::select(vec![
        "evil-7f3a",
        "evil-7f3a.example",
        "evil-7f3a.example:80",
        "shop.example.evil-7f3a",
        "evil-7f3a@shop.example",
        "shop.example@evil-7f3a",
        "shop.example:evil-7f3a",
        "evil-7f3a/shop.example",
        "evil-7f3a\tshop.example",
        "EVIL-7F3A.example",
        "[evil-7f3a]",
        "evil-7f3a\"><script>",
        "evil-7f3a%0d%0aX: y",
        "shop.example,evil-7f3a",
        "evil-7f3a.",
    ]);
    let fields = prop::sample::select(vec![
        "Host",
        "X-Forwarded-Host",
        "Forwarded",
        "X-Host",
        "X-Original-Host",
        "X-Forwarded-Server",
        "X-Forwarded-Prefix",
        "X-Original-URL",
        "Origin",
        "Referer",
    ]);
    let methods = prop::sample::select(vec!["GET", "HEAD", "POST", "OPTIONS", "DELETE"]);
    let strategy = (hosts, fields, methods, prop::sample::select(TARGETS.to_vec()), any::<bool>());
    let check = |(host, field, method, target, absolute): (&str, &str, &str, &str, bool)| {
        // What is asked by the attacker's host itself, without a list of trusted ones, gets it back where a view wants its URL to be external.
        let listed = field == "Host" && target == "/external";
        for (served, trusted) in [(&trusting, true), (&open, false)] {
            if listed && !trusted {
                continue;
            }
            let own = if trusted { "Host: shop.example\r\n" } else { "Host: localhost\r\n" };
            let own = if field == "Host" { "" } else { own };
            let value = if field == "Forwarded" { format!("host=\"{host}\"") } else { host.to_owned() };
            let to = if absolute && field == "Host" && !listed {
                format!("http://{host}{target}")
            } else {
                target.to_owned()
            };
            let request = format!(
                "{method} {to} HTTP/1.1\r\n{own}{field}: {value}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            );
            let answer = String::from_utf8_lossy(&talk(served.address, request.as_bytes())).into_owned();
            prop_assert!(answer.starts_with("HTTP/1.1 "), "{request:?} got {answer:?}");
            prop_assert!(!answer.to_lowercase().contains(MARK), "{request:?} got {answer}");
        }
        Ok(())
    };
    runner.run(&strategy, check).unwrap();
}

#[test]
fn a_trusted_host_is_said_where_it_is_asked_for() {
    let served = serve(&mut app(Some(&["localhost"])), |server| server);
    assert!(get(served.address, "/external", "").ends_with("\r\n\r\nhttp://localhost/page"));
    assert!(get(served.address, "/sub", "").contains("location: http://localhost/sub/\r\n"));
}
