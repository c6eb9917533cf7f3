//! Replays Flask's sessions (`conformance/generate/session.py`).

use std::cell::Cell;
use std::time::Duration;

use carboy_conformance::replay;
use carboy_http::{HeaderMap, HeaderValue, Response, header};
use carboy_signing::Clock;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::*;

const NOW: u64 = 1_700_000_000;

fn config() -> SessionConfig {
    SessionConfig { secret_key: Some(b"dev".to_vec()), clock: Clock::fixed(NOW), ..SessionConfig::default() }
}

/// A configuration under Flask's names.
fn configured(keys: &Json) -> SessionConfig {
    let mut config = config();
    for (key, value) in keys.as_object().unwrap() {
        let text = || value.as_str().unwrap().to_owned();
        let on = || value.as_bool().unwrap();
        match key.as_str() {
            "SESSION_COOKIE_NAME" => config.cookie_name = text(),
            "SESSION_COOKIE_DOMAIN" => config.domain = Some(text()),
            "SESSION_COOKIE_PATH" => config.path = text(),
            "SESSION_COOKIE_HTTPONLY" => config.httponly = on(),
            "SESSION_COOKIE_SECURE" => config.secure = on(),
            "SESSION_COOKIE_SAMESITE" => config.samesite = Some(text().parse().unwrap()),
            "SESSION_COOKIE_PARTITIONED" => config.partitioned = on(),
            "SESSION_REFRESH_EACH_REQUEST" => config.refresh_each_request = on(),
            "PERMANENT_SESSION_LIFETIME" => config.lifetime = Duration::from_secs(value.as_u64().unwrap()),
            "SECRET_KEY_FALLBACKS" => {
                let keys = value.as_array().unwrap().iter();
                config.fallbacks = keys.map(|key| key.as_str().unwrap().into()).collect();
            }
            other => panic!("{other}"),
        }
    }
    config
}

fn request(cookie_field: &str) -> HeaderMap {
    HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(cookie_field).unwrap())])
}

fn open(config: &SessionConfig, cookie_field: &str) -> Session {
    SecureCookieSessionInterface.open(config, &request(cookie_field))
}

fn save(config: &SessionConfig, session: &Session) -> Response {
    let mut response = Response::empty();
    let saving = SecureCookieSessionInterface.save(config, session, false, &mut response);
    futures_util::FutureExt::now_or_never(saving).expect("a cookie is written at once").unwrap();
    response
}

fn set_cookies(response: &Response) -> Vec<&str> {
    response.headers().get_all(header::SET_COOKIE).iter().map(|line| line.to_str().unwrap()).collect()
}

/// A value with its Python type, as the script tells it.
fn shape(value: &Value) -> Json {
    let list = |items: &[Value]| items.iter().map(shape).collect::<Json>();
    match value {
        Value::Null => json!(["const", null]),
        Value::Bool(on) => json!(["const", on]),
        Value::Int(number) => json!(["int", number.to_string()]),
        Value::BigInt(number) => json!(["int", number.as_str()]),
        Value::Float(number) if number.is_nan() => json!(["float", "nan"]),
        Value::Float(number) if number.is_infinite() => {
            json!(["float", if *number > 0.0 { "inf" } else { "-inf" }])
        }
        Value::Float(number) => json!(["float", crate::json::dumps(number).unwrap()]),
        Value::Str(text) => json!(["str", text]),
        Value::NotUnicode(text) => json!(["str", text.units()]),
        Value::Bytes(bytes) => json!(["bytes", bytes]),
        Value::List(items) => json!(["list", list(items)]),
        Value::Tuple(items) => json!(["tuple", list(items)]),
        Value::Markup(html) => json!(["markup", html]),
        Value::Uuid(uuid) => json!(["uuid", uuid.to_string()]),
        Value::DateTime(time) => json!(["datetime", time.unix_seconds()]),
        Value::Dict(dict) => dict_shape(dict),
    }
}

fn dict_shape(dict: &Dict) -> Json {
    let items = dict.iter().map(|(key, value)| json!([key, shape(value)]));
    json!(["dict", items.collect::<Json>()])
}

fn text<'v>(row: &'v Json, field: &str) -> &'v str {
    row[field].as_str().unwrap_or_else(|| panic!("no {field} in {row}"))
}

// rows: B7 K1
#[test]
fn cookies_of_python_are_read_and_written_again_byte_for_byte() {
    let config = config();
    let (count, same) = (Cell::new(0), Cell::new(0));
    replay("session/cookies.json", "", &["shape", "again"], 480, |row| {
        let cookie = text(row, "cookie");
        let session = open(&config, &format!("session={cookie}"));
        let dict = session.to_dict();
        assert_eq!(dict_shape(&dict), row["shape"], "{row}");
        let payload = String::from_utf8(TaggedJson.dumps(&dict).unwrap()).unwrap();
        assert_eq!(payload, text(row, "again"), "{row}");
        // What was not changed is written again as it was.
        session.set_modified(true);
        let response = save(&config, &session);
        if dict.is_empty() {
            return;
        }
        count.set(count.get() + 1);
        let line = set_cookies(&response)[0].to_owned();
        let written = line.strip_prefix("session=").unwrap().split(';').next().unwrap();
        if written == cookie {
            same.set(same.get() + 1);
        } else {
            assert!(cookie.starts_with('.') || row["payload"] != row["again"], "{row}");
            assert_eq!(dict_shape(&open(&config, &format!("session={written}")).to_dict()), row["shape"]);
        }
    });
    assert!(same.get() * 10 >= count.get() * 9, "{same:?} of {count:?}");
}

#[test]
fn payloads_are_read_as_python_reads_them_and_refused_without_a_crash() {
    let config = config();
    let refused = |row: &Json| match (row["error"].as_str(), row["shape"][0].as_str()) {
        (Some(error), None) => assert_eq!(error, "BadPayload", "{row}"),
        (None, Some(kind)) => {
            assert!(["list", "tuple", "const", "int", "float", "str"].contains(&kind), "{row}")
        }
        _ => panic!("{row}"),
    };
    replay("session/reading.json", "", &["shape", "error"], 70, |row| {
        let Some(input) = row["text"].as_str() else {
            let input = text(row, "repeat").repeat(row["times"].as_u64().unwrap() as usize);
            assert!(TaggedJson.loads(input.as_bytes()).is_err(), "{row}");
            return refused(row);
        };
        let opened = open(&config, &format!("session={}", text(row, "cookie"))).to_dict();
        match TaggedJson.loads(input.as_bytes()) {
            Ok(dict) => {
                assert_eq!(dict_shape(&dict), row["shape"], "{row}");
                assert_eq!(dict_shape(&opened), row["shape"], "{row}");
            }
            Err(_) => {
                assert!(opened.is_empty());
                refused(row);
            }
        }
    });
}

// rows: B7 B8 B9 K8 U7
#[test]
fn flask_and_carboy_see_the_same_session_in_the_same_cookies() {
    replay("session/hostile.json", "", &["shape"], 150, |row| {
        let mut config = configured(&row["config"]);
        config.clock = Clock::fixed(row["now"].as_u64().unwrap());
        let session = open(&config, text(row, "field"));
        assert_eq!(dict_shape(&session.to_dict()), row["shape"]);
    });
}

// rows: B10 B11 K2 K3 K4 K5 K6
#[test]
fn a_response_has_the_header_fields_that_flask_gives_it() {
    replay("session/requests.json", "", &["set_cookie", "vary"], 700, |row| {
        let config = configured(&row["config"]);
        let headers = match row["cookie"].as_str() {
            Some(cookie) => request(&format!("{}={cookie}", config.cookie_name)),
            None => HeaderMap::new(),
        };
        let session = SecureCookieSessionInterface.open(&config, &headers);
        let operations = row["operations"].as_array().unwrap();
        for operation in operations {
            operate(&session, operation);
        }
        let refreshes = SecureCookieSessionInterface.refreshes_untouched(&config, &headers);
        let response =
            if operations.is_empty() && !refreshes { Response::empty() } else { save(&config, &session) };
        let lines = set_cookies(&response);
        let expected: Vec<&str> =
            row["set_cookie"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        let compressed = expected.first().is_some_and(|line| line.contains("=."));
        if compressed && lines != expected {
            // Another deflate, so perhaps another value; the rest is the same, and so is what it says.
            let (ours, theirs) = (parts(lines[0]), parts(expected[0]));
            assert_eq!(ours.1, theirs.1, "{row}");
            assert_eq!(
                dict_shape(&open(&config, ours.0).to_dict()),
                dict_shape(&open(&config, theirs.0).to_dict()),
                "{row}"
            );
        } else {
            assert_eq!(lines, expected, "{row}");
        }
        let vary = response.headers().get(header::VARY).map(|vary| vary.to_str().unwrap());
        assert_eq!(vary, row["vary"].as_str(), "{row}");
        assert_eq!(vary.is_none(), row["vary"].is_null());
    });
}

/// The pair of a `Set-Cookie` line, and its attributes.
fn parts(line: &str) -> (&str, &str) {
    line.split_once(';').unwrap()
}

fn operate(session: &Session, operation: &Json) {
    let key = || operation[1].as_str().unwrap();
    match operation[0].as_str().unwrap() {
        "set" => session.set(key(), &operation[2]),
        "get" => drop(session.get::<Value>(key())),
        "del" => assert!(session.remove(key())),
        "pop" => drop(session.pop::<Value>(key())),
        "contains" => drop(session.contains(key())),
        "len" => drop(session.len()),
        "clear" => session.clear(),
        "extend" => {
            let items: Dict = Value::from_serialize(&operation[1]).unwrap().deserialize_into().unwrap();
            session.extend(items);
        }
        "setdefault" => drop(session.setdefault(key(), operation[2].as_i64().unwrap())),
        "set_permanent" => session.set_permanent(operation[1].as_bool().unwrap()),
        "permanent" => drop(session.permanent()),
        "set_modified" => session.set_modified(operation[1].as_bool().unwrap()),
        "append" => {
            session.update(key(), |list: &mut Vec<i64>| list.push(operation[2].as_i64().unwrap()));
        }
        "flash" => {
            let category = operation[2].as_str().unwrap_or("message");
            crate::flash::flash_into(session, key(), category);
        }
        "flashed" => drop(crate::flash::take_flashes(session)),
        other => panic!("{other}"),
    }
}

#[test]
fn fifty_megabytes_in_a_signed_cookie_are_never_inflated() {
    let bomb =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/session/bomb.txt"))
            .unwrap();
    let field = format!("session={}", bomb.trim());
    assert!(open(&config(), &field).is_empty());
    let generous = SessionConfig { inflate_limit: 60_000_000, ..config() };
    assert_eq!(open(&generous, &field).get::<String>("a").unwrap().len(), 50_000_000);
}

#[test]
fn of_several_session_cookies_the_one_good_one_counts_and_of_two_good_ones_none() {
    let config = config();
    let sign = |user: u32| {
        let session = Session::default();
        session.set("user", user);
        parts(set_cookies(&save(&config, &session))[0]).0.to_owned()
    };
    let (one, two) = (sign(1), sign(2));
    for (field, user) in [
        (format!("session=bad; {one}"), Some(1)),
        (format!("{two}; session=bad"), Some(2)),
        (format!("{one}; session=bad; {one}"), Some(1)),
        // A neighbour on the domain may have set either, with an account of its own.
        (format!("session=bad; {one}; {two}"), None),
        (format!("{two}; {one}"), None),
        (format!("session=; {one}"), Some(1)),
        ("session=bad; session=worse".to_owned(), None),
    ] {
        assert_eq!(open(&config, &field).get::<u32>("user"), user, "{field}");
    }
    let mut fields = request("session=bad");
    fields.append(header::COOKIE, one.parse().unwrap());
    let session = SecureCookieSessionInterface.open(&config, &fields);
    assert_eq!(session.get::<u32>("user"), Some(1));
}

#[test]
fn without_secret_key_reading_is_empty_and_writing_fails_with_flasks_sentence() {
    for secret_key in [None, Some(Vec::new())] {
        let config = SessionConfig { secret_key, ..config() };
        let session = open(&config, "session=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk");
        assert!(session.is_null() && session.is_empty());
        assert_eq!(session.get::<u32>("a"), None);
        let error = session.try_set("a", 1).unwrap_err();
        assert!(error.is_unavailable());
        assert_eq!(error.to_string(), NO_SECRET_KEY);
        type Write = fn(&Session);
        let writes: [(&str, Write); 7] = [
            ("set", |s| s.set("a", 1)),
            ("pop", |s| s.pop::<u32>("a").map_or((), drop)),
            ("remove", |s| assert!(!s.remove("a"))),
            ("clear", Session::clear),
            ("extend", |s| s.extend(Dict::new())),
            ("setdefault", |s| assert_eq!(s.setdefault("a", 1), 1)),
            ("set_permanent", |s| s.set_permanent(true)),
        ];
        for (name, write) in writes {
            let panic = std::panic::catch_unwind(|| write(&session)).expect_err(name);
            assert_eq!(panic.downcast_ref::<String>().unwrap(), NO_SECRET_KEY, "{name}");
        }
        assert!(!session.modified());
    }
}

#[test]
fn a_session_is_decoded_at_first_touch_and_only_then_counts_as_accessed() {
    let session = open(&config(), "session=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk");
    assert!(format!("{session:?}").contains("not read yet"));
    assert!(!session.accessed() && !session.is_new() && !session.is_null());
    let response = save(&config(), &session);
    assert!(set_cookies(&response).is_empty() && !response.headers().contains_key(header::VARY));
    assert!(!session.accessed());
    assert_eq!(session.clone().get("a"), Some(1));
    assert!(session.accessed());
    assert!(!session.modified());
}

#[test]
fn cookies_of_secure_requests_are_secure() {
    let session = Session::default();
    session.set("a", 1);
    let mut response = Response::empty();
    config().set_cookie(&session, true, &mut response, |_| Ok("id".to_owned())).unwrap();
    assert_eq!(set_cookies(&response), ["session=id; Secure; HttpOnly; Path=/"]);
}

#[test]
fn rust_values_come_back_as_they_went_in() {
    #[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
    struct Cart {
        owner: Option<String>,
        items: Vec<(u32, f32)>,
        kind: Kind,
        prices: std::collections::BTreeMap<u16, i128>,
    }
    #[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
    enum Kind {
        Plain,
        Marked(char),
        Sized { width: u8, height: u8 },
        Both(u8, bool),
    }
    let kinds = [Kind::Plain, Kind::Marked('é'), Kind::Sized { width: 1, height: 2 }, Kind::Both(3, true)];
    for kind in kinds {
        let cart = Cart {
            owner: Some("Zoë".to_owned()),
            items: vec![(1, 0.1), (2, 2.5)],
            kind,
            prices: [(1, i128::MAX), (65535, -5)].into(),
        };
        let session = Session::default();
        session.set("cart", &cart);
        let config = config();
        let response = save(&config, &session);
        let again = open(&config, parts(set_cookies(&response)[0]).0);
        assert_eq!(again.get::<Cart>("cart"), Some(cart));
        assert_eq!(again.get::<u32>("cart"), None);
        assert!(again.try_get::<u32>("cart").is_err());
        assert_eq!(again.try_get::<u32>("missing"), Ok(None));
    }
    let uuid = uuid::Uuid::from_u128(7);
    let session = Session::default();
    session.set("uuid", Value::Uuid(uuid));
    session.set("bytes", Value::Bytes(vec![1, 2]));
    session.set("time", DateTime::from_unix(5));
    session.set("float", 3);
    assert_eq!(session.get("uuid"), Some(uuid));
    assert_eq!(session.get::<Vec<u8>>("bytes"), Some(vec![1, 2]));
    assert_eq!(session.get::<DateTime>("time"), Some(DateTime::from_unix(5)));
    assert_eq!(session.get::<f64>("float"), Some(3.0));
    assert_eq!(session.get::<Option<u8>>("float"), Some(Some(3)));
}

#[test]
fn values_keep_their_python_types_through_set_and_get() {
    let text = r#"{"x":[{" t":[1,{" b":"AP8="}]},{" m":"<b>"},{" u":"00000000000000000000000000000007"},"#
        .to_owned()
        + r#"{" d":"Tue, 14 Nov 2023 22:13:20 GMT"},1180591620717411303424,"\ud800 \" \u00e9",NaN,{" x":{" t":[]}}]}"#;
    let session = Session::from_dict(TaggedJson.loads(text.as_bytes()).unwrap());
    let value: Value = session.get("x").unwrap();
    session.set("x", &value);
    assert_eq!(TaggedJson.dumps(&session.to_dict()).unwrap(), text.as_bytes());
    session.update("x", |value: &mut Value| *value = Value::List(value.as_list().unwrap().to_vec()));
    assert_eq!(TaggedJson.dumps(&session.to_dict()).unwrap(), text.as_bytes());
    // Other formats see what they can.
    let json = serde_json::to_value(&value.as_list().unwrap()[..4]).unwrap();
    let expected = json!([
        [1, [0, 255]],
        "<b>",
        "00000000-0000-0000-0000-000000000007",
        "Tue, 14 Nov 2023 22:13:20 GMT"
    ]);
    assert_eq!(json, expected);
    let back: Value = serde_json::from_value(json!({"a": [1, -1, 1.5, "b", null, true, u64::MAX]})).unwrap();
    let dict = back.as_dict().unwrap();
    assert_eq!(
        String::from_utf8(TaggedJson.dumps(dict).unwrap()).unwrap(),
        r#"{"a":[1,-1,1.5,"b",null,true,18446744073709551615]}"#
    );
}

#[test]
fn sessions_nested_too_deep_are_an_error_when_they_are_saved() {
    let deep = |levels: usize| (0..levels).fold(Value::Null, |inner, _| Value::List(vec![inner]));
    let dict = |levels| Dict::from_iter([("a".to_owned(), deep(levels))]);
    let deepest = TaggedJson.dumps(&dict(TaggedJson::MAX_DEPTH - 1)).unwrap();
    assert!(TaggedJson.loads(&deepest).is_ok());
    assert!(TaggedJson.dumps(&dict(TaggedJson::MAX_DEPTH)).is_err());
    let session = Session::from_dict(dict(TaggedJson::MAX_DEPTH));
    session.set_modified(true);
    let mut response = Response::empty();
    let config = config();
    let saving = SecureCookieSessionInterface.save(&config, &session, false, &mut response);
    assert!(futures_util::FutureExt::now_or_never(saving).unwrap().is_err());
}

#[test]
fn a_views_own_code_may_use_the_session_while_it_is_changed() {
    let session = Session::default();
    let inner = session.clone();
    session.update("n", |n: &mut u32| {
        inner.set("seen", true);
        *n += 1;
    });
    assert_eq!((session.get("n"), session.get("seen")), (Some(1), Some(true)));
}

#[test]
fn neither_keys_nor_values_are_shown() {
    let session = Session::default();
    session.set("name", "hush");
    let config = SessionConfig { secret_key: Some(b"hush".to_vec()), ..SessionConfig::default() };
    let shown = format!("{session:?} {config:?}");
    assert!(shown.contains("name") && !shown.contains("hush"), "{shown}");
}

#[test]
fn no_mutilated_payload_makes_the_reader_panic_or_change_its_mind() {
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut below = |bound: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % bound as u64) as usize
    };
    let pieces = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "d800", "-", "1e", "9", ".", " t", " di", "é", "\0",
        "N", "null",
    ];
    let mut read = 0;
    for row in carboy_conformance::load("session/cookies.json").as_array().unwrap() {
        let payload = text(row, "payload");
        for _ in 0..20 {
            let mut mutilated = payload.to_owned();
            for _ in 0..=below(3) {
                let mut at = below(mutilated.len() + 1);
                while !mutilated.is_char_boundary(at) {
                    at -= 1;
                }
                match below(3) {
                    0 => mutilated.truncate(at),
                    1 => mutilated.insert_str(at, pieces[below(pieces.len())]),
                    _ => drop((at < mutilated.len()).then(|| mutilated.remove(at))),
                }
            }
            let Ok(dict) = TaggedJson.loads(mutilated.as_bytes()) else { continue };
            read += 1;
            let written = TaggedJson.dumps(&dict).unwrap();
            let again = TaggedJson.dumps(&TaggedJson.loads(&written).unwrap()).unwrap();
            assert_eq!(written, again, "{mutilated}");
        }
    }
    assert!(read > 300, "{read}");
}

#[test]
fn a_write_that_fails_names_the_line_that_wrote() {
    let told = std::sync::Arc::new(std::sync::Mutex::new(0));
    let line = {
        let told = told.clone();
        let before = std::panic::take_hook();
        let thread = std::thread::current().id();
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().id() == thread {
                *told.lock().unwrap() = info.location().unwrap().line();
            } else {
                before(info);
            }
        }));
        let session = Session::null();
        let _ = std::panic::catch_unwind(|| session.set("a", 1));
        line!() - 1
    };
    let _ = std::panic::take_hook();
    assert_eq!(*told.lock().unwrap(), line);
}
