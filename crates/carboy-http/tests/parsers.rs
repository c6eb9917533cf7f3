//! No input breaks a parser, and what is written can be read again.

use carboy_http::{
    HeaderMap, HeaderValue, Method,
    conditional::{Conditions, Validators, decide},
    cookie::{SetCookie, parse_cookie},
    date::{HttpDate, parse_date_unix},
    header,
    headers::{
        Accept, AcceptKind, Authorization, ContentRange, ContentSecurityPolicy, ETags, HeaderSet, IfRange,
        Range, RequestCacheControl, ResponseCacheControl, RetryAfter, WwwAuthenticate, content_disposition,
        dump_dict_header, dump_list_header, dump_options_header, parse_dict_header, parse_list_header,
        parse_options_header, quote_header_value, text, unquote_header_value,
    },
    host::{get_host, host_is_trusted},
    mime::guess_type,
    paths::{safe_join, safe_relative, secure_filename},
    url::{self, current_url, iri_to_uri, uri_to_iri},
};
use proptest::prelude::*;

/// Text in which the characters that parsers look for are frequent.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a", "b", "=", ";", ",", "\"", "\\", " ", "\t", "*", "*0", "%", "%C3", "%41", "'", "UTF-8''", "W/",
        "-", "/", ".", "..", ":", "@", "[", "]", "0", "9", "1994", "Nov", "GMT", "+", "é", "日", "\u{0}",
        "\r\n", "bytes=", "q=", "xn--", "://", "?", "#", "\u{ff0f}", "CON",
    ]);
    let pieces = prop::collection::vec(pieces, 0..14).prop_map(|pieces| pieces.concat());
    prop_oneof![3 => pieces, 1 => any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn no_text_makes_a_parser_panic(text in hostile(), other in hostile(), length in any::<u64>()) {
        parse_cookie(&text).for_each(drop);
        parse_options_header(&text);
        parse_list_header(&text);
        parse_dict_header(&text);
        unquote_header_value(&text);
        for kind in [AcceptKind::Plain, AcceptKind::Mime, AcceptKind::Language, AcceptKind::Charset] {
            let accept = Accept::parse(&text, kind);
            accept.best_match(&[other.as_str(), "text/html", "en"]);
            accept.to_header();
        }
        Authorization::parse(&text).map(|auth| auth.to_header());
        WwwAuthenticate::parse(&text).map(|auth| auth.to_header());
        RequestCacheControl::parse(&text).max_age();
        ResponseCacheControl::parse(&text).to_header();
        ContentSecurityPolicy::parse(&text).to_header();
        ETags::parse(&text).contains_raw(&other);
        IfRange::parse(&text).to_header();
        if let Some(range) = Range::parse(&text) {
            range.to_header();
            if let Some((start, stop)) = range.range_for_length(Some(length)) {
                prop_assert!(start < stop && stop <= length);
            }
        }
        ContentRange::parse(&text).map(|range| range.to_header());
        RetryAfter::parse(&text).map(|retry| retry.to_header());
        HeaderSet::parse(&text).to_header();
        parse_date_unix(&text).map(HttpDate::from_unix);
        guess_type(&text);
        url::unquote(&text);
        url::unquote_plus(&text);
        iri_to_uri(&text).ok();
        uri_to_iri(&text).ok();
        url::join(&text, &other).ok();
        current_url(&text, &other, Some(&text), Some(&other), Some(text.as_bytes()));
        host_is_trusted(&text, &[other.as_str()]);
        get_host("http", Some(&text), None, &[other.as_str()]).ok();
        SetCookie::new(text.as_str(), other.as_str()).domain(other.as_str()).path(text.as_str()).to_header_value().ok();
    }

    #[test]
    fn no_bytes_make_a_conditional_request_panic(
        bytes in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 5),
    ) {
        let names = [
            header::RANGE, header::IF_RANGE, header::IF_NONE_MATCH, header::IF_MATCH, header::IF_MODIFIED_SINCE,
        ];
        let mut headers = HeaderMap::new();
        for (name, bytes) in names.iter().zip(&bytes) {
            if let Ok(value) = HeaderValue::from_bytes(bytes) {
                text(&value);
                headers.append(name, value);
            }
        }
        let validators = Validators { etag: Some("\"a\""), last_modified: Some(0) };
        decide(&Method::GET, &Conditions::of(&headers), validators, Some(10));
    }

    #[test]
    fn a_cookie_that_was_written_is_read_again(name in "[a-z!#$%&'*+.^_`|~0-9-]{1,8}", value in any::<String>()) {
        let line = SetCookie::new(name.as_str(), value.as_str()).without_path().to_line().unwrap();
        let read: Vec<_> = parse_cookie(&line).collect();
        prop_assert_eq!(read, [(name.into(), value.into())]);
    }

    #[test]
    fn parameters_that_were_written_are_read_again(
        value in "[a-z/]{1,8}",
        name in "[a-z]{1,8}",
        option in any::<String>().prop_filter("an encoded quote reads as a quote", |option| !option.contains("%22")),
    ) {
        let header = dump_options_header(&value, [(name.as_str(), option.as_str())]);
        let (read, options) = parse_options_header(&header);
        prop_assert_eq!(read, value);
        prop_assert_eq!(options.get(&name), Some(option.as_str()));
    }

    #[test]
    fn quoted_values_and_lists_are_read_again(value in any::<String>(), items in prop::collection::vec("[^\t ]{1,6}", 0..4)) {
        let quoted = quote_header_value(&value);
        prop_assert_eq!(unquote_header_value(&quoted).into_owned(), value.clone());
        let directives = parse_dict_header(&dump_dict_header([("a", Some(value.as_str())), ("b", None)]));
        prop_assert_eq!(directives.get("a"), Some(value.as_str()));
        prop_assert_eq!(parse_list_header(&dump_list_header(&items)), items);
    }

    #[test]
    fn a_joined_path_never_leads_out(path in hostile(), second in hostile()) {
        if let Some(joined) = safe_join("/srv", &[&path, &second]) {
            prop_assert!(joined.starts_with("/srv"));
            prop_assert!(joined.split('/').all(|segment| segment != ".."), "{}", joined);
        }
        if let Some(relative) = safe_relative(&path) {
            prop_assert_eq!(safe_relative(&relative), Some(relative.clone()));
        }
    }

    #[test]
    fn a_secure_filename_stays_as_it_is(name in any::<String>()) {
        let secure = secure_filename(&name);
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        prop_assert!(secure.chars().all(allowed));
        prop_assert!(!secure.starts_with('.'));
    }

    #[test]
    fn a_disposition_is_always_a_header_value(name in any::<String>(), attachment in any::<bool>()) {
        let header = content_disposition(attachment, &name);
        prop_assert!(header.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{}", header);
    }
}

#[test]
fn a_path_of_two_slashes_does_not_become_a_host() {
    for url in ["////evil.example/x", "http:////evil.example/x", "x:////evil.example/x", "http://a//b"] {
        let split = url::SplitUrl::parse(url).unwrap();
        assert_eq!((split.to_string().as_str(), split.path.starts_with("//")), (url, true));
        assert_eq!(iri_to_uri(url).as_deref(), Ok(url));
    }
}

/// A value of as many bytes as a server lets through, of which each item is another one.
fn crowded(item: impl Fn(usize) -> String, separator: &str) -> String {
    let mut value = String::new();
    for number in 0.. {
        let item = item(number);
        if value.len() + item.len() > 60_000 {
            break;
        }
        value += &item;
        value += separator;
    }
    value
}

#[test]
fn a_header_of_thousands_of_items_is_read_in_one_go() {
    let begin = std::time::Instant::now();
    for _ in 0..5 {
        let options = crowded(|n| format!("{n:x}=1"), ";");
        assert!(parse_options_header(&format!("a;{options}")).1.len() > 8000);
        assert_eq!(Accept::parse(&format!("a/b;{options}"), AcceptKind::Mime).iter().count(), 1);
        let continued = crowded(|n| format!("{n:x}*0=1"), ";");
        assert!(parse_options_header(&format!("a;{continued}")).1.len() > 5000);
        let mixed = crowded(|n| format!("{:x}{}=1", n / 2 % 3000, ["", "*0"][n % 2]), ";");
        assert!(parse_options_header(&format!("a;{mixed}")).1.len() > 2000);
        assert!(parse_dict_header(&crowded(|n| format!("{n:x}=1"), ",")).len() > 8000);
        assert!(RequestCacheControl::parse(&crowded(|n| format!("{n:x}=1"), ",")).max_age().is_none());
        let csp = ContentSecurityPolicy::parse(&crowded(|n| format!("{n:x} y"), ";"));
        assert!(csp.iter().count() > 8000);
        let accept = Accept::parse(&crowded(|n| format!("a/{n:x};q=0.{}", n % 10), ","), AcceptKind::Mime);
        assert_eq!(accept.best_match(&["x/y", "z/z"]), None);
    }
    // Half a second of it without optimisation; a time that grows with the square of the items is half a minute.
    assert!(begin.elapsed().as_secs() < 15, "{:?}", begin.elapsed());
}
