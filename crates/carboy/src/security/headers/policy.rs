//! Which header fields a response has, by Flask-Talisman's names.

use super::csp::Csp;
use std::time::Duration;

/// The header fields of a response, and whether plain HTTP is redirected: Flask-Talisman's options, by their names.
///
/// ```
/// use carboy::security::HeaderPolicy;
///
/// let policy = HeaderPolicy::talisman()
///     .content_security_policy("default-src 'self'; img-src 'self' data:")
///     .content_security_policy_nonce_in(["script-src"])
///     .frame_options("DENY")
///     .referrer_policy(None);
/// ```
#[derive(Clone, Debug)]
pub struct HeaderPolicy {
    pub(in crate::security) force_https: bool,
    pub(in crate::security) force_https_permanent: bool,
    pub(in crate::security) frame_options: Option<String>,
    pub(in crate::security) hsts: bool,
    pub(in crate::security) hsts_max_age: Duration,
    pub(in crate::security) hsts_include_subdomains: bool,
    pub(in crate::security) hsts_preload: bool,
    pub(in crate::security) csp: Csp,
    pub(in crate::security) csp_report_only: bool,
    pub(in crate::security) csp_report_uri: Option<String>,
    pub(in crate::security) csp_nonce_in: Vec<String>,
    pub(in crate::security) referrer_policy: Option<String>,
    pub(in crate::security) permissions_policy: Option<String>,
    pub(in crate::security) document_policy: Option<String>,
    pub(in crate::security) feature_policy: Csp,
    pub(in crate::security) x_content_type_options: bool,
    pub(in crate::security) x_xss_protection: bool,
    pub(in crate::security) force_file_save: bool,
    pub(in crate::security) opener_policy: Option<String>,
    pub(in crate::security) resource_policy: Option<String>,
    pub(in crate::security) embedder_policy: Option<String>,
}

/// Flask-Talisman's year.
const YEAR: Duration = Duration::from_secs(31_556_926);

/// Of its own host, and nothing that runs in place of what the app wrote.
const HARDENED: [(&str, &str); 13] = [
    ("default-src", "'none'"),
    ("base-uri", "'self'"),
    ("connect-src", "'self'"),
    ("font-src", "'self'"),
    ("form-action", "'self'"),
    ("frame-ancestors", "'self'"),
    ("img-src", "'self' data:"),
    ("manifest-src", "'self'"),
    ("media-src", "'self'"),
    ("object-src", "'none'"),
    ("script-src", "'self'"),
    ("style-src", "'self'"),
    ("worker-src", "'self'"),
];

/// A text or none, for arguments that are either.
fn owned<'t>(text: impl Into<Option<&'t str>>) -> Option<String> {
    text.into().filter(|text| !text.is_empty()).map(str::to_owned)
}

impl Default for HeaderPolicy {
    fn default() -> Self {
        HeaderPolicy::talisman()
    }
}

impl HeaderPolicy {
    /// Flask-Talisman's defaults.
    pub fn talisman() -> Self {
        HeaderPolicy {
            force_https: true,
            force_https_permanent: false,
            frame_options: Some("SAMEORIGIN".to_owned()),
            hsts: true,
            hsts_max_age: YEAR,
            hsts_include_subdomains: true,
            hsts_preload: false,
            csp: Csp::from([("default-src", "'self'"), ("object-src", "'none'")]),
            csp_report_only: false,
            csp_report_uri: None,
            csp_nonce_in: Vec::new(),
            referrer_policy: Some("strict-origin-when-cross-origin".to_owned()),
            permissions_policy: Some("browsing-topics=()".to_owned()),
            document_policy: None,
            feature_policy: Csp::new(),
            x_content_type_options: true,
            x_xss_protection: false,
            force_file_save: false,
            opener_policy: None,
            resource_policy: None,
            embedder_policy: None,
        }
    }

    /// What HARDENED sends: Flask-Talisman's defaults with a policy that names each kind of content, a nonce for scripts and style sheets
    /// in the page, and a process and resources of the site's own.
    pub fn hardened() -> Self {
        HeaderPolicy::talisman()
            .content_security_policy(HARDENED)
            .content_security_policy_nonce_in(["script-src", "style-src"])
            .permissions_policy("browsing-topics=(), camera=(), geolocation=(), microphone=()")
            .cross_origin_opener_policy("same-origin")
            .cross_origin_resource_policy("same-origin")
    }

    /// Whether requests by plain HTTP are redirected to HTTPS, unless in debug mode.
    #[must_use]
    pub fn force_https(mut self, force: bool) -> Self {
        self.force_https = force;
        self
    }

    /// Whether that redirect is a 301, which browsers remember, in place of a 302.
    #[must_use]
    pub fn force_https_permanent(mut self, permanent: bool) -> Self {
        self.force_https_permanent = permanent;
        self
    }

    /// `X-Frame-Options`: `DENY`, `SAMEORIGIN`, or `ALLOW-FROM` with an origin, which no browser of today knows; `frame-ancestors` in the
    /// [content security policy](Self::content_security_policy) does what it did.
    #[must_use]
    pub fn frame_options<'t>(mut self, options: impl Into<Option<&'t str>>) -> Self {
        self.frame_options = owned(options);
        self
    }

    /// Whether answers by HTTPS say `Strict-Transport-Security` (RFC 6797).
    #[must_use]
    pub fn strict_transport_security(mut self, send: bool) -> Self {
        self.hsts = send;
        self
    }

    /// For how long browsers use HTTPS alone.
    #[must_use]
    pub fn strict_transport_security_max_age(mut self, age: Duration) -> Self {
        self.hsts_max_age = age;
        self
    }

    /// Whether they do for all subdomains, too.
    #[must_use]
    pub fn strict_transport_security_include_subdomains(mut self, include: bool) -> Self {
        self.hsts_include_subdomains = include;
        self
    }

    /// Whether browsers may ship with this rule: it is hard to take back.
    #[must_use]
    pub fn strict_transport_security_preload(mut self, preload: bool) -> Self {
        self.hsts_preload = preload;
        self
    }

    /// `Content-Security-Policy`, as text, as pairs or as a [`Csp`]; an empty one for none.
    #[must_use]
    pub fn content_security_policy(mut self, policy: impl Into<Csp>) -> Self {
        self.csp = policy.into();
        self
    }

    /// Changes the content security policy.
    #[must_use]
    pub fn change_content_security_policy(mut self, change: impl FnOnce(Csp) -> Csp) -> Self {
        self.csp = change(self.csp);
        self
    }

    /// Whether browsers only report what the policy would forbid. Needs a [place to report to](Self::content_security_policy_report_uri).
    #[must_use]
    pub fn content_security_policy_report_only(mut self, only: bool) -> Self {
        self.csp_report_only = only;
        self
    }

    /// Where browsers report what the policy forbids.
    #[must_use]
    pub fn content_security_policy_report_uri<'t>(mut self, uri: impl Into<Option<&'t str>>) -> Self {
        self.csp_report_uri = owned(uri);
        self
    }

    /// The directives of the policy that have [the request's nonce](super::csp_nonce) among their sources.
    #[must_use]
    pub fn content_security_policy_nonce_in<'t>(
        mut self,
        directives: impl IntoIterator<Item = &'t str>,
    ) -> Self {
        self.csp_nonce_in = directives.into_iter().map(str::to_ascii_lowercase).collect();
        self
    }

    /// `Referrer-Policy`.
    #[must_use]
    pub fn referrer_policy<'t>(mut self, policy: impl Into<Option<&'t str>>) -> Self {
        self.referrer_policy = owned(policy);
        self
    }

    /// `Permissions-Policy`: `camera=(), geolocation=(self)`.
    #[must_use]
    pub fn permissions_policy<'t>(mut self, policy: impl Into<Option<&'t str>>) -> Self {
        self.permissions_policy = owned(policy);
        self
    }

    /// `Document-Policy`.
    #[must_use]
    pub fn document_policy<'t>(mut self, policy: impl Into<Option<&'t str>>) -> Self {
        self.document_policy = owned(policy);
        self
    }

    /// `Feature-Policy`, which `Permissions-Policy` has replaced: directives as those of a content security policy.
    #[must_use]
    pub fn feature_policy(mut self, policy: impl Into<Csp>) -> Self {
        self.feature_policy = policy.into();
        self
    }

    /// Whether `X-Content-Type-Options: nosniff` is sent.
    #[must_use]
    pub fn x_content_type_options(mut self, send: bool) -> Self {
        self.x_content_type_options = send;
        self
    }

    /// Whether `X-XSS-Protection: 1; mode=block` is sent, for browsers of long ago.
    #[must_use]
    pub fn x_xss_protection(mut self, send: bool) -> Self {
        self.x_xss_protection = send;
        self
    }

    /// Whether `X-Download-Options: noopen` is sent, for Internet Explorer.
    #[must_use]
    pub fn force_file_save(mut self, send: bool) -> Self {
        self.force_file_save = send;
        self
    }

    /// `Cross-Origin-Opener-Policy`: `same-origin` keeps windows of other sites from reaching this one's. Flask-Talisman has no option for it.
    #[must_use]
    pub fn cross_origin_opener_policy<'t>(mut self, policy: impl Into<Option<&'t str>>) -> Self {
        self.opener_policy = owned(policy);
        self
    }

    /// `Cross-Origin-Resource-Policy`: `same-origin` keeps other sites from embedding what this one answers.
    #[must_use]
    pub fn cross_origin_resource_policy<'t>(mut self, policy: impl Into<Option<&'t str>>) -> Self {
        self.resource_policy = owned(policy);
        self
    }

    /// `Cross-Origin-Embedder-Policy`: `require-corp` embeds only what allows it.
    #[must_use]
    pub fn cross_origin_embedder_policy<'t>(mut self, policy: impl Into<Option<&'t str>>) -> Self {
        self.embedder_policy = owned(policy);
        self
    }
}
