//! The other header fields: what is malformed is left out, and what is written of the rest is read as the same.
#![no_main]

use carboy_fuzz::{quick, text};
use carboy_http::{
    HeaderValue,
    headers::{
        Authorization, ContentSecurityPolicy, ETags, HeaderSet, RequestCacheControl, ResponseCacheControl,
        RetryAfter, WwwAuthenticate, content_disposition, dump_dict_header, dump_list_header,
        dump_options_header, parse_dict_header, parse_list_header, parse_options_header, quote_header_value,
        unquote_header_value,
    },
    mime,
};
use libfuzzer_sys::fuzz_target;

/// No field that is written may end early or hold what no field may hold.
fn fits(field: &str) {
    assert!(!field.bytes().any(|byte| byte == b'\r' || byte == b'\n' || byte == 0), "{field:?}");
}

fuzz_target!(|data: &[u8]| {
    let value = text(data);
    // What arrives in a field has no control characters but the tab; the server has seen to that.
    let field = HeaderValue::from_bytes(data).is_ok();
    quick(|| {
        let (main, options) = parse_options_header(value);
        let dumped = dump_options_header(main, options.iter());
        if field {
            fits(&dumped);
        }
        let _ = parse_options_header(&dumped);
        let list = parse_list_header(value);
        assert_eq!(parse_list_header(&dump_list_header(&list)), list, "{value:?}");
        let dict = parse_dict_header(value);
        let _ = parse_dict_header(&dump_dict_header(dict.iter()));
        assert_eq!(unquote_header_value(&quote_header_value(value)), value);

        let tags = ETags::parse(value);
        // An empty tag is like no other.
        assert!(tags.strong().take(9).all(|tag| tags.contains(tag) || tag.is_empty()));
        assert!(tags.weak().take(9).all(|tag| tags.contains_weak(tag) || tag.is_empty()));
        let _ = ETags::parse(&tags.to_header());
        let _ = ContentSecurityPolicy::parse(&ContentSecurityPolicy::parse(value).to_header());
        let set = HeaderSet::parse(value);
        assert!(set.iter().take(9).all(|word| set.contains(word)));
        let _ = RequestCacheControl::parse(value).to_header();
        let _ = ResponseCacheControl::parse(value).to_header();
        if let Some(authorization) = Authorization::parse(value) {
            let _ = (authorization.username(), authorization.password(), authorization.to_header());
        }
        if let Some(authenticate) = WwwAuthenticate::parse(value) {
            let _ = authenticate.to_header();
        }
        if let Some(retry) = RetryAfter::parse(value) {
            let _ = retry.to_header();
        }
        let disposition = content_disposition(true, value);
        fits(&disposition);
        assert!(disposition.is_ascii(), "{disposition:?}");
        let _ = (mime::guess_type(value), mime::content_type(value));
    });
});
