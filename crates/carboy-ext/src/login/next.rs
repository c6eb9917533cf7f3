//! The URL of the page to log in, with the page that was asked for in it (`flask_login.utils`).
//!
//! URLs are taken apart and put together as Python's `urllib.parse` does, because the other side of a migration reads the result.

use std::borrow::Cow;

/// The URL of the page to log in with `next` in its query, in place of one that is there.
pub(super) fn login_url(base: &str, next_url: &str, force_host: Option<&str>) -> String {
    let split = Split::of(base);
    let next = make_next_param(base, next_url);
    let mut query: Vec<(String, Vec<String>)> = Vec::new();
    for (name, value) in pairs(split.query) {
        match query.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => query.push((name, vec![value])),
        }
    }
    match query.iter_mut().find(|(known, _)| known == "next") {
        Some((_, values)) => *values = vec![next.into_owned()],
        None => query.push(("next".to_owned(), vec![next.into_owned()])),
    }
    let mut encoded = String::new();
    for (name, value) in query.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)))
    {
        if !encoded.is_empty() {
            encoded.push('&');
        }
        quote_plus(&mut encoded, name);
        encoded.push('=');
        quote_plus(&mut encoded, value);
    }
    Split { netloc: force_host.unwrap_or(split.netloc), query: &encoded, ..split }.join()
}

/// The page that was asked for: path and query when the page to log in is on the same host, else all of it.
pub(super) fn make_next_param<'u>(login_url: &str, current_url: &'u str) -> Cow<'u, str> {
    let (login, current) = (Split::of(login_url), Split::of(current_url));
    let same = |login: &str, current: &str| login.is_empty() || login == current;
    if same(login.scheme, current.scheme) && same(login.netloc, current.netloc) {
        let path = Split { scheme: "", netloc: "", path: current.path, query: current.query, fragment: "" };
        return Cow::Owned(path.join());
    }
    Cow::Borrowed(current_url)
}

/// A URL in five parts: `urllib.parse.urlsplit`.
struct Split<'u> {
    scheme: &'u str,
    netloc: &'u str,
    path: &'u str,
    query: &'u str,
    fragment: &'u str,
}

impl<'u> Split<'u> {
    fn of(url: &'u str) -> Self {
        let (scheme, rest) = match url.split_once(':') {
            Some((scheme, rest))
                if scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                    && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) =>
            {
                (scheme, rest)
            }
            _ => ("", url),
        };
        let (netloc, rest) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len())),
            None => ("", rest),
        };
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Split { scheme, netloc, path, query, fragment }
    }

    fn join(&self) -> String {
        let mut url = String::new();
        if !self.scheme.is_empty() {
            url.push_str(self.scheme);
            url.push(':');
        }
        if !self.netloc.is_empty() {
            url.push_str("//");
            url.push_str(self.netloc);
            if !self.path.is_empty() && !self.path.starts_with('/') {
                url.push('/');
            }
        }
        url.push_str(self.path);
        for (mark, part) in [('?', self.query), ('#', self.fragment)] {
            if !part.is_empty() {
                url.push(mark);
                url.push_str(part);
            }
        }
        url
    }
}

/// The pairs of a query: `urllib.parse.parse_qsl(query, keep_blank_values=True)`.
fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (unquote_plus(name), unquote_plus(value))
    })
}

fn unquote_plus(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        let digit = |at: usize| tail.get(at).and_then(|b| char::from(*b).to_digit(16));
        match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high << 4 | low) as u8);
                rest = &tail[2..];
            }
            (b'+', ..) => {
                bytes.push(b' ');
                rest = tail;
            }
            _ => {
                bytes.push(*byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn quote_plus(out: &mut String, text: &str) {
    use std::fmt::Write;
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => write!(out, "%{byte:02X}").expect("a String takes everything"),
        }
    }
}
