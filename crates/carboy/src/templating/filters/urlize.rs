//! `urlize`: links for the URLs and mail addresses in a text.

use minijinja::{Error, State, Value};

use super::super::args::{Args, bool_or, fail, given, int_or, items};
use super::super::escape::escaped;
use super::super::python::{is_space, to_repr, to_text};
use super::autoescape;

pub(super) fn urlize(state: &mut State<'_, '_>, args: Args<'_>) -> Result<Value, Error> {
    let [value, limit, nofollow, target, rel, schemes] =
        args.bind("do_urlize", ["value", "trim_url_limit", "nofollow", "target", "rel", "extra_schemes"], 1)?;
    let value = value.unwrap_or_default();
    let limit = match given(limit) {
        Some(limit) => Some(usize::try_from(int_or(Some(&limit), 0)?).unwrap_or(0)),
        None => None,
    };
    let mut relations: Vec<String> = given(rel)
        .map(|rel| to_text(&rel).split_whitespace().map(str::to_owned).collect())
        .unwrap_or_default();
    if bool_or(nofollow.as_ref(), false) {
        relations.push("nofollow".to_owned());
    }
    relations.push("noopener".to_owned());
    relations.sort();
    relations.dedup();
    let mut attributes = format!(" rel=\"{}\"", escaped(&relations.join(" ")));
    if let Some(target) = given(target).filter(Value::is_true) {
        let text = to_text(&target);
        let text = if target.is_safe() { text.into_owned() } else { escaped(&text) };
        attributes.push_str(&format!(" target=\"{text}\""));
    }
    let mut extra = Vec::new();
    if let Some(schemes) = given(schemes) {
        for scheme in items(&schemes)? {
            let text = to_text(&scheme).into_owned();
            if !is_scheme(&text) {
                return Err(fail(format!("{} is not a valid URI scheme prefix.", to_repr(&scheme))));
            }
            extra.push(text);
        }
    }
    let text = to_text(&value);
    let text = if value.is_safe() { text.into_owned() } else { escaped(&text) };
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let space = rest.find(|c| !is_space(c)).unwrap_or(rest.len());
        out.push_str(&rest[..space]);
        rest = &rest[space..];
        let end = rest.find(is_space).unwrap_or(rest.len());
        word(&mut out, &rest[..end], limit, &attributes, &extra);
        rest = &rest[end..];
    }
    Ok(if autoescape(state) { Value::from_safe_string(out) } else { Value::from(out) })
}

/// `[\w.+-]{2,}:(/){0,2}`
fn is_scheme(text: &str) -> bool {
    let bare = text.strip_suffix("//").or_else(|| text.strip_suffix('/')).unwrap_or(text);
    bare.strip_suffix(':').is_some_and(|name| {
        name.chars().count() >= 2 && name.chars().all(|c| is_word(c) || matches!(c, '.' | '+' | '-'))
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn word(out: &mut String, word: &str, limit: Option<usize>, attributes: &str, schemes: &[String]) {
    let mut middle = word;
    while let Some(rest) = ["(", "<", "&lt;"].iter().find_map(|open| middle.strip_prefix(open)) {
        middle = rest;
    }
    let head = &word[..word.len() - middle.len()];
    let mut end = middle.len();
    while let Some(shorter) =
        [")", ">", ".", ",", "\n", "&gt;"].iter().find_map(|close| middle[..end].strip_suffix(close))
    {
        end = shorter.len();
    }
    // Closing brackets whose opening ones stand inside the address belong to it.
    for (open, close) in [("(", ")"), ("<", ">"), ("&lt;", "&gt;")] {
        let opened = middle[..end].matches(open).count();
        if opened <= middle[..end].matches(close).count() {
            continue;
        }
        for _ in 0..opened.min(middle[end..].matches(close).count()) {
            if let Some(at) = middle[end..].find(close) {
                end += at + close.len();
            }
        }
    }
    let (middle, tail) = middle.split_at(end);
    out.push_str(head);
    if is_url(middle) {
        let (prefix, shown) = if middle.starts_with("https://") || middle.starts_with("http://") {
            ("", middle)
        } else {
            ("https://", middle)
        };
        let shown = match limit.and_then(|limit| shown.char_indices().nth(limit)) {
            Some((at, _)) => format!("{}...", &shown[..at]),
            None => shown.to_owned(),
        };
        out.push_str(&format!("<a href=\"{prefix}{middle}\"{attributes}>{shown}</a>"));
    } else if let Some(address) = middle.strip_prefix("mailto:").filter(|address| is_email(address)) {
        out.push_str(&format!("<a href=\"{middle}\">{address}</a>"));
    } else if middle.contains('@')
        && !middle.starts_with("www.")
        && !middle.starts_with('@')
        && !middle.contains(':')
        && is_email(middle)
    {
        out.push_str(&format!("<a href=\"mailto:{middle}\">{middle}</a>"));
    } else {
        let mut linked = middle.to_owned();
        for scheme in schemes {
            if linked != *scheme && linked.starts_with(scheme.as_str()) {
                linked = format!("<a href=\"{linked}\"{attributes}>{linked}</a>");
            }
        }
        out.push_str(&linked);
    }
    out.push_str(tail);
}

/// `^\S+@\w[\w.-]*\.\w+$`
fn is_email(text: &str) -> bool {
    text.match_indices('@').any(|(at, _)| {
        let host = &text[at + 1..];
        at > 0
            && host.chars().next().is_some_and(is_word)
            && host.rsplit_once('.').is_some_and(|(name, last)| {
                !name.is_empty()
                    && !last.is_empty()
                    && last.chars().all(is_word)
                    && name.chars().all(|c| is_word(c) || matches!(c, '.' | '-'))
            })
    })
}

/// Whether `text` is what Jinja takes for a web address.
fn is_url(text: &str) -> bool {
    let host_end = text.find("://").map_or(0, |at| at + 3);
    let end = text[host_end..].find(['/', '?', '#']).map_or(text.len(), |at| at + host_end);
    let authority = &text[..end];
    let without_port = match authority.rsplit_once(':') {
        Some((host, port)) if (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit()) => {
            Some(host)
        }
        _ => None,
    };
    is_authority(authority) || without_port.is_some_and(is_authority)
}

fn strip_ignoring_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

fn is_authority(text: &str) -> bool {
    let scheme = strip_ignoring_case(text, "https://").or_else(|| strip_ignoring_case(text, "http://"));
    if let Some(host) = scheme
        && (is_address_v4(host) || is_address_v6(host) || is_domain(host))
    {
        return true;
    }
    if let Some(host) = strip_ignoring_case(text, "www.")
        && is_domain(host)
    {
        return true;
    }
    is_bare_domain(text)
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && label.chars().all(|c| is_word(c) || matches!(c, '%' | '-'))
}

/// Labels and a top-level domain of 2 to 63 letters or in IDNA form.
fn is_domain(host: &str) -> bool {
    let (labels, last) = match host.rsplit_once('.') {
        Some((labels, last)) => (Some(labels), last),
        None => (None, host),
    };
    let top = ((2..=63).contains(&last.len()) && last.bytes().all(|b| b.is_ascii_alphabetic()))
        || strip_ignoring_case(last, "xn--").is_some_and(|rest| {
            (2..=59).contains(&rest.chars().count()) && rest.chars().all(|c| is_word(c) || c == '%')
        });
    top && labels.is_none_or(|labels| labels.split('.').all(is_label))
}

fn is_bare_domain(text: &str) -> bool {
    text.rsplit_once('.').is_some_and(|(labels, last)| {
        ["com", "net", "int", "edu", "gov", "org", "info", "mil"]
            .iter()
            .any(|known| last.eq_ignore_ascii_case(known))
            && labels.split('.').all(|label| is_label(label) && (2..=63).contains(&label.chars().count()))
    })
}

fn is_address_v4(host: &str) -> bool {
    let parts: Vec<&str> = host.split('.').collect();
    parts.len() == 4
        && parts.iter().all(|part| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
}

/// `\[([\da-f]{0,4}:){2}([\da-f]{0,4}:?){1,6}]`
fn is_address_v6(host: &str) -> bool {
    let Some(inner) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) else {
        return false;
    };
    if !inner.bytes().all(|b| b.is_ascii_hexdigit() || b == b':') {
        return false;
    }
    let groups: Vec<&str> = inner.split(':').collect();
    if groups.len() < 3 || groups[0].len() > 4 || groups[1].len() > 4 {
        return false;
    }
    // Each of the remaining groups takes one of six repetitions for every four digits.
    groups[2..].iter().map(|group| group.len().div_ceil(4).max(1)).sum::<usize>()
        <= 6 + usize::from(inner.ends_with(':'))
}
