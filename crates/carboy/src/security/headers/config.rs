//! The keys of the configuration: Flask-Talisman's options in upper case. They win over what the app chose.

use super::{csp::Csp, policy::HeaderPolicy};
use crate::{Config, Result, config::ConfigError};
use serde_json::Value;

/// What the configuration says in place of the app. Errors name the key.
pub(super) fn configured(policy: &HeaderPolicy, config: &Config) -> Result<HeaderPolicy> {
    let mut policy = policy.clone();
    let flag = |key: &str, value: &mut bool| -> Result<(), ConfigError> {
        if config.contains_key(key) {
            *value = config.get_bool(key)?;
        }
        Ok(())
    };
    flag("FORCE_HTTPS", &mut policy.force_https)?;
    flag("FORCE_HTTPS_PERMANENT", &mut policy.force_https_permanent)?;
    flag("STRICT_TRANSPORT_SECURITY", &mut policy.hsts)?;
    flag("STRICT_TRANSPORT_SECURITY_INCLUDE_SUBDOMAINS", &mut policy.hsts_include_subdomains)?;
    flag("STRICT_TRANSPORT_SECURITY_PRELOAD", &mut policy.hsts_preload)?;
    flag("CONTENT_SECURITY_POLICY_REPORT_ONLY", &mut policy.csp_report_only)?;
    flag("X_CONTENT_TYPE_OPTIONS", &mut policy.x_content_type_options)?;
    flag("X_XSS_PROTECTION", &mut policy.x_xss_protection)?;
    flag("FORCE_FILE_SAVE", &mut policy.force_file_save)?;
    if let Some(age) = config.get_duration("STRICT_TRANSPORT_SECURITY_MAX_AGE")? {
        policy.hsts_max_age = age;
    }
    if let Some(directives) = config.get("CONTENT_SECURITY_POLICY_NONCE_IN")? {
        policy.csp_nonce_in = directives;
    }
    for (key, value) in
        [("CONTENT_SECURITY_POLICY", &mut policy.csp), ("FEATURE_POLICY", &mut policy.feature_policy)]
    {
        if config.contains_key(key) {
            *value = if is_off(config, key) { Csp::new() } else { config.get(key)?.unwrap_or_default() };
        }
    }
    for (key, value) in [
        ("FRAME_OPTIONS", &mut policy.frame_options),
        ("CONTENT_SECURITY_POLICY_REPORT_URI", &mut policy.csp_report_uri),
        ("REFERRER_POLICY", &mut policy.referrer_policy),
        ("CROSS_ORIGIN_OPENER_POLICY", &mut policy.opener_policy),
        ("CROSS_ORIGIN_RESOURCE_POLICY", &mut policy.resource_policy),
        ("CROSS_ORIGIN_EMBEDDER_POLICY", &mut policy.embedder_policy),
    ] {
        if config.contains_key(key) {
            *value = if is_off(config, key) { None } else { config.get(key)? };
        }
    }
    if policy.frame_options.as_deref() == Some("ALLOW-FROM")
        && let Some(origin) = config.get_str("FRAME_OPTIONS_ALLOW_FROM")?
    {
        policy.frame_options = Some(format!("ALLOW-FROM {origin}"));
    }
    for (key, value) in [
        ("PERMISSIONS_POLICY", &mut policy.permissions_policy),
        ("DOCUMENT_POLICY", &mut policy.document_policy),
    ] {
        if config.contains_key(key) {
            *value = if is_off(config, key) { None } else { structured(config, key)? };
        }
    }
    Ok(policy)
}

/// Null, false, or empty, which is none.
fn is_off(config: &Config, key: &str) -> bool {
    match config.value(key) {
        None | Some(Value::Null | Value::Bool(false)) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Object(map)) => map.is_empty(),
        Some(_) => false,
    }
}

/// Text, or a mapping: `{"camera": "()"}` is `camera=()`.
fn structured(config: &Config, key: &str) -> Result<Option<String>, ConfigError> {
    match config.value(key) {
        Some(Value::Object(_)) => {
            let map: Option<indexmap::IndexMap<String, String>> = config.get(key)?;
            let pairs = map.unwrap_or_default();
            Ok(Some(
                pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", "),
            ))
        }
        _ => config.get(key),
    }
}
