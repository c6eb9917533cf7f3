//! From a stored value to the type its reader asks for.

use std::time::Duration;

use serde::de::value::{BoolDeserializer, Error as ValueError, F64Deserializer, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde_json::Value;

use super::defaults::Shape;
use super::source::Entry;

/// The value as `T`. A value that was read from text also serves where text is wanted, `True` and `False` where a bool is,
/// and the numbers JSON cannot hold where a float is.
pub(super) fn typed<T: DeserializeOwned>(entry: &Entry) -> Result<T, String> {
    let error = match T::deserialize(&entry.value) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let text = entry.text.as_deref().or(match &entry.value {
        Value::String(text) => Some(text.as_str()),
        _ => None,
    });
    if let Some(text) = text {
        let plain: StrDeserializer<'_, ValueError> = text.into_deserializer();
        if let Ok(value) = T::deserialize(plain) {
            return Ok(value);
        }
        let flag = match text {
            "True" | "1" => Some(true),
            "False" | "0" => Some(false),
            _ => None,
        };
        if let Some(flag) = flag {
            let plain: BoolDeserializer<ValueError> = flag.into_deserializer();
            if let Ok(value) = T::deserialize(plain) {
                return Ok(value);
            }
        }
        if let Some(number) = float(text) {
            let plain: F64Deserializer<ValueError> = number.into_deserializer();
            if let Ok(value) = T::deserialize(plain) {
                return Ok(value);
            }
        }
    }
    Err(error.to_string())
}

/// The numbers that [`python_json`](super::python_json) leaves as text.
fn float(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => {
            let is_whole = text.strip_prefix('-').unwrap_or(text).bytes().all(|b| b.is_ascii_digit());
            let fits = text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok();
            if is_whole && !fits { text.parse().ok() } else { None }
        }
    }
}

/// The text of a value: itself, or what it was read from.
pub(super) fn text(entry: &Entry) -> Result<&str, String> {
    match (&entry.value, &entry.text) {
        (Value::String(text), _) => Ok(text),
        (_, Some(text)) => Ok(text),
        (other, None) => Err(format!("it is {}, not text", kind(other))),
    }
}

/// A switch: a bool, a number that is or is not zero, or one of the words people write into environment variables.
pub(super) fn flag(entry: &Entry) -> Result<bool, String> {
    match &entry.value {
        Value::Null => Ok(false),
        Value::Bool(flag) => Ok(*flag),
        Value::Number(number) => Ok(number.as_f64() != Some(0.0)),
        Value::String(text) => match text.to_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok(true),
            "" | "0" | "false" | "no" | "off" => Ok(false),
            _ => Err("it is text that means neither true nor false".to_owned()),
        },
        other => Err(format!("it is {}, not true or false", kind(other))),
    }
}

/// A span of time: a number of seconds, or a serialised [`Duration`].
pub(super) fn seconds(value: &Value) -> Result<Duration, String> {
    if let Value::Object(_) = value {
        return serde_json::from_value(value.clone()).map_err(|_| "it is not a number of seconds".to_owned());
    }
    let Some(number) = value.as_f64() else {
        return Err(format!("it is {}, not a number of seconds", kind(value)));
    };
    if let Some(whole) = value.as_u64() {
        return Ok(Duration::from_secs(whole));
    }
    Duration::try_from_secs_f64(number)
        .map_err(|_| "it is a negative or too large number of seconds".to_owned())
}

/// Bytes: those of a text, or a list of numbers.
pub(super) fn bytes(entry: &Entry) -> Result<Vec<u8>, String> {
    match &entry.value {
        Value::Array(list) => {
            byte_list(list).ok_or_else(|| "it is a list of something else than bytes".to_owned())
        }
        _ => text(entry).map(|text| text.as_bytes().to_vec()),
    }
}

fn byte_list(list: &[Value]) -> Option<Vec<u8>> {
    list.iter().map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok())).collect()
}

/// A list of keys, each a text or a list of bytes.
pub(super) fn keys(entry: &Entry) -> Result<Vec<Vec<u8>>, String> {
    let wrong = || "it is not a list of keys".to_owned();
    let Value::Array(list) = &entry.value else { return Err(wrong()) };
    let key = |key: &Value| match key {
        Value::String(text) => Ok(text.as_bytes().to_vec()),
        Value::Array(bytes) => byte_list(bytes).ok_or_else(wrong),
        _ => Err(wrong()),
    };
    list.iter().map(key).collect()
}

/// What is wrong with the value of a known key, if anything.
pub(super) fn misfit(shape: Shape, entry: &Entry) -> Option<String> {
    let value = &entry.value;
    let optional = matches!(
        shape,
        Shape::OptionalBool
            | Shape::OptionalSize
            | Shape::OptionalSeconds
            | Shape::OptionalText
            | Shape::OptionalKey
            | Shape::OptionalKeys
            | Shape::OptionalTexts
            | Shape::OptionalWord(_)
    );
    if value.is_null() {
        return (!optional).then(|| "it is null".to_owned());
    }
    match shape {
        Shape::Bool | Shape::OptionalBool => flag(entry).err(),
        Shape::Size | Shape::OptionalSize => value
            .as_u64()
            .is_none()
            .then(|| format!("it is {}, not a whole number from zero up", kind(value))),
        Shape::Seconds | Shape::OptionalSeconds => seconds(value).err(),
        Shape::Text | Shape::OptionalText => text(entry).err(),
        Shape::OptionalKey => match bytes(entry) {
            Ok(key) if key.is_empty() => Some("it is empty".to_owned()),
            Ok(_) => None,
            Err(wrong) => Some(wrong),
        },
        Shape::OptionalKeys => keys(entry).err(),
        Shape::OptionalTexts => {
            let fits = value.as_array().is_some_and(|list| list.iter().all(Value::is_string));
            (!fits).then(|| "it is not a list of texts".to_owned())
        }
        Shape::Word(words) => text(entry).err().or_else(|| {
            let known = text(entry).is_ok_and(|text| words.contains(&text));
            (!known).then(|| format!("it is none of {}", words.join(", ")))
        }),
        Shape::OptionalWord(words) => {
            let known =
                text(entry).is_ok_and(|text| words.iter().any(|word| word.eq_ignore_ascii_case(text)));
            (!known).then(|| format!("it is none of {}", words.join(", ")))
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

/// The name Python gives the type, for its sentences.
pub(super) fn python_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}
