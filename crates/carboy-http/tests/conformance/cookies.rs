//! `Cookie` and `Set-Cookie`.

use crate::{must, text};
use carboy_conformance::{replay, same};
use carboy_http::{
    cookie::{DEFAULT_MAX_SIZE, SameSite, SetCookie, parse_cookie},
    date::system_time,
};
use serde_json::{Value, json};
use std::time::SystemTime;

const NOW: i64 = 1_700_000_000;

// rows: E17
#[test]
fn cookies_are_read_as_werkzeug_reads_them() {
    replay("cookies/parse.json", "", &["cookies"], 500, |row| {
        let cookies: Vec<Value> =
            parse_cookie(must(row, "header")).map(|(name, value)| json!([name, value])).collect();
        same("cookies", &Value::from(cookies), &row["cookies"])
    });
}

fn built(row: &Value) -> Result<SetCookie, String> {
    let mut cookie = SetCookie::new(must(row, "key"), must(row, "value"))
        .secure(row["secure"] == true)
        .http_only(row["httponly"] == true)
        .partitioned(row["partitioned"] == true)
        .sync_expires(row["sync_expires"] != false);
    cookie = match row.get("path") {
        Some(path) => cookie.path(path.as_str().unwrap()),
        None => cookie.without_path(),
    };
    if let Some(domain) = text(row, "domain") {
        cookie = cookie.domain(domain);
    }
    if let Some(age) = row["max_age"].as_i64() {
        cookie = cookie.max_age(age);
    }
    if let Some(seconds) = row["expires"].as_i64() {
        cookie = cookie.expires(system_time(seconds).unwrap_or(SystemTime::UNIX_EPOCH));
    }
    if let Some(word) = text(row, "samesite") {
        cookie = cookie.same_site(word.parse::<SameSite>().map_err(|error| error.to_string())?);
    }
    Ok(cookie)
}

// rows: B19 F15
#[test]
fn cookies_are_written_byte_for_byte_as_werkzeug_writes_them() {
    replay("cookies/dump.json", "", &["line", "warning"], 300, |row| {
        let cookie = built(row);
        let line = cookie.as_ref().map_err(Clone::clone).and_then(|cookie| {
            cookie
                .to_line_at(system_time(NOW).unwrap_or(SystemTime::UNIX_EPOCH))
                .map_err(|error| error.to_string())
        });
        let Some(expected) = text(row, "line") else {
            // The words for a bad SameSite are Werkzeug's; those for a bad domain are Python's own.
            return match line {
                Err(error) if !error.contains("SameSite") || error == must(row, "error") => Ok(()),
                other => Err(format!("{other:?} instead of an error")),
            };
        };
        let line = line?;
        same("line", line.as_str(), expected)?;
        let max_size = row["max_size"].as_u64().map_or(DEFAULT_MAX_SIZE, |size| size as usize);
        same("warning", cookie?.oversize_warning(&line, max_size).as_deref(), text(row, "warning"))
    });
}

#[test]
fn a_removal_empties_the_cookie_and_lets_it_end_in_1970() {
    let line = SetCookie::removal("k").secure(true).to_line().unwrap();
    assert_eq!(line, "k=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; Path=/");
}

#[test]
fn a_cookie_without_a_path_has_no_path_attribute() {
    assert_eq!(SetCookie::new("k", "v").without_path().to_line().unwrap(), "k=v");
}

#[test]
fn names_that_could_smuggle_attributes_are_refused() {
    for name in ["", "a b", "a;b", "a=b", "a\"b", "a\r\nb", "a\tb"] {
        assert!(SetCookie::new(name, "v").to_line().is_err(), "{name:?}");
    }
    for domain in ["a;b", "a b.de", "a\r\nSet-Cookie: x=y"] {
        assert!(SetCookie::new("k", "v").domain(domain).to_line().is_err(), "{domain:?}");
    }
}

#[test]
fn bytes_that_are_no_utf8_become_replacement_characters() {
    let cookies: Vec<_> = parse_cookie(b"a=\xff; b=\xc3\xa9".as_slice()).collect();
    assert_eq!(cookies, [("a".into(), "\u{fffd}".into()), ("b".into(), "é".into())]);
}
