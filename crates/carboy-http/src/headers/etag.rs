//! Entity tags ([RFC 9110, section 8.8.3](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3)).

use super::text::is_blank;
use sha1::{Digest, Sha1};

/// The tag of a body: SHA-1 in hexadecimal, without quotes.
///
/// ```
/// assert_eq!(carboy_http::headers::generate_etag(b"x"), "11f6ad8ec52a2984abaafd7c3b516503785c2072");
/// ```
pub fn generate_etag(body: &[u8]) -> String {
    let digest = Sha1::digest(body);
    let mut out = String::with_capacity(40);
    for &byte in digest.iter() {
        for nibble in [byte >> 4, byte & 15] {
            out.extend(char::from_digit(u32::from(nibble), 16));
        }
    }
    out
}

/// Puts a tag into quotes, marked weak when wanted. `None` for a tag that holds a quote itself.
pub fn quote_etag(tag: &str, weak: bool) -> Option<String> {
    let mark = if weak { "W/" } else { "" };
    (!tag.contains('"')).then(|| format!("{mark}\"{tag}\""))
}

/// Takes a tag out of its quotes and says whether it is weak. A tag without quotes is tolerated.
///
/// ```
/// use carboy_http::headers::unquote_etag;
/// assert_eq!(unquote_etag(r#"W/"bar""#), ("bar", true));
/// assert_eq!(unquote_etag("bar"), ("bar", false));
/// ```
pub fn unquote_etag(etag: &str) -> (&str, bool) {
    let (rest, weak) = match etag.strip_prefix("W/").or_else(|| etag.strip_prefix("w/")) {
        Some(rest) => (rest, true),
        None => (etag, false),
    };
    match rest.strip_prefix('"') {
        // A lone quote is both the first and the last.
        Some(inner) => match inner.strip_suffix('"') {
            Some(tag) => (tag, weak),
            None if inner.is_empty() => ("", weak),
            None => (rest, weak),
        },
        None => (rest, weak),
    }
}

/// The tags of an `If-Match` or `If-None-Match` field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ETags {
    strong: Vec<String>,
    weak: Vec<String>,
    star: bool,
}

impl ETags {
    /// Reads a list of tags. `*` stands for all of them, alone; malformed items are skipped up to the
    /// next comma.
    ///
    /// ```
    /// use carboy_http::headers::ETags;
    /// let tags = ETags::parse(r#""a", W/"b", c"#);
    /// assert!(tags.contains("a") && tags.contains("c") && !tags.contains("b"));
    /// assert!(tags.contains_weak("b"));
    /// ```
    pub fn parse(value: &str) -> Self {
        let mut tags = ETags::default();
        if value == "*" {
            tags.star = true;
            return tags;
        }
        let mut rest = value;
        loop {
            match one_tag(rest) {
                Some((tag, weak, after)) => {
                    if weak { &mut tags.weak } else { &mut tags.strong }.push(tag.to_owned());
                    rest = after;
                }
                None => match rest.find(',') {
                    Some(comma) => rest = &rest[comma + 1..],
                    None => return tags,
                },
            }
        }
    }

    /// Whether the tag is in the list as a strong one; `*` does not count.
    pub fn is_strong(&self, tag: &str) -> bool {
        is_in(&self.strong, tag)
    }

    /// Whether the tag is in the list as a weak one.
    pub fn is_weak(&self, tag: &str) -> bool {
        is_in(&self.weak, tag)
    }

    /// Strong comparison: the tag is there as a strong one, or the list is `*`.
    pub fn contains(&self, tag: &str) -> bool {
        self.star || self.is_strong(tag)
    }

    /// Weak comparison: the tag is there, weak or strong, or the list is `*`.
    pub fn contains_weak(&self, tag: &str) -> bool {
        self.is_weak(tag) || self.contains(tag)
    }

    /// Takes a tag with its quotes: a weak one is compared weakly, a strong one strongly.
    pub fn contains_raw(&self, etag: &str) -> bool {
        match unquote_etag(etag) {
            (tag, true) => self.contains_weak(tag),
            (tag, false) => self.contains(tag),
        }
    }

    /// Whether the list is `*`.
    pub fn is_star(&self) -> bool {
        self.star
    }

    /// Whether there is neither a tag nor `*`.
    pub fn is_empty(&self) -> bool {
        !self.star && self.strong.is_empty() && self.weak.is_empty()
    }

    /// The strong tags, without quotes.
    pub fn strong(&self) -> impl Iterator<Item = &str> {
        self.strong.iter().map(String::as_str)
    }

    /// The weak tags, without quotes.
    pub fn weak(&self) -> impl Iterator<Item = &str> {
        self.weak.iter().map(String::as_str)
    }

    /// The list as a header value, strong tags first.
    pub fn to_header(&self) -> String {
        if self.star {
            return "*".to_owned();
        }
        let strong = self.strong.iter().map(|tag| format!("\"{tag}\""));
        let weak = self.weak.iter().map(|tag| format!("W/\"{tag}\""));
        strong.chain(weak).collect::<Vec<_>>().join(", ")
    }
}

/// An empty tag in a list makes the list count, but names no resource.
fn is_in(tags: &[String], tag: &str) -> bool {
    !tag.is_empty() && tags.iter().any(|known| known == tag)
}

/// The tag at the beginning, whether it is weak, and what follows its comma.
fn one_tag(text: &str) -> Option<(&str, bool, &str)> {
    let text = text.trim_start_matches(is_blank);
    let marked = text.strip_prefix("W/").or_else(|| text.strip_prefix("w/"));
    marked.and_then(|rest| tag_value(rest).map(|(tag, rest)| (tag, true, rest))).or_else(|| {
        let (tag, rest) = tag_value(text)?;
        Some((tag, false, rest))
    })
}

fn tag_value(text: &str) -> Option<(&str, &str)> {
    let (tag, rest) = match text.strip_prefix('"') {
        Some(inner) => inner.split_once('"')?,
        None => {
            let end = text.find(['"', ' ', '\t', ',']).unwrap_or(text.len());
            (end > 0).then(|| text.split_at(end))?
        }
    };
    let rest = rest.trim_start_matches(is_blank);
    if rest.is_empty() { Some((tag, rest)) } else { Some((tag, rest.strip_prefix(',')?)) }
}
