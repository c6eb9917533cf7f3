//! What the configuration says about tokens.

use super::{
    algorithm::Algorithm,
    error::JwtError,
    key::{Key, generate_pem},
};
use carboy::{Config, Result, State};
use std::{fs, io, io::Write, path::Path, time::Duration};

/// Tokens that an app can verify name one of so many keys at most: one that signs, and those before it.
const MAX_KEYS: usize = 32;

/// Keys and rules, as they are once the app has started.
#[derive(Debug)]
pub(super) struct Settings {
    /// The one that signs is the first.
    pub(super) keys: Vec<Key>,
    pub(super) issuer: Option<String>,
    pub(super) issuers: Vec<String>,
    pub(super) audience: Vec<String>,
    pub(super) audiences: Vec<String>,
    pub(super) leeway: u64,
    pub(super) lifetime: Duration,
    pub(super) refresh_lifetime: Duration,
    pub(super) realm: String,
}

impl Settings {
    /// `chosen` are the keys that the program itself names, the one that signs first; `key_file` is made when it is not there.
    pub(super) fn of_app(app: &State, chosen: &[Key], key_file: Option<&str>) -> Result<Self> {
        let config = app.config();
        let mut keys = chosen.to_vec();
        if let Some(file) = key_file {
            keys.push(Key::from_pem(read_or_make(&config.instance_path().join(file))?)?);
        }
        if let Some(text) = config.get_str("JWT_PRIVATE_KEY")? {
            keys.push(named("JWT_PRIVATE_KEY", Key::from_pem(pem(config, "JWT_PRIVATE_KEY", text)?))?);
        }
        if let Some(secret) = config.get_bytes("JWT_SECRET_KEY")? {
            keys.push(named("JWT_SECRET_KEY", Key::secret(secret))?);
        }
        for text in list(config, "JWT_PUBLIC_KEYS")? {
            keys.push(named("JWT_PUBLIC_KEYS", Key::from_pem(pem(config, "JWT_PUBLIC_KEYS", &text)?))?);
        }
        let Some(first) = keys.first() else {
            return Err(JwtError::key(
                "there is no key: set JWT_PRIVATE_KEY to a PEM file (`jwt generate-key` prints a new one), or JWT_SECRET_KEY",
            )
            .into());
        };
        if let Some(wanted) = config.get_str("JWT_ALGORITHM")?
            && wanted.parse::<Algorithm>().ok() != Some(first.algorithm())
        {
            let sentence =
                format!("JWT_ALGORITHM is '{wanted}', and the key that signs is for {}", first.algorithm());
            return Err(JwtError::key(sentence).into());
        }
        if keys.len() > MAX_KEYS {
            return Err(JwtError::key(format!("there are {} keys; {MAX_KEYS} are enough", keys.len())).into());
        }
        let issuer = config.get_str("JWT_ENCODE_ISSUER")?.map(str::to_owned);
        let issuers = match list(config, "JWT_DECODE_ISSUER")? {
            named if named.is_empty() => issuer.iter().cloned().collect(),
            named => named,
        };
        let audience = list(config, "JWT_ENCODE_AUDIENCE")?;
        let audiences = match list(config, "JWT_DECODE_AUDIENCE")? {
            named if named.is_empty() => audience.clone(),
            named => named,
        };
        Ok(Settings {
            keys,
            issuer,
            issuers,
            audience,
            audiences,
            leeway: config.get_duration("JWT_DECODE_LEEWAY")?.unwrap_or_default().as_secs(),
            lifetime: config
                .get_duration("JWT_ACCESS_TOKEN_EXPIRES")?
                .unwrap_or(Duration::from_secs(15 * 60)),
            refresh_lifetime: config
                .get_duration("JWT_REFRESH_TOKEN_EXPIRES")?
                .unwrap_or(Duration::from_secs(30 * 24 * 60 * 60)),
            realm: app.name().chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\')).collect(),
        })
    }
}

/// Says which key of the configuration is meant.
fn named(key: &str, read: Result<Key, JwtError>) -> Result<Key, JwtError> {
    read.map_err(|error| JwtError::key(format!("{key}: {error}")))
}

/// A text, or several.
fn list(config: &Config, key: &str) -> Result<Vec<String>> {
    match config.value(key) {
        Some(serde_json::Value::Array(_)) => Ok(config.get(key)?.unwrap_or_default()),
        _ => Ok(config.get::<String>(key)?.into_iter().collect()),
    }
}

/// PEM itself, or that in a file, whose name may be relative to the instance folder.
fn pem(config: &Config, key: &str, text: &str) -> Result<String, JwtError> {
    if text.contains("-----BEGIN") {
        return Ok(text.to_owned());
    }
    let path = config.instance_path().join(text.trim());
    fs::read_to_string(&path)
        .map_err(|error| JwtError::key(format!("{key}: {} cannot be read: {error}", path.display())))
}

/// The key in a file, which only its owner may read; made when it is not there.
fn read_or_make(path: &Path) -> Result<String, JwtError> {
    let say = |what: &str, error: io::Error| {
        JwtError::key(format!("the key cannot be {what} {}: {error}", path.display()))
    };
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        read => return read.map_err(|error| say("read from", error)),
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| say("written to", error))?;
    // Written beside its place and linked there, so that nobody ever reads half a key.
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let pem = generate_pem()?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&draft).and_then(|mut file| file.write_all(pem.as_bytes()));
    let linked = written.and_then(|()| fs::hard_link(&draft, path));
    let _ = fs::remove_file(&draft);
    match linked {
        Ok(()) => Ok(pem),
        // Another process of the same instance was faster: its key is the key.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::read_to_string(path).map_err(|error| say("read from", error))
        }
        Err(error) => Err(say("written to", error)),
    }
}
