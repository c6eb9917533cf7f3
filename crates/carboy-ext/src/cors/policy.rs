//! What is answered: the header fields for a request, in the order of Flask-CORS' decisions.

use super::pattern::Matcher;
use carboy::{HeaderMap, HeaderName, HeaderValue, Method, Request};

pub(super) const ALLOW_ORIGIN: HeaderName = HeaderName::from_static("access-control-allow-origin");
const ALLOW_CREDENTIALS: HeaderName = HeaderName::from_static("access-control-allow-credentials");
const ALLOW_HEADERS: HeaderName = HeaderName::from_static("access-control-allow-headers");
const ALLOW_METHODS: HeaderName = HeaderName::from_static("access-control-allow-methods");
const ALLOW_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");
const EXPOSE_HEADERS: HeaderName = HeaderName::from_static("access-control-expose-headers");
const MAX_AGE: HeaderName = HeaderName::from_static("access-control-max-age");
const VARY: HeaderName = HeaderName::from_static("vary");

/// Options with all defaults in place, ready for requests.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    pub(super) origins: Vec<Matcher>,
    pub(super) allows_all_origins: bool,
    /// One text: that is how it is searched, too.
    pub(super) methods: Option<String>,
    pub(super) allow_headers: Vec<Matcher>,
    pub(super) expose_headers: Option<String>,
    pub(super) supports_credentials: bool,
    pub(super) max_age: Option<String>,
    pub(super) send_wildcard: bool,
    pub(super) vary_header: bool,
    pub(super) always_send: bool,
    pub(super) automatic_options: bool,
    pub(super) allow_private_network: bool,
}

impl Policy {
    /// Adds the fields for this request.
    pub(super) fn apply(&self, request: &Request, headers: &mut HeaderMap) {
        let Some(origin) = self.origin(request) else { return };
        let mut add = |name: HeaderName, value: &str| {
            if let Some(value) = latin1(value) {
                headers.append(name, value);
            }
        };
        if !origin.is_empty() {
            add(ALLOW_ORIGIN, &origin);
        }
        if let Some(exposed) = &self.expose_headers {
            add(EXPOSE_HEADERS, exposed);
        }
        if self.supports_credentials {
            add(ALLOW_CREDENTIALS, "true");
        }
        if request.header("access-control-request-private-network").as_deref() == Some("true") {
            add(ALLOW_PRIVATE_NETWORK, if self.allow_private_network { "true" } else { "false" });
        }
        if request.method() == Method::OPTIONS
            && let Some(methods) = self.allows_method(request)
        {
            if let Some(allowed) = self.allowed_headers(request) {
                add(ALLOW_HEADERS, &allowed);
            }
            if let Some(age) = &self.max_age {
                add(MAX_AGE, age);
            }
            add(ALLOW_METHODS, methods);
        }
        if self.vary_header && origin != "*" && self.depends_on_origin() {
            add(VARY, "Origin");
        }
    }

    /// The origin that the answer names.
    fn origin(&self, request: &Request) -> Option<String> {
        match request.header("origin").filter(|origin| !origin.is_empty()) {
            Some(_) if self.allows_all_origins && self.send_wildcard => Some("*".to_owned()),
            Some(origin) => {
                self.origins.iter().any(|known| known.matches(&origin)).then(|| origin.into_owned())
            }
            None if !self.always_send => None,
            None if self.allows_all_origins => (!self.supports_credentials).then(|| "*".to_owned()),
            None => {
                let texts = self.origins.iter().filter_map(|origin| match origin {
                    Matcher::Text(text) => Some(text),
                    Matcher::Regex(_) => None,
                });
                texts.min().cloned()
            }
        }
    }

    /// Whether another request may get another answer.
    fn depends_on_origin(&self) -> bool {
        self.origins.len() > 1 || self.origins.iter().any(|origin| matches!(origin, Matcher::Regex(_)))
    }

    /// All methods, when the preflight asks for one of them.
    fn allows_method(&self, request: &Request) -> Option<&str> {
        let wanted = request.header("access-control-request-method")?.to_uppercase();
        self.methods.as_deref().filter(|methods| !wanted.is_empty() && methods.contains(&wanted))
    }

    /// Those of the header fields that the preflight asks for which are allowed.
    fn allowed_headers(&self, request: &Request) -> Option<String> {
        let wanted = request.header("access-control-request-headers")?;
        let mut allowed: Vec<&str> = wanted
            .split(',')
            .map(str::trim)
            .filter(|name| self.allow_headers.iter().any(|known| known.matches(name)))
            .collect();
        allowed.sort_unstable();
        Some(allowed.join(", ")).filter(|allowed| !allowed.is_empty())
    }
}

/// A field's value; characters beyond ASCII came as Latin-1, and go as that.
fn latin1(text: &str) -> Option<HeaderValue> {
    let bytes = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<Vec<u8>>>()?;
    HeaderValue::from_bytes(&bytes).ok()
}
