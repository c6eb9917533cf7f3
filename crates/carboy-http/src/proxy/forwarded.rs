//! The `Forwarded` field (RFC 7239).

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// What one proxy says about the request that it got.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForwardedElement {
    /// Who made the request.
    pub r#for: Option<Node>,
    /// Where the proxy got it.
    pub by: Option<Node>,
    /// The `Host` field as the proxy got it.
    pub host: Option<String>,
    /// The scheme by which it was made, in lower case.
    pub proto: Option<String>,
}

/// A party to a request (RFC 7239 section 6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// An address, with a port where one is told.
    Address(IpAddr, Option<u16>),
    /// `unknown`, or a name that a proxy made up (`_hidden`).
    Obscured(String),
}

/// Reads a `Forwarded` field, its lines joined by commas; the proxy nearest to this server speaks last.
///
/// `None` when any of it is malformed: who says half a sentence is not to be believed the other half. Parameters that nobody knows are
/// left out; one that is given twice is malformed.
///
/// ```
/// use carboy_http::proxy::{Node, parse_forwarded};
/// let elements = parse_forwarded(r#"for=192.0.2.60;proto=https, For="[2001:db8::1]:4711";host=shop.example"#).unwrap();
/// assert_eq!(elements[0].proto.as_deref(), Some("https"));
/// assert_eq!(elements[1].r#for, Some(Node::Address("2001:db8::1".parse().unwrap(), Some(4711))));
/// assert!(parse_forwarded("for=192.0.2.60; junk").is_none());
/// ```
pub fn parse_forwarded(field: &str) -> Option<Vec<ForwardedElement>> {
    let mut rest = field.as_bytes();
    let mut elements = Vec::new();
    loop {
        rest = blanks(rest);
        // Empty elements of a list mean nothing (RFC 9110 section 5.6.1).
        match rest {
            [] => return Some(elements),
            [b',', tail @ ..] => rest = tail,
            _ => {
                let (element, tail) = element(rest)?;
                elements.push(element);
                rest = blanks(tail);
                if !matches!(rest, [] | [b',', ..]) {
                    return None;
                }
            }
        }
    }
}

fn element(mut rest: &[u8]) -> Option<(ForwardedElement, &[u8])> {
    let mut element = ForwardedElement::default();
    loop {
        // The grammar allows no blanks around `;` and `=`; proxies write them after `;`.
        rest = blanks(rest);
        if !matches!(rest, [] | [b';' | b',', ..]) {
            let (name, tail) = token(rest)?;
            let [b'=', tail @ ..] = tail else { return None };
            let (value, tail) = match tail {
                [b'"', quoted @ ..] => quoted_text(quoted)?,
                _ => {
                    let (value, tail) = value(tail)?;
                    (value.to_owned(), tail)
                }
            };
            match name.to_ascii_lowercase().as_str() {
                "for" => once(&mut element.r#for, value.parse().ok()?)?,
                "by" => once(&mut element.by, value.parse().ok()?)?,
                "host" => once(&mut element.host, value)?,
                "proto" => once(&mut element.proto, value.to_ascii_lowercase())?,
                _ => {}
            }
            rest = blanks(tail);
        }
        match rest {
            [b';', tail @ ..] => rest = tail,
            _ => return Some((element, rest)),
        }
    }
}

fn once<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.replace(value).is_none().then_some(())
}

fn blanks(text: &[u8]) -> &[u8] {
    text.trim_ascii_start()
}

fn token(text: &[u8]) -> Option<(&str, &[u8])> {
    split(text, |b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// A value without quotes. The grammar wants a token, but proxies write ports and IPv6 addresses bare.
fn value(text: &[u8]) -> Option<(&str, &[u8])> {
    split(text, |b| b.is_ascii_graphic() && !b"\",;=\\".contains(&b))
}

fn split(text: &[u8], of: impl Fn(u8) -> bool) -> Option<(&str, &[u8])> {
    let end = text.iter().position(|b| !of(*b)).unwrap_or(text.len());
    let (front, rest) = text.split_at(end);
    (!front.is_empty()).then(|| std::str::from_utf8(front).ok()).flatten().map(|front| (front, rest))
}

/// The text behind an opening quotation mark, and what follows the closing one.
fn quoted_text(mut text: &[u8]) -> Option<(String, &[u8])> {
    let mut out = Vec::new();
    loop {
        match text {
            [b'"', rest @ ..] => return Some((String::from_utf8(out).ok()?, rest)),
            [b'\\', byte, rest @ ..] | [byte, rest @ ..] if *byte >= b' ' && *byte != 0x7f => {
                out.push(*byte);
                text = rest;
            }
            _ => return None,
        }
    }
}

/// `192.0.2.7`, `192.0.2.7:4711`, `[2001:db8::1]`, `[2001:db8::1]:4711`, `2001:db8::1`, `unknown`, `_name`.
impl FromStr for Node {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Node::Address(address, None));
        }
        if let Some(inner) = text.strip_prefix('[') {
            let (address, rest) = inner.split_once(']').ok_or(())?;
            let address: Ipv6Addr = address.parse().map_err(|_| ())?;
            return Ok(Node::Address(address.into(), port(rest)?));
        }
        let (name, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
        if let Ok(address) = name.parse::<Ipv4Addr>() {
            return Ok(Node::Address(address.into(), port(rest)?));
        }
        let made_up = |name: &str| {
            name.strip_prefix('_').is_some_and(|rest| {
                !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
            })
        };
        let known = name.eq_ignore_ascii_case("unknown") || made_up(name);
        (known && port(rest).is_ok()).then(|| Node::Obscured(name.to_owned())).ok_or(())
    }
}

/// `:4711`, or nothing. A port may be made up, too; then it is none.
fn port(text: &str) -> Result<Option<u16>, ()> {
    let Some(digits) = text.strip_prefix(':') else {
        return if text.is_empty() { Ok(None) } else { Err(()) };
    };
    if digits.starts_with('_') {
        return Ok(None);
    }
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(());
    }
    digits.parse().map(Some).map_err(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str, port: Option<u16>) -> Option<Node> {
        Some(Node::Address(text.parse().unwrap(), port))
    }

    // The examples of RFC 7239, sections 4, 6 and 7.
    #[test]
    fn the_examples_of_the_rfc_are_understood() {
        let of = |text: &str| parse_forwarded(text).unwrap();
        assert_eq!(of("for=\"_gazonk\"")[0].r#for, Some(Node::Obscured("_gazonk".into())));
        assert_eq!(of("For=\"[2001:db8:cafe::17]:4711\"")[0].r#for, address("2001:db8:cafe::17", Some(4711)));
        let element = &of("for=192.0.2.60;proto=http;by=203.0.113.43")[0];
        assert_eq!(
            (&element.r#for, &element.by),
            (&address("192.0.2.60", None), &address("203.0.113.43", None))
        );
        assert_eq!(element.proto.as_deref(), Some("http"));
        let two = of("for=192.0.2.43, for=198.51.100.17");
        assert_eq!(
            (&two[0].r#for, &two[1].r#for),
            (&address("192.0.2.43", None), &address("198.51.100.17", None))
        );
        assert_eq!(of("for=192.0.2.43, for=\"[2001:db8:cafe::17]\", for=unknown").len(), 3);
        assert_eq!(of("for=_hidden, for=_SEVKISEK")[1].r#for, Some(Node::Obscured("_SEVKISEK".into())));
        assert_eq!(of("for=\"192.0.2.43:47011\"")[0].r#for, address("192.0.2.43", Some(47011)));
        assert_eq!(
            of("host=\"shop.example:8080\";proto=HTTPS")[0].host.as_deref(),
            Some("shop.example:8080")
        );
        assert_eq!(of("host=\"shop.example:8080\";proto=HTTPS")[0].proto.as_deref(), Some("https"));
        assert_eq!(of(", ,for=1.2.3.4;; secret=abc ,").len(), 1);
    }

    #[test]
    fn what_is_malformed_says_nothing() {
        for text in [
            "junk",
            "for",
            "for=",
            "for=;",
            "=x",
            "for=1.2.3.4.5",
            "for=\"1.2.3.4",
            "for=\"1.2.3.4\\",
            "for=1.2.3.4;for=5.6.7.8",
            "for=[::1",
            "for=\"[::1]x\"",
            "for=\"[1.2.3.4]\"",
            "for=1.2.3.4:99999",
            "for=1.2.3.4:",
            "for=1.2.3.4 proto=http",
            "for=1.2.3.4, \"",
            "host=a\"b",
            "for=_",
            "for=\"\u{1}\"",
            "for=example.com",
        ] {
            assert_eq!(parse_forwarded(text), None, "{text}");
        }
        assert_eq!(parse_forwarded(""), Some(Vec::new()));
    }
}
