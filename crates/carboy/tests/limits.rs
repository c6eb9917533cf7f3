//! How much of a request is read, and what becomes of the rest: over a socket and through the test client.

use carboy::{
    Body, Converter, HttpError, SendFile, prelude::*, server::*, testing::TestClient, view::BodyStream,
};
use flate2::write::GzEncoder;
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

#[route("/length", methods = ["GET", "POST"])]
fn length() -> String {
    request().get_data().len().to_string()
}

#[route("/fields", methods = ["GET", "POST"])]
fn fields() -> String {
    format!("{} {}", request().args().len(), request().form().len())
}

#[route("/echo/<path:rest>")]
fn echo(rest: String) -> String {
    rest.len().to_string()
}

#[route("/json", methods = ["POST"])]
fn json(body: Json<Vec<u32>>) -> String {
    body.0.len().to_string()
}

/// Reads a body as it comes.
#[route("/stream", methods = ["POST"])]
async fn read_stream(mut body: BodyStream) -> carboy::Result<String> {
    let mut length = 0;
    while let Some(chunk) = body.chunk().await? {
        length += chunk.len();
    }
    Ok(length.to_string())
}

/// Keeps the uploaded file while it waits.
#[route("/file/<int:ms>", methods = ["POST"])]
async fn file(ms: u64) -> carboy::Result<String> {
    let file = request().files().get_required("f")?;
    tokio::time::sleep(Duration::from_millis(ms)).await;
    Ok(file.len().to_string())
}

#[route("/digits")]
fn digits() -> carboy::Result {
    SendFile::new(b"0123456789".to_vec()).download_name("digits.txt").send()
}

fn app() -> App {
    let mut app = App::new("limits");
    app.routes(routes![length, fields, json, read_stream, echo, file, digits]);
    app
}

/// A client that gets errors as pages, as a visitor does.
fn visitor(app: &mut App) -> TestClient {
    app.build().unwrap().test_client()
}

fn serve(app: &mut App) -> (RunningServer, SocketAddr) {
    let config = ServerConfig::new().bind("127.0.0.1:0").workers(1);
    let server = Server::new(config).start(app.build().unwrap()).unwrap();
    let address = server.addresses()[0].as_tcp().unwrap();
    (server, address)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn status(stream: &mut TcpStream) -> u16 {
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    std::str::from_utf8(&head[9..]).unwrap().parse().unwrap()
}

/// Waits until something is so; panics after ten seconds.
fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !so() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn three_hundred_thousand_fields_are_refused_and_none_of_them_is_parsed() {
    let client = visitor(&mut app());
    let flood: String = (0..300_000).map(|n| format!("a{n}=1&")).collect();
    // The best of five, so that a machine that is busy with something else does not count.
    let took = (0..5).map(|_| {
        let request = client.post("/fields").content_type(FORM).data(flood.clone());
        let begin = Instant::now();
        assert_eq!(request.send().status(), 413);
        begin.elapsed()
    });
    let took = took.min().unwrap();
    assert!(took < Duration::from_millis(500), "{took:?}");
    let at_most: String = (0..1000).map(|n| format!("a{n}=1&")).collect();
    let response = client.post("/fields").content_type(FORM).data(at_most).send();
    assert_eq!(response.text(), "0 1000");
}

#[test]
fn more_than_a_thousand_arguments_are_a_414_unless_the_app_says_otherwise() {
    let query =
        |count: usize| format!("/fields?{}", (0..count).map(|n| format!("a{n}&")).collect::<String>());
    let client = visitor(&mut app());
    assert_eq!(client.get(&query(1000)).send().text(), "1000 0");
    assert_eq!(client.get(&query(1001)).send().status(), 414);
    let mut generous = app();
    generous.config().set("MAX_ARGS", 2000);
    assert_eq!(visitor(&mut generous).get(&query(1001)).send().text(), "1001 0");
    let mut endless = app();
    endless.config().set("MAX_ARGS", ());
    assert_eq!(visitor(&mut endless).get(&query(5000)).send().text(), "5000 0");
}

#[test]
fn a_path_longer_than_8_kib_is_a_414_that_error_handlers_see() {
    let path = |length: usize| format!("/echo/{}", "x".repeat(length - "/echo/".len()));
    let mut app = app();
    app.errorhandler(414, |error: Error| (format!("told: {error}"), 414));
    let client = visitor(&mut app);
    assert_eq!(client.get(&path(8192)).send().text(), "8186");
    let response = client.get(&path(8193)).send();
    assert_eq!(response.status(), 414);
    assert!(response.text().starts_with("told: 414"), "{}", response.text());
}

#[test]
fn a_pattern_that_a_backtracking_engine_would_never_get_done_with_is_matched_at_once() {
    struct Nested;
    impl Converter for Nested {
        fn regex(&self) -> &str {
            "(?:a+)+b"
        }
    }
    let mut app = App::new("patterns");
    app.converter("nested", Nested).add_url_rule(
        "/x/<nested:text>",
        "x",
        carboy::view::view(|_| "matched"),
        Default::default(),
    );
    let client = visitor(&mut app);
    let many = "a".repeat(8000);
    assert_eq!(client.get(&format!("/x/{many}b")).send().text(), "matched");
    assert_eq!(client.get(&format!("/x/{many}c")).send().status(), 404);
}

#[test]
fn of_a_body_that_is_longer_than_the_limit_no_more_is_read_than_the_limit() {
    let taken = Arc::new(AtomicU64::new(0));
    let counted = taken.clone();
    let body = Body::from_chunks(std::iter::repeat_with(move || {
        counted.fetch_add(1 << 20, Ordering::SeqCst);
        vec![b'x'; 1 << 20]
    }));
    let response =
        visitor(&mut app()).post("/length").header("transfer-encoding", "chunked").stream(body).send();
    assert_eq!(response.status(), 413);
    assert_eq!(taken.load(Ordering::SeqCst), 17 << 20, "the chunk that passes the limit is the last");
}

#[test]
fn a_chunked_body_of_17_mib_is_a_413_over_a_socket_as_soon_as_the_limit_is_passed() {
    let (_server, address) = serve(&mut app());
    let mut stream = connect(address);
    let head = "POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = [b"100000\r\n".as_slice(), &vec![b'x'; 1 << 20], b"\r\n"].concat();
    // The 17th is never completed, and the body never ends: the answer does not wait for either.
    for _ in 0..16 {
        stream.write_all(&chunk).unwrap();
    }
    let _ = stream.write_all(&chunk[..chunk.len() / 2]);
    assert_eq!(status(&mut stream), 413);
}

#[test]
fn a_body_whose_chunks_are_malformed_is_a_short_one_for_no_kind_of_view() {
    let (_server, address) = serve(&mut app());
    let ask = |path: &str, kind: &str, body: &str| {
        let mut stream = connect(address);
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let _ = stream.write_all(body.as_bytes());
        let mut text = String::new();
        // Whoever is answered is also left: nothing behind these bytes is a request.
        let _ = stream.read_to_string(&mut text);
        text
    };
    let views = [
        ("/fields", FORM, "a=1"),
        ("/json", "application/json", "[1]"),
        ("/length", "text/plain", "[1]"),
        ("/stream", "text/plain", "[1]"),
    ];
    for (path, kind, content) in views {
        let plain = ask(
            path,
            kind,
            &format!(
                "3\r\n{content}\r\n0\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            ),
        );
        assert!(
            plain.starts_with("HTTP/1.1 200 ") && plain.matches("HTTP/1.1 ").count() == 2,
            "{path}: {plain}"
        );
        for malformed in [
            format!("3;a\nb\r\n{content}\r\n0\r\n\r\n"),
            format!("+3\r\n{content}\r\n0\r\n\r\n"),
            format!("0x3\r\n{content}\r\n0\r\n\r\n"),
            format!("10000000000000003\r\n{content}\r\n0\r\n\r\n"),
            format!("3\n{content}\n0\n\n"),
            format!("3\r\n{content}Y\r\n0\r\n\r\n"),
        ] {
            let hidden = format!("{malformed}GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            let text = ask(path, kind, &hidden);
            assert!(text.starts_with("HTTP/1.1 400 "), "{path} {malformed:?}: {text}");
            assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{path} {malformed:?}: {text}");
        }
    }
}

#[test]
fn a_body_that_says_it_is_too_long_is_refused_before_a_byte_of_it_is_sent() {
    let (_server, address) = serve(&mut app());
    let mut stream = connect(address);
    let head = "POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 17825792\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(status(&mut stream), 413);
}

#[test]
fn a_body_with_a_content_encoding_is_never_inflated() {
    let mut bomb = GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&b"a=1&".repeat(1 << 22)).unwrap();
    let bomb = bomb.finish().unwrap();
    let client = visitor(&mut app());
    let post = |path: &str, kind: &str| {
        client.post(path).content_type(kind).header("content-encoding", "gzip").data(bomb.clone()).send()
    };
    assert_eq!(post("/length", "application/json").text(), bomb.len().to_string());
    let fields = post("/fields", FORM);
    assert!(fields.status() == 200 && fields.text() != "0 1000", "{}", fields.text());
}

#[test]
fn ranges_without_end_or_without_bytes_cost_one_answer() {
    let client = visitor(&mut app());
    let many = format!("bytes={}", vec!["0-"; 1000].join(","));
    for range in [many.as_str(), "bytes=-0", "bytes=0-0,-1", "bytes=18446744073709551615-", "bytes=--1"] {
        let response = client.get("/digits").header("range", range).send();
        assert_eq!(response.status(), 416, "{range:.40}");
        assert!(response.data().len() < 1000);
    }
    assert_eq!(client.get("/digits").header("range", "bytes=-99999999999999999999").send().status(), 416);
    assert_eq!(client.get("/digits").header("range", "bytes=-3").send().text(), "789");
}

#[test]
fn more_header_fields_than_a_table_can_suffer_from_are_a_431() {
    // The header map changes to a keyed hash when names collide; a hundred could not hurt without that either.
    let (_server, address) = serve(&mut app());
    let mut stream = connect(address);
    let fields: String = (0..101).map(|n| format!("X-{n}: 1\r\n")).collect();
    stream.write_all(format!("GET /length HTTP/1.1\r\nHost: a\r\n{fields}\r\n").as_bytes()).unwrap();
    assert_eq!(status(&mut stream), 431);
}

/// A multipart body with a file of this length.
fn upload(length: usize) -> Vec<u8> {
    let head = "--b\r\nContent-Disposition: form-data; name=f; filename=f.bin\r\n\r\n";
    [head.as_bytes(), &vec![b'x'; length], b"\r\n--b--\r\n"].concat()
}

const MULTIPART: &str = "multipart/form-data; boundary=b";

/// An app whose uploads lie in this folder.
fn spooling(folder: &Path) -> App {
    let mut app = app();
    app.config().set("SPOOL_FOLDER", folder.to_str().unwrap());
    app
}

#[test]
fn uploads_beyond_the_quota_are_a_507_that_the_log_explains_and_those_that_are_gone_make_room() {
    let folder = carboy_testkit::Folder::new();
    let mut app = spooling(folder.path());
    app.config().set("MAX_SPOOL_SIZE", 1_500_000);
    let service = app.build().unwrap();
    let used = || carboy_http::SpoolFolder::at(folder.path()).used();
    std::thread::scope(|threads| {
        let first = threads.spawn(|| {
            let request =
                service.test_client().post("/file/1000").content_type(MULTIPART).data(upload(1_000_000));
            request.send().text()
        });
        eventually("the first file is kept", || used() == 1_000_000);
        let second =
            || service.test_client().post("/file/0").content_type(MULTIPART).data(upload(1_000_000)).send();
        let refused = second();
        assert_eq!(refused.status(), 507);
        assert!(refused.text().contains("no room for the uploaded file"), "{}", refused.text());
        assert_eq!(service.test_client().get("/length").send().status(), 200, "others are served");
        // A small file needs no disk.
        let small = service.test_client().post("/file/0").content_type(MULTIPART).data(upload(1000)).send();
        assert_eq!(small.text(), "1000");
        assert_eq!(first.join().unwrap(), "1000000");
        assert_eq!(used(), 0);
        assert_eq!(second().text(), "1000000");
    });
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_upload_that_is_broken_off_leaves_nothing_behind() {
    let folder = carboy_testkit::Folder::new();
    let (_server, address) = serve(&mut spooling(folder.path()));
    let used = || carboy_http::SpoolFolder::at(folder.path()).used();
    let body = upload(2_000_000);
    let mut stream = connect(address);
    let head = format!(
        "POST /file/0 HTTP/1.1\r\nHost: a\r\nContent-Type: {MULTIPART}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body[..1_500_000]).unwrap();
    eventually("the file is on its way", || used() > 1_000_000);
    drop(stream);
    eventually("it is given up", || used() == 0);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_spool_folder_that_is_not_there_is_told_at_the_start() {
    let error = spooling(Path::new("/nowhere/at/all")).build().err().unwrap().to_string();
    assert!(error.contains("SPOOL_FOLDER is /nowhere/at/all, which is no folder"), "{error}");
}

static HELD: AtomicUsize = AtomicUsize::new(0);
static ENDED: AtomicUsize = AtomicUsize::new(0);

/// Waits for something that does not come.
#[route("/held")]
async fn held() -> &'static str {
    struct Count;
    impl Drop for Count {
        fn drop(&mut self) {
            HELD.fetch_sub(1, Ordering::SeqCst);
        }
    }
    HELD.fetch_add(1, Ordering::SeqCst);
    let _count = Count;
    std::future::pending().await
}

/// How many files this process has open.
#[cfg(target_os = "linux")]
fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[cfg(target_os = "linux")]
#[test]
fn requests_whose_clients_leave_in_the_middle_of_the_view_leave_nothing_behind() {
    let mut app = app();
    app.routes(routes![held]).teardown_request(|_| {
        ENDED.fetch_add(1, Ordering::SeqCst);
    });
    let (_server, address) = serve(&mut app);
    let mut files = usize::MAX;
    for round in 0..10 {
        let clients: Vec<_> = (0..100)
            .map(|_| {
                let mut stream = connect(address);
                stream.write_all(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
                stream
            })
            .collect();
        eventually("all views wait", || HELD.load(Ordering::SeqCst) == 100);
        drop(clients);
        eventually("no view waits", || HELD.load(Ordering::SeqCst) == 0);
        // The first round opens what the process keeps.
        if round == 0 {
            eventually("the server has closed its side", || ENDED.load(Ordering::SeqCst) == 100);
            std::thread::sleep(Duration::from_millis(100));
            files = open_files();
        }
    }
    eventually("each request has ended", || ENDED.load(Ordering::SeqCst) == 1000);
    eventually("no file is open that was not before", || open_files() <= files);
}

#[route("/panic")]
fn fall_over() -> &'static str {
    session().set("n", 1);
    g().set("n", 1);
    panic!("on purpose")
}

#[test]
fn a_storm_of_panics_is_as_many_500s_and_everybody_else_is_served() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut app = app();
    app.config().set("SECRET_KEY", "k");
    let ended = Arc::new(AtomicUsize::new(0));
    let counted = ended.clone();
    app.routes(routes![fall_over]).teardown_request(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let (_server, address) = serve(&mut app);
    let mut stream = connect(address);
    for n in 0..600 {
        let (path, expected) = if n % 3 == 0 { ("/panic", 500) } else { ("/length", 200) };
        // Each on the connection of the one before: a panic does not cost it.
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        assert!(head.starts_with(&format!("http/1.1 {expected}")), "{n}: {head}");
        let length = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
        stream.read_exact(&mut vec![0; length.parse().unwrap()]).unwrap();
    }
    eventually("each request has ended", || ended.load(Ordering::SeqCst) == 600);
}

#[test]
fn views_that_block_beside_the_worker_leave_it_to_the_others() {
    #[route("/sleep", blocking)]
    fn sleep() -> &'static str {
        std::thread::sleep(Duration::from_secs(2));
        "slept"
    }
    let mut app = app();
    app.routes(routes![sleep]);
    let (_server, address) = serve(&mut app);
    let mut sleepers: Vec<_> = (0..64).map(|_| connect(address)).collect();
    for stream in &mut sleepers {
        stream.write_all(b"GET /sleep HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    }
    let begin = Instant::now();
    let mut stream = connect(address);
    stream.write_all(b"GET /length HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    assert_eq!(status(&mut stream), 200);
    assert!(begin.elapsed() < Duration::from_secs(2), "it waited for them");
    for stream in &mut sleepers {
        assert_eq!(status(stream), 200);
    }
    assert!(begin.elapsed() < Duration::from_secs(10), "they waited for each other");
}

#[test]
fn an_error_of_the_disk_is_a_500_and_that_of_a_full_one_a_507() {
    assert_eq!(HttpError::insufficient_storage().status(), 507);
    let folder = carboy_testkit::Folder::new();
    let inner = folder.path().join("gone");
    std::fs::create_dir(&inner).unwrap();
    let client = visitor(&mut spooling(&inner));
    std::fs::remove_dir(&inner).unwrap();
    let response = client.post("/file/0").content_type(MULTIPART).data(upload(1_000_000)).send();
    assert_eq!(response.status(), 500);
}
