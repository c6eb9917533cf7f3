//! A query is read into as many fields as were counted, and what is written of it is read as the same fields.
#![no_main]

use carboy_fuzz::{quick, text};
use carboy_http::{form::urlencoded, url};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    quick(|| {
        let query = text(data);
        let fields = urlencoded::parse(query, None);
        assert_eq!(fields.items_multi().count(), urlencoded::field_count(query.as_bytes()));
        assert!(urlencoded::parse(query, Some(3)).items_multi().count() <= 3);
        let written = url::urlencode(fields.items_multi());
        assert_eq!(urlencoded::parse(&written, None), fields, "{written}");
        for (name, value) in fields.items_multi() {
            assert!(fields.getlist(name).contains(value));
        }
    });
});
