//! The header families, dates, URLs and hosts.

use crate::{must, rows, text};
use carboy_conformance::{replay, same};
use carboy_http::{
    date::{HttpDate, parse_date_unix},
    headers::{
        Accept, AcceptKind, Authorization, ContentRange, ContentSecurityPolicy, Directives, ETags, HeaderSet,
        IfRange, Range, RequestCacheControl, ResponseCacheControl, WwwAuthenticate, dump_dict_header,
        dump_list_header, dump_options_header, parse_dict_header, parse_list_header, parse_options_header,
        quote_header_value, unquote_etag, unquote_header_value,
    },
    host::get_host,
    url::{current_url, iri_to_uri, uri_to_iri, urlencode},
};
use serde_json::{Value, json};

fn pairs(directives: &Directives) -> Value {
    directives.iter().map(|(name, value)| json!([name, value])).collect()
}

// rows: Y3
#[test]
fn values_are_quoted_where_they_must_be() {
    replay("headers/quoting.json", "/quote", &["quoted"], 60, |row| {
        same("quoted", quote_header_value(must(row, "value")).as_ref(), must(row, "quoted"))
    });
    replay("headers/quoting.json", "/unquote", &["unquoted"], 60, |row| {
        same("unquoted", unquote_header_value(must(row, "value")).as_ref(), must(row, "unquoted"))
    });
}

// rows: Y3 Y4
#[test]
fn values_with_parameters_are_read_with_charsets_and_continuations() {
    replay("headers/options.json", "/parse", &["value", "options"], 250, |row| {
        let (value, options) = parse_options_header(must(row, "header"));
        same("value", value, must(row, "value"))?;
        let options: Value = options.iter().map(|(name, value)| json!([name, value])).collect();
        same("options", &options, &row["options"])
    });
    replay("headers/options.json", "/dump", &["header"], 9, |row| {
        let options: Vec<(&str, &str)> = rows(&row["options"])
            .iter()
            .map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
            .collect();
        same("header", dump_options_header(must(row, "value"), options).as_str(), must(row, "header"))
    });
}

// rows: Y6
#[test]
fn lists_and_directives_are_read_and_written() {
    replay("headers/lists.json", "", &["list", "dict", "dump_list", "dump_dict"], 200, |row| {
        let items = parse_list_header(must(row, "header"));
        same("dump_list", dump_list_header(&items).as_str(), must(row, "dump_list"))?;
        same("list", &Value::from(items), &row["list"])?;
        let directives = parse_dict_header(must(row, "header"));
        same("dict", &pairs(&directives), &row["dict"])?;
        same("dump_dict", dump_dict_header(directives.iter()).as_str(), must(row, "dump_dict"))
    });
}

// rows: E19 Y6
#[test]
fn the_best_match_of_an_accept_field_is_werkzeugs() {
    replay(
        "headers/accepts.json",
        "",
        &["items", "to_header", "best", "/quality/0/1", "/quality/0/2", "/best_match/0/1", "flags"],
        160,
        |row| {
            let kind = match must(row, "kind") {
                "mime" => AcceptKind::Mime,
                "language" => AcceptKind::Language,
                "charset" => AcceptKind::Charset,
                _ => AcceptKind::Plain,
            };
            let accept = Accept::parse(must(row, "header"), kind);
            let items: Vec<(String, f64)> = rows(&row["items"])
                .iter()
                .map(|item| (item[0].as_str().unwrap().to_owned(), item[1].as_f64().unwrap()))
                .collect();
            same("items", accept.iter().map(|(item, q)| (item.to_owned(), q)).collect(), items)?;
            same("to_header", accept.to_header().as_str(), must(row, "to_header"))?;
            same("best", accept.best(), text(row, "best"))?;
            for probe in rows(&row["quality"]) {
                let value = probe[0].as_str().unwrap();
                same("quality", Some(accept.quality(value)), probe[1].as_f64())?;
                same("contains", Some(accept.contains(value)), probe[2].as_bool())?;
            }
            for case in rows(&row["best_match"]) {
                let server: Vec<&str> = rows(&case[0]).iter().map(|value| value.as_str().unwrap()).collect();
                same(&format!("best of {server:?}"), accept.best_match(&server), case[1].as_str())?;
            }
            if kind == AcceptKind::Mime {
                let flags = json!([accept.accept_json(), accept.accept_html(), accept.accept_xhtml()]);
                same("flags", &flags, &row["flags"])?;
            }
            Ok(())
        },
    );
}

// rows: E16 Y6
#[test]
fn credentials_and_challenges_are_read_and_written() {
    replay("headers/auth.json", "/authorization", &["auth"], 38, |row| {
        let found = Authorization::parse(must(row, "header"));
        let got = found.map(|auth| {
            json!({"type": auth.scheme(), "parameters": pairs(auth.parameters()), "token": auth.token(),
                   "to_header": auth.to_header()})
        });
        same("auth", &got.unwrap_or_default(), &row["auth"])
    });
    replay("headers/auth.json", "/www_authenticate", &["auth"], 40, |row| {
        let found = WwwAuthenticate::parse(must(row, "header"));
        let mut got = found
            .map(|auth| {
                json!({"type": auth.scheme(), "parameters": pairs(auth.parameters()), "token": auth.token(),
                       "to_header": auth.to_header()})
            })
            .unwrap_or_default();
        if row["auth"].is_object() && row["auth"]["to_header"].is_null() {
            got["to_header"] = Value::Null;
        }
        same("auth", &got, &row["auth"])
    });
}

// rows: Y6
#[test]
fn cache_control_is_read_and_written() {
    let optional = |entry: Option<Option<&str>>| match entry {
        None => Value::Null,
        Some(None) => Value::Bool(true),
        Some(Some(value)) => Value::from(value),
    };
    replay("headers/cache_control.json", "", &["request", "response", "to_header"], 98, |row| {
        let request = RequestCacheControl::parse(must(row, "header"));
        let max_stale = match request.max_stale() {
            None => Value::Null,
            Some(None) => Value::Bool(true),
            Some(Some(seconds)) => Value::from(seconds),
        };
        let got = json!({
            "no_cache": request.no_cache(), "no_store": request.no_store(), "no_transform": request.no_transform(),
            "only_if_cached": request.only_if_cached(), "max_age": request.max_age(), "max_stale": max_stale,
            "min_fresh": request.min_fresh(), "stale_if_error": request.stale_if_error(),
        });
        same("request", &got, &row["request"])?;
        let response = ResponseCacheControl::parse(must(row, "header"));
        let got = json!({
            "no_cache": optional(response.no_cache()), "private": optional(response.private()),
            "no_store": response.no_store(), "public": response.public(), "max_age": response.max_age(),
            "s_maxage": response.s_maxage(), "must_revalidate": response.must_revalidate(),
            "proxy_revalidate": response.proxy_revalidate(), "immutable": response.immutable(),
            "must_understand": response.must_understand(), "no_transform": response.no_transform(),
            "stale_while_revalidate": response.stale_while_revalidate(),
            "stale_if_error": response.stale_if_error(),
        });
        same("response", &got, &row["response"])?;
        same("to_header", response.to_header().as_str(), must(row, "to_header"))
    });
}

// rows: Y6
#[test]
fn content_security_policies_are_read_and_written() {
    replay("headers/csp.json", "", &["policy", "to_header"], 50, |row| {
        let policy = ContentSecurityPolicy::parse(must(row, "header"));
        let got: Value = policy.iter().map(|(name, sources)| json!([name, sources])).collect();
        same("policy", &got, &row["policy"])?;
        same("to_header", policy.to_header().as_str(), must(row, "to_header"))
    });
}

// rows: Y6
#[test]
fn entity_tags_compare_strongly_and_weakly() {
    replay(
        "headers/etags.json",
        "/parse",
        &["strong", "weak", "star", "truth", "/contains/0/1", "/contains/0/5"],
        130,
        |row| {
            let tags = ETags::parse(must(row, "header"));
            let sorted = |tags: Vec<&str>| {
                let mut tags: Vec<String> =
                    tags.into_iter().filter(|tag| !tag.is_empty()).map(Into::into).collect();
                tags.sort();
                tags.dedup();
                Value::from(tags)
            };
            same("strong", &sorted(tags.strong().collect()), &row["strong"])?;
            same("weak", &sorted(tags.weak().collect()), &row["weak"])?;
            same("star", Some(tags.is_star()), row["star"].as_bool())?;
            same("truth", Some(!tags.is_empty()), row["truth"].as_bool())?;
            for probe in rows(&row["contains"]) {
                let tag = probe[0].as_str().unwrap();
                let got = json!([
                    tag,
                    tags.contains(tag),
                    tags.contains_weak(tag),
                    tags.is_strong(tag),
                    tags.is_weak(tag),
                    tags.contains_raw(tag)
                ]);
                same("contains", &got, probe)?;
            }
            Ok(())
        },
    );
    replay("headers/etags.json", "/unquote", &["unquoted"], 11, |row| {
        let (tag, weak) = unquote_etag(must(row, "etag"));
        same("unquoted", &json!([tag, weak]), &row["unquoted"])
    });
}

// rows: Y6
#[test]
fn ranges_are_read_and_fitted_to_a_length() {
    replay(
        "headers/ranges.json",
        "/range",
        &["ok", "to_header", "units", "/for_length/1/1", "/for_length/1/2"],
        160,
        |row| {
            let range = Range::parse(must(row, "header"));
            same("ok", Some(range.is_some()), row["ok"].as_bool())?;
            let Some(range) = range else { return Ok(()) };
            same("to_header", range.to_header().as_str(), must(row, "to_header"))?;
            same("units", range.units(), must(row, "units"))?;
            for case in rows(&row["for_length"]) {
                let length = case[0].as_u64();
                let fitted = range.range_for_length(length);
                same(
                    "range",
                    fitted.map_or(Value::Null, |(start, stop)| json!([start, stop])),
                    case[1].clone(),
                )?;
                let header = range.make_content_range(length).map(|range| range.to_header());
                same("content range", header.as_deref(), case[2].as_str())?;
            }
            Ok(())
        },
    );
    replay("headers/ranges.json", "/content_range", &["range", "to_header"], 20, |row| {
        let range = ContentRange::parse(must(row, "header"));
        let got = range
            .as_ref()
            .map(|range| json!([range.units(), range.start(), range.stop(), range.length()]))
            .unwrap_or_default();
        same("range", &got, &row["range"])?;
        same("to_header", range.map(|range| range.to_header()).as_deref(), text(row, "to_header"))
    });
    replay("headers/ranges.json", "/if_range", &["etag", "date", "to_header"], 7, |row| {
        let if_range = IfRange::parse(must(row, "header"));
        let (tag, date) = match &if_range {
            IfRange::Nothing => (None, None),
            IfRange::ETag(tag) => (Some(tag.as_str()), None),
            IfRange::Date(date) => (None, Some(*date)),
        };
        same("etag", tag, text(row, "etag"))?;
        same("date", &json!(date), &row["date"])?;
        same("to_header", if_range.to_header().as_str(), must(row, "to_header"))
    });
}

// rows: Y6
#[test]
fn sets_of_words_ignore_case_and_keep_their_order() {
    replay("headers/sets.json", "", &["to_header", "contains", "added"], 40, |row| {
        let mut words = HeaderSet::parse(must(row, "header"));
        same("to_header", words.to_header().as_str(), must(row, "to_header"))?;
        same("contains", Some(words.contains(must(row, "word"))), row["contains"].as_bool())?;
        words.add(must(row, "word"));
        same("added", words.to_header().as_str(), must(row, "added"))
    });
}

// rows: Y5
#[test]
fn dates_are_read_in_every_form_and_written_in_one() {
    replay("headers/dates.json", "/parse", &["seconds"], 160, |row| {
        same("seconds", &json!(parse_date_unix(must(row, "text"))), &row["seconds"])
    });
    replay("headers/dates.json", "/dump", &["text"], 49, |row| {
        let date = HttpDate::from_unix(row["seconds"].as_i64().unwrap());
        same("text", date.as_str(), must(row, "text"))
    });
}

// rows: Y7
#[test]
fn urls_go_from_unicode_to_ascii_and_back() {
    replay("headers/urls.json", "/convert", &["uri", "iri"], 180, |row| {
        let url = must(row, "url");
        same("uri", iri_to_uri(url).ok().as_deref(), text(row, "uri"))?;
        same("iri", uri_to_iri(url).ok().as_deref(), text(row, "iri"))
    });
    replay("headers/urls.json", "/current", &["url"], 45, |row| {
        let query: Option<Vec<u8>> = text(row, "query").map(|query| query.chars().map(|c| c as u8).collect());
        let url =
            current_url("http", must(row, "host"), text(row, "root"), text(row, "path"), query.as_deref());
        same("url", url.as_str(), must(row, "url"))
    });
    replay("headers/urls.json", "/urlencode", &["text"], 7, |row| {
        let pairs =
            rows(&row["pairs"]).iter().map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()));
        same("text", urlencode(pairs).as_str(), must(row, "text"))
    });
}

// rows: E14 U6
#[test]
fn the_host_of_a_request_is_validated_and_compared_with_the_trusted_ones() {
    replay("headers/hosts.json", "", &["found"], 320, |row| {
        let trusted: Vec<&str> = rows(&row["trusted"]).iter().map(|name| name.as_str().unwrap()).collect();
        let server =
            row["server"][0].as_str().map(|name| (name, row["server"][1].as_u64().map(|port| port as u16)));
        let host = text(row, "host");
        let found = get_host(must(row, "scheme"), host, server, &trusted).ok();
        same("found", found.as_deref(), text(row, "found"))
    });
}
