//! The cookies that a test client keeps.

/// A cookie that a test client keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    name: String,
    value: String,
    domain: String,
    path: String,
    origin_only: bool,
    attributes: Vec<(String, String)>,
}

impl Cookie {
    pub(super) fn new(name: &str, value: &str, domain: &str, path: &str) -> Self {
        Cookie {
            name: name.to_owned(),
            value: value.to_owned(),
            domain: domain.to_ascii_lowercase(),
            path: path.to_owned(),
            origin_only: true,
            attributes: Vec::new(),
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value as it stood in the header field.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The domain it is sent to.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The path it is sent to.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// An attribute of the `Set-Cookie` line; `Some("")` for one without a value, as `HttpOnly`.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    fn matches(&self, host: &str, path: &str) -> bool {
        let host = host.rsplit_once(':').map_or(host, |(name, _)| name).to_ascii_lowercase();
        let domain = self.domain.rsplit_once(':').map_or(self.domain.as_str(), |(name, _)| name);
        let domain_fits = host == domain || (!self.origin_only && host.ends_with(&format!(".{domain}")));
        let base = self.path.trim_end_matches('/');
        domain_fits && path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Cookies by domain, path and name.
#[derive(Default)]
pub(super) struct Jar(Vec<Cookie>);

impl Jar {
    pub(super) fn set(&mut self, cookie: Cookie) {
        self.0.retain(|c| (&c.domain, &c.path, &c.name) != (&cookie.domain, &cookie.path, &cookie.name));
        self.0.push(cookie);
    }

    pub(super) fn get(&self, name: &str) -> Option<Cookie> {
        self.0.iter().find(|c| c.name == name).cloned()
    }

    pub(super) fn delete(&mut self, name: &str) {
        self.0.retain(|c| c.name != name);
    }

    /// The `Cookie` header field for a request; `Secure` is not looked at, as in Werkzeug's client.
    pub(super) fn header(&self, host: &str, path: &str) -> Option<String> {
        let path = path.split('?').next().unwrap_or("/");
        let pairs: Vec<String> = self
            .0
            .iter()
            .filter(|c| c.matches(host, path))
            .map(|c| format!("{}={}", c.name, c.value))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Takes a `Set-Cookie` line: keeps the cookie, or forgets it when it has expired.
    pub(super) fn take(&mut self, line: &str, host: &str, path: &str) {
        let mut parts = line.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let path = path.split('?').next().unwrap_or("/");
        let directory = path
            .rsplit_once('/')
            .map_or("/", |(directory, _)| if directory.is_empty() { "/" } else { directory });
        let mut cookie = Cookie::new(name, value, host, directory);
        cookie.attributes = parts
            .map(|part| part.split_once('=').unwrap_or((part, "")))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect();
        if let Some(domain) = cookie.attribute("Domain") {
            cookie.domain = domain.trim_start_matches('.').to_ascii_lowercase();
            cookie.origin_only = false;
        }
        if let Some(path) = cookie.attribute("Path") {
            cookie.path = path.to_owned();
        }
        let expired = cookie.attribute("Max-Age").is_some_and(|age| age == "0")
            || cookie.attribute("Expires").is_some_and(|date| date == "Thu, 01 Jan 1970 00:00:00 GMT");
        if expired {
            self.0.retain(|c| (&c.domain, &c.path, &c.name) != (&cookie.domain, &cookie.path, &cookie.name));
        } else {
            self.set(cookie);
        }
    }
}
