//! The data files, unpacked a language at a time when they are needed.
//!
//! `conformance/generate/locale_data.py` makes them and says how they are written.

use std::collections::HashMap;
use std::io::Read;
use std::sync::{OnceLock, PoisonError, RwLock};

use flate2::read::ZlibDecoder;
use serde_json::{Map, Value};

/// The kinds of data; each is a file.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Formats,
    Languages,
    Territories,
    Currencies,
    Cities,
    Zones,
}

impl Part {
    fn file(self) -> &'static [u8] {
        match self {
            Part::Formats => include_bytes!("../data/formats.bin"),
            Part::Languages => include_bytes!("../data/languages.bin"),
            Part::Territories => include_bytes!("../data/territories.bin"),
            Part::Currencies => include_bytes!("../data/currencies.bin"),
            Part::Cities => include_bytes!("../data/cities.bin"),
            Part::Zones => include_bytes!("../data/zones.bin"),
        }
    }
}

/// The data of the locales that were asked for, by part.
type Loaded = HashMap<Part, HashMap<String, &'static Value>>;

/// What a locale has of a part. There are so many locales and no more, so what was unpacked stays.
pub(super) fn of(part: Part, locale: &str) -> &'static Value {
    static LOADED: OnceLock<RwLock<Loaded>> = OnceLock::new();
    let all = LOADED.get_or_init(RwLock::default);
    let known = |loaded: &Loaded| loaded.get(&part)?.get(locale).copied();
    if let Some(data) = known(&all.read().unwrap_or_else(PoisonError::into_inner)) {
        return data;
    }
    find(&mut all.write().unwrap_or_else(PoisonError::into_inner), part, locale)
}

fn find(loaded: &mut Loaded, part: Part, locale: &str) -> &'static Value {
    static NOTHING: Value = Value::Null;
    if let Some(data) = loaded.get(&part).and_then(|part| part.get(locale)) {
        return data;
    }
    let Some(mut own) = chunk(part, locale) else { return &NOTHING };
    let parent = own.as_object_mut().and_then(|own| own.remove(""));
    let data = match parent.as_ref().and_then(Value::as_str) {
        Some(parent) => {
            let mut data = find(loaded, part, parent).clone();
            put_over(&mut data, own);
            data
        }
        None => own,
    };
    let data: &'static Value = Box::leak(Box::new(data));
    loaded.entry(part).or_default().insert(locale.to_owned(), data);
    data
}

/// What the file says about one locale.
fn chunk(part: Part, locale: &str) -> Option<Value> {
    let file = part.file();
    let head = file.iter().position(|byte| *byte == b'\n')?;
    let index: HashMap<&str, (usize, usize)> = serde_json::from_slice(&file[..head]).ok()?;
    let language = locale.split('_').next().unwrap_or(locale);
    let (start, length) = *index.get(language)?;
    let start = head + 1 + start;
    let mut chunk: Map<String, Value> = unpacked(&file[start..start + length])?;
    chunk.remove(locale)
}

fn unpacked<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let mut text = Vec::new();
    ZlibDecoder::new(bytes).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

fn put_over(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                match base.get_mut(&key) {
                    _ if value.is_null() => {
                        base.remove(&key);
                    }
                    Some(old @ Value::Object(_)) if value.is_object() => put_over(old, value),
                    _ => {
                        base.insert(key, value);
                    }
                }
            }
        }
        (base, over) => *base = over,
    }
}

/// What holds for all locales.
pub(super) fn global() -> &'static Value {
    static GLOBAL: OnceLock<Value> = OnceLock::new();
    GLOBAL.get_or_init(|| unpacked(include_bytes!("../data/global.bin")).unwrap_or_default())
}

/// The text at a place in a table for all locales.
pub(super) fn global_text(table: &str, key: &str) -> Option<&'static str> {
    global().get(table)?.get(key)?.as_str()
}

/// Whether there is data for a locale of exactly this name.
pub(super) fn exists(locale: &str) -> bool {
    static LOCALES: OnceLock<Vec<&'static str>> = OnceLock::new();
    let locales = LOCALES.get_or_init(|| {
        let all = global().get("locales").and_then(Value::as_array);
        all.into_iter().flatten().filter_map(Value::as_str).collect()
    });
    locales.binary_search(&locale).is_ok()
}
