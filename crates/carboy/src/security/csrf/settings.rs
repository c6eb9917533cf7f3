//! The keys of the configuration, by Flask-WTF's names.

use crate::{Config, Error, Result, security::tokens::CsrfTokens};
use std::sync::Arc;

/// Sets the defaults as `CSRFProtect` does, so that they can be seen in the configuration.
pub(super) fn set_defaults(config: &mut Config) {
    config
        .set_default("WTF_CSRF_ENABLED", true)
        .set_default("WTF_CSRF_CHECK_DEFAULT", true)
        .set_default("WTF_CSRF_METHODS", METHODS)
        .set_default("WTF_CSRF_FIELD_NAME", CsrfTokens::FIELD)
        .set_default("WTF_CSRF_HEADERS", CsrfTokens::HEADERS)
        .set_default("WTF_CSRF_META_NAME", META_NAME)
        .set_default("WTF_CSRF_TIME_LIMIT", CsrfTokens::TIME_LIMIT.as_secs())
        .set_default("WTF_CSRF_SSL_STRICT", true);
}

const METHODS: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];
const META_NAME: &str = "csrf-token";

/// What the configuration says. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Settings(Arc<Values>);

#[derive(Debug)]
pub(super) struct Values {
    pub(super) enabled: bool,
    pub(super) check_default: bool,
    pub(super) methods: Vec<String>,
    pub(super) field: String,
    pub(super) headers: Vec<String>,
    pub(super) meta_name: String,
    pub(super) ssl_strict: bool,
    /// `None` without secret key.
    tokens: Option<CsrfTokens>,
}

impl std::ops::Deref for Settings {
    type Target = Values;
    fn deref(&self) -> &Values {
        &self.0
    }
}

impl Settings {
    /// Errors name the key.
    pub(super) fn from_config(config: &Config) -> Result<Self> {
        let flag = |key| if config.value(key).is_some() { config.get_bool(key) } else { Ok(true) };
        let texts = |key, default: &[&str]| -> Result<Vec<String>> {
            Ok(config.get(key)?.unwrap_or_else(|| default.iter().map(|text| (*text).to_owned()).collect()))
        };
        let text =
            |key, default: &str| -> Result<String> { Ok(config.get_str(key)?.unwrap_or(default).to_owned()) };
        let has_key = ["WTF_CSRF_SECRET_KEY", "SECRET_KEY"]
            .iter()
            .any(|key| config.value(key).is_some_and(|value| !value.is_null()));
        Ok(Settings(Arc::new(Values {
            enabled: flag("WTF_CSRF_ENABLED")?,
            check_default: flag("WTF_CSRF_CHECK_DEFAULT")?,
            methods: texts("WTF_CSRF_METHODS", &METHODS)?,
            field: text("WTF_CSRF_FIELD_NAME", CsrfTokens::FIELD)?,
            headers: texts("WTF_CSRF_HEADERS", &CsrfTokens::HEADERS)?,
            meta_name: text("WTF_CSRF_META_NAME", META_NAME)?,
            ssl_strict: flag("WTF_CSRF_SSL_STRICT")?,
            tokens: has_key.then(|| CsrfTokens::from_config(config)).transpose()?,
        })))
    }

    /// What makes and checks tokens; an error without secret key, with Flask-WTF's sentence.
    pub(super) fn tokens(&self) -> Result<&CsrfTokens> {
        self.tokens.as_ref().ok_or_else(|| Error::msg(CsrfTokens::NO_SECRET_KEY))
    }
}
