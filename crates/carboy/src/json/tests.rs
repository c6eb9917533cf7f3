//! Replays Flask's provider (`conformance/generate/json_provider.py`).

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use carboy_conformance::{Replay, load, replay};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::*;

// rows: G2 G3 G7
#[test]
fn values_are_written_as_flask_writes_them_in_every_style() {
    let vectors = load("json/writing.json");
    let styles: Vec<(JsonProvider, bool)> = vectors["styles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|style| {
            let provider = JsonProvider {
                sort_keys: style["sort_keys"] == true,
                ensure_ascii: style["ensure_ascii"] == true,
                compact: style["compact"].as_bool(),
                ..JsonProvider::default()
            };
            (provider, style["debug"] == true)
        })
        .collect();
    assert_eq!(styles.len(), 9);
    let expects: Vec<String> =
        (0..9).flat_map(|n| [0, 1].map(|part| format!("/results/{n}/{part}"))).collect();
    let expects: Vec<&str> = expects.iter().map(String::as_str).collect();
    replay("json/writing.json", "/rows", &expects, 400, |row| {
        let value = &row["value"];
        for ((provider, debug), expected) in styles.iter().zip(row["results"].as_array().unwrap()) {
            assert_eq!(provider.dumps(value).unwrap(), expected[0], "{provider:?} {value}");
            let body = String::from_utf8(provider.response_body(value, *debug).unwrap()).unwrap();
            assert_eq!(body, expected[1], "{provider:?} {value}");
        }
    });
}

#[test]
fn the_defaults_are_flasks() {
    let provider = JsonProvider::default();
    assert_eq!(provider.mimetype, "application/json");
    assert_eq!(
        provider.response_body(&serde_json::json!({"b": 1, "a": "é"}), false).unwrap(),
        b"{\"a\":\"\\u00e9\",\"b\":1}\n"
    );
    assert_eq!(provider.response_body(&[1], true).unwrap(), b"[\n  1\n]\n");
    assert_eq!(provider.response_body(&(), false).unwrap(), b"null\n");
}

// rows: G5 G6
#[test]
fn what_json_lacks_is_written_as_flask_writes_it() {
    let at = |seconds: i64| {
        #[derive(Serialize)]
        struct Date(#[serde(with = "http_date")] SystemTime);
        dumps(&Date(carboy_http::date::system_time(seconds).unwrap())).unwrap()
    };
    let uuid = uuid::Uuid::from_u128(0x1234_5678_1234_5678_1234_5678_1234_5678);
    let floats = Pairs(vec![(1.5, 1), (0.5, 2), (1e16, 3)]);
    let cases = [
        ("nan", dumps(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY]).unwrap()),
        ("nan", dumps(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY]).unwrap()),
        ("int keys", dumps(&BTreeMap::from([(10, 1), (2, 2), (-3, 3)])).unwrap()),
        ("bool keys", dumps(&BTreeMap::from([(true, 1), (false, 2)])).unwrap()),
        ("float keys", dumps(&floats).unwrap()),
        ("datetime", at(1_700_000_000)),
        ("early datetime", at(-62_135_596_800)),
        ("late datetime", at(253_402_300_799)),
        ("date", at(951_782_400)),
        ("uuid", dumps(&uuid.to_string()).unwrap()),
        ("decimal", dumps("1.10").unwrap()),
    ];
    let special = load("json/special.json");
    let mut replay = Replay::of("json/special.json", &[""]);
    for (name, written) in &cases {
        replay.case(name, &special[name], |expected| assert_eq!(written, expected));
    }
    replay.finish(special.as_object().unwrap().len());
}

/// A map in the order given.
struct Pairs<K, V>(Vec<(K, V)>);

impl<K: Serialize, V: Serialize> Serialize for Pairs<K, V> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

#[test]
fn numbers_are_sorted_as_numbers_and_not_mixed_with_text() {
    let numbers = Pairs(vec![(10, 'a'), (9, 'b'), (100, 'c')]);
    assert_eq!(dumps(&numbers).unwrap(), r#"{"9": "b", "10": "a", "100": "c"}"#);
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Key {
        Number(u8),
        Text(&'static str),
    }
    let mixed = Pairs(vec![(Key::Number(1), 1), (Key::Text("a"), 2)]);
    let error = dumps(&mixed).unwrap_err();
    assert!(error.to_string().starts_with("'<' not supported"), "{error}");
    let unsorted = JsonProvider { sort_keys: false, ..JsonProvider::default() };
    assert_eq!(unsorted.dumps(&mixed).unwrap(), r#"{"1": 1, "a": 2}"#);
    assert!(dumps(&Pairs(vec![(vec![1], 1)])).is_err());
}

#[test]
fn structs_and_enums_are_sorted_too() {
    #[derive(Serialize)]
    struct Outer {
        zebra: u8,
        inner: Vec<Inner>,
        apple: Option<&'static str>,
    }
    #[derive(Serialize)]
    enum Inner {
        Unit,
        Newtype(i8),
        Tuple(u8, char),
        Struct { y: f32, x: f64 },
    }
    let inner =
        vec![Inner::Unit, Inner::Newtype(-1), Inner::Tuple(1, 'é'), Inner::Struct { y: 0.1, x: 1e300 }];
    let outer = Outer { zebra: 1, inner, apple: None };
    assert_eq!(
        dumps(&outer).unwrap(),
        concat!(
            r#"{"apple": null, "inner": ["Unit", {"Newtype": -1}, {"Tuple": [1, "\u00e9"]}, "#,
            r#"{"Struct": {"x": 1e+300, "y": 0.1}}], "zebra": 1}"#
        )
    );
    let indented = JsonProvider::default().response_body(&outer, true).unwrap();
    let indented = String::from_utf8(indented).unwrap();
    assert!(indented.contains("\n    {\n      \"Struct\": {\n        \"x\": 1e+300,\n"), "{indented}");
    assert!(indented.starts_with("{\n  \"apple\": null,\n  \"inner\": [\n    \"Unit\",\n"), "{indented}");
    assert!(indented.ends_with("\n      }\n    }\n  ],\n  \"zebra\": 1\n}\n"), "{indented}");
}

#[test]
fn texts_are_read_as_flask_reads_them_but_for_what_rfc_8259_forbids() {
    replay("json/reading.json", "", &["ok", "json"], 60, |row| {
        let bytes: Vec<u8> = match row["text"].as_str() {
            Some(text) => text.chars().map(|char| u8::try_from(u32::from(char)).unwrap()).collect(),
            None => {
                let depth = row["text"].as_u64().unwrap() as usize;
                ["[".repeat(depth), "]".repeat(depth)].concat().into_bytes()
            }
        };
        let read = loads::<Value>(&bytes);
        assert_eq!(read.is_ok(), row["ok"] == true);
        let read = read.ok().map(|value| to_string(&value, &PLAIN).unwrap());
        assert_eq!(read.as_deref(), row["json"].as_str());
        assert_eq!(read.is_none(), row["json"].is_null());
    });
    for whole in ["-0", "123456789012345678901234567890"] {
        assert!(loads::<Value>(whole).unwrap().is_f64(), "{whole}");
    }
}

const PLAIN: JsonStyle = JsonStyle { sort_keys: false, ensure_ascii: true, compact: false, indent: None };

#[test]
fn deep_json_is_an_error_and_no_crash() {
    for depth in [200, 5000, 1_000_000] {
        for open in ["[", "{\"a\":", "[{\"a\":"] {
            assert!(loads::<Value>(open.repeat(depth)).is_err());
        }
    }
    assert!(loads::<Value>("[".repeat(120) + &"]".repeat(120)).is_ok());
}

#[test]
fn the_last_of_duplicate_keys_counts_for_structs_as_well() {
    #[derive(Deserialize, Debug, PartialEq)]
    struct Point {
        x: i32,
        y: i32,
    }
    assert_eq!(loads::<Point>(r#"{"x": 1, "y": 2, "x": 3}"#).unwrap(), Point { x: 3, y: 2 });
    let error = loads::<Point>(r#"{"x": "one", "y": 2}"#).unwrap_err();
    assert!(error.to_string().contains("line 1 column 11"), "{error}");
}

#[test]
fn dates_are_read_back() {
    #[derive(Deserialize)]
    struct Post {
        #[serde(with = "http_date")]
        created: SystemTime,
    }
    let post: Post = loads(r#"{"created": "Tue, 14 Nov 2023 22:13:20 GMT"}"#).unwrap();
    assert_eq!(post.created, UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    assert!(loads::<Post>(r#"{"created": "soon"}"#).is_err());
}
