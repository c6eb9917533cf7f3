//! Where the database is, and how it is opened.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use carboy::config::{Config, ConfigError};
use sea_orm::sqlx::ConnectOptions as _;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbBackend};

use crate::error::{DbError, DbErrorKind};

/// How long a request waits for a free connection, and a writer of SQLite for another one.
const PATIENCE: Duration = Duration::from_secs(5);
const SLOW: Duration = Duration::from_secs(1);
const SQLITE_CONNECTIONS: u32 = 8;
const SERVER_CONNECTIONS: u32 = 10;

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    place: Place,
    connections: Option<u32>,
    acquire_timeout: Duration,
}

#[derive(Clone, Debug)]
enum Place {
    Memory,
    File { path: PathBuf, query: String, read_only: bool },
    Server(String),
}

/// An open database.
pub(crate) struct Opened {
    pub(crate) connection: DatabaseConnection,
    /// A database in memory lives as long as a connection to it: this one, whatever happens to those of the pool.
    _keeper: Option<Mutex<SqliteConnection>>,
}

impl Settings {
    /// What an app's configuration says: `DATABASE_URL`, else what Flask-SQLAlchemy reads, else a file named after the app in the
    /// instance folder; `DATABASE_MAX_CONNECTIONS`; `DATABASE_ACQUIRE_TIMEOUT` in seconds.
    pub(crate) fn of_app(name: &str, config: &Config, url: Option<&str>) -> Result<Self, DbError> {
        let invalid = |error: ConfigError| DbError::new(DbErrorKind::Unavailable, error.to_string());
        let text = |key| config.get_str(key).map_err(invalid);
        let instance = config.instance_path();
        let url = match (url, text("DATABASE_URL")?, text("SQLALCHEMY_DATABASE_URI")?) {
            (Some(url), _, _) | (None, Some(url), _) => url.to_owned(),
            (None, None, Some(uri)) => from_sqlalchemy(uri),
            (None, None, None) => format!("sqlite:{name}.sqlite"),
        };
        let mut settings = Self::of_url(&url, instance)?;
        settings.connections = config.get("DATABASE_MAX_CONNECTIONS").map_err(invalid)?;
        if let Some(timeout) = config.get_duration("DATABASE_ACQUIRE_TIMEOUT").map_err(invalid)? {
            settings.acquire_timeout = timeout;
        }
        Ok(settings)
    }

    /// What a URL says; a relative file is looked up in `folder`.
    pub(crate) fn of_url(url: &str, folder: &Path) -> Result<Self, DbError> {
        let place = match url.split_once(':') {
            Some(("sqlite", rest)) => sqlite_place(rest.strip_prefix("//").unwrap_or(rest), folder),
            Some(("postgres" | "postgresql", _)) if cfg!(feature = "postgres") => {
                Place::Server(url.to_owned())
            }
            Some(("postgres" | "postgresql", _)) => {
                let message = "PostgreSQL needs the feature `postgres` of carboy-db";
                return Err(DbError::new(DbErrorKind::Unavailable, message));
            }
            _ => {
                let message = "the database's URL must start with `sqlite:` or `postgres:`";
                return Err(DbError::new(DbErrorKind::Unavailable, message));
            }
        };
        Ok(Self { place, connections: None, acquire_timeout: PATIENCE })
    }

    pub(crate) fn backend(&self) -> DbBackend {
        match self.place {
            Place::Memory | Place::File { .. } => DbBackend::Sqlite,
            Place::Server(_) => DbBackend::Postgres,
        }
    }

    pub(crate) async fn connect(&self) -> Result<Opened, DbError> {
        let mut options = match &self.place {
            Place::Memory => ConnectOptions::new("sqlite::memory:"),
            Place::File { query, .. } => ConnectOptions::new(format!("sqlite:file{query}")),
            Place::Server(url) => ConnectOptions::new(url),
        };
        options
            .acquire_timeout(self.acquire_timeout)
            .connect_timeout(self.acquire_timeout)
            .sqlx_logging_level(log::LevelFilter::Debug)
            .sqlx_slow_statements_logging_settings(log::LevelFilter::Warn, SLOW);
        let mut keeper = None;
        match &self.place {
            // Connections that share a cache do not wait for each other's locks, so there is one.
            Place::Memory => {
                let (kept, name) = keep_in_memory().await.map_err(|error| {
                    let message = format!("a database in memory cannot be opened: {error}");
                    DbError::new(DbErrorKind::Unavailable, message)
                })?;
                keeper = Some(Mutex::new(kept));
                options
                    .max_connections(1)
                    .map_sqlx_sqlite_opts(move |sqlite| sqlite.filename(&name).foreign_keys(true));
            }
            Place::File { path, read_only, .. } => {
                if !read_only {
                    prepare(path)?;
                }
                options.max_connections(self.connections.unwrap_or(SQLITE_CONNECTIONS));
                let (path, read_only, patience) = (path.clone(), *read_only, self.acquire_timeout);
                options.map_sqlx_sqlite_opts(move |sqlite| {
                    let sqlite = sqlite.filename(&path).foreign_keys(true).busy_timeout(patience);
                    if read_only {
                        sqlite
                    } else {
                        sqlite.create_if_missing(true).journal_mode(SqliteJournalMode::Wal)
                    }
                });
            }
            Place::Server(_) => {
                options.max_connections(self.connections.unwrap_or(SERVER_CONNECTIONS));
            }
        }
        let connection = Database::connect(options).await.map_err(|error| {
            let error = DbError::from(error);
            let message = match &self.place {
                Place::File { path, .. } => {
                    format!("the database '{}' cannot be opened: {error}", path.display())
                }
                Place::Memory => format!("a database in memory cannot be opened: {error}"),
                Place::Server(url) => {
                    format!("the database at '{}' cannot be reached: {error}", without_password(url))
                }
            };
            DbError::new(DbErrorKind::Unavailable, message)
        })?;
        Ok(Opened { connection, _keeper: keeper })
    }
}

/// A connection to a new database in memory, and the name by which others reach it.
async fn keep_in_memory() -> Result<(SqliteConnection, PathBuf), sea_orm::sqlx::Error> {
    let options: SqliteConnectOptions = "sqlite::memory:".parse()?;
    let name = options.get_filename().to_owned();
    Ok((options.disable_statement_logging().connect().await?, name))
}

fn sqlite_place(rest: &str, folder: &Path) -> Place {
    let (path, query) =
        rest.split_once('?').map_or((rest, String::new()), |(path, query)| (path, format!("?{query}")));
    let has = |wanted: &str| query.trim_start_matches('?').split('&').any(|part| part == wanted);
    if path == ":memory:" || path.is_empty() || has("mode=memory") {
        return Place::Memory;
    }
    let read_only = has("mode=ro") || has("immutable=1") || has("immutable=true");
    Place::File { path: folder.join(path), query, read_only }
}

/// SQLAlchemy's way to write a place: three slashes before a relative file, four before an absolute one, and the driver's name in
/// the scheme.
fn from_sqlalchemy(uri: &str) -> String {
    let (scheme, rest) = uri.split_once("://").unwrap_or((uri, ""));
    let scheme = scheme.split('+').next().unwrap_or(scheme);
    match scheme {
        "sqlite" => format!("sqlite:{}", rest.strip_prefix('/').unwrap_or(rest)),
        _ => format!("{scheme}://{rest}"),
    }
}

/// Makes sure that the file and its folder are there and can be written; only its owner may read a new file.
fn prepare(path: &Path) -> Result<(), DbError> {
    let refused = |what: &str, error: &io::Error| {
        let reason = error.to_string();
        let reason = reason.split(" (os error").next().unwrap_or_default();
        let message = format!(
            "the database '{}' cannot be written by the user '{}' ({what}: {reason}): \
             give that user the right to write the file and its folder, or set DATABASE_URL to another place",
            path.display(),
            user()
        );
        DbError::new(DbErrorKind::Unavailable, message)
    };
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder).map_err(|error| refused("its folder", &error))?;
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|error| refused("the file", &error))?;
    // SQLite keeps its journal beside the file.
    let mut probe = path.as_os_str().to_owned();
    probe.push(format!("-probe-{}-{:?}", std::process::id(), std::thread::current().id()));
    let probe = PathBuf::from(probe);
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&probe)
        .map_err(|error| refused("its folder", &error))?;
    let _ = fs::remove_file(&probe);
    Ok(())
}

/// The name of the user that this process runs as, else the number.
fn user() -> String {
    let Ok(id) = fs::metadata("/proc/self").map(|process| process.uid()) else {
        return std::env::var("USER").unwrap_or_else(|_| "of this process".to_owned());
    };
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| id.to_string())
}

fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => {
            format!("{scheme}://{}", place.split('?').next().unwrap_or_default())
        }
        _ => url.split('?').next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(url: &str) -> PathBuf {
        match Settings::of_url(url, Path::new("/instance")).unwrap().place {
            Place::File { path, .. } => path,
            other => panic!("{url}: {other:?}"),
        }
    }

    #[test]
    fn a_relative_file_lies_in_the_instance_folder_and_an_absolute_one_where_it_says() {
        assert_eq!(file("sqlite:shop.db"), Path::new("/instance/shop.db"));
        assert_eq!(file("sqlite://data/shop.db?cache=private"), Path::new("/instance/data/shop.db"));
        assert_eq!(file("sqlite:///srv/shop.db"), Path::new("/srv/shop.db"));
    }

    #[test]
    fn memory_has_four_spellings() {
        for url in ["sqlite::memory:", "sqlite://:memory:", "sqlite:", "sqlite:x?mode=memory"] {
            assert!(matches!(Settings::of_url(url, Path::new("/")).unwrap().place, Place::Memory), "{url}");
        }
    }

    #[test]
    fn sqlalchemys_uris_are_understood() {
        for (uri, url) in [
            ("sqlite:///shop.db", "sqlite:shop.db"),
            ("sqlite:////srv/shop.db", "sqlite:/srv/shop.db"),
            ("sqlite://", "sqlite:"),
            ("sqlite:///:memory:", "sqlite::memory:"),
            ("postgresql+psycopg2://u:p@h/d", "postgresql://u:p@h/d"),
        ] {
            assert_eq!(from_sqlalchemy(uri), url);
        }
    }

    #[test]
    fn the_apps_name_is_the_files_name_unless_the_configuration_says_otherwise() {
        let mut config = Config::with_environment(carboy::config::Environment::of::<String, String>([]));
        config.set_instance_path("/instance");
        let path = |config: &Config| match Settings::of_app("shop", config, None).unwrap().place {
            Place::File { path, .. } => path,
            other => panic!("{other:?}"),
        };
        assert_eq!(path(&config), Path::new("/instance/shop.sqlite"));
        config.set("SQLALCHEMY_DATABASE_URI", "sqlite:///flask.db");
        assert_eq!(path(&config), Path::new("/instance/flask.db"));
        config.set("DATABASE_URL", "sqlite:own.db");
        assert_eq!(path(&config), Path::new("/instance/own.db"));
    }

    #[test]
    fn passwords_do_not_reach_messages() {
        assert_eq!(without_password("postgres://u:p@ss@host:5432/db?x=y"), "postgres://host:5432/db");
        assert_eq!(without_password("postgres:///db?password=p"), "postgres:///db");
    }

    #[test]
    fn an_unknown_scheme_is_refused() {
        assert!(Settings::of_url("oracle://x", Path::new("/")).is_err());
        assert!(Settings::of_url("shop.db", Path::new("/")).is_err());
    }
}
