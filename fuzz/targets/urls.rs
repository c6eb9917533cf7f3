//! URLs are cut and put together again without loss; quoting is undone by unquoting; no path leads out of its folder.
#![no_main]

use carboy_fuzz::{line, quick, text};
use carboy_http::{paths, url};
use libfuzzer_sys::fuzz_target;

const SAFE: url::Safe = url::Safe::new("/");

fuzz_target!(|data: &[u8]| {
    let value = text(data);
    quick(|| {
        assert_eq!(url::unquote_to_bytes(url::quote(data, &SAFE).as_bytes()), data);
        assert_eq!(url::unquote(&url::quote(value, &SAFE)), value);
        let _ = url::unquote_plus(value);
        if let Ok(split) = url::SplitUrl::parse(value) {
            let put = split.to_string();
            let again = url::SplitUrl::parse(&put).map(|again| again.to_string());
            assert_eq!(again.as_deref().ok(), Some(&*put), "{split:?}");
        }
        if let Ok(uri) = url::iri_to_uri(value) {
            assert!(uri.is_ascii(), "{uri:?}");
            // As Werkzeug's, that of an IPv6 address whose zone is not ASCII is no URI.
            if url::SplitUrl::parse(&uri).is_ok() {
                assert_eq!(url::iri_to_uri(&uri).as_deref(), Ok(&*uri));
            }
            let _ = url::uri_to_iri(&uri);
        }
        let _ = url::uri_to_iri(value);
        let (base, reference) = line(value);
        let _ = url::join(base, reference);

        let inside = |path: &str| {
            !path.starts_with('/') && !path.contains(['\\', '\0']) && path.split('/').all(|part| part != "..")
        };
        if let Some(path) = paths::safe_relative(value) {
            assert!(inside(&path), "{path:?}");
        }
        if let Some(path) = paths::safe_join("/srv", &[base, reference]) {
            let rest = path.strip_prefix("/srv").unwrap_or_else(|| panic!("{path:?}"));
            assert!(rest.is_empty() || inside(rest.trim_start_matches('/')), "{path:?}");
        }
        let name = paths::secure_filename(value);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        assert!(name.bytes().all(plain) && !name.starts_with('.') && name != "..", "{name:?}");
    });
});
