//! What a client accepts: `Accept`, `Accept-Language`, `Accept-Charset`, `Accept-Encoding`.

use super::{
    charset::canonical_charset,
    list::parse_list_header,
    options::{dump_options_header, parse_options_header},
};
use crate::float::python_repr;
use std::cmp::Ordering;

/// What the items of an [`Accept`] are, which decides how they match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AcceptKind {
    /// Words, compared without case: `Accept-Encoding`.
    #[default]
    Plain,
    /// Media types with `*` in either half: `Accept`.
    Mime,
    /// Language tags, in which `_` and `-` are the same: `Accept-Language`.
    Language,
    /// Charsets with all their names: `Accept-Charset`.
    Charset,
}

/// A client's preferences, the more specific ones first, then the more wanted ones.
///
/// ```
/// use carboy_http::headers::{Accept, AcceptKind};
/// let accept = Accept::parse("text/html;q=0.8, application/json", AcceptKind::Mime);
/// assert_eq!(accept.best_match(&["text/html", "application/json"]), Some("application/json"));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Accept {
    kind: AcceptKind,
    items: Vec<(String, f64)>,
}

impl Accept {
    /// Reads the field; items with an invalid `q` are skipped. A missing field is an empty list
    /// ([`Default`]), which accepts nothing and matches nothing.
    pub fn parse(value: &str, kind: AcceptKind) -> Self {
        let mut items = Vec::new();
        for item in parse_list_header(value) {
            let (name, mut options) = parse_options_header(&item);
            let quality = match options.remove("q") {
                None => 1.0,
                Some(q) => match quality(&q) {
                    Some(quality) => quality,
                    None => continue,
                },
            };
            let name =
                if options.is_empty() { name.to_owned() } else { dump_options_header(name, options.iter()) };
            items.push((name, quality));
        }
        Accept::new(items, kind)
    }

    /// The preferences of these items and qualities.
    pub fn new(items: Vec<(String, f64)>, kind: AcceptKind) -> Self {
        let mut items: Vec<_> = items.into_iter().map(|item| (specificity(kind, &item.0), item)).collect();
        items.sort_by(|(a, (_, a_quality)), (b, (_, b_quality))| {
            b.cmp(a).then(b_quality.partial_cmp(a_quality).unwrap_or(Ordering::Equal))
        });
        Accept { kind, items: items.into_iter().map(|(_, item)| item).collect() }
    }

    /// Items and qualities in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.items.iter().map(|(item, quality)| (item.as_str(), *quality))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How much this value is wanted, from 0 to 1; 0 when it is not in the list.
    pub fn quality(&self, value: &str) -> f64 {
        self.best_single_match(value).map_or(0.0, |(_, quality)| quality)
    }

    /// Whether an item of the list matches this value, whatever its quality: `q=0` counts.
    pub fn contains(&self, value: &str) -> bool {
        self.best_single_match(value).is_some()
    }

    /// The first item.
    pub fn best(&self) -> Option<&str> {
        self.items.first().map(|(item, _)| item.as_str())
    }

    /// Which of these values suits the client best: the most wanted one, of equals the one that the
    /// client named more specifically, of those the first. One with quality 0 is never chosen.
    ///
    /// Languages fall back: a client that accepts `en-US` gets `en`, one that accepts `en` gets
    /// `en-GB`. A value that is no media type matches nothing in an `Accept` for those.
    pub fn best_match<'v>(&self, values: &[&'v str]) -> Option<&'v str> {
        let exact = self.best_of(values);
        if exact.is_some() || self.kind != AcceptKind::Language {
            return exact;
        }
        let primary = |tag: &str| tag.split(['_', '-']).next().unwrap_or_default().to_owned();
        let items = self.items.iter().map(|(item, quality)| (primary(item), *quality)).collect();
        let by_primary = Accept::new(items, AcceptKind::Plain).best_of(values);
        if by_primary.is_some() {
            return by_primary;
        }
        let primaries: Vec<String> = values.iter().map(|value| primary(value)).collect();
        let found = self.best_of(&primaries.iter().map(String::as_str).collect::<Vec<_>>())?;
        values.iter().copied().find(|value| value.starts_with(found))
    }

    fn best_of<'v>(&self, values: &[&'v str]) -> Option<&'v str> {
        let mut best: Option<(&'v str, f64, Vec<bool>)> = None;
        for &value in values {
            let Some((item, quality)) = self.best_single_match(value) else { continue };
            let specificity = specificity(self.kind, item);
            let better = match &best {
                None => true,
                Some((_, best_quality, best_specificity)) => {
                    quality > *best_quality || (quality == *best_quality && specificity > *best_specificity)
                }
            };
            if quality > 0.0 && better {
                best = Some((value, quality, specificity));
            }
        }
        best.map(|(value, ..)| value)
    }

    /// The list is sorted, so the first match is the most specific one.
    fn best_single_match(&self, value: &str) -> Option<(&str, f64)> {
        self.iter().find(|(item, _)| matches(self.kind, value, item))
    }

    /// Which of these content codings an answer may have: the most wanted one, of equals the first; `None` to leave it as it
    /// is, which a client also gets that wants exactly that more than any of them (RFC 9110 section 12.5.3).
    ///
    /// ```
    /// use carboy_http::headers::{Accept, AcceptKind};
    /// let best = |field| Accept::parse(field, AcceptKind::Plain).best_coding(&["br", "gzip"]);
    /// assert_eq!(best("gzip, br"), Some("br"));
    /// assert_eq!(best("gzip, br;q=0.5"), Some("gzip"));
    /// assert_eq!(best("identity, gzip;q=0.5"), None);
    /// assert_eq!(best("br;q=0, *"), Some("gzip"));
    /// ```
    pub fn best_coding<'v>(&self, codings: &[&'v str]) -> Option<&'v str> {
        let mut best = (None, self.explicit("identity").unwrap_or(0.0));
        for &coding in codings {
            // The older name of the same (RFC 9110 section 8.4.1.3).
            let older = (coding == "gzip").then(|| self.explicit("x-gzip")).flatten();
            let quality = self.explicit(coding).or(older).or(self.explicit("*")).unwrap_or(0.0);
            let better = if best.0.is_some() { quality > best.1 } else { quality >= best.1 };
            if quality > 0.0 && better {
                best = (Some(coding), quality);
            }
        }
        best.0
    }

    /// Whether the client wants no answer that has no content coding: `identity;q=0`, or `*;q=0` without a word about that.
    pub fn refuses_identity(&self) -> bool {
        self.explicit("identity").or(self.explicit("*")) == Some(0.0)
    }

    /// How much an item is wanted that stands in the list itself.
    fn explicit(&self, name: &str) -> Option<f64> {
        self.iter().find(|(item, _)| item.eq_ignore_ascii_case(name)).map(|(_, quality)| quality)
    }

    /// Whether JSON is among the media types, whatever its quality.
    pub fn accept_json(&self) -> bool {
        self.contains("application/json")
    }

    /// Whether XHTML or XML is among the media types.
    pub fn accept_xhtml(&self) -> bool {
        self.contains("application/xhtml+xml") || self.contains("application/xml")
    }

    /// Whether HTML, XHTML or XML is among the media types.
    pub fn accept_html(&self) -> bool {
        self.contains("text/html") || self.accept_xhtml()
    }

    /// The value of the header field.
    pub fn to_header(&self) -> String {
        let items: Vec<String> = self
            .items
            .iter()
            .map(|(item, quality)| match *quality {
                1.0 => item.clone(),
                quality => format!("{item};q={}", python_repr(quality)),
            })
            .collect();
        items.join(",")
    }
}

/// A `q` from 0 to 1: digits with an optional fraction, blanks around them.
fn quality(text: &str) -> Option<f64> {
    let text = text.trim_matches([' ', '\t']);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let numeric = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let value: f64 = (numeric(whole) && numeric(fraction)).then(|| text.parse().ok())??;
    (0.0..=1.0).contains(&value).then_some(value)
}

/// How specific an item is: compared from left to right, `*` being less than anything.
fn specificity(kind: AcceptKind, item: &str) -> Vec<bool> {
    match kind {
        AcceptKind::Mime => split_mime(item).into_iter().map(|part| part != "*").collect(),
        _ => vec![item != "*"],
    }
}

/// `type/subtype;parameter` in its parts.
fn split_mime(value: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for (index, piece) in value.split(';').enumerate() {
        // Blanks belong to the semicolons around them, not to the ends of the value.
        let piece = if index > 0 { piece.trim_start_matches([' ', '\t']) } else { piece };
        let is_last = std::ptr::eq(piece.as_bytes().as_ptr_range().end, value.as_bytes().as_ptr_range().end);
        let piece = if is_last { piece } else { piece.trim_end_matches([' ', '\t']) };
        parts.extend(piece.split('/'));
    }
    parts
}

fn matches(kind: AcceptKind, value: &str, item: &str) -> bool {
    match kind {
        AcceptKind::Mime => matches_mime(value, item),
        _ if item == "*" => true,
        AcceptKind::Plain => item == value || item.to_lowercase() == value.to_lowercase(),
        AcceptKind::Language => {
            let tag = |text: &str| text.to_lowercase().replace('_', "-");
            tag(value) == tag(item)
        }
        AcceptKind::Charset => canonical_charset(value) == canonical_charset(item),
    }
}

fn matches_mime(value: &str, item: &str) -> bool {
    let (value, item) = (value.to_lowercase(), item.to_lowercase());
    if !value.contains('/') || !item.contains('/') {
        return false;
    }
    let (value, item) = (split_mime(&value), split_mime(&item));
    let ([value_type, value_subtype, value_params @ ..], [item_type, item_subtype, item_params @ ..]) =
        (&value[..], &item[..])
    else {
        return false;
    };
    let half_wild = |main: &str, sub: &str| main == "*" && sub != "*";
    if half_wild(value_type, value_subtype) || half_wild(item_type, item_subtype) {
        return false;
    }
    if *item_type == "*" || *value_type == "*" {
        return true;
    }
    let sorted = |params: &[&str]| {
        let mut params: Vec<String> = params.iter().map(|param| (*param).to_owned()).collect();
        params.sort();
        params
    };
    item_type == value_type
        && (*item_subtype == "*"
            || *value_subtype == "*"
            || (item_subtype == value_subtype && sorted(item_params) == sorted(value_params)))
}
