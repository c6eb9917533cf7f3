//! URLs, IP addresses and UUIDs, as Python's `urllib.parse`, `ipaddress` and `uuid` read them.

use regex::Regex;
use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::LazyLock,
};
use unicode_normalization::UnicodeNormalization;

/// What [`Rule::url`](super::Rule::url) may be told.
#[derive(Debug, Clone)]
pub(crate) struct UrlOptions {
    pub(crate) require_tld: bool,
    pub(crate) allow_ip: bool,
    pub(crate) allow_userinfo: bool,
    pub(crate) schemes: Vec<String>,
}

impl Default for UrlOptions {
    fn default() -> Self {
        let schemes = vec!["http".to_owned(), "https".to_owned()];
        UrlOptions { require_tld: true, allow_ip: true, allow_userinfo: false, schemes }
    }
}

/// Whether a text is a URL with one of the schemes and a host that may exist.
pub(crate) fn is_url(text: &str, options: &UrlOptions) -> bool {
    checked(text, options).is_some()
}

fn checked(text: &str, options: &UrlOptions) -> Option<()> {
    let text: String =
        text.trim_start_matches(|c| c <= ' ').chars().filter(|c| !"\t\r\n".contains(*c)).collect();
    let (scheme, rest) = text.split_once(':')?;
    let word = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(word) {
        return None;
    }
    let scheme = scheme.to_ascii_lowercase();
    if !options.schemes.contains(&scheme) {
        return None;
    }
    let rest = rest.strip_prefix("//")?;
    let netloc = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    if netloc.contains('[') != netloc.contains(']') || !normalises(netloc) {
        return None;
    }
    let (userinfo, host) = netloc.rsplit_once('@').unwrap_or(("", netloc));
    if !options.allow_userinfo && !userinfo.trim_start_matches(':').is_empty() {
        return None;
    }
    let (name, port) = match host.split_once('[') {
        Some((before, bracketed)) => {
            let (name, after) = bracketed.split_once(']').unwrap_or((bracketed, ""));
            let future = name.strip_prefix('v').and_then(|rest| rest.split_once('.'));
            let future = future.is_some_and(|(version, rest)| {
                !version.is_empty() && version.bytes().all(|b| b.is_ascii_hexdigit()) && !rest.is_empty()
            });
            if !before.is_empty()
                || !(after.is_empty() || after.starts_with(':'))
                || !(future || is_ipv6(name))
            {
                return None;
            }
            (name, after.split_once(':').map_or("", |(_, port)| port))
        }
        None => host.split_once(':').unwrap_or((host, "")),
    };
    if !port.is_empty() && (!port.bytes().all(|b| b.is_ascii_digit()) || port.parse::<u16>().is_err()) {
        return None;
    }
    (!name.is_empty() && is_hostname(&name.to_lowercase(), options)).then_some(())
}

/// Whether a network location has no character that becomes one with a meaning when it is normalised.
fn normalises(netloc: &str) -> bool {
    let plain: String = netloc.chars().filter(|c| !"@:#?".contains(*c)).collect();
    let normal: String = plain.nfkc().collect();
    plain == normal || !normal.contains(['/', '?', '#', '@', ':'])
}

static LABEL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\A(xn-|[a-z0-9_]+)(-[a-z0-9_-]+)?\z").expect("a pattern of our own"));
static TOP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\A([a-z]{2,20}|xn--([a-z0-9]+-)*[a-z0-9]+)\z").expect("a pattern of our own")
});

fn is_hostname(name: &str, options: &UrlOptions) -> bool {
    if options.allow_ip && (is_ipv4(name) || is_ipv6(name)) {
        return true;
    }
    let ascii = if name.is_ascii() { Some(name.to_owned()) } else { idna::domain_to_ascii(name).ok() };
    let Some(ascii) = ascii else { return false };
    let labels: Vec<&str> = ascii.split('.').collect();
    let top = labels.last().is_some_and(|last| TOP.is_match(last));
    ascii.len() <= 253
        && labels.iter().all(|label| label.len() <= 63 && LABEL.is_match(label))
        && (!options.require_tld || (labels.len() > 1 && top))
}

/// Whether a text is an IPv4 address in the usual notation.
pub(crate) fn is_ipv4(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok()
}

/// Whether a text is an IPv6 address, with a zone or without.
pub(crate) fn is_ipv6(text: &str) -> bool {
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (text, None),
    };
    address.parse::<Ipv6Addr>().is_ok() && zone.is_none_or(|zone| !zone.is_empty() && !zone.contains('%'))
}

/// Whether a text is an Ethernet address: six bytes in hexadecimal, with colons.
pub(crate) fn is_mac(text: &str) -> bool {
    // Python's `$` also matches before a last line feed.
    let text = text.strip_suffix('\n').unwrap_or(text);
    let byte = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit());
    text.split(':').count() == 6 && text.split(':').all(byte)
}

/// Whether a text is a UUID, with or without hyphens, braces and the prefix of a URN.
pub(crate) fn is_uuid(text: &str) -> bool {
    let hex = text.replace("urn:", "").replace("uuid:", "");
    let hex = hex.trim_matches(['{', '}']).replace('-', "");
    if hex.chars().count() != 32 {
        return false;
    }
    // Python reads the digits with `int(…, 16)`.
    let digits = hex.trim();
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    let (digits, after_prefix) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(rest) => (rest, true),
        None => (digits, false),
    };
    let digits = if after_prefix { digits.strip_prefix('_').unwrap_or(digits) } else { digits };
    digits.split('_').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_hexdigit()))
}
