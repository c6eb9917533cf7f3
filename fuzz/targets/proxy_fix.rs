//! Whatever a client writes of proxies, it cannot hide behind it: what the one trusted proxy appends is what counts, and of a peer that is
//! not trusted nothing is left.
//!
//! The input: fields, a line each.
#![no_main]

use carboy_fuzz::quick;
use carboy_http::{
    HeaderName, HeaderValue, Request,
    proxy::{Node, ProxyFix, parse_forwarded},
};
use libfuzzer_sys::fuzz_target;
use std::net::SocketAddr;

/// Appends to a list as proxies do: to its last field, or as a field of its own.
fn append(request: &mut Request, name: &'static str, value: &str, own: bool) {
    let headers = request.headers_mut();
    let mut all: Vec<HeaderValue> = headers.get_all(name).iter().cloned().collect();
    let before = all.pop_if(|_| !own).filter(|last| !last.is_empty());
    let joined = before.map_or(value.into(), |last| [last.as_bytes(), b", ", value.as_bytes()].concat());
    all.push(HeaderValue::from_bytes(&joined).expect("two values are one"));
    headers.remove(name);
    for value in all {
        headers.append(name, value);
    }
}

fn is_word_of_proxies(name: &HeaderName) -> bool {
    let name = name.as_str().replace('_', "-");
    [
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-prefix",
    ]
    .contains(&&*name)
}

fuzz_target!(|data: &[u8]| {
    let proxy: SocketAddr = "10.0.0.1:4711".parse().expect("an address");
    let client = "192.0.2.9".parse().expect("an address");
    let request = || {
        let mut request = Request::get("/a");
        request.connection_mut().remote_addr = Some(proxy);
        for line in data.split(|&byte| byte == b'\n') {
            let Some(at) = line.iter().position(|&byte| byte == b':') else { continue };
            let name = HeaderName::from_bytes(&line[..at]);
            let value = HeaderValue::from_bytes(line[at + 1..].trim_ascii());
            if let (Ok(name), Ok(value)) = (name, value) {
                let _ = request.headers_mut().try_append(name, value);
            }
        }
        request
    };
    quick(|| {
        // A port is put behind the host as it is, as in Werkzeug; if it is none, doing so twice is another thing.
        let all = || ProxyFix::new().x_host(1).x_prefix(1);
        for fix in [all(), all().forwarded(1)] {
            let strange = fix.clone().trusted_proxies(["10.0.0.2"]).expect("a network");
            let mut seen = request();
            strange.apply(&mut seen);
            assert_eq!(seen.connection().remote_addr, Some(proxy));
            assert!(!seen.headers().keys().any(is_word_of_proxies), "{:?}", seen.headers());

            let ours = fix.trusted_proxies(["10.0.0.1"]).expect("a network");
            let mut seen = request();
            ours.apply(&mut seen);
            let root = seen.script_root();
            assert!(root.is_empty() || root.starts_with('/') && !root.starts_with("//"), "{root:?}");
            // What was quoted is left without its quotation marks, and may then be read as several values.
            if !data.contains(&b'"') {
                let once = format!("{:?} {:?} {root:?}", seen.headers(), seen.url());
                seen.connection_mut().remote_addr = Some(proxy);
                ours.apply(&mut seen);
                assert_eq!(format!("{:?} {:?} {:?}", seen.headers(), seen.url(), seen.script_root()), once);
            }
        }
        for own in [false, true] {
            let mut seen = request();
            append(&mut seen, "x-forwarded-for", "192.0.2.9", own);
            append(&mut seen, "x-forwarded-proto", "http", own);
            ProxyFix::new().apply(&mut seen);
            assert_eq!(seen.remote_addr(), Some(client), "{:?}", seen.headers());
            assert_eq!(seen.scheme(), "http", "{:?}", seen.headers());

            let mut seen = request();
            append(&mut seen, "forwarded", "for=192.0.2.9;proto=http", own);
            ProxyFix::new().forwarded(1).apply(&mut seen);
            assert_eq!(seen.remote_addr(), Some(client), "{:?}", seen.headers());
            assert_eq!(seen.scheme(), "http", "{:?}", seen.headers());
        }
        if let Some(elements) = parse_forwarded(carboy_fuzz::text(data)) {
            for element in elements {
                for node in [element.r#for, element.by].into_iter().flatten() {
                    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
                    assert!(!matches!(&node, Node::Obscured(name) if !name.bytes().all(plain)), "{node:?}");
                }
            }
        }
    });
});
