//! Percent-encoding, query strings, and the way between URIs (ASCII, on the wire) and IRIs (Unicode,
//! for display), each as Python's `urllib.parse` and Werkzeug's `urls` do it.

use crate::idna;
use std::{borrow::Cow, fmt};

/// A set of ASCII characters that [`quote`] leaves alone. Letters, digits and `_.-~` are always in it.
#[derive(Debug, Clone, Copy)]
pub struct Safe(u128);

impl Safe {
    /// The set with these characters; ones outside ASCII are ignored.
    pub const fn new(characters: &str) -> Self {
        let mut bits = add(0, b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.-~");
        bits = add(bits, characters.as_bytes());
        Safe(bits)
    }

    const fn contains(&self, byte: u8) -> bool {
        byte < 128 && self.0 >> byte & 1 == 1
    }
}

const fn add(mut bits: u128, characters: &[u8]) -> u128 {
    let mut at = 0;
    while at < characters.len() {
        if characters[at] < 128 {
            bits |= 1 << characters[at];
        }
        at += 1;
    }
    bits
}

/// What stays in one segment of a path when nothing else is known: nothing but the unreserved characters.
pub const NOTHING: Safe = Safe::new("");
/// What stays in a path that may be quoted already (WHATWG's path segments, `/` and `%`).
pub const PATH: Safe = Safe::new("%!$&'()*+,/:;=@");
/// What stays in a query that may be quoted already.
pub const QUERY: Safe = Safe::new("%!$&'()*+,/:;=?@");
const FRAGMENT: Safe = Safe::new("%!#$&'()*+,/:;=?@");
const USER: Safe = Safe::new("%!$&'()*+,;=");
/// What stays in a cookie's path: as in a path, but the semicolon, which ends the attribute.
pub const COOKIE_PATH: Safe = Safe::new("%!$&'()*+,/:=@");
/// RFC 5987's `attr-char`.
pub(crate) const ATTR_CHAR: Safe = Safe::new("!#$&+-.^_`|~");
const FORM: Safe = Safe::new("!$'()*,/:;?@");

/// Writes every byte that is not safe as `%XX`.
///
/// ```
/// use carboy_http::url::{PATH, quote};
/// assert_eq!(quote("/é b", &PATH), "/%C3%A9%20b");
/// ```
pub fn quote<'a, T: AsRef<[u8]> + ?Sized>(text: &'a T, safe: &Safe) -> Cow<'a, str> {
    let bytes = text.as_ref();
    if bytes.iter().all(|&byte| safe.contains(byte)) {
        // All of it is ASCII, so this borrows.
        return String::from_utf8_lossy(bytes);
    }
    let mut out = String::with_capacity(bytes.len() + 16);
    for &byte in bytes {
        if safe.contains(byte) {
            out.push(char::from(byte));
        } else {
            push_quoted(&mut out, byte);
        }
    }
    Cow::Owned(out)
}

fn push_quoted(out: &mut String, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(char::from(HEX[usize::from(byte >> 4)]));
    out.push(char::from(HEX[usize::from(byte & 15)]));
}

/// The bytes that the percent-encoded text stands for; what is no `%XX` stays as it is.
pub fn unquote_to_bytes(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'%', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        match quoted_byte(rest) {
            Some(decoded) => {
                out.push(decoded);
                rest = &rest[3..];
            }
            None => {
                out.push(byte);
                rest = tail;
            }
        }
    }
    Cow::Owned(out)
}

/// The byte that a `%XX` at the beginning stands for.
fn quoted_byte(text: &[u8]) -> Option<u8> {
    let &[b'%', high, low, ..] = text else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    Some((digit(high)? << 4 | digit(low)?) as u8)
}

/// Decodes percent-encoded UTF-8; bytes that are none become U+FFFD.
///
/// ```
/// assert_eq!(carboy_http::url::unquote("%C3%A9+%zz%FF"), "é+%zz\u{fffd}");
/// ```
pub fn unquote(text: &str) -> Cow<'_, str> {
    match unquote_to_bytes(text.as_bytes()) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(bytes) => Cow::Owned(lossy(bytes)),
    }
}

/// [`unquote`] for form data and query strings, in which `+` is a blank.
pub fn unquote_plus(text: &str) -> Cow<'_, str> {
    if !text.contains('+') {
        return unquote(text);
    }
    let spaced = text.replace('+', " ");
    Cow::Owned(unquote(&spaced).into_owned())
}

/// The text of bytes that should be UTF-8, without a copy when they are.
fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// A query string of these pairs, with the characters that Werkzeug leaves readable.
///
/// ```
/// assert_eq!(carboy_http::url::urlencode([("q", "a b&c"), ("t", "1/2")]), "q=a+b%26c&t=1/2");
/// ```
pub fn urlencode<K: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (K, V)>) -> String {
    let mut out = String::new();
    for (index, (key, value)) in pairs.into_iter().enumerate() {
        if index > 0 {
            out.push('&');
        }
        push_plus(&mut out, key.as_ref());
        out.push('=');
        push_plus(&mut out, value.as_ref());
    }
    out
}

fn push_plus(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            _ if FORM.contains(byte) => out.push(char::from(byte)),
            _ => push_quoted(out, byte),
        }
    }
}

/// Why a text is no URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidUrl(&'static str);

impl fmt::Display for InvalidUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for InvalidUrl {}

/// A URL in its five parts, as Python's `urlsplit` cuts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitUrl {
    /// The scheme in lower case; empty when there is none.
    pub scheme: String,
    /// User, host and port as they stand there; empty when there is none.
    pub netloc: String,
    /// The path.
    pub path: String,
    /// What stands after `?`, without it.
    pub query: String,
    /// What stands after `#`, without it.
    pub fragment: String,
}

/// The parts of a netloc.
struct Authority<'a> {
    user: Option<&'a str>,
    password: Option<&'a str>,
    host: String,
    port: Option<u16>,
}

impl SplitUrl {
    /// Cuts a URL or a relative reference. Leading blanks and controls are dropped, and tabs and
    /// line breaks everywhere, as browsers do.
    ///
    /// # Errors
    /// Brackets that hold no IPv6 address.
    pub fn parse(url: &str) -> Result<Self, InvalidUrl> {
        let url = url.trim_start_matches(|c| c <= ' ');
        let cleaned: Cow<'_, str> = if url.contains(['\t', '\r', '\n']) {
            Cow::Owned(url.replace(['\t', '\r', '\n'], ""))
        } else {
            Cow::Borrowed(url)
        };
        let mut rest = cleaned.as_ref();
        let mut scheme = String::new();
        if let Some((before, after)) = rest.split_once(':')
            && before.starts_with(|c: char| c.is_ascii_alphabetic())
            && before.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        {
            scheme = before.to_ascii_lowercase();
            rest = after;
        }
        let mut netloc = "";
        if let Some(after) = rest.strip_prefix("//") {
            let end = after.find(['/', '?', '#']).unwrap_or(after.len());
            (netloc, rest) = after.split_at(end);
            check_netloc(netloc)?;
        }
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Ok(SplitUrl {
            scheme,
            netloc: netloc.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            fragment: fragment.to_owned(),
        })
    }

    fn authority(&self) -> Result<Authority<'_>, InvalidUrl> {
        let (user_info, host_info) = match self.netloc.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, self.netloc.as_str()),
        };
        let (user, password) = match user_info.map(|info| (info, info.split_once(':'))) {
            None => (None, None),
            Some((_, Some((user, password)))) => (Some(user), Some(password)),
            Some((user, None)) => (Some(user), None),
        };
        let (host, port) = match host_info.split_once('[') {
            Some((_, bracketed)) => {
                let (host, port) = bracketed.split_once(']').unwrap_or((bracketed, ""));
                (host, port.split_once(':').map_or("", |(_, port)| port))
            }
            None => host_info.split_once(':').unwrap_or((host_info, "")),
        };
        let port = match port {
            "" => None,
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(digits.parse().map_err(|_| InvalidUrl("the port is out of range"))?)
            }
            _ => return Err(InvalidUrl("the port is not a number")),
        };
        // A zone id after the percent sign keeps its case.
        let host = match host.split_once('%') {
            Some((address, zone)) => format!("{}%{zone}", address.to_lowercase()),
            None => host.to_lowercase(),
        };
        Ok(Authority { user, password, host, port })
    }
}

impl fmt::Display for SplitUrl {
    /// Puts the parts together again: Python's `urlunsplit`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const WITH_NETLOC: &[&str] = &[
            "ftp",
            "http",
            "gopher",
            "nntp",
            "telnet",
            "imap",
            "wais",
            "file",
            "mms",
            "https",
            "shttp",
            "snews",
            "prospero",
            "rtsp",
            "rtsps",
            "rtspu",
            "rsync",
            "svn",
            "svn+ssh",
            "sftp",
            "nfs",
            "git",
            "git+ssh",
            "ws",
            "wss",
            "itms-services",
        ];
        if !self.scheme.is_empty() {
            write!(f, "{}:", self.scheme)?;
        }
        // A path that begins with two slashes would be read as a host.
        if !self.netloc.is_empty()
            || self.path.starts_with("//")
            || WITH_NETLOC.contains(&self.scheme.as_str())
        {
            write!(f, "//{}", self.netloc)?;
            if !self.path.is_empty() && !self.path.starts_with('/') {
                f.write_str("/")?;
            }
        }
        f.write_str(&self.path)?;
        if !self.query.is_empty() {
            write!(f, "?{}", self.query)?;
        }
        if !self.fragment.is_empty() {
            write!(f, "#{}", self.fragment)?;
        }
        Ok(())
    }
}

/// Refuses brackets around what is no IPv6 address, and characters that normalise to delimiters.
fn check_netloc(netloc: &str) -> Result<(), InvalidUrl> {
    use unicode_normalization::UnicodeNormalization;
    match (netloc.split_once('['), netloc.contains(']')) {
        (None, false) => {}
        (Some((_, after)), true) => {
            let host = after.split(']').next().unwrap_or_default();
            let valid = match host.strip_prefix('v') {
                Some(future) => future.split_once('.').is_some_and(|(version, rest)| {
                    !version.is_empty()
                        && version.bytes().all(|byte| byte.is_ascii_hexdigit())
                        && !rest.is_empty()
                }),
                None => {
                    let (address, zone) = host.split_once('%').unwrap_or((host, "-"));
                    !zone.is_empty() && !zone.contains('%') && address.parse::<std::net::Ipv6Addr>().is_ok()
                }
            };
            if !valid {
                return Err(InvalidUrl("the brackets hold no IPv6 address"));
            }
        }
        _ => return Err(InvalidUrl("a bracket of the IPv6 address is missing")),
    }
    if !netloc.is_ascii() {
        let delimiter = |c: &char| matches!(c, '/' | '?' | '#' | '@' | ':');
        let plain: String = netloc.chars().filter(|c| !matches!(c, '@' | ':' | '#' | '?')).collect();
        let normalised: String = plain.nfkc().collect();
        if plain != normalised && normalised.chars().any(|c| delimiter(&c)) {
            return Err(InvalidUrl("the host holds characters that normalise to delimiters"));
        }
    }
    Ok(())
}

/// Puts user, host and port together again, each converted.
fn convert_netloc(
    url: &SplitUrl,
    host: impl Fn(&str) -> Result<String, InvalidUrl>,
    user: impl for<'a> Fn(&'a str) -> Cow<'a, str>,
) -> Result<String, InvalidUrl> {
    let authority = url.authority()?;
    let mut netloc = String::new();
    if let Some(name) = authority.user {
        netloc.push_str(&user(name));
        if let Some(password) = authority.password {
            netloc.push(':');
            netloc.push_str(&user(password));
        }
        netloc.push('@');
    }
    if !authority.host.is_empty() {
        let host = host(&authority.host)?;
        if host.contains(':') {
            netloc.push('[');
            netloc.push_str(&host);
            netloc.push(']');
        } else {
            netloc.push_str(&host);
        }
    }
    if let Some(port) = authority.port {
        netloc.push(':');
        netloc.push_str(&port.to_string());
    }
    Ok(netloc)
}

/// An IRI as a URI: what is not ASCII or not safe is quoted, the domain goes to punycode. What is
/// quoted already stays.
///
/// ```
/// let uri = carboy_http::url::iri_to_uri("http://☃.net/på th?q=ö%DF").unwrap();
/// assert_eq!(uri, "http://xn--n3h.net/p%C3%A5%20th?q=%C3%B6%DF");
/// ```
///
/// # Errors
/// A host or port that cannot be one.
pub fn iri_to_uri(iri: &str) -> Result<String, InvalidUrl> {
    let mut url = SplitUrl::parse(iri)?;
    let to_ascii = |host: &str| idna::to_ascii(host).ok_or(InvalidUrl("the host is not a domain name"));
    url.netloc = convert_netloc(&url, to_ascii, |user| quote(user, &USER))?;
    url.path = quote(&url.path, &PATH).into_owned();
    url.query = quote(&url.query, &QUERY).into_owned();
    url.fragment = quote(&url.fragment, &FRAGMENT).into_owned();
    Ok(url.to_string())
}

/// A URI as an IRI: quoted UTF-8 becomes readable, reserved characters and invalid bytes stay
/// quoted, the domain comes out of punycode.
///
/// ```
/// let iri = carboy_http::url::uri_to_iri("http://xn--n3h.net/p%C3%A5th%2F?q=%C3%A8ry%DF").unwrap();
/// assert_eq!(iri, "http://☃.net/påth%2F?q=èry%DF");
/// ```
///
/// # Errors
/// A host or port that cannot be one.
pub fn uri_to_iri(uri: &str) -> Result<String, InvalidUrl> {
    let mut url = SplitUrl::parse(uri)?;
    url.netloc = convert_netloc(
        &url,
        |host| Ok(idna::to_unicode(host)),
        |user| Cow::Owned(unquote_except(user, b":@/?#")),
    )?;
    url.path = unquote_except(&url.path, b"/?#");
    url.query = unquote_except(&url.query, b"&=+#");
    url.fragment = unquote_except(&url.fragment, b"");
    Ok(url.to_string())
}

/// Unquotes all but controls, blanks, `%`, the given characters, and bytes that are no UTF-8.
fn unquote_except(text: &str, reserved: &[u8]) -> String {
    let mut rest = text.as_bytes();
    if memchr::memchr(b'%', rest).is_none() {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some((&byte, tail)) = rest.split_first() {
        match quoted_byte(rest) {
            Some(decoded)
                if decoded <= 0x20 || matches!(decoded, b'%' | 0x7f) || reserved.contains(&decoded) =>
            {
                bytes.extend_from_slice(&rest[..3]);
                rest = &rest[3..];
            }
            Some(decoded) => {
                bytes.push(decoded);
                rest = &rest[3..];
            }
            None => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for &byte in chunk.invalid() {
            push_quoted(&mut out, byte);
        }
    }
    out
}

/// The URL of a request as an IRI, from as many parts as are wanted: without `root_path` the host
/// alone, without `path` the application's root. `root_path` and `path` are unquoted, the query is
/// as it came in. Werkzeug's `get_current_url`.
///
/// ```
/// use carboy_http::url::current_url;
/// assert_eq!(current_url("http", "localhost", Some(""), Some("/é x"), Some(b"a=1")), "http://localhost/é%20x?a=1");
/// assert_eq!(current_url("http", "localhost", None, None, None), "http://localhost/");
/// ```
pub fn current_url(
    scheme: &str,
    host: &str,
    root_path: Option<&str>,
    path: Option<&str>,
    query: Option<&[u8]>,
) -> String {
    const SAFE: Safe = Safe::new("!$&'()*+,/:;=@%");
    const QUERY_SAFE: Safe = Safe::new("!$&'()*+,/:;=?@%");
    let mut url = format!("{scheme}://{host}");
    match root_path {
        None => url.push('/'),
        Some(root) => {
            url.push_str(&quote(root.trim_end_matches('/'), &SAFE));
            url.push('/');
            if let Some(path) = path {
                url.push_str(&quote(path.trim_start_matches('/'), &SAFE));
                if let Some(query) = query.filter(|query| !query.is_empty()) {
                    url.push('?');
                    url.push_str(&quote(query, &QUERY_SAFE));
                }
            }
        }
    }
    // Hosts are validated before they come here; another one stays as it is.
    uri_to_iri(&url).unwrap_or(url)
}

/// Resolves a reference against the URL that it was found at
/// ([RFC 3986, section 5.2](https://www.rfc-editor.org/rfc/rfc3986#section-5.2)): where a browser
/// goes for a `Location`.
///
/// ```
/// assert_eq!(carboy_http::url::join("http://h/a/b?q", "../c?d").unwrap(), "http://h/c?d");
/// ```
///
/// # Errors
/// One of the two is no URL.
pub fn join(base: &str, reference: &str) -> Result<String, InvalidUrl> {
    let base = SplitUrl::parse(base)?;
    let mut url = SplitUrl::parse(reference)?;
    if !url.scheme.is_empty() {
        if url.scheme == base.scheme && url.netloc.is_empty() && !url.path.starts_with('/') {
            // An old form of relative reference that browsers and Python still read.
            url.scheme.clear();
        } else {
            url.path = remove_dot_segments(&url.path);
            return Ok(url.to_string());
        }
    }
    url.scheme = base.scheme;
    if url.netloc.is_empty() {
        url.netloc = base.netloc;
        if url.path.is_empty() {
            url.path = base.path;
            if url.query.is_empty() {
                url.query = base.query;
            }
        } else if !url.path.starts_with('/') {
            let folder = base.path.rfind('/').map_or("/", |slash| &base.path[..=slash]);
            url.path = format!("{folder}{}", url.path);
        }
    }
    url.path = remove_dot_segments(&url.path);
    Ok(url.to_string())
}

fn remove_dot_segments(path: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    let mut ends_in_folder = false;
    for segment in path.split('/') {
        ends_in_folder = matches!(segment, "." | "..");
        match segment {
            "." => {}
            ".." => {
                // The empty segment before the first slash stays.
                if out.len() > 1 {
                    out.pop();
                }
            }
            _ => out.push(segment),
        }
    }
    if ends_in_folder {
        out.push("");
    }
    out.join("/")
}
