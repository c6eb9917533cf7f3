//! Sent and static files: header fields, ranges, conditions, and paths that lead elsewhere.

use carboy::{SendFile, prelude::*, send_file, send_from_directory};
use std::{fs, path::PathBuf};

/// A folder of its own for each test, with a file beside it that must never be served.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("carboy-files-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("static/sub")).unwrap();
        fs::write(root.join("secret.txt"), "secret").unwrap();
        fs::write(root.join("static/a.txt"), "hello world\n").unwrap();
        fs::write(root.join("static/sub/b.css"), "b{}").unwrap();
        fs::write(root.join("static/é ü.txt"), "x").unwrap();
        fs::write(root.join("static/empty.txt"), "").unwrap();
        fs::write(root.join("static/x.tar.gz"), "x").unwrap();
        let big: Vec<u8> = (0..300_000u32).map(|n| (n % 251) as u8).collect();
        fs::write(root.join("static/big.bin"), big).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_millis(1_700_000_000_500);
        fs::File::options().write(true).open(root.join("static/a.txt")).unwrap().set_modified(time).unwrap();
        Folder(root)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[route("/attachment")]
fn attachment() -> carboy::Result {
    SendFile::new("static/é ü.txt").as_attachment().send()
}

#[route("/bytes")]
fn bytes() -> carboy::Result {
    SendFile::new(b"0123456789".to_vec())
        .download_name("digits.txt")
        .max_age(std::time::Duration::from_secs(60))
        .send()
}

#[route("/nameless")]
fn nameless() -> carboy::Result {
    send_file(b"x".to_vec())
}

#[route("/missing")]
fn missing() -> carboy::Result {
    send_file("static/nowhere.txt")
}

#[route("/below/<path:name>")]
fn below(name: String) -> carboy::Result {
    send_from_directory("static", &name)
}

fn client(folder: &Folder) -> carboy::testing::TestClient {
    let mut app = App::new("files");
    app.root_path(&folder.0).routes(routes![attachment, bytes, nameless, missing, below]);
    app.test_client()
}

#[test]
fn a_static_file_has_flasks_header_fields_in_flasks_order() {
    let folder = Folder::new("headers");
    let response = client(&folder).get("/static/a.txt").send();
    assert_eq!(response.text(), "hello world\n");
    let names: Vec<_> = response.headers().keys().map(|name| name.as_str().to_owned()).collect();
    assert_eq!(
        names,
        [
            "content-disposition",
            "content-type",
            "content-length",
            "last-modified",
            "cache-control",
            "etag",
            "date",
            "accept-ranges"
        ]
    );
    assert_eq!(response.header("content-disposition"), Some("inline; filename=a.txt"));
    assert_eq!(response.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(response.header("content-length"), Some("12"));
    assert_eq!(response.header("last-modified"), Some("Tue, 14 Nov 2023 22:13:20 GMT"));
    assert_eq!(response.header("cache-control"), Some("no-cache"));
    assert!(response.header("etag").unwrap().starts_with("\"1700000000.5-12-"));
}

#[test]
fn names_types_and_ages_are_said_as_flask_says_them() {
    let folder = Folder::new("names");
    let client = client(&folder);
    let response = client.get("/attachment").send();
    assert_eq!(
        response.header("content-disposition"),
        Some("attachment; filename=\"e u.txt\"; filename*=UTF-8''%C3%A9%20%C3%BC.txt")
    );
    let response = client.get("/static/x.tar.gz").send();
    assert_eq!(response.header("content-type"), Some("application/x-tar"));
    assert_eq!(response.header("content-encoding"), Some("gzip"));
    let response = client.get("/bytes").send();
    assert_eq!(response.header("cache-control"), Some("public, max-age=60"));
    assert!(response.header("expires").is_some() && response.header("etag").is_none());
    let client = client.propagate_errors(false);
    assert_eq!(client.get("/nameless").send().status(), 500);
    assert_eq!(client.get("/missing").send().status(), 500);
}

#[test]
fn ranges_are_served_from_small_and_large_files() {
    let folder = Folder::new("ranges");
    let client = client(&folder);
    for (range, status, content_range, text) in [
        ("bytes=0-4", 206, "bytes 0-4/12", "hello"),
        ("bytes=6-", 206, "bytes 6-11/12", "world\n"),
        ("bytes=-5", 206, "bytes 7-11/12", "orld\n"),
        ("bytes=0-100", 206, "bytes 0-11/12", "hello world\n"),
    ] {
        let response = client.get("/static/a.txt").header("range", range).send();
        assert_eq!((response.status().as_u16(), response.text().as_str()), (status, text));
        assert_eq!(response.header("content-range"), Some(content_range));
        assert_eq!(response.header("content-length"), Some(text.len().to_string().as_str()));
    }
    for range in ["bytes=12-", "bytes=5-2", "bytes=0-1,3-4", "bytes=-0", "items=0-1", "bytes=a-b"] {
        let response = client.get("/static/a.txt").header("range", range).send();
        assert_eq!(response.status(), 416, "{range}");
        assert_eq!(response.header("content-range"), Some("bytes */12"));
    }
    assert_eq!(client.get("/static/empty.txt").header("range", "bytes=0-1").send().status(), 200);
    let response = client.get("/static/big.bin").header("range", "bytes=100000-199999").send();
    assert_eq!(response.status(), 206);
    assert_eq!(response.data().len(), 100_000);
    assert!(response.data().iter().enumerate().all(|(i, b)| *b == ((i + 100_000) % 251) as u8));
    let whole = client.get("/static/big.bin").send();
    assert_eq!((whole.data().len(), whole.header("content-length")), (300_000, Some("300000")));
    assert_eq!(client.get("/bytes").header("range", "bytes=2-4").send().text(), "234");
}

#[test]
fn a_file_that_the_client_has_is_not_sent_again() {
    let folder = Folder::new("conditions");
    let client = client(&folder);
    let etag = client.get("/static/a.txt").send().header("etag").unwrap().to_owned();
    let response = client.get("/static/a.txt").header("if-none-match", &etag).send();
    assert_eq!((response.status().as_u16(), response.data().len()), (304, 0));
    assert!(response.header("content-length").is_none() && response.header("content-disposition").is_some());
    let date = "Tue, 14 Nov 2023 22:13:20 GMT";
    assert_eq!(client.get("/static/a.txt").header("if-modified-since", date).send().status(), 304);
    assert_eq!(client.get("/static/a.txt").header("if-match", "\"other\"").send().status(), 412);
}

#[test]
fn head_has_the_header_fields_and_no_body() {
    let folder = Folder::new("head");
    let client = client(&folder);
    for (path, length) in [("/static/a.txt", "12"), ("/static/big.bin", "300000")] {
        let response = client.head(path).send();
        assert_eq!((response.header("content-length"), response.data().len()), (Some(length), 0));
    }
    let response = client.head("/static/a.txt").header("range", "bytes=0-4").send();
    assert_eq!((response.status().as_u16(), response.header("content-length")), (206, Some("5")));
}

/// Ways to say `..`, a separator, an absolute path or a special name.
fn hostile() -> Vec<String> {
    let dots = [
        "..",
        "%2e%2e",
        "%2E.",
        ".%2e",
        "%252e%252e",
        "..%00",
        "%c0%ae%c0%ae",
        "%u002e%u002e",
        "...",
        "....",
        ".. ",
        "..;",
    ];
    let slashes = ["/", "%2f", "%5c", "\\", "%255c", "%c0%af", "//", "/./", "%2f%2f", "%25c0%25af"];
    let mut paths = Vec::new();
    for dot in dots {
        for slash in slashes {
            paths.push(format!("{dot}{slash}secret.txt"));
            paths.push(format!("sub{slash}{dot}{slash}{dot}{slash}secret.txt"));
        }
    }
    let special = [
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "//etc/passwd",
        "file:///etc/passwd",
        "C:/Windows/win.ini",
        "c%3a%5cwindows",
        "CON",
        "a/NUL",
        "aux.txt",
        "COM1",
        "a.txt:$DATA",
        "a.txt::$DATA",
        "%00",
        "a.txt%00.html",
        ".",
        "..",
        "",
        "sub",
        "sub/",
        "~root",
        "%7e/.bashrc",
        "\\\\server\\share",
        "?/../secret.txt",
        "a.txt/../../secret.txt",
        "%0a",
        "../static/../secret.txt",
    ];
    paths.extend(special.iter().map(|path| (*path).to_owned()));
    paths
}

#[test]
fn no_path_leads_out_of_the_folder() {
    let folder = Folder::new("traversal");
    let client = client(&folder);
    let paths = hostile();
    assert!(paths.len() > 200);
    for path in paths {
        for prefix in ["/static/", "/below/"] {
            let response = client.get(&format!("{prefix}{path}")).send();
            assert!(
                matches!(response.status().as_u16(), 404 | 308) && !response.text().contains("secret\n"),
                "{prefix}{path}: {} {}",
                response.status(),
                response.text()
            );
            assert_ne!(response.text(), "secret", "{prefix}{path}");
        }
    }
    assert_eq!(client.get("/static/sub//b.css").send().status(), 200);
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_that_leads_out_is_not_followed() {
    let folder = Folder::new("links");
    std::os::unix::fs::symlink(folder.0.join("secret.txt"), folder.0.join("static/link.txt")).unwrap();
    std::os::unix::fs::symlink(&folder.0, folder.0.join("static/up")).unwrap();
    std::os::unix::fs::symlink(folder.0.join("static/a.txt"), folder.0.join("static/inside.txt")).unwrap();
    let client = client(&folder);
    assert_eq!(client.get("/static/link.txt").send().status(), 404);
    assert_eq!(client.get("/static/up/secret.txt").send().status(), 404);
    assert_eq!(client.get("/static/inside.txt").send().status(), 200);
}

#[cfg(unix)]
#[test]
fn a_pipe_below_the_folder_is_no_file_and_holds_nobody_up() {
    let folder = Folder::new("pipe");
    let made = std::process::Command::new("mkfifo").arg(folder.0.join("static/pipe.txt")).status().unwrap();
    assert!(made.success());
    assert_eq!(client(&folder).get("/static/pipe.txt").send().status(), 404);
}

#[route("/lines")]
fn lines() -> carboy::Result {
    let big: Vec<u8> = (0..200_000u32).map(|n| (n % 251) as u8).collect();
    SendFile::reader(std::io::Cursor::new(big)).mimetype("application/octet-stream").send()
}

#[test]
fn a_reader_is_streamed_in_pieces_without_a_length() {
    let mut app = App::new("readers");
    app.routes(routes![lines]);
    let response = app.test_client().get("/lines").send();
    assert_eq!(response.data().len(), 200_000);
    assert!(response.data().iter().enumerate().all(|(i, b)| *b == (i % 251) as u8));
    assert_eq!(response.header("content-length"), None);
}

#[cfg(unix)]
#[test]
fn a_link_that_changes_while_it_is_opened_never_leads_out() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let folder = Folder::new("race");
    let (inside, outside) = (folder.0.join("static/a.txt"), folder.0.join("secret.txt"));
    let (link, spare) = (folder.0.join("static/turn.txt"), folder.0.join("static/spare"));
    let stop = AtomicBool::new(false);
    let client = client(&folder);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for target in [&inside, &outside] {
                    std::os::unix::fs::symlink(target, &spare).unwrap();
                    fs::rename(&spare, &link).unwrap();
                }
            }
        });
        let texts: Vec<_> = (0..400).map(|_| client.get("/static/turn.txt").send().text()).collect();
        stop.store(true, Ordering::Relaxed);
        assert!(texts.iter().any(|text| text == "hello world\n"), "never served");
        assert!(texts.iter().all(|text| text != "secret"));
    });
}

#[test]
fn a_static_file_is_sent_from_one_that_was_compressed_beforehand_to_clients_that_take_it() {
    let folder = Folder::new("precompressed");
    let write = |name: &str, text: &str| fs::write(folder.0.join("static").join(name), text).unwrap();
    write("a.txt.gz", "gzip of a");
    write("a.txt.br", "brotli of a");
    write("sub/b.css.gz", "gzip of b");
    write("orphan.txt.gz", "without its file");
    let mut app = App::new("files");
    app.root_path(&folder.0).config().set("STATIC_PRECOMPRESSED", true);
    let client = app.test_client();
    for (path, accept, coding, text) in [
        ("/static/a.txt", "gzip, br", Some("br"), "brotli of a"),
        ("/static/a.txt", "gzip, br;q=0.5", Some("gzip"), "gzip of a"),
        ("/static/a.txt", "zstd", None, "hello world\n"),
        ("/static/a.txt", "", None, "hello world\n"),
        ("/static/sub/b.css", "br, gzip;q=0.1", Some("gzip"), "gzip of b"),
        ("/static/sub/b.css", "br", None, "b{}"),
    ] {
        let response = client.get(path).header("accept-encoding", accept).send();
        assert_eq!(response.header("content-encoding"), coding, "{path} {accept}");
        assert_eq!(response.text(), text);
        assert_eq!(response.header("vary"), Some("Accept-Encoding"));
        let plain = client.get(path).send();
        for name in ["content-type", "content-disposition"] {
            assert_eq!(response.header(name), plain.header(name), "{path} {accept}");
        }
        assert_eq!(response.header("etag") == plain.header("etag"), coding.is_none(), "one tag for each");
        let known = response.header("etag").unwrap();
        let again = client.get(path).header("accept-encoding", accept).header("if-none-match", known).send();
        assert_eq!((again.status().as_u16(), again.header("content-encoding")), (304, None));
        assert_eq!(again.header("vary"), Some("Accept-Encoding"));
    }
    let part =
        client.get("/static/a.txt").header("accept-encoding", "br").header("range", "bytes=0-5").send();
    assert_eq!((part.status().as_u16(), part.text().as_str()), (206, "brotli"));
    assert_eq!(part.header("content-encoding"), Some("br"));
    assert_eq!(client.get("/static/orphan.txt").header("accept-encoding", "gzip").send().status(), 404);
    // Whoever did not ask for it gets Flask's header fields.
    let mut plain = App::new("files");
    plain.root_path(&folder.0);
    let response = plain.test_client().get("/static/a.txt").header("accept-encoding", "br").send();
    assert_eq!((response.text().as_str(), response.header("vary")), ("hello world\n", None));
}
