//! Negotiation chooses among what is offered and never what is unwanted.
#![no_main]

use carboy_fuzz::{quick, text};
use carboy_http::headers::{Accept, AcceptKind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (offered, field) = carboy_fuzz::line(text(data));
    quick(|| {
        let mut values =
            vec!["text/html", "application/json", "text/html;level=1", "en-GB", "de", "gzip", "utf-8"];
        values.push(offered);
        for kind in [AcceptKind::Plain, AcceptKind::Mime, AcceptKind::Language, AcceptKind::Charset] {
            let accept = Accept::parse(field, kind);
            assert!(accept.iter().all(|(_, quality)| (0.0..=1.0).contains(&quality)), "{accept:?}");
            if let Some(best) = accept.best_match(&values) {
                assert!(values.contains(&best));
                if kind != AcceptKind::Language {
                    let most = values.iter().map(|value| accept.quality(value)).fold(0.0, f64::max);
                    assert!(accept.quality(best) > 0.0 && accept.quality(best) >= most, "{accept:?} {best}");
                }
            }
            let _ = Accept::parse(&accept.to_header(), kind);
        }
    });
});
