//! What can be wrong with a configuration, each in one sentence.

use std::fmt;

/// What kind of mistake a [`ConfigError`] reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigErrorKind {
    /// A key, or the environment variable that names a file, is not set.
    Missing,
    /// A value does not have the type or the form that its reader asks for.
    Invalid,
    /// A file cannot be opened or read.
    Unreadable,
    /// A file can be read, but is not what its format wants.
    Syntax,
}

/// A configuration that cannot be read or does not fit, told in one sentence.
///
/// The sentence names the key, where the value came from and what is wrong. It never contains the value of a key that
/// holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    kind: ConfigErrorKind,
    key: Option<String>,
    message: String,
}

impl ConfigError {
    pub(super) fn new(kind: ConfigErrorKind, message: impl Into<String>) -> Self {
        Self { kind, key: None, message: message.into() }
    }

    pub(super) fn for_key(kind: ConfigErrorKind, key: &str, message: impl Into<String>) -> Self {
        Self { kind, key: Some(key.to_owned()), message: message.into() }
    }

    /// What kind of mistake this is.
    pub fn kind(&self) -> ConfigErrorKind {
        self.kind
    }

    /// The configuration key concerned, when there is one.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}
