//! The environment a configuration reads: the process's variables above those of dotenv files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::dotenv;
use super::error::{ConfigError, ConfigErrorKind};
use super::source::Source;

/// The environment variables that a configuration reads.
///
/// The process's variables come first, then those of a file named explicitly, then `.env`, then `.flaskenv`. The files'
/// variables stand only here: the environment of the process is never changed.
#[derive(Clone, Default)]
pub struct Environment {
    /// Nothing means: those of the process, asked each time.
    fixed: Option<BTreeMap<String, String>>,
    /// Highest rank first.
    files: Vec<File>,
}

/// Which of two files wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    FlaskEnv,
    DotEnv,
    Explicit,
}

#[derive(Clone)]
struct File {
    rank: Rank,
    path: PathBuf,
    variables: dotenv::Variables,
}

impl Environment {
    /// The environment of the process.
    pub fn process() -> Self {
        Self::default()
    }

    /// These variables instead of the process's: for tests that must not depend on the machine.
    pub fn of<K: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (K, V)>) -> Self {
        let fixed = variables.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        Self { fixed: Some(fixed), files: Vec::new() }
    }

    /// The variable's value, when it is set and is text.
    pub fn get(&self, name: &str) -> Option<String> {
        self.lookup(name).map(|(value, _)| value)
    }

    /// The variable's value and where it comes from.
    pub(super) fn lookup(&self, name: &str) -> Option<(String, Source)> {
        let process = match &self.fixed {
            Some(fixed) => fixed.get(name).cloned(),
            // A name that `getenv` cannot ask for is not set.
            None if name.is_empty() || name.contains(['=', '\0']) => None,
            None => std::env::var(name).ok(),
        };
        if let Some(value) = process {
            return Some((value, Source::Environment(name.to_owned())));
        }
        // A bare name in a file hides the same name in the files below it, as in Flask.
        let (file, value) = self.files.iter().find_map(|file| {
            let (_, value) = file.variables.iter().find(|(known, _)| known == name)?;
            Some((file, value.clone()))
        })?;
        Some((value?, Source::Dotenv { variable: name.to_owned(), file: file.path.clone() }))
    }

    /// The names that start with this, sorted.
    pub(super) fn names(&self, prefix: &str) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = match &self.fixed {
            Some(fixed) => fixed.keys().cloned().collect(),
            None => std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect(),
        };
        names.extend(self.files.iter().flat_map(|file| file.variables.iter().map(|(name, _)| name.clone())));
        names.retain(|name| name.starts_with(prefix));
        names
    }

    /// Adds a file's variables. Lines that cannot be read are told in the log.
    pub(super) fn add_file(&mut self, rank: Rank, path: &Path) -> Result<(), ConfigError> {
        let bytes = std::fs::read(path).map_err(|error| {
            let message = format!(
                "Unable to load environment file ({}): '{}'",
                super::load::reason(&error),
                path.display()
            );
            ConfigError::new(ConfigErrorKind::Unreadable, message)
        })?;
        let text = String::from_utf8(bytes).map_err(|_| {
            let message = format!("Unable to load environment file (it is not UTF-8): '{}'", path.display());
            ConfigError::new(ConfigErrorKind::Syntax, message)
        })?;
        // In a file of its own a variable counts before the process's, and only there.
        let (variables, unreadable) = dotenv::parse(&text, |name| match &self.fixed {
            Some(fixed) => fixed.get(name).cloned(),
            None if name.is_empty() || name.contains(['=', '\0']) => None,
            None => std::env::var(name).ok(),
        });
        for line in unreadable {
            tracing::warn!(target: "carboy::config", "'{}' line {line} cannot be read and is left out", path.display());
        }
        self.files.retain(|file| file.path != path);
        self.files.push(File { rank, path: path.to_owned(), variables });
        self.files.sort_by_key(|file| std::cmp::Reverse(file.rank));
        Ok(())
    }
}

/// Whether a switch such as `FLASK_DEBUG` is on: any text but `0`, `false` and `no` (in any case) and the empty one.
///
/// ```
/// assert!(carboy::config::env_flag("1") && carboy::config::env_flag("off") && carboy::config::env_flag(" "));
/// assert!(!carboy::config::env_flag("") && !carboy::config::env_flag("False"));
/// ```
pub fn env_flag(value: &str) -> bool {
    !value.is_empty() && !matches!(value.to_lowercase().as_str(), "0" | "false" | "no")
}

/// The app's name as environment variables start with it: `my-shop` gives `MY_SHOP`.
///
/// ```
/// assert_eq!(carboy::config::env_prefix("my-shop"), "MY_SHOP");
/// ```
pub fn env_prefix(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}
