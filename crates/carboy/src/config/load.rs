//! Configuration files: TOML and JSON.

use std::io;
use std::path::Path;

use serde_json::{Map, Value};

use super::error::{ConfigError, ConfigErrorKind};

/// The formats a configuration file can have.
#[derive(Clone, Copy)]
pub(super) enum Format {
    Toml,
    Json,
}

impl Format {
    /// The format that the file's name says.
    pub(super) fn of(path: &Path) -> Result<Self, ConfigError> {
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("toml") => Ok(Format::Toml),
            Some("json") => Ok(Format::Json),
            _ => {
                let message = format!(
                    "Unable to load configuration file (its name ends neither in .toml nor in .json): '{}'",
                    path.display()
                );
                Err(ConfigError::new(ConfigErrorKind::Syntax, message))
            }
        }
    }
}

/// The file's keys and values. With `silent`, a file that is not there, or is a folder, has none.
pub(super) fn read(
    path: &Path,
    format: Format,
    silent: bool,
) -> Result<Option<Map<String, Value>>, ConfigError> {
    let failed = |kind, reason: &dyn std::fmt::Display| {
        ConfigError::new(kind, format!("Unable to load configuration file ({reason}): '{}'", path.display()))
    };
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error)
            if silent && matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::IsADirectory) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(failed(ConfigErrorKind::Unreadable, &reason(&error))),
    };
    let text = String::from_utf8(bytes).map_err(|_| failed(ConfigErrorKind::Syntax, &"it is not UTF-8"))?;
    let value = match format {
        Format::Json => {
            serde_json::from_str(&text).map_err(|error| failed(ConfigErrorKind::Syntax, &error))?
        }
        Format::Toml => text.parse::<toml::Table>().map(toml_table).map_err(|error| {
            let before = &text[..error.span().map_or(0, |span| span.start.min(text.len()))];
            let line = 1 + before.matches('\n').count();
            let column = 1 + before.rsplit('\n').next().map_or(0, |last| last.chars().count());
            let sentence = error.message().replace('\n', ", ");
            failed(ConfigErrorKind::Syntax, &format_args!("{sentence} at line {line} column {column}"))
        })?,
    };
    match value {
        Value::Object(map) => Ok(Some(map)),
        _ => Err(failed(ConfigErrorKind::Syntax, &"it is not a mapping of keys to values")),
    }
}

/// The system's words without the number that Rust appends.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error").map_or(text.clone(), |(words, _)| words.to_owned())
}

fn toml_table(table: toml::Table) -> Value {
    table.into_iter().map(|(key, value)| (key, toml_value(value))).collect()
}

/// Dates become their text, and the floats JSON cannot hold become the words that typed getters read.
fn toml_value(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) if number.is_nan() => Value::from("NaN"),
        toml::Value::Float(number) if number.is_infinite() => {
            Value::from(if number > 0.0 { "Infinity" } else { "-Infinity" })
        }
        toml::Value::Float(number) => Value::from(number),
        toml::Value::Boolean(flag) => Value::Bool(flag),
        toml::Value::Datetime(date) => Value::String(date.to_string()),
        toml::Value::Array(list) => list.into_iter().map(toml_value).collect(),
        toml::Value::Table(table) => toml_table(table),
    }
}
