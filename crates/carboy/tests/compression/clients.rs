//! Compressed answers as others read them: curl, Python, Chromium.

use super::*;
use carboy_server::{RunningServer, Server, ServerConfig};
use carboy_testkit::{Browser, python};
use futures_util::StreamExt;
use std::process::Command;

/// What a client takes, as it says it.
#[route("/accepts")]
fn accepts() -> String {
    request().header("accept-encoding").unwrap_or_default().into_owned()
}

/// A page with a stream of lines behind it.
#[route("/lines")]
fn lines() -> Response {
    let lines = futures_util::stream::iter(0..2000).then(|n| async move {
        if n % 500 == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        Ok::<_, std::io::Error>(format!("line {n}\n"))
    });
    let mut response = Response::stream(lines);
    let _ = response.set_mimetype("text/plain");
    response
}

fn serve(compression: Compression) -> (RunningServer, String) {
    let mut app = app(compression);
    app.routes(routes![accepts, lines]);
    let config = ServerConfig::new().bind("127.0.0.1:0").workers(1);
    let server = Server::new(config).start(app.build().unwrap()).unwrap();
    let address = server.addresses()[0].as_tcp().unwrap();
    (server, format!("http://localhost:{}", address.port()))
}

fn all_lines() -> String {
    (0..2000).map(|n| format!("line {n}\n")).collect()
}

fn output(command: &mut Command) -> Vec<u8> {
    let output = command.output().expect("the program is there: `cargo xtask setup` looks for it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
#[ignore = "needs curl"]
fn curl_unpacks_pages_and_streams() {
    let (_server, url) = serve(Compression::new());
    let curl = |args: &[&str], path: &str| {
        output(Command::new("curl").args(["-sS", "--compressed"]).args(args).arg(format!("{url}{path}")))
    };
    for length in [2000, 1_000_000] {
        assert_eq!(curl(&[], &format!("/text/{length}")), text(length).as_bytes());
    }
    assert_eq!(curl(&[], "/lines"), all_lines().as_bytes());
    let head = String::from_utf8(curl(&["--head"], "/text/2000")).unwrap().to_lowercase();
    assert!(head.contains("content-encoding: ") && head.contains("vary: accept-encoding"), "{head}");
    let sizes = ["/text/1000000", "/session/read"].map(|path| {
        let size = curl(&["-o", "/dev/null", "-w", "%{size_download}"], path);
        String::from_utf8(size).unwrap().parse::<u64>().unwrap()
    });
    assert!(sizes[0] < 50_000 && sizes[1] == 2000, "{sizes:?}");
}

#[test]
#[ignore = "needs Python"]
fn pythons_gzip_module_unpacks_pages_and_streams() {
    let (_server, url) = serve(Compression::new());
    let script = "import gzip, sys, urllib.request\n\
                  request = urllib.request.Request(sys.argv[1], headers={'Accept-Encoding': 'gzip'})\n\
                  response = urllib.request.urlopen(request)\n\
                  assert response.headers['Content-Encoding'] == 'gzip', response.headers\n\
                  sys.stdout.buffer.write(gzip.decompress(response.read()))\n";
    let python = |path: &str| output(Command::new(python()).args(["-c", script]).arg(format!("{url}{path}")));
    for length in [2000, 1_000_000] {
        assert_eq!(python(&format!("/text/{length}")), text(length).as_bytes());
    }
    assert_eq!(python("/lines"), all_lines().as_bytes());
}

#[test]
#[ignore = "needs Chromium and chromedriver"]
fn browser_unpacks_every_coding_that_it_takes() {
    let browser = Browser::start();
    for coding in all_codings() {
        let (_server, url) = serve(Compression::new().codings([coding]));
        browser.open(&format!("{url}/accepts"));
        assert!(browser.text().contains(coding.name()), "Chromium takes {}", browser.text());
        let script = "const response = await fetch(arguments[0]); \
                      return [response.headers.get('content-encoding'), (await response.text()).length]";
        for (path, length) in
            [("/text/2000", 2000), ("/text/1000000", 1_000_000), ("/lines", all_lines().len())]
        {
            let body = format!("return (async (...arguments) => {{ {script} }})('{path}')");
            let answer = browser.script(&body);
            assert_eq!(
                (answer[0].as_str(), answer[1].as_u64()),
                (Some(coding.name()), Some(length as u64)),
                "{path}"
            );
        }
    }
}
