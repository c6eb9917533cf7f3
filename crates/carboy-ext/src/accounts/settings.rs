//! What the app's configuration says about accounts, by Flask-Security's keys.

use std::sync::Arc;
use std::time::Duration;

use carboy::security::signing::Clock;
use carboy::{Config, Error, Result, State};

use super::links::Links;
use super::passwords::{PasswordRules, Passwords};
use super::sealed::Sealer;
use super::throttle::{self, Throttle};

pub(super) struct Settings {
    pub(super) registerable: bool,
    pub(super) confirmable: bool,
    pub(super) recoverable: bool,
    pub(super) changeable: bool,
    pub(super) change_email: bool,
    pub(super) two_factor: bool,
    pub(super) webauthn: bool,
    pub(super) confirm_within: Duration,
    pub(super) reset_within: Duration,
    pub(super) change_email_within: Duration,
    pub(super) second_factor_within: Duration,
    pub(super) post_login: String,
    pub(super) post_logout: String,
    pub(super) default_remember: bool,
    pub(super) issuer: String,
    pub(super) service: String,
    #[cfg(feature = "passkeys")]
    pub(super) passkey_origins: Vec<String>,
    #[cfg(feature = "passkeys")]
    pub(super) passkey_domain: Option<String>,
    pub(super) passwords: Passwords,
    pub(super) rules: PasswordRules,
    pub(super) throttle: Arc<dyn Throttle>,
    pub(super) links: Links,
    pub(super) sealer: Sealer,
}

impl Settings {
    pub(super) fn new(
        app: &State,
        rules: PasswordRules,
        throttle: Option<Arc<dyn Throttle>>,
        clock: Clock,
    ) -> Result<Self> {
        let config = app.config();
        let on = |key: &str, default: bool| Ok::<_, Error>(config.get::<bool>(key)?.unwrap_or(default));
        let text =
            |key: &str, default: &str| Ok::<_, Error>(config.get_str(key)?.unwrap_or(default).to_owned());
        Ok(Self {
            registerable: on("SECURITY_REGISTERABLE", true)?,
            confirmable: on("SECURITY_CONFIRMABLE", true)?,
            recoverable: on("SECURITY_RECOVERABLE", true)?,
            changeable: on("SECURITY_CHANGEABLE", true)?,
            change_email: on("SECURITY_CHANGE_EMAIL", true)?,
            two_factor: on("SECURITY_TWO_FACTOR", true)?,
            webauthn: cfg!(feature = "passkeys") && on("SECURITY_WEBAUTHN", true)?,
            confirm_within: within(config, "SECURITY_CONFIRM_EMAIL_WITHIN", 5 * DAY)?,
            reset_within: within(config, "SECURITY_RESET_PASSWORD_WITHIN", DAY)?,
            change_email_within: within(config, "SECURITY_CHANGE_EMAIL_WITHIN", 2 * HOUR)?,
            second_factor_within: within(config, "SECURITY_TWO_FACTOR_WITHIN", HOUR / 6)?,
            post_login: text("SECURITY_POST_LOGIN_VIEW", "/")?,
            post_logout: text("SECURITY_POST_LOGOUT_VIEW", "/")?,
            default_remember: on("SECURITY_DEFAULT_REMEMBER_ME", false)?,
            issuer: text("SECURITY_TOTP_ISSUER", app.name())?,
            service: app.name().to_owned(),
            #[cfg(feature = "passkeys")]
            passkey_origins: config.get("SECURITY_WAN_ORIGINS")?.unwrap_or_default(),
            #[cfg(feature = "passkeys")]
            passkey_domain: config.get_str("SECURITY_WAN_RP_ID")?.map(str::to_owned),
            passwords: Passwords::from_config(config)?,
            rules: rules.configured(config)?,
            throttle: throttle.map_or_else(|| throttle::of(config), Ok)?,
            links: Links::new(config, clock)?,
            sealer: Sealer::new(config)?,
        })
    }
}

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// A span of time as Flask-Security writes it (`5 days`), or a number of seconds.
fn within(config: &Config, key: &str, default: u64) -> Result<Duration> {
    let Some(value) = config.value(key) else { return Ok(Duration::from_secs(default)) };
    let seconds = match value.as_str() {
        None => value.as_u64(),
        Some(text) => text.split_once(' ').and_then(|(number, unit)| {
            let unit = match unit.trim().trim_end_matches('s') {
                "second" => 1,
                "minute" => 60,
                "hour" => HOUR,
                "day" => DAY,
                "week" => 7 * DAY,
                _ => return None,
            };
            number.parse::<u64>().ok()?.checked_mul(unit)
        }),
    };
    let seconds = seconds.filter(|seconds| *seconds > 0);
    seconds.map(Duration::from_secs).ok_or_else(|| {
        Error::msg(format!(
            "{key} is {value}, neither a number of seconds nor a span of time such as \"5 days\""
        ))
    })
}
