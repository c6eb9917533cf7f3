//! The configuration that the framework itself reads, looked up and checked once, when the app is frozen.

use crate::{
    Result,
    config::Config,
    json::{JsonProvider, JsonStyle},
    session::SessionConfig,
};
use carboy_http::{
    HeaderValue, HttpError, HttpErrorKind, Limits, SpoolFolder, cookie::SameSite, proxy::ProxyFix,
};
use std::time::Duration;

/// Configuration in the form in which each request reads it.
pub(crate) struct Settings {
    pub(crate) debug: bool,
    pub(crate) testing: bool,
    pub(crate) propagate_exceptions: bool,
    pub(crate) trap_http_exceptions: bool,
    pub(crate) trap_bad_request_errors: Option<bool>,
    pub(crate) server_name: Option<String>,
    pub(crate) application_root: String,
    pub(crate) preferred_url_scheme: String,
    pub(crate) trusted_hosts: Option<Vec<String>>,
    pub(crate) limits: Limits,
    pub(crate) send_file_max_age: Option<Duration>,
    pub(crate) use_x_sendfile: bool,
    pub(crate) precompressed: bool,
    pub(crate) provide_automatic_options: bool,
    pub(crate) sync_views_block: bool,
    pub(crate) csrf_check: bool,
    pub(crate) csrf_trusted_origins: Vec<String>,
    pub(crate) templates_auto_reload: bool,
    pub(crate) explain_template_loading: bool,
    pub(crate) request_spans: bool,
    pub(crate) json: JsonStyle,
    #[cfg(feature = "websocket")]
    pub(crate) websocket: WebSocketSettings,
}

/// What WebSockets may, and who may open them.
#[cfg(feature = "websocket")]
pub(crate) struct WebSocketSettings {
    pub(crate) origins: Vec<String>,
    pub(crate) max_per_client: Option<usize>,
    pub(crate) limits: WebSocketLimits,
}

/// What a WebSocket may.
#[cfg(feature = "websocket")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct WebSocketLimits {
    pub(crate) max_message_size: Option<usize>,
    pub(crate) max_frame_size: Option<usize>,
    pub(crate) ping_interval: Option<Duration>,
    pub(crate) ping_timeout: Duration,
    pub(crate) send_buffer: usize,
    pub(crate) send_timeout: Option<Duration>,
    pub(crate) close_timeout: Duration,
}

#[cfg(feature = "websocket")]
impl WebSocketSettings {
    fn from_config(config: &Config) -> Result<Self> {
        let seconds = |key| config.get_duration(key).map(Option::unwrap_or_default);
        Ok(WebSocketSettings {
            origins: config.get("WEBSOCKET_ORIGINS")?.unwrap_or_default(),
            max_per_client: config.get("WEBSOCKET_MAX_PER_CLIENT")?,
            limits: WebSocketLimits {
                max_message_size: config.get("WEBSOCKET_MAX_MESSAGE_SIZE")?,
                max_frame_size: config.get("WEBSOCKET_MAX_FRAME_SIZE")?,
                ping_interval: config
                    .get_duration("WEBSOCKET_PING_INTERVAL")?
                    .filter(|interval| !interval.is_zero()),
                ping_timeout: seconds("WEBSOCKET_PING_TIMEOUT")?,
                send_buffer: config.get("WEBSOCKET_SEND_BUFFER")?.unwrap_or(0).max(1),
                send_timeout: config.get_duration("WEBSOCKET_SEND_TIMEOUT")?,
                close_timeout: seconds("WEBSOCKET_CLOSE_TIMEOUT")?,
            },
        })
    }
}

impl Settings {
    /// Looks the settings up. Errors name the key.
    pub(crate) fn from_config(config: &Config) -> Result<Self> {
        let debug = config.get::<bool>("DEBUG")?.unwrap_or(false);
        let testing = config.get::<bool>("TESTING")?.unwrap_or(false);
        let sync_views = config.get::<String>("SYNC_VIEWS")?.unwrap_or_default();
        let sync_views_block = match sync_views.as_str() {
            "inline" | "" => false,
            "blocking" => true,
            other => {
                return Err(crate::Error::msg(format!(
                    "SYNC_VIEWS is \"{other}\": it takes \"inline\" or \"blocking\""
                )));
            }
        };
        let trusted_hosts: Option<Vec<String>> = config.get("TRUSTED_HOSTS")?;
        if config.get("HARDENED")?.unwrap_or(false) && trusted_hosts.is_none() {
            return Err(crate::Error::msg(
                "HARDENED needs TRUSTED_HOSTS: the names that this app is reached by, such as [\"shop.example\"]",
            ));
        }
        Ok(Settings {
            debug,
            testing,
            propagate_exceptions: config.get("PROPAGATE_EXCEPTIONS")?.unwrap_or(testing || debug),
            trap_http_exceptions: config.get("TRAP_HTTP_EXCEPTIONS")?.unwrap_or(false),
            trap_bad_request_errors: config.get("TRAP_BAD_REQUEST_ERRORS")?,
            server_name: config.get("SERVER_NAME")?,
            application_root: config.get("APPLICATION_ROOT")?.unwrap_or_else(|| "/".to_owned()),
            preferred_url_scheme: config.get("PREFERRED_URL_SCHEME")?.unwrap_or_else(|| "http".to_owned()),
            trusted_hosts,
            limits: Limits {
                max_content_length: config.get("MAX_CONTENT_LENGTH")?,
                max_form_memory_size: config.get("MAX_FORM_MEMORY_SIZE")?,
                max_form_parts: config.get("MAX_FORM_PARTS")?,
                max_args: config.get("MAX_ARGS")?,
                max_path_length: config.get("MAX_PATH_LENGTH")?,
                max_spool_size: config.get("MAX_SPOOL_SIZE")?,
                spool_folder: spool_folder(config)?,
            },
            send_file_max_age: config.get::<u64>("SEND_FILE_MAX_AGE_DEFAULT")?.map(Duration::from_secs),
            use_x_sendfile: config.get("USE_X_SENDFILE")?.unwrap_or(false),
            precompressed: config.get("STATIC_PRECOMPRESSED")?.unwrap_or(false),
            provide_automatic_options: config.get("PROVIDE_AUTOMATIC_OPTIONS")?.unwrap_or(true),
            sync_views_block,
            csrf_check: config.get("CSRF_CHECK")?.unwrap_or(true),
            csrf_trusted_origins: config.get("CSRF_TRUSTED_ORIGINS")?.unwrap_or_default(),
            templates_auto_reload: config.get("TEMPLATES_AUTO_RELOAD")?.unwrap_or(debug),
            explain_template_loading: config.get("EXPLAIN_TEMPLATE_LOADING")?.unwrap_or(false),
            request_spans: config.get("REQUEST_SPANS")?.unwrap_or(false),
            json: JsonProvider::default().response_style(debug),
            #[cfg(feature = "websocket")]
            websocket: WebSocketSettings::from_config(config)?,
        })
    }

    /// Whether an HTTP error goes the way of any other error.
    pub(crate) fn traps(&self, error: &HttpError) -> bool {
        if self.trap_http_exceptions {
            return true;
        }
        match self.trap_bad_request_errors {
            Some(trap) => trap && error.status() == carboy_http::StatusCode::BAD_REQUEST,
            None => self.debug && matches!(error.kind(), HttpErrorKind::BadRequestKey(_)),
        }
    }

    /// Whether the page about a missing form key names the key.
    pub(crate) fn shows_bad_request_keys(&self) -> bool {
        self.debug || self.trap_bad_request_errors == Some(true)
    }
}

/// What is believed of what proxies say: what the app chose, of the peers that the configuration names.
pub(crate) fn proxies(chosen: Option<ProxyFix>, config: &Config) -> Result<Option<ProxyFix>> {
    match config.get::<Vec<String>>("TRUSTED_PROXIES")? {
        None => Ok(chosen),
        Some(networks) => {
            let trusted = chosen.unwrap_or_default().trusted_proxies(networks);
            trusted.map(Some).map_err(|wrong| crate::Error::msg(format!("TRUSTED_PROXIES: {wrong}")))
        }
    }
}

/// The folder of uploads that are too large for memory, if it is not the system's.
fn spool_folder(config: &Config) -> Result<Option<&'static SpoolFolder>> {
    let Some(folder) = config.get::<std::path::PathBuf>("SPOOL_FOLDER")? else { return Ok(None) };
    let folder = config.instance_path().join(folder);
    if !folder.is_dir() {
        return Err(crate::Error::msg(format!(
            "SPOOL_FOLDER is {}, which is no folder: create it, or leave the key out for the system's folder for temporary files",
            folder.display()
        )));
    }
    Ok(Some(SpoolFolder::at(folder)))
}

/// The part of the configuration that sessions read.
pub(crate) fn session_config(config: &Config) -> Result<SessionConfig> {
    let hardened = config.get::<bool>("HARDENED")?.unwrap_or(false);
    let interop = config.get::<bool>("INTEROP")?.unwrap_or(false);
    let mut name: String = config.get("SESSION_COOKIE_NAME")?.unwrap_or_else(|| "session".to_owned());
    if hardened && !interop && name == "session" {
        name = "__Host-session".to_owned();
    }
    let root: String = config.get("APPLICATION_ROOT")?.unwrap_or_else(|| "/".to_owned());
    Ok(SessionConfig {
        secret_key: config.get::<String>("SECRET_KEY")?.map(String::into_bytes),
        fallbacks: config
            .get::<Vec<String>>("SECRET_KEY_FALLBACKS")?
            .unwrap_or_default()
            .into_iter()
            .map(String::into_bytes)
            .collect(),
        cookie_name: name,
        domain: config.get("SESSION_COOKIE_DOMAIN")?,
        path: config.get("SESSION_COOKIE_PATH")?.unwrap_or(root),
        httponly: config.get("SESSION_COOKIE_HTTPONLY")?.unwrap_or(true),
        secure: hardened || config.get("SESSION_COOKIE_SECURE")?.unwrap_or(false),
        samesite: match config.get::<String>("SESSION_COOKIE_SAMESITE")? {
            Some(word) => Some(word.parse()?),
            None => hardened.then_some(SameSite::Lax),
        },
        partitioned: config.get("SESSION_COOKIE_PARTITIONED")?.unwrap_or(false),
        lifetime: Duration::from_secs(config.get("PERMANENT_SESSION_LIFETIME")?.unwrap_or(31 * 24 * 3600)),
        refresh_each_request: config.get("SESSION_REFRESH_EACH_REQUEST")?.unwrap_or(true),
        cache_control: cache_control(config, hardened)?,
        max_cookie_size: config.get("MAX_COOKIE_SIZE")?.unwrap_or(4093),
        ..SessionConfig::default()
    })
}

/// What caches are told of responses that depend on the session; an empty text is nothing.
fn cache_control(config: &Config, hardened: bool) -> Result<Option<HeaderValue>> {
    let default = hardened.then_some("no-store");
    let Some(text) = config.get_str("SESSION_CACHE_CONTROL")?.or(default).filter(|text| !text.is_empty())
    else {
        return Ok(None);
    };
    HeaderValue::from_str(text).map(Some).map_err(|_| {
        crate::Error::msg("SESSION_CACHE_CONTROL is no value of a header field, such as no-store")
    })
}
