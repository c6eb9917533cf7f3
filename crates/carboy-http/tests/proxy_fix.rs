//! What a request is behind proxies: as behind Werkzeug's `ProxyFix` (the vectors of `conformance/proxy-fix`), and what peers that
//! are not trusted can do: nothing.

use carboy_conformance::replay;
use carboy_http::{
    HeaderMap, HeaderName, HeaderValue, Request, header,
    proxy::{ProxyFix, parse_forwarded},
};
use proptest::prelude::*;
use serde_json::Value;
use std::net::SocketAddr;

fn from(peer: &str, fields: &[(&str, &str)]) -> Request {
    let mut request = Request::get("/x?a=b");
    request.connection_mut().remote_addr = Some(SocketAddr::new(peer.parse().unwrap(), 4711));
    request.headers_mut().insert(header::HOST, HeaderValue::from_static("example.com"));
    for (name, value) in fields {
        let name: HeaderName = name.parse().unwrap();
        request.headers_mut().append(name, value.parse().unwrap());
    }
    request
}

/// Client, scheme, host and prefix.
fn seen(request: &Request) -> (String, &str, String, String) {
    let client = request.remote_addr().unwrap().to_string();
    (client, request.scheme(), request.host().to_owned(), request.script_root().to_owned())
}

fn counted(counts: &Value) -> ProxyFix {
    let count = |name: &str| usize::try_from(counts[name].as_u64().unwrap()).unwrap();
    ProxyFix::new()
        .x_for(count("x_for"))
        .x_proto(count("x_proto"))
        .x_host(count("x_host"))
        .x_port(count("x_port"))
        .x_prefix(count("x_prefix"))
}

// rows: V1
#[test]
fn a_request_behind_proxies_is_what_it_is_behind_werkzeugs_proxy_fix() {
    let places = ["remote_addr", "scheme", "is_secure", "host", "root_path", "url"];
    replay("proxy-fix/proxy-fix.json", "", &places, 400, |case| {
        let mut request = from("10.0.0.1", &[]);
        request.headers_mut().clear();
        request.connection_mut().local_addr = Some("127.0.0.1:8000".parse().unwrap());
        request.connection_mut().is_secure = case["scheme_before"] == "https";
        request.set_script_root(case["root_before"].as_str().unwrap());
        if let Some(host) = case["host_header"].as_str() {
            request.headers_mut().insert(header::HOST, host.parse().unwrap());
        }
        for field in case["fields"].as_array().unwrap() {
            let name: HeaderName = field[0].as_str().unwrap().parse().unwrap();
            request.headers_mut().append(name, field[1].as_str().unwrap().parse().unwrap());
        }
        counted(&case["counts"]).apply(&mut request);
        assert_eq!(request.remote_addr().unwrap().to_string(), case["remote_addr"]);
        assert_eq!(request.scheme(), case["scheme"]);
        assert_eq!(request.is_secure(), case["is_secure"]);
        assert_eq!(request.host(), case["host"]);
        assert_eq!(request.script_root(), case["root_path"]);
        if case.get("url").is_some() {
            assert_eq!(request.url(), case["url"]);
        }
    });
}

const FORGED: [(&str, &str); 8] = [
    ("x-forwarded-for", "127.0.0.1"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-port", "1"),
    ("x-forwarded-prefix", "/evil"),
    ("forwarded", "for=127.0.0.1;host=evil.example;proto=https"),
    ("x_forwarded_for", "127.0.0.1"),
    ("x-forwarded_host", "evil.example"),
];

#[test]
fn what_a_peer_says_that_is_not_trusted_is_neither_believed_nor_seen() {
    let everything = ProxyFix::new().x_host(1).x_port(1).x_prefix(1);
    for fix in [everything.clone(), everything.forwarded(1)] {
        let fix = fix.trusted_proxies(["10.0.0.0/8", "::1"]).unwrap();
        let mut request = from("192.0.2.66", &FORGED);
        fix.apply(&mut request);
        assert_eq!(seen(&request), ("192.0.2.66".into(), "http", "example.com".into(), String::new()));
        assert_eq!(request.headers().len(), 1, "{:?}", request.headers());
        assert_eq!(request.access_route(), ["192.0.2.66"]);
        assert_eq!(
            fix.client(request.connection().remote_addr, request.headers()),
            request.connection().remote_addr
        );
    }
}

#[test]
fn of_what_a_trusted_proxy_passes_on_only_what_it_said_itself_is_left() {
    let fix = ProxyFix::new().trusted_proxies(["10.0.0.0/8"]).unwrap();
    let mut request = from("10.0.0.1", &FORGED);
    request.headers_mut().append("x-forwarded-for", HeaderValue::from_static("203.0.113.9"));
    request.headers_mut().insert("x-forwarded-proto", HeaderValue::from_static("https"));
    fix.apply(&mut request);
    let expected = ("203.0.113.9".to_owned(), "https", "example.com".to_owned(), String::new());
    assert_eq!(seen(&request), expected);
    assert_eq!(request.access_route(), ["203.0.113.9"], "the client's own value is gone");
    assert_eq!(request.headers().len(), 3, "{:?}", request.headers());
    // A second time, as behind a server that has done it already.
    fix.apply(&mut request);
    assert_eq!(seen(&request), expected);
}

#[test]
fn a_proxy_that_speaks_rfc_7239_is_understood() {
    let fix = ProxyFix::new().forwarded(1).x_prefix(1).trusted_proxies(["10.0.0.0/8"]).unwrap();
    let said = "for=evil, for=\"[2001:db8::7]:4711\";proto=https;host=shop.example";
    let with = |field: &str, more: &[(&str, &str)]| {
        let mut request = from("10.0.0.1", more);
        request.headers_mut().insert(header::FORWARDED, field.parse().unwrap());
        fix.apply(&mut request);
        request
    };
    let request = with(said, &FORGED[..3]);
    assert_eq!(seen(&request), ("2001:db8::7".into(), "https", "shop.example".into(), String::new()));
    assert_eq!(request.header("x-forwarded-for"), None);
    assert_eq!(request.header("forwarded"), None, "the field has a part that the client wrote");
    let request = with("for=203.0.113.9", &[("x-forwarded-prefix", "/app")]);
    assert_eq!(seen(&request), ("203.0.113.9".into(), "http", "example.com".into(), "/app".into()));
    assert_eq!(request.header("forwarded").as_deref(), Some("for=203.0.113.9"));
    assert_eq!(seen(&with("for=unknown", &[])).0, "10.0.0.1");
}

#[test]
fn a_client_cannot_hide_behind_something_malformed() {
    let fix = ProxyFix::new().trusted_proxies(["10.0.0.0/8"]).unwrap();
    for client in ["\"", "\"a, b", "\\\"", "junk", ",\"", "a=\""] {
        let mut request = from("10.0.0.1", &[("x-forwarded-for", &format!("{client}, 203.0.113.9"))]);
        fix.apply(&mut request);
        assert_eq!(seen(&request).0, "203.0.113.9", "{client}");
        let mut request = from("10.0.0.1", &[("forwarded", &format!("{client}, for=203.0.113.9"))]);
        fix.clone().forwarded(1).apply(&mut request);
        assert_eq!(seen(&request).0, "203.0.113.9", "{client}");
    }
}

#[test]
fn bytes_outside_of_ascii_are_left_as_they_came() {
    let fix = ProxyFix::new().x_host(1).trusted_proxies(["10.0.0.1"]).unwrap();
    let mut request = from("10.0.0.1", &[]);
    let host = HeaderValue::from_bytes(b"b\xfccher.example").unwrap();
    request.headers_mut().insert("x-forwarded-host", host.clone());
    for _ in 0..2 {
        fix.apply(&mut request);
        assert_eq!(request.headers()["host"], host);
        assert_eq!(request.headers()["x-forwarded-host"], host);
    }
}

#[test]
fn the_peers_of_a_unix_socket_are_trusted_by_name() {
    let request = |fix: ProxyFix| {
        let mut request = from("10.0.0.1", &[("x-forwarded-for", "203.0.113.9")]);
        request.connection_mut().remote_addr = None;
        fix.apply(&mut request);
        request.remote_addr().map(|address| address.to_string())
    };
    assert_eq!(request(ProxyFix::new().trusted_proxies(["unix"]).unwrap()).as_deref(), Some("203.0.113.9"));
    assert_eq!(request(ProxyFix::new().trusted_proxies(["10.0.0.0/8"]).unwrap()), None);
}

fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "for=",
        "by=",
        "host=",
        "proto=",
        "https",
        ";",
        ",",
        " ",
        "\t",
        "\"",
        "\\",
        "[",
        "]",
        "::1",
        "1.2.3.4",
        ":80",
        ":",
        "_x",
        "unknown",
        "=",
        "/",
        "//",
        "é",
        "evil.example",
        "0",
    ]);
    let pieces = prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat());
    prop_oneof![4 => pieces, 1 => "[ -~]{0,40}"]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn no_text_breaks_what_reads_the_words_of_proxies(
        texts in prop::collection::vec(hostile(), 6), n in 0usize..4, forwarded in 0usize..3, peer in prop::bool::ANY,
    ) {
        parse_forwarded(&texts[0]);
        let mut headers = HeaderMap::new();
        for (text, (name, _)) in texts.iter().zip(FORGED) {
            if let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) {
                headers.append(HeaderName::from_static(name), value);
            }
        }
        let fix = ProxyFix::new().x_for(n).x_proto(n).x_host(n).x_port(n).x_prefix(n).forwarded(forwarded);
        let fix = fix.trusted_proxies(["10.0.0.0/8"]).unwrap();
        let mut request = from(if peer { "10.0.0.1" } else { "192.0.2.66" }, &[]);
        request.headers_mut().extend(headers);
        fix.apply(&mut request);
        let url = request.url();
        prop_assert!(url.starts_with("http://") || url.starts_with("https://"));
        prop_assert!(!request.script_root().starts_with("//"));
        if !peer {
            prop_assert_eq!(seen(&request), ("192.0.2.66".into(), "http", "example.com".into(), String::new()));
        }
    }
}
