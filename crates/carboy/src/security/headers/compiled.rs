//! A policy as the header fields that it stands for, made once.

use super::policy::HeaderPolicy;
use crate::{Error, Result};
use carboy_http::{HeaderName, HeaderValue, Response, StatusCode, header};

/// A policy in the form in which each response gets it.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) policy: HeaderPolicy,
    fixed: Vec<(HeaderName, HeaderValue)>,
    hsts: Option<HeaderValue>,
    csp: Option<CspField>,
}

#[derive(Debug)]
struct CspField {
    name: HeaderName,
    /// The value around the nonces: one piece more than there are of them.
    pieces: Vec<String>,
}

/// Where a nonce goes, while the value is put together: nothing that a policy can hold.
const NONCE: char = '\u{0}';

impl Compiled {
    /// Errors are sentences about options that no header field can hold.
    pub(super) fn new(policy: HeaderPolicy) -> Result<Self> {
        let mut fixed = Vec::new();
        let mut add = |name: &'static str, value: Option<&str>| -> Result<()> {
            let Some(value) = value else { return Ok(()) };
            let value = HeaderValue::from_str(value).map_err(|_| {
                Error::msg(format!("{name} cannot be {value:?}: that is no value of a header field"))
            })?;
            fixed.push((HeaderName::from_static(name), value));
            Ok(())
        };
        if let Some(mistake) = policy.feature_policy.mistake() {
            return Err(Error::msg(format!("the feature policy: {mistake}")));
        }
        let feature_policy = policy.feature_policy.to_string();
        add("feature-policy", Some(&*feature_policy).filter(|text| !text.is_empty()))?;
        add("permissions-policy", policy.permissions_policy.as_deref())?;
        add("document-policy", policy.document_policy.as_deref())?;
        add("x-frame-options", policy.frame_options.as_deref())?;
        add("x-xss-protection", policy.x_xss_protection.then_some("1; mode=block"))?;
        add("x-content-type-options", policy.x_content_type_options.then_some("nosniff"))?;
        add("x-download-options", policy.force_file_save.then_some("noopen"))?;
        add("referrer-policy", policy.referrer_policy.as_deref())?;
        add("cross-origin-opener-policy", policy.opener_policy.as_deref())?;
        add("cross-origin-resource-policy", policy.resource_policy.as_deref())?;
        add("cross-origin-embedder-policy", policy.embedder_policy.as_deref())?;
        let hsts = policy.hsts.then(|| hsts(&policy)).transpose()?;
        let csp = csp(&policy)?;
        Ok(Compiled { policy, fixed, hsts, csp })
    }

    /// Whether responses have a nonce.
    pub(super) fn has_nonce(&self) -> bool {
        self.csp.as_ref().is_some_and(|csp| csp.pieces.len() > 1)
    }

    /// Adds the fields that a response does not have.
    pub(super) fn apply(&self, response: &mut Response, secure: bool, nonce: impl FnOnce() -> String) {
        // A page that the browser kept has the nonce that came with it.
        let with_csp = !(self.has_nonce() && response.status() == StatusCode::NOT_MODIFIED);
        let headers = response.headers_mut();
        for (name, value) in &self.fixed {
            headers.entry(name).or_insert_with(|| value.clone());
        }
        if let Some(hsts) = self.hsts.as_ref().filter(|_| secure) {
            headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert_with(|| hsts.clone());
        }
        if let Some(csp) = self.csp.as_ref().filter(|csp| with_csp && !headers.contains_key(&csp.name)) {
            let text = match &*csp.pieces {
                [text] => text.clone(),
                pieces => pieces.join(&nonce()),
            };
            // It was a value without the nonce, and a nonce is plain text.
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(csp.name.clone(), value);
            }
        }
    }
}

fn hsts(policy: &HeaderPolicy) -> Result<HeaderValue> {
    let mut value = format!("max-age={}", policy.hsts_max_age.as_secs());
    if policy.hsts_include_subdomains {
        value.push_str("; includeSubDomains");
    }
    if policy.hsts_preload {
        value.push_str("; preload");
    }
    Ok(HeaderValue::from_str(&value)?)
}

fn csp(policy: &HeaderPolicy) -> Result<Option<CspField>> {
    if policy.csp_report_only && policy.csp_report_uri.is_none() {
        return Err(Error::msg(
            "content_security_policy_report_only needs content_security_policy_report_uri: where browsers send their reports",
        ));
    }
    if policy.csp.is_empty() {
        return Ok(None);
    }
    let mut directives = policy.csp.clone();
    if let Some(uri) = &policy.csp_report_uri
        && directives.get("report-uri").is_none()
    {
        directives = directives.set("report-uri", uri);
    }
    if let Some(mistake) = directives.mistake() {
        return Err(Error::msg(format!("the content security policy: {mistake}")));
    }
    for name in &policy.csp_nonce_in {
        if directives.get(name).is_some() {
            directives = directives.add(name, &format!("'nonce-{NONCE}'"));
        }
    }
    let text = directives.to_string();
    let name = match policy.csp_report_only {
        true => header::CONTENT_SECURITY_POLICY_REPORT_ONLY,
        false => header::CONTENT_SECURITY_POLICY,
    };
    Ok(Some(CspField { name, pieces: text.split(NONCE).map(str::to_owned).collect() }))
}
