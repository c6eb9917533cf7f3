//! What the configuration says about logins.

use carboy::{Config, Error, Result, SameSite, security::tokens::RememberTokens};
use std::time::Duration;

/// What is done with a session that comes from another browser, or from another address, than it was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SessionProtection {
    /// Nothing.
    Off,
    /// The login is not fresh any more.
    #[default]
    Basic,
    /// Nobody is logged in any more, and the remember-me cookie is taken away. Permanent sessions are treated as with `Basic`.
    Strong,
}

pub(super) struct Settings {
    pub(super) disabled: bool,
    pub(super) protection: SessionProtection,
    pub(super) session_for_next: bool,
    pub(super) force_host: Option<String>,
    /// How long a login lasts, whatever the user does.
    pub(super) lifetime: Option<Duration>,
    /// How long a login lasts without a request.
    pub(super) idle_lifetime: Option<Duration>,
    pub(super) cookie: RememberCookie,
}

/// How the remember-me cookie is set.
pub(super) struct RememberCookie {
    /// What signs it; nothing without SECRET_KEY.
    pub(super) tokens: Option<RememberTokens>,
    pub(super) name: String,
    pub(super) duration: Duration,
    pub(super) domain: Option<String>,
    pub(super) path: String,
    pub(super) secure: bool,
    pub(super) httponly: bool,
    pub(super) samesite: Option<SameSite>,
    pub(super) refresh_each_request: bool,
}

impl Settings {
    /// Reads them; `protection` is what the app chose, and the configuration wins.
    pub(super) fn from_config(config: &Config, protection: SessionProtection) -> Result<Self> {
        let idle_lifetime = config.get_duration("LOGIN_IDLE_LIFETIME")?;
        let lifetime = config.get_duration("LOGIN_LIFETIME")?;
        for (key, value) in [("LOGIN_IDLE_LIFETIME", idle_lifetime), ("LOGIN_LIFETIME", lifetime)] {
            if value == Some(Duration::ZERO) {
                return Err(Error::msg(format!(
                    "{key} is 0, so nobody could stay logged in: leave it away for no limit"
                )));
            }
        }
        Ok(Settings {
            disabled: config.get_bool("LOGIN_DISABLED")?,
            protection: match config.contains_key("SESSION_PROTECTION") {
                true => protection_of(config.get_str("SESSION_PROTECTION")?)?,
                false => protection,
            },
            session_for_next: config.get_bool("USE_SESSION_FOR_NEXT")?,
            force_host: config
                .get_str("FORCE_HOST_FOR_REDIRECTS")?
                .filter(|host| !host.is_empty())
                .map(str::to_owned),
            lifetime,
            idle_lifetime,
            cookie: RememberCookie::from_config(config)?,
        })
    }
}

impl RememberCookie {
    fn from_config(config: &Config) -> Result<Self> {
        let hardened = config.get::<bool>("HARDENED")?.unwrap_or(false);
        let interop = config.get::<bool>("INTEROP")?.unwrap_or(false);
        let name = config.get::<String>("REMEMBER_COOKIE_NAME")?;
        let domain = config.get::<String>("REMEMBER_COOKIE_DOMAIN")?;
        let path = config.get::<String>("REMEMBER_COOKIE_PATH")?;
        let host_only = domain.is_none() && path.as_deref().is_none_or(|path| path == "/");
        let prefix = if hardened && !interop && host_only { "__Host-" } else { "" };
        Ok(RememberCookie {
            tokens: match config.get_str("SECRET_KEY")? {
                Some(_) => Some(RememberTokens::from_config(config)?),
                None => None,
            },
            name: name.unwrap_or_else(|| format!("{prefix}{}", RememberTokens::COOKIE_NAME)),
            duration: config.get_duration("REMEMBER_COOKIE_DURATION")?.unwrap_or(RememberTokens::DURATION),
            domain,
            path: path.unwrap_or_else(|| "/".to_owned()),
            secure: hardened || config.get_bool("REMEMBER_COOKIE_SECURE")?,
            httponly: config.get::<bool>("REMEMBER_COOKIE_HTTPONLY")?.unwrap_or(true),
            samesite: match config.get_str("REMEMBER_COOKIE_SAMESITE")? {
                Some(word) => {
                    Some(word.parse().map_err(|error| {
                        Error::msg(format!("REMEMBER_COOKIE_SAMESITE is '{word}': {error}"))
                    })?)
                }
                None => hardened.then_some(SameSite::Lax),
            },
            refresh_each_request: config.get_bool("REMEMBER_COOKIE_REFRESH_EACH_REQUEST")?,
        })
    }
}

fn protection_of(word: Option<&str>) -> Result<SessionProtection> {
    match word {
        None | Some("") => Ok(SessionProtection::Off),
        Some("basic") => Ok(SessionProtection::Basic),
        Some("strong") => Ok(SessionProtection::Strong),
        Some(other) => Err(Error::msg(format!(
            "SESSION_PROTECTION is '{other}', and may be \"basic\", \"strong\" or null"
        ))),
    }
}
