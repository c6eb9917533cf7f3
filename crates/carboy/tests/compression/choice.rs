//! Which answers are compressed, and what they say about it.

use super::*;
use carboy::testing::TestClient;

fn get(client: &TestClient, path: &str, accept: &str) -> TestResponse {
    client.get(path).header("accept-encoding", accept).send()
}

/// The coding of an answer to a client that takes gzip.
fn gzip(client: &TestClient, path: &str) -> Option<String> {
    get(client, path, "gzip").header("content-encoding").map(str::to_owned)
}

#[test]
fn an_answer_is_unpacked_to_what_it_was_in_every_coding() {
    let client = app(Compression::new()).test_client();
    for coding in all_codings() {
        for length in [1024, 5000, 32 * 1024, 32 * 1024 + 1, 1_000_000] {
            let response = get(&client, &format!("/text/{length}"), coding.name());
            assert_eq!(response.header("content-encoding"), Some(coding.name()), "{length}");
            assert_eq!(response.header("vary"), Some("Accept-Encoding"));
            assert!(response.data().len() < length / 5, "{coding:?} {length}: {}", response.data().len());
            assert_eq!(unpacked(&response), text(length).as_bytes());
            let size = response.data().len().to_string();
            let said = response.header("content-length");
            // What is compressed while it is sent has no length that could be said before.
            assert_eq!(said, (length <= 32 * 1024).then_some(size.as_str()), "{length}");
        }
    }
}

#[test]
fn the_client_chooses_among_what_is_offered() {
    let client = app(Compression::new().codings([Coding::Gzip])).test_client();
    for (accept, coding) in [
        ("gzip", Some("gzip")),
        ("GZip", Some("gzip")),
        ("x-gzip", Some("gzip")),
        ("*", Some("gzip")),
        ("gzip;q=0.001", Some("gzip")),
        ("deflate, gzip;q=0.5, sdch", Some("gzip")),
        ("identity;q=0.5, gzip", Some("gzip")),
        ("identity, gzip", Some("gzip")),
        ("identity, gzip;q=0.9", None),
        ("gzip;q=0", None),
        ("gzip;q=0, *", None),
        ("*;q=0", None),
        ("deflate", None),
        ("", None),
        (",,;", None),
        ("gzip;q=nonsense", None),
        ("identity", None),
    ] {
        let response = get(&client, "/text/2000", accept);
        assert_eq!(response.header("content-encoding"), coding, "{accept}");
        assert_eq!(response.header("vary"), Some("Accept-Encoding"), "{accept}");
        assert_eq!(unpacked(&response), text(2000).as_bytes());
    }
    assert_eq!(client.get("/text/2000").send().header("content-encoding"), None);
}

#[cfg(all(feature = "brotli", feature = "zstd"))]
#[test]
fn of_codings_that_are_wanted_equally_the_first_one_offered_is_taken() {
    let client = app(Compression::new()).test_client();
    for (accept, coding) in [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("gzip, br;q=0.9, zstd;q=0.8", "gzip"),
        ("br;q=0.2, zstd;q=0.3", "zstd"),
    ] {
        assert_eq!(get(&client, "/text/2000", accept).header("content-encoding"), Some(coding), "{accept}");
    }
    let client = app(Compression::new().codings([Coding::Brotli, Coding::Zstd])).test_client();
    assert_eq!(get(&client, "/text/2000", "gzip, br, zstd").header("content-encoding"), Some("br"));
}

#[test]
fn what_is_small_or_of_a_type_that_does_not_get_smaller_is_left_alone() {
    let client = app(Compression::new()).test_client();
    assert_eq!((gzip(&client, "/text/1023"), gzip(&client, "/text/0")), (None, None));
    for kind in [
        "image/png",
        "video/mp4",
        "application/zip",
        "font/woff2",
        "application/octet-stream",
        "text/event-stream",
    ] {
        let response = get(&client, &format!("/typed/{kind}"), "gzip");
        assert_eq!((response.header("content-encoding"), response.header("vary")), (None, None), "{kind}");
    }
    for kind in [
        "text/html; charset=utf-8",
        "text/css",
        "Application/JSON",
        "application/problem+json",
        "image/svg+xml",
        "application/javascript",
        "application/wasm",
    ] {
        assert_eq!(gzip(&client, &format!("/typed/{kind}")).as_deref(), Some("gzip"), "{kind}");
    }
    let client = app(Compression::new().types(["image/*"]).min_size(0).event_streams(true)).test_client();
    assert_eq!(gzip(&client, "/typed/image/png").as_deref(), Some("gzip"));
    assert_eq!(gzip(&client, "/typed/text/event-stream").as_deref(), Some("gzip"));
    assert_eq!(gzip(&client, "/typed/text/html"), None);
}

#[test]
fn a_client_that_takes_nothing_uncompressed_gets_small_answers_compressed_too() {
    let client = app(Compression::new()).test_client();
    for accept in ["gzip, identity;q=0", "gzip, *;q=0"] {
        let response = get(&client, "/text/10", accept);
        assert_eq!(response.header("content-encoding"), Some("gzip"), "{accept}");
        assert_eq!(unpacked(&response), text(10).as_bytes());
    }
    // What it cannot have is better than nothing.
    assert_eq!(get(&client, "/text/10", "identity;q=0").text(), text(10));
}

#[test]
fn what_is_coded_digested_partial_or_not_to_be_transformed_is_left_as_it_is() {
    let client = app(Compression::new()).test_client();
    for (name, value) in [
        ("content-encoding", "br"),
        ("cache-control", "public, no-transform"),
        ("content-digest", "sha-256=:AAAA:"),
        ("content-range", "bytes 0-1999/4000"),
    ] {
        let response = get(&client, &format!("/with/{name}/{value}"), "gzip");
        assert_eq!(response.header(name), Some(value));
        assert_eq!((response.data().len(), response.header("vary")), (2000, None), "{name}");
    }
    assert_eq!(gzip(&client, "/never"), None);
    let part = client.get("/tagged").header("accept-encoding", "gzip").header("range", "bytes=0-1499").send();
    assert_eq!((part.status().as_u16(), part.data().len()), (206, 1500));
    assert_eq!(part.header("content-encoding"), None);
}

#[test]
fn an_answer_that_sets_a_cookie_or_depends_on_the_session_is_not_compressed_unless_that_is_wanted() {
    let paths = ["/session/read", "/session/write", "/with/set-cookie/a=1", "/with/vary/Accept, cookie"];
    let client = app(Compression::new()).test_client();
    for path in paths {
        assert_eq!(gzip(&client, path), None, "{path}");
    }
    assert_eq!(gzip(&client, "/session/forced").as_deref(), Some("gzip"));
    let client = app(Compression::new().with_cookies(true)).test_client();
    for path in paths {
        let response = get(&client, path, "gzip");
        assert_eq!(response.header("content-encoding"), Some("gzip"), "{path}");
        assert!(response.header("vary").unwrap().ends_with("Accept-Encoding"), "{path}");
    }
}

#[test]
fn a_tag_becomes_weak_and_still_answers_the_question_whether_something_changed() {
    let client = app(Compression::new()).test_client();
    let plain = client.get("/tagged").send().header("etag").unwrap().to_owned();
    assert!(plain.starts_with('"'));
    let packed = get(&client, "/tagged", "gzip");
    let weak = packed.header("etag").unwrap();
    assert_eq!(weak, format!("W/{plain}"));
    assert_eq!(packed.header("accept-ranges"), None, "a part of it could not be had");
    for (known, accept) in [(plain.as_str(), ""), (plain.as_str(), "gzip"), (weak, "gzip"), (weak, "")] {
        let request = client.get("/tagged").header("if-none-match", known).header("accept-encoding", accept);
        let response = request.send();
        assert_eq!((response.status().as_u16(), response.data().len()), (304, 0), "{known} {accept}");
        assert_eq!(response.header("etag"), Some(known), "a 304 names what the client has");
        assert_eq!(response.header("content-encoding"), None);
    }
    assert_eq!(client.get("/tagged").header("if-none-match", "W/\"other\"").send().status(), 200);
}

#[test]
fn a_rest_is_never_asked_for_by_a_weak_tag() {
    let client = app(Compression::new()).test_client();
    let tag = client.get("/tagged").send().header("etag").unwrap().to_owned();
    let rest =
        |tag: &str| client.get("/tagged").header("range", "bytes=1000-").header("if-range", tag).send();
    assert_eq!(rest(&tag).status(), 206);
    let whole = rest(&format!("W/{tag}"));
    assert_eq!((whole.status().as_u16(), whole.data().len()), (200, 2000));
}

#[test]
fn head_says_what_get_says_and_has_no_body() {
    let mut app = app(Compression::new());
    let folder = carboy_testkit::Folder::new();
    std::fs::write(folder.path().join("a.css"), text(100_000)).unwrap();
    app.static_folder(folder.path()).static_url_path("/files");
    let client = app.test_client();
    for path in ["/text/2000", "/text/100000", "/tagged", "/files/a.css"] {
        let get = get(&client, path, "gzip");
        let head = client.head(path).header("accept-encoding", "gzip").send();
        assert_eq!(head.data().len(), 0);
        for name in ["content-encoding", "content-type", "vary", "etag", "accept-ranges"] {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
        assert_eq!(head.header("content-encoding"), Some("gzip"), "{path}");
        assert_eq!(head.header("content-length"), None, "{path}");
    }
    assert_eq!(
        client.head("/text/100").header("accept-encoding", "gzip").send().header("content-length"),
        Some("100")
    );
}

#[test]
fn pages_about_errors_mounts_and_the_fallback_are_compressed_too() {
    let inner = |name: &'static str| {
        let mut app = App::new(name);
        app.routes(routes![plain]);
        app.build().unwrap()
    };
    let mut outer = App::new("outer");
    outer
        .mount("/below", inner("below"))
        .errorhandler(404, |_| (text(3000), 404))
        .routes(routes![tagged])
        .middleware(|request: Request, next: Next| async move {
            let response = next.run(request).await;
            assert!(response.header("content-encoding").is_none(), "layers see plain bytes");
            response
        })
        .compress(Compression::new());
    let client = outer.test_client();
    let page = get(&client, "/nowhere", "gzip");
    assert_eq!((page.status().as_u16(), page.header("content-encoding")), (404, Some("gzip")));
    assert_eq!(unpacked(&page), text(3000).as_bytes());
    assert_eq!(gzip(&client, "/below/text/2000").as_deref(), Some("gzip"));
    let mut outer = App::new("outer");
    outer.fallback(inner("behind")).compress(Compression::new());
    assert_eq!(gzip(&outer.test_client(), "/text/2000").as_deref(), Some("gzip"));
}

#[test]
fn levels_outside_of_what_there_is_are_brought_back_into_it() {
    let compression = Compression::new().gzip_level(99);
    #[cfg(feature = "brotli")]
    let compression = compression.brotli_level(11);
    #[cfg(feature = "zstd")]
    let compression = compression.zstd_level(22);
    let shown = format!("{compression:?}");
    assert!(shown.contains("gzip_level: 9"), "{shown}");
    #[cfg(feature = "brotli")]
    assert!(shown.contains("brotli_level: 5"), "{shown}");
    #[cfg(feature = "zstd")]
    assert!(shown.contains("zstd_level: 19"), "{shown}");
}
