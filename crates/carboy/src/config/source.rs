//! A value and where it came from.

use std::fmt;
use std::path::PathBuf;

use carboy_http::is_secret_name;
use serde_json::Value;

use super::DEFAULT_KEYS;

/// Where a configuration value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// Nobody set it: the default.
    Default,
    /// The app's own code.
    Code,
    /// A configuration file.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// A variable in a dotenv file.
    Dotenv {
        /// The variable.
        variable: String,
        /// The file it stands in.
        file: PathBuf,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Default => f.write_str("the defaults"),
            Source::Code => f.write_str("the app's code"),
            Source::File(path) => write!(f, "the file '{}'", path.display()),
            Source::Environment(variable) => write!(f, "the environment variable '{variable}'"),
            Source::Dotenv { variable, file } => {
                write!(f, "the variable '{variable}' in '{}'", file.display())
            }
        }
    }
}

#[derive(Clone)]
pub(super) struct Entry {
    pub(super) value: Value,
    /// The text it was read from, where the source knows text only and the value was made of it.
    pub(super) text: Option<String>,
    pub(super) source: Source,
    /// When it was written; loaders that run again leave what is younger than their first run.
    pub(super) step: u32,
}

/// Whether values under this key are kept out of logs, debug pages and messages.
///
/// True for names that [sound like secrets](carboy_http::is_secret_name), contain `SALT`, or end in `_KEY`, `_KEYS`, `_DSN`, `_URI` or `_URL`
/// (connection addresses carry passwords), in any case. Of the [default keys](super::DEFAULT_KEYS) only the secret keys are.
///
/// ```
/// assert!(carboy::config::is_secret_key("SECRET_KEY_FALLBACKS"));
/// assert!(carboy::config::is_secret_key("mail_password"));
/// assert!(!carboy::config::is_secret_key("SERVER_NAME"));
/// ```
pub fn is_secret_key(key: &str) -> bool {
    const ENDS: [&str; 5] = ["_KEY", "_KEYS", "_DSN", "_URI", "_URL"];
    let upper = key.to_uppercase();
    if DEFAULT_KEYS.iter().any(|known| known.name == key) {
        return upper.contains("SECRET");
    }
    is_secret_name(key) || upper.contains("SALT") || ENDS.iter().any(|end| upper.ends_with(end))
}

/// The value with everything secret in it replaced.
pub(crate) fn redacted(key: &str, value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) => value.clone(),
        _ if is_secret_key(key) => Value::from("[redacted]"),
        Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), redacted(k, v))).collect(),
        Value::Array(list) => list.iter().map(|v| redacted("", v)).collect(),
        _ => value.clone(),
    }
}
