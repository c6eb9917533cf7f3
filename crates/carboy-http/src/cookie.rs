//! Cookies: the `Cookie` field read, the `Set-Cookie` field written, as Werkzeug 3.1.9 does
//! ([RFC 6265](https://www.rfc-editor.org/rfc/rfc6265)).

use crate::{date, idna, url};
use http::HeaderValue;
use std::{
    borrow::Cow,
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

/// What most browsers are sure to store of one `Set-Cookie` field.
pub const DEFAULT_MAX_SIZE: usize = 4093;

/// Reads a `Cookie` field: names and values in the order in which they stand there, duplicates
/// included.
///
/// A cookie that is malformed (no name, a blank or a quote inside the value, an unclosed quote) is
/// left out up to the next `;`; a name without `=` has an empty value. Quoted values are unquoted,
/// `\ooo` octals in them are bytes of UTF-8, and bytes that are none become U+FFFD.
///
/// ```
/// use carboy_http::cookie::parse_cookie;
/// let cookies: Vec<_> = parse_cookie(r#"a=1; b="x;\303\251"; broken=x y; c"#).collect();
/// assert_eq!(cookies, [("a".into(), "1".into()), ("b".into(), "x;é".into()), ("c".into(), "".into())]);
/// ```
pub fn parse_cookie<H: AsRef<[u8]> + ?Sized>(header: &H) -> Cookies<'_> {
    Cookies { rest: header.as_ref() }
}

/// The cookies of one `Cookie` field, from [`parse_cookie`].
#[derive(Debug, Clone)]
pub struct Cookies<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Cookies<'a> {
    type Item = (Cow<'a, str>, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            if let Some((cookie, rest)) = one_cookie(self.rest) {
                self.rest = rest;
                return Some(cookie);
            }
            let semicolon = memchr::memchr(b';', self.rest)?;
            self.rest = &self.rest[semicolon + 1..];
        }
    }
}

type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The cookie at the beginning and what follows its semicolon; `None` when it is malformed.
fn one_cookie(text: &[u8]) -> Option<(Pair<'_>, &[u8])> {
    let text = skip_blanks(text);
    let (name, rest) = split_at_first(text, |byte| matches!(byte, b' ' | b'\t' | b'=' | b'"' | b';'));
    if name.is_empty() {
        return None;
    }
    let rest = skip_blanks(rest);
    let (value, rest) = match rest.first() {
        Some(b'=') => {
            let rest = skip_blanks(&rest[1..]);
            if rest.first() == Some(&b'"') {
                let length = quoted_length(rest)?;
                (unquote(&rest[1..length - 1]), &rest[length..])
            } else {
                let (value, rest) = split_at_first(rest, |byte| ENDS_VALUE[usize::from(byte)]);
                (lossy(value), rest)
            }
        }
        _ => (Cow::Borrowed(""), rest),
    };
    let rest = match skip_blanks(rest) {
        [] => &[],
        [b';', rest @ ..] => rest,
        _ => return None,
    };
    Some(((lossy(name), value), rest))
}

/// As [`String::from_utf8_lossy`], which looks at each character of a text that is UTF-8, too.
fn lossy(text: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(text) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(text),
    }
}

fn skip_blanks(text: &[u8]) -> &[u8] {
    match text {
        [b' ' | b'\t', ..] => split_at_first(text, |byte| !matches!(byte, b' ' | b'\t')).1,
        _ => text,
    }
}

/// What ends a value that is not quoted.
static ENDS_VALUE: [bool; 256] = table(b" \t\";", false);

/// What a value may hold without being quoted.
static BARE: [bool; 256] = table(b"_!#$%&'()*+-./:<=>?@[]^`{|}~", true);

const fn table(bytes: &[u8], alphanumeric: bool) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = alphanumeric && (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut i = 0;
    while i < bytes.len() {
        table[bytes[i] as usize] = true;
        i += 1;
    }
    table
}

fn split_at_first(text: &[u8], ends: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|&byte| ends(byte)).unwrap_or(text.len()))
}

/// The length of the quoted string at the beginning, both quotes included.
fn quoted_length(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            // An escape of a line feed is none; no header field can hold one.
            b'\\' if text.get(at + 1).is_some_and(|&escaped| escaped != b'\n') => at += 2,
            b'\\' => return None,
            _ => at += 1,
        }
    }
}

fn unquote(inner: &[u8]) -> Cow<'_, str> {
    if memchr::memchr(b'\\', inner).is_none() {
        return lossy(inner);
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match *rest {
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ref tail @ ..] => {
                out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = tail;
            }
            [escaped, ref tail @ ..] => {
                out.push(escaped);
                rest = tail;
            }
            [] => out.push(b'\\'),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

/// From which sites a browser sends a cookie back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// Only requests that start on the same site.
    Strict,
    /// Those, and links followed to the site.
    Lax,
    /// Every request; browsers want `Secure` with it.
    None,
}

impl SameSite {
    /// The word that stands in the header field.
    pub fn as_str(self) -> &'static str {
        match self {
            SameSite::Strict => "Strict",
            SameSite::Lax => "Lax",
            SameSite::None => "None",
        }
    }
}

impl FromStr for SameSite {
    type Err = CookieError;

    /// Reads the word in any case.
    fn from_str(word: &str) -> Result<Self, CookieError> {
        [SameSite::Strict, SameSite::Lax, SameSite::None]
            .into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(word))
            .ok_or(CookieError("SameSite must be 'Strict', 'Lax', or 'None'."))
    }
}

/// Why a cookie cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CookieError(&'static str);

impl fmt::Display for CookieError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for CookieError {}

/// A `Set-Cookie` field in the making: Werkzeug's `dump_cookie`.
///
/// ```
/// use carboy_http::cookie::{SameSite, SetCookie};
/// let cookie = SetCookie::new("name", "a b").secure(true).same_site(SameSite::Lax);
/// assert_eq!(cookie.to_line().unwrap(), r#"name="a b"; Secure; Path=/; SameSite=Lax"#);
/// ```
#[derive(Debug, Clone)]
pub struct SetCookie {
    name: String,
    value: String,
    max_age: Option<i64>,
    expires: Option<SystemTime>,
    sync_expires: bool,
    path: Option<String>,
    domain: Option<String>,
    secure: bool,
    http_only: bool,
    same_site: Option<SameSite>,
    partitioned: bool,
}

impl SetCookie {
    /// A cookie for the whole host (`Path=/`) that lasts as long as the browser's session.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        SetCookie {
            name: name.into(),
            value: value.into(),
            max_age: None,
            expires: None,
            sync_expires: true,
            path: Some("/".to_owned()),
            domain: None,
            secure: false,
            http_only: false,
            same_site: None,
            partitioned: false,
        }
    }

    /// The cookie that makes a browser forget the one of this name: empty, expired in 1970. Path,
    /// domain and flags must be those the cookie was set with.
    pub fn removal(name: impl Into<String>) -> Self {
        SetCookie::new(name, "").max_age(0).expires(SystemTime::UNIX_EPOCH)
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value, unquoted.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// How many seconds the cookie lasts. Writes `Max-Age`, and `Expires` with it unless that is
    /// given too.
    pub fn max_age(mut self, seconds: i64) -> Self {
        self.max_age = Some(seconds);
        self
    }

    /// How long the cookie lasts, in whole seconds.
    pub fn lifetime(self, lifetime: Duration) -> Self {
        self.max_age(i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX))
    }

    /// When the cookie ends.
    pub fn expires(mut self, time: SystemTime) -> Self {
        self.expires = Some(time);
        self
    }

    /// Whether `Max-Age` brings `Expires` along; it does unless told otherwise.
    pub fn sync_expires(mut self, sync: bool) -> Self {
        self.sync_expires = sync;
        self
    }

    /// Below which path the cookie is sent.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Writes no `Path`: the browser takes the folder of the page.
    pub fn without_path(mut self) -> Self {
        self.path = None;
        self
    }

    /// To which domain and its subdomains the cookie is sent. A port and leading dots are dropped,
    /// other scripts are written in punycode.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Whether the cookie is sent over encrypted connections only.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Whether the cookie is hidden from scripts.
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// From which sites the cookie is sent.
    pub fn same_site(mut self, same_site: impl Into<Option<SameSite>>) -> Self {
        self.same_site = same_site.into();
        self
    }

    /// Whether each embedding site gets a cookie of its own; makes the cookie `Secure`.
    pub fn partitioned(mut self, partitioned: bool) -> Self {
        self.partitioned = partitioned;
        self
    }

    /// The value of the header field.
    ///
    /// # Errors
    /// A name that no `Cookie` field could bring back (empty, or with blanks, controls or one of
    /// `"`, `=`, `;`), and a domain that is none.
    pub fn to_line(&self) -> Result<String, CookieError> {
        self.to_line_at(SystemTime::now())
    }

    /// [`to_line`](Self::to_line) with another idea of now, from which `Max-Age` counts.
    ///
    /// # Errors
    /// As [`to_line`](Self::to_line).
    pub fn to_line_at(&self, now: SystemTime) -> Result<String, CookieError> {
        let unwritable = |c: char| c.is_ascii_control() || matches!(c, ' ' | '"' | '=' | ';');
        if self.name.is_empty() || self.name.contains(unwritable) {
            return Err(CookieError(
                "a cookie's name must not be empty nor hold blanks, controls, '\"', '=' or ';'",
            ));
        }
        let mut line = String::with_capacity(self.name.len() + self.value.len() + 64);
        line.push_str(&self.name);
        line.push('=');
        quote_into(&mut line, &self.value);
        if let Some(domain) = &self.domain {
            let host = domain.split(':').next().unwrap_or_default().trim_start_matches('.');
            // An empty domain is none to a browser.
            let ascii = idna::to_ascii(host)
                .filter(|ascii| !ascii.contains(unwritable))
                .ok_or(CookieError("the cookie's domain is not a domain name"))?;
            push(&mut line, "Domain", &ascii);
        }
        if let Some(expires) = self.expires {
            push(&mut line, "Expires", date::HttpDate::from(expires).as_str());
        } else if let Some(max_age) = self.max_age.filter(|_| self.sync_expires) {
            let end = date::unix_seconds(now).saturating_add(max_age);
            push(&mut line, "Expires", date::HttpDate::from_unix(end).as_str());
        }
        if let Some(max_age) = self.max_age {
            push(&mut line, "Max-Age", &max_age.to_string());
        }
        if self.secure || self.partitioned {
            line.push_str("; Secure");
        }
        if self.http_only {
            line.push_str("; HttpOnly");
        }
        if let Some(path) = &self.path {
            push(&mut line, "Path", &url::quote(path, &url::COOKIE_PATH));
        }
        if let Some(same_site) = self.same_site {
            push(&mut line, "SameSite", same_site.as_str());
        }
        if self.partitioned {
            line.push_str("; Partitioned");
        }
        Ok(line)
    }

    /// The header value.
    ///
    /// # Errors
    /// As [`to_line`](Self::to_line).
    pub fn to_header_value(&self) -> Result<HeaderValue, CookieError> {
        let line = self.to_line()?;
        HeaderValue::from_bytes(line.as_bytes())
            .map_err(|_| CookieError("the cookie holds what no header field may hold"))
    }

    /// Flask's warning for a cookie whose line is longer than `max_size` bytes, which browsers drop
    /// without a word; `None` when it fits or `max_size` is 0. `line` is what
    /// [`to_line`](Self::to_line) gave. [`DEFAULT_MAX_SIZE`] is Flask's limit.
    pub fn oversize_warning(&self, line: &str, max_size: usize) -> Option<String> {
        let size = line.len();
        if max_size == 0 || size <= max_size {
            return None;
        }
        let mut quoted = String::new();
        quote_into(&mut quoted, &self.value);
        Some(format!(
            "The '{}' cookie is too large: the value was {} bytes but the header required {} extra bytes. \
             The final size was {size} bytes but the limit is {max_size} bytes. \
             Browsers may silently ignore cookies larger than this.",
            self.name,
            quoted.len(),
            size - quoted.len(),
        ))
    }
}

fn push(line: &mut String, attribute: &str, value: &str) {
    line.push_str("; ");
    line.push_str(attribute);
    line.push('=');
    line.push_str(value);
}

/// Appends a value, quoted when RFC 6265 does not allow it bare.
fn quote_into(line: &mut String, value: &str) {
    if value.bytes().all(|byte| BARE[usize::from(byte)]) {
        line.push_str(value);
        return;
    }
    line.push('"');
    for byte in value.bytes() {
        match byte {
            b'"' | b'\\' => {
                line.push('\\');
                line.push(char::from(byte));
            }
            0..=0x1f | b',' | b';' | 0x7f..=0xff => {
                line.push('\\');
                for shift in [6, 3, 0] {
                    line.push(char::from(b'0' + (byte >> shift & 7)));
                }
            }
            _ => line.push(char::from(byte)),
        }
    }
    line.push('"');
}
