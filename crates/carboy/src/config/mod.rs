//! Configuration: Flask's keys, and the loaders that fill them.

mod convert;
mod defaults;
mod dotenv;
mod environment;
mod error;
mod load;
mod python_json;
mod source;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indexmap::IndexMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub use self::defaults::{DEFAULT_KEYS, DefaultKey};
pub use self::environment::{Environment, env_flag, env_prefix};
pub use self::error::{ConfigError, ConfigErrorKind};
pub(crate) use self::source::redacted;
pub use self::source::{Source, is_secret_key};

use self::environment::Rank;
use self::load::Format;
use self::source::Entry;

/// An app's configuration: an ordered map of keys to JSON values that knows where each value came from.
///
/// A new configuration has all of [`DEFAULT_KEYS`]. The loaders follow Flask's `Config`: later ones win, files and mappings
/// give only keys in upper case, and relative names are looked up in the app's root folder, or in its instance folder after
/// [`instance_relative`](Config::instance_relative).
///
/// Loaders and setters can be chained. What goes wrong is collected and surfaces when the app is built, all of it together;
/// [`take_errors`](Config::take_errors) hands it out earlier.
///
/// ```
/// # use carboy::Config;
/// let mut config = Config::new();
/// config.set("SHOP_CURRENCY", "EUR").set("MAX_ITEMS", 20).from_prefixed_env("SHOP");
/// assert_eq!(config.get_str("SHOP_CURRENCY")?, Some("EUR"));
/// assert_eq!(config.get::<u32>("MAX_ITEMS")?, Some(20));
/// assert!(!config.get_bool("TESTING")?);
/// # Ok::<(), carboy::config::ConfigError>(())
/// ```
///
/// Printing a configuration with `{:?}` leaves out the values of [secret keys](is_secret_key).
#[derive(Clone)]
pub struct Config {
    entries: IndexMap<String, Entry>,
    environment: Environment,
    /// What was loaded from the environment, to be loaded again when a dotenv file comes later.
    loads: Vec<(u32, EnvironmentLoad)>,
    errors: Vec<(u32, ConfigError)>,
    step: u32,
    /// The variables that say whether DEBUG is on, the first that is set.
    debug_variables: Vec<String>,
    skip_dotenv_variables: Vec<String>,
    root_path: PathBuf,
    instance_path: PathBuf,
    instance_relative: bool,
}

#[derive(Clone)]
enum EnvironmentLoad {
    Prefixed(String),
    File { variable: String, silent: bool },
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl Config {
    /// The defaults, with `DEBUG` from `FLASK_DEBUG`, for the current folder.
    pub fn new() -> Self {
        Self::with_environment(Environment::process())
    }

    /// The defaults of the app with this name and root folder.
    ///
    /// `DEBUG` comes from `<NAME>_DEBUG`, else `FLASK_DEBUG` (see [`env_flag`]); the instance folder from
    /// `<NAME>_INSTANCE`, else it is `instance` in the current folder. It is never created here.
    pub fn for_app(name: &str, root_path: impl Into<PathBuf>) -> Self {
        Self::for_app_in(name, root_path, Environment::process())
    }

    /// As [`for_app`](Config::for_app), reading a given environment.
    pub fn for_app_in(name: &str, root_path: impl Into<PathBuf>, environment: Environment) -> Self {
        let prefix = env_prefix(name);
        let mut config = Self::with_environment(environment);
        config.root_path = absolute(&root_path.into());
        config.debug_variables.insert(0, format!("{prefix}_DEBUG"));
        config.skip_dotenv_variables.insert(0, format!("{prefix}_SKIP_DOTENV"));
        if let Some(path) =
            config.environment.get(&format!("{prefix}_INSTANCE")).filter(|path| !path.is_empty())
        {
            config.instance_path = absolute(Path::new(&path));
        }
        config.read_debug();
        config
    }

    /// The defaults, reading a given environment instead of the process's.
    pub fn with_environment(environment: Environment) -> Self {
        let default =
            |key: &DefaultKey| Entry { value: key.value(), text: None, source: Source::Default, step: 0 };
        let mut config = Self {
            entries: DEFAULT_KEYS.iter().map(|key| (key.name.to_owned(), default(key))).collect(),
            environment,
            loads: Vec::new(),
            errors: Vec::new(),
            step: 0,
            debug_variables: vec!["FLASK_DEBUG".to_owned()],
            skip_dotenv_variables: vec!["FLASK_SKIP_DOTENV".to_owned()],
            root_path: absolute(Path::new("")),
            instance_path: absolute(Path::new("instance")),
            instance_relative: false,
        };
        config.read_debug();
        config
    }

    // Reading

    /// The value as `T`; nothing when the key is absent or null.
    ///
    /// A value from the environment is what `json.loads` made of it, but where `T` wants text it is the variable's text:
    /// `SHOP_PIN=0123` and `SHOP_PIN=123` both give a `String`.
    ///
    /// # Errors
    ///
    /// When the value is something else than `T`; the sentence names the key and where the value came from.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ConfigError> {
        self.read(key, |entry| convert::typed(entry))
    }

    /// The value as `T`, for keys that must be set.
    ///
    /// # Errors
    ///
    /// As [`get`](Config::get), and when the key is absent or null.
    pub fn require<T: DeserializeOwned>(&self, key: &str) -> Result<T, ConfigError> {
        self.get(key)?.ok_or_else(|| {
            ConfigError::for_key(
                ConfigErrorKind::Missing,
                key,
                format!("the configuration key '{key}' must be set"),
            )
        })
    }

    /// The text of a value; nothing when the key is absent or null.
    ///
    /// # Errors
    ///
    /// When the value is not text and was not read from text.
    pub fn get_str(&self, key: &str) -> Result<Option<&str>, ConfigError> {
        self.read(key, convert::text)
    }

    /// Whether a switch is on. Absent and null mean off, a number is on unless it is zero, and the words `true`, `yes`,
    /// `on`, `1` and `false`, `no`, `off`, `0` and the empty text, in any case, mean what they say.
    ///
    /// # Errors
    ///
    /// When the value is other text, a list or a mapping.
    pub fn get_bool(&self, key: &str) -> Result<bool, ConfigError> {
        Ok(self.read(key, convert::flag)?.unwrap_or(false))
    }

    /// A span of time, stored as a number of seconds or as a [`Duration`].
    ///
    /// # Errors
    ///
    /// When the value is neither, or is negative.
    pub fn get_duration(&self, key: &str) -> Result<Option<Duration>, ConfigError> {
        self.read(key, |entry| convert::seconds(&entry.value))
    }

    /// The bytes of a value: those of its text, or a list of numbers, as `set(key, b"…")` stores it.
    ///
    /// # Errors
    ///
    /// When the value is neither.
    pub fn get_bytes(&self, key: &str) -> Result<Option<Vec<u8>>, ConfigError> {
        self.read(key, convert::bytes)
    }

    /// The keys that verify signatures, oldest first, the signing key last: `SECRET_KEY_FALLBACKS` and `SECRET_KEY`.
    /// Empty when there is no `SECRET_KEY`.
    ///
    /// # Errors
    ///
    /// When one of the two keys holds something else.
    pub fn signing_keys(&self) -> Result<Vec<Vec<u8>>, ConfigError> {
        let Some(secret) = self.get_bytes("SECRET_KEY")?.filter(|key| !key.is_empty()) else {
            return Ok(Vec::new());
        };
        let mut keys = self.read("SECRET_KEY_FALLBACKS", convert::keys)?.unwrap_or_default();
        keys.push(secret);
        Ok(keys)
    }

    /// The stored value; nothing when the key is absent.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.entries.get(key).map(|entry| &entry.value)
    }

    /// Where a value came from; nothing when the key is absent.
    pub fn source(&self, key: &str) -> Option<&Source> {
        self.entries.get(key).map(|entry| &entry.source)
    }

    /// Whether the key is there, be its value null.
    pub fn contains_key(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// The keys and values, the defaults first, then in the order in which keys came to be.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries.iter().map(|(key, entry)| (key.as_str(), &entry.value))
    }

    /// The keys that start with `namespace`, without it and in lower case, and their values.
    ///
    /// ```
    /// # let mut config = carboy::Config::new();
    /// config.set("IMAGE_STORE_TYPE", "fs").set("IMAGE_STORE_PATH", "/var/images");
    /// let store = config.get_namespace("IMAGE_STORE_");
    /// assert_eq!(store["type"], "fs");
    /// ```
    pub fn get_namespace(&self, namespace: &str) -> Map<String, Value> {
        self.get_namespace_as(namespace, true, true)
    }

    /// As [`get_namespace`](Config::get_namespace), choosing whether keys become lower case and lose the namespace.
    pub fn get_namespace_as(
        &self,
        namespace: &str,
        lowercase: bool,
        trim_namespace: bool,
    ) -> Map<String, Value> {
        let named = |key: &str| {
            let key = if trim_namespace { key.strip_prefix(namespace).unwrap_or(key) } else { key };
            if lowercase { key.to_lowercase() } else { key.to_owned() }
        };
        self.iter()
            .filter(|(key, _)| key.starts_with(namespace))
            .map(|(key, value)| (named(key), value.clone()))
            .collect()
    }

    // Writing

    /// Sets a key to anything that serialises. Any spelling of the key will do.
    pub fn set(&mut self, key: impl Into<String>, value: impl Serialize) -> &mut Self {
        let step = self.next_step();
        self.store(key.into(), value, Source::Code, step)
    }

    /// Sets a key that is not there yet. A later dotenv file still comes before it.
    pub fn set_default(&mut self, key: impl Into<String>, value: impl Serialize) -> &mut Self {
        let key = key.into();
        if self.contains_key(&key) {
            return self;
        }
        self.store(key, value, Source::Default, 0)
    }

    /// Takes a key away and gives its value.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.entries.shift_remove(key).map(|entry| entry.value)
    }

    /// Sets the upper-case keys of a mapping: a map, a JSON object, or a struct whose serialised names are in upper case.
    /// Other keys are left out silently, as in Flask.
    pub fn from_mapping(&mut self, mapping: impl Serialize) -> &mut Self {
        let step = self.next_step();
        match serde_json::to_value(mapping) {
            Ok(Value::Object(map)) => self.merge(map, &Source::Code, step),
            Ok(_) => self.fail(
                step,
                ConfigError::new(
                    ConfigErrorKind::Invalid,
                    "from_mapping() takes a mapping of keys to values",
                ),
            ),
            Err(error) => {
                let message = format!("the mapping given to from_mapping() cannot be read: {error}");
                self.fail(step, ConfigError::new(ConfigErrorKind::Invalid, message));
            }
        }
        self
    }

    /// Loads a TOML file's upper-case keys. Dates become text.
    pub fn from_toml(&mut self, path: impl AsRef<Path>) -> &mut Self {
        self.load(path.as_ref(), Some(Format::Toml), false)
    }

    /// As [`from_toml`](Config::from_toml); a file that is not there is no mistake.
    pub fn from_toml_silent(&mut self, path: impl AsRef<Path>) -> &mut Self {
        self.load(path.as_ref(), Some(Format::Toml), true)
    }

    /// Loads a JSON file's upper-case keys.
    pub fn from_json(&mut self, path: impl AsRef<Path>) -> &mut Self {
        self.load(path.as_ref(), Some(Format::Json), false)
    }

    /// As [`from_json`](Config::from_json); a file that is not there is no mistake.
    pub fn from_json_silent(&mut self, path: impl AsRef<Path>) -> &mut Self {
        self.load(path.as_ref(), Some(Format::Json), true)
    }

    /// Loads a file in the format its name says, `.toml` or `.json`.
    pub fn from_file(&mut self, path: impl AsRef<Path>) -> &mut Self {
        self.load(path.as_ref(), None, false)
    }

    /// As [`from_file`](Config::from_file); a file that is not there is no mistake.
    pub fn from_file_silent(&mut self, path: impl AsRef<Path>) -> &mut Self {
        self.load(path.as_ref(), None, true)
    }

    /// Loads the file that an environment variable names, as [`from_file`](Config::from_file) does.
    pub fn from_envvar(&mut self, variable: &str) -> &mut Self {
        self.load_environment(EnvironmentLoad::File { variable: variable.to_owned(), silent: false })
    }

    /// As [`from_envvar`](Config::from_envvar); neither an unset variable nor a file that is not there is a mistake.
    pub fn from_envvar_silent(&mut self, variable: &str) -> &mut Self {
        self.load_environment(EnvironmentLoad::File { variable: variable.to_owned(), silent: true })
    }

    /// Sets a key for every environment variable that starts with `<prefix>_`, as Flask's `from_prefixed_env` does.
    ///
    /// A value that is JSON becomes what it says, other values stay text. `SHOP_DB__POOL__SIZE=5` sets `SIZE` in the mapping
    /// `POOL` in the mapping `DB`; mappings that are missing are made. Variables of dotenv files count when the process
    /// has none of that name, also when the file is read after this call.
    pub fn from_prefixed_env(&mut self, prefix: &str) -> &mut Self {
        self.load_environment(EnvironmentLoad::Prefixed(prefix.to_owned()))
    }

    /// Reads `.env` and `.flaskenv`, each from the current folder or the nearest folder above that has one, as a layer below
    /// the process's environment; `.env` comes before `.flaskenv`. Nothing happens when `<NAME>_SKIP_DOTENV` or
    /// `FLASK_SKIP_DOTENV` is on. The process's environment stays as it is.
    ///
    /// The `run` command and its siblings call this; call it yourself where an app starts without them.
    pub fn from_dotenv(&mut self) -> &mut Self {
        let skip = self
            .skip_dotenv_variables
            .iter()
            .any(|name| self.environment.get(name).is_some_and(|v| env_flag(&v)));
        match std::env::current_dir() {
            Ok(folder) if !skip => self.from_dotenv_in(&folder),
            _ => self,
        }
    }

    /// As [`from_dotenv`](Config::from_dotenv), searching from a given folder and whatever the skip variables say.
    pub fn from_dotenv_in(&mut self, folder: &Path) -> &mut Self {
        let files = [(Rank::FlaskEnv, ".flaskenv"), (Rank::DotEnv, ".env")];
        let found =
            files.into_iter().filter_map(|(rank, name)| Some((rank, dotenv::find_upward(name, folder)?)));
        self.add_env_files(found.collect())
    }

    /// Reads a dotenv file as a layer below the process's environment and above `.env` and `.flaskenv`.
    pub fn from_env_file(&mut self, path: impl AsRef<Path>) -> &mut Self {
        let path = absolute(path.as_ref());
        self.add_env_files(vec![(Rank::Explicit, path)])
    }

    // Places

    /// The app's root folder.
    pub fn root_path(&self) -> &Path {
        &self.root_path
    }

    /// The instance folder: for files that belong to this installation and not to the app, such as its database and its
    /// secret key. It may not exist.
    pub fn instance_path(&self) -> &Path {
        &self.instance_path
    }

    /// Sets the instance folder. Flask's rule: it must be absolute.
    pub fn set_instance_path(&mut self, path: impl Into<PathBuf>) -> &mut Self {
        let path = path.into();
        if path.is_absolute() {
            self.instance_path = path;
        } else {
            let step = self.next_step();
            let message = format!(
                "If an instance path is provided it must be absolute. A relative path was given instead: '{}'",
                path.display()
            );
            self.fail(step, ConfigError::new(ConfigErrorKind::Invalid, message));
        }
        self
    }

    /// Whether the names of configuration files are relative to the instance folder instead of the root folder.
    pub fn instance_relative(&mut self, relative: bool) -> &mut Self {
        self.instance_relative = relative;
        self
    }

    /// The environment this configuration reads, dotenv files included.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    // Errors

    /// What went wrong since the last call, in the order of the calls that went wrong.
    pub fn take_errors(&mut self) -> Vec<ConfigError> {
        let mut errors = std::mem::take(&mut self.errors);
        errors.sort_by_key(|(step, _)| *step);
        errors.into_iter().map(|(_, error)| error).collect()
    }

    /// What is wrong with the values of [`DEFAULT_KEYS`]: each must have the type and form that the framework reads.
    pub fn validate(&self) -> Vec<ConfigError> {
        let misfit = |key: &DefaultKey| {
            let entry = self.entries.get(key.name)?;
            Some(invalid(key.name, entry, &convert::misfit(key.shape, entry)?))
        };
        DEFAULT_KEYS.iter().filter_map(misfit).collect()
    }

    // Within

    fn next_step(&mut self) -> u32 {
        self.step += 1;
        self.step
    }

    fn fail(&mut self, step: u32, error: ConfigError) {
        self.errors.push((step, error));
    }

    fn read<'a, T>(
        &'a self,
        key: &str,
        as_type: impl FnOnce(&'a Entry) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        match self.entries.get(key) {
            Some(entry) if !entry.value.is_null() => {
                as_type(entry).map(Some).map_err(|wrong| invalid(key, entry, &wrong))
            }
            _ => Ok(None),
        }
    }

    fn store(&mut self, key: String, value: impl Serialize, source: Source, step: u32) -> &mut Self {
        match serde_json::to_value(value) {
            Ok(value) => {
                self.entries.insert(key, Entry { value, text: None, source, step });
            }
            Err(error) => {
                let message =
                    format!("the value for the configuration key '{key}' cannot be stored: {error}");
                self.fail(step, ConfigError::for_key(ConfigErrorKind::Invalid, &key, message));
            }
        }
        self
    }

    /// Takes over the upper-case keys, except those written after `step`.
    fn merge(&mut self, map: Map<String, Value>, source: &Source, step: u32) {
        for (key, value) in map.into_iter().filter(|(key, _)| is_upper(key)) {
            if self.writable(&key, step) {
                self.entries.insert(key, Entry { value, text: None, source: source.clone(), step });
            }
        }
    }

    fn writable(&self, key: &str, step: u32) -> bool {
        self.entries.get(key).is_none_or(|entry| entry.step <= step)
    }

    fn load(&mut self, path: &Path, format: Option<Format>, silent: bool) -> &mut Self {
        let step = self.next_step();
        self.load_at(path, format, silent, step);
        self
    }

    fn load_at(&mut self, path: &Path, format: Option<Format>, silent: bool, step: u32) {
        let base = if self.instance_relative { &self.instance_path } else { &self.root_path };
        let path = base.join(path);
        let format = format.map_or_else(|| Format::of(&path), Ok);
        match format.and_then(|format| load::read(&path, format, silent)) {
            Ok(Some(map)) => self.merge(map, &Source::File(path), step),
            Ok(None) => {}
            Err(error) => self.fail(step, error),
        }
    }

    fn load_environment(&mut self, load: EnvironmentLoad) -> &mut Self {
        let step = self.next_step();
        self.run_environment_load(step, &load);
        self.loads.push((step, load));
        self
    }

    fn run_environment_load(&mut self, step: u32, load: &EnvironmentLoad) {
        match load {
            EnvironmentLoad::Prefixed(prefix) => self.load_prefixed(&format!("{prefix}_"), step),
            EnvironmentLoad::File { variable, silent } => match self.environment.get(variable) {
                Some(path) if !path.is_empty() => self.load_at(Path::new(&path), None, *silent, step),
                _ if *silent => {}
                _ => {
                    let message = format!(
                        "The environment variable '{variable}' is not set and as such configuration could not be loaded. \
                         Set this variable and make it point to a configuration file"
                    );
                    self.fail(step, ConfigError::new(ConfigErrorKind::Missing, message));
                }
            },
        }
    }

    fn load_prefixed(&mut self, prefix: &str, step: u32) {
        for variable in self.environment.names(prefix) {
            let Some((text, source)) = self.environment.lookup(&variable) else { continue };
            let mut parts = variable[prefix.len()..].split("__");
            let key = parts.next().unwrap_or_default();
            if !self.writable(key, step) {
                continue;
            }
            let value = python_json::loads(&text);
            let nested: Vec<&str> = parts.collect();
            let Some((last, between)) = nested.split_last() else {
                let value = value.unwrap_or_else(|| Value::String(text.clone()));
                self.entries.insert(key.to_owned(), Entry { value, text: Some(text), source, step });
                continue;
            };
            let entry = self.entries.entry(key.to_owned()).or_insert_with(|| Entry {
                value: Value::Object(Map::new()),
                text: None,
                source: source.clone(),
                step,
            });
            match set_nested(&mut entry.value, between, last, value.unwrap_or(Value::String(text))) {
                Ok(()) => (entry.text, entry.source, entry.step) = (None, source, step),
                Err(parent) => {
                    let message = format!(
                        "The configuration key '{key}' cannot be set from {source}: '{parent}' object does not support item assignment"
                    );
                    self.fail(step, ConfigError::for_key(ConfigErrorKind::Invalid, key, message));
                }
            }
        }
    }

    /// Adds files' variables to the environment, and loads again what came from it: the variables count as if they had been
    /// there from the start, but what was set later than they would have been stays.
    fn add_env_files(&mut self, files: Vec<(Rank, PathBuf)>) -> &mut Self {
        let step = self.next_step();
        for (rank, path) in files {
            if let Err(error) = self.environment.add_file(rank, &path) {
                self.fail(step, error);
            }
        }
        self.read_debug();
        for (step, load) in self.loads.clone() {
            self.errors.retain(|(of, _)| *of != step);
            self.run_environment_load(step, &load);
        }
        self
    }

    /// DEBUG as the environment says, unless it was set.
    fn read_debug(&mut self) {
        if self.entries.get("DEBUG").is_none_or(|entry| entry.step != 0) {
            return;
        }
        if let Some((value, source)) =
            self.debug_variables.iter().find_map(|name| self.environment.lookup(name))
        {
            let value = Value::Bool(env_flag(&value));
            self.entries.insert("DEBUG".to_owned(), Entry { value, text: None, source, step: 0 });
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(key, value)| (key, redacted(key, value)))).finish()
    }
}

fn invalid(key: &str, entry: &Entry, wrong: &str) -> ConfigError {
    // The words of serde quote the value.
    let wrong = if is_secret_key(key) && wrong.contains("invalid") { "its type is wrong" } else { wrong };
    let message = format!("The configuration key '{key}' from {} does not fit: {wrong}", entry.source);
    ConfigError::for_key(ConfigErrorKind::Invalid, key, message)
}

/// Python's `str.isupper()`: there is a letter in upper case, and none in lower or title case.
fn is_upper(key: &str) -> bool {
    let is_lower_or_title = |c: char| c.is_lowercase() || (!c.is_uppercase() && c.to_lowercase().ne([c]));
    key.chars().any(char::is_uppercase) && !key.chars().any(is_lower_or_title)
}

/// Sets `last` in the mapping that `between` leads to; the error is Python's name for what is no mapping on the way.
fn set_nested(value: &mut Value, between: &[&str], last: &str, new: Value) -> Result<(), &'static str> {
    let mut current = value;
    for part in between {
        let parent = convert::python_type(current);
        let map = current.as_object_mut().ok_or(parent)?;
        current = map.entry(part.to_owned()).or_insert_with(|| Value::Object(Map::new()));
    }
    let parent = convert::python_type(current);
    current.as_object_mut().ok_or(parent)?.insert(last.to_owned(), new);
    Ok(())
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).or_else(|_| std::env::current_dir()).unwrap_or_else(|_| PathBuf::from("/"))
}
