//! A host is a well-formed name or nothing, and only a trusted one is trusted.
//!
//! The input: the host, a line end, a trusted name.
#![no_main]

use carboy_fuzz::{line, quick, text};
use carboy_http::host::{get_host, host_is_trusted, valid_host_name};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (host, trusted) = line(text(data));
    quick(|| {
        if let Some(name) = valid_host_name(host) {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
            assert!(!name.is_empty() && name.bytes().all(plain), "{name:?}");
        }
        let none: [&str; 0] = [];
        for scheme in ["http", "https", "ws", "other"] {
            let own =
                get_host(scheme, Some(host), Some(("a.example", Some(80))), &none).expect("all are trusted");
            assert!(own.is_empty() || valid_host_name(&own).is_some(), "{own:?}");
            if let Ok(own) = get_host(scheme, Some(host), None, &[trusted]) {
                assert!(host_is_trusted(&own, &[trusted]));
            }
        }
        if host_is_trusted(host, &["a.example"]) {
            assert!(
                valid_host_name(host).is_some_and(|name| name.eq_ignore_ascii_case("a.example")),
                "{host:?}"
            );
        }
        if host_is_trusted(host, &[".a.example"]) {
            let name = valid_host_name(host).unwrap_or_default().to_ascii_lowercase();
            assert!(name == "a.example" || name.ends_with(".a.example"), "{host:?}");
        }
        let _ = host_is_trusted("a.example", &[trusted]);
    });
});
