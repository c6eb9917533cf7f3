//! Ranges ([RFC 9110, section 14](https://www.rfc-editor.org/rfc/rfc9110#section-14)), with
//! Werkzeug's reading of what is valid.

use super::{
    etag::{quote_etag, unquote_etag},
    text::{is_blank, plain_int},
};
use crate::date::{HttpDate, parse_date_unix};
use std::fmt;

/// The `If-Range` field: a tag or a date or neither.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum IfRange {
    /// The field is empty.
    #[default]
    Nothing,
    /// A tag without quotes; whether it was weak is not kept, because ranges know strong tags only.
    ETag(String),
    /// A date in seconds since 1970.
    Date(i64),
}

impl IfRange {
    /// Reads the field: what is no date is a tag.
    pub fn parse(value: &str) -> Self {
        if value.is_empty() {
            return IfRange::Nothing;
        }
        match parse_date_unix(value) {
            Some(date) => IfRange::Date(date),
            None => IfRange::ETag(unquote_etag(value).0.to_owned()),
        }
    }

    /// The value of the header field; empty for nothing and for a tag that holds a quote.
    pub fn to_header(&self) -> String {
        match self {
            IfRange::Nothing => String::new(),
            IfRange::ETag(tag) => quote_etag(tag, false).unwrap_or_default(),
            IfRange::Date(seconds) => HttpDate::from_unix(*seconds).to_string(),
        }
    }
}

/// One range of a `Range` field, first byte and the byte after the last one. A negative first byte
/// counts from the end.
type Bounds = (i64, Option<i64>);

/// The `Range` field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    units: String,
    ranges: Vec<Bounds>,
}

impl Range {
    /// Reads the field. `None` when it is malformed, when ranges overlap or are not in order, and for
    /// the suffix `-0`.
    ///
    /// ```
    /// use carboy_http::headers::Range;
    /// let range = Range::parse("bytes=5-").unwrap();
    /// assert_eq!(range.range_for_length(Some(12)), Some((5, 12)));
    /// assert_eq!(Range::parse("bytes=5-2"), None);
    /// ```
    pub fn parse(value: &str) -> Option<Self> {
        let (units, list) = value.split_once('=')?;
        let mut ranges = Vec::new();
        // Where the last range ended; `None` after one that reaches to the end.
        let mut last_end = Some(0);
        for item in list.split(',') {
            let item = item.trim_matches(is_blank);
            let begin;
            let mut end = None;
            if item.starts_with('-') {
                last_end?;
                begin = plain_int(item).filter(|&begin| begin != 0)?;
            } else {
                let (begin_text, end_text) = item.split_once('-')?;
                begin = plain_int(begin_text)?;
                if begin < last_end? {
                    return None;
                }
                let end_text = end_text.trim_matches(is_blank);
                if !end_text.is_empty() {
                    end = Some(plain_int(end_text)?.saturating_add(1));
                    if end.is_some_and(|end| begin >= end) {
                        return None;
                    }
                }
            }
            last_end = end;
            ranges.push((begin, end));
        }
        Some(Range { units: units.trim_matches(is_blank).to_lowercase(), ranges })
    }

    /// The unit, in lower case; `bytes` is the only one with a meaning.
    pub fn units(&self) -> &str {
        &self.units
    }

    /// The ranges: first byte (negative: counted from the end), and the byte after the last one.
    pub fn ranges(&self) -> &[(i64, Option<i64>)] {
        &self.ranges
    }

    /// First byte and the byte after the last one in a body of this length, when the unit is bytes,
    /// there is exactly one range, and it can be served.
    pub fn range_for_length(&self, length: Option<u64>) -> Option<(u64, u64)> {
        let length = i64::try_from(length?).ok()?;
        let [(start, end)] = self.ranges[..] else { return None };
        let (start, end) = match end {
            Some(end) => (start, end),
            None if start < 0 => (start.saturating_add(length), length),
            None => (start, length),
        };
        let valid = self.units == "bytes" && 0 <= start && start < length && start < end;
        valid.then(|| (start.unsigned_abs(), end.min(length).unsigned_abs()))
    }

    /// The `Content-Range` that answers this range, when it can be served.
    pub fn make_content_range(&self, length: Option<u64>) -> Option<ContentRange> {
        let (start, stop) = self.range_for_length(length)?;
        Some(ContentRange { units: self.units.clone(), range: Some((start, stop)), length })
    }

    /// The value of the header field.
    pub fn to_header(&self) -> String {
        let ranges: Vec<String> = self
            .ranges
            .iter()
            .map(|range| match range {
                (begin, Some(end)) => format!("{begin}-{}", end - 1),
                (begin, None) if *begin < 0 => begin.to_string(),
                (begin, None) => format!("{begin}-"),
            })
            .collect();
        format!("{}={}", self.units, ranges.join(","))
    }
}

/// The `Content-Range` field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentRange {
    units: String,
    range: Option<(u64, u64)>,
    length: Option<u64>,
}

impl ContentRange {
    /// A part of a body in bytes: its first byte, the byte after its last one, and the length of the
    /// whole if that is known. `None` when the part is empty or begins behind the end.
    pub fn new(start: u64, stop: u64, length: Option<u64>) -> Option<Self> {
        let valid = start < stop && length.is_none_or(|length| start < length);
        valid.then(|| ContentRange { units: "bytes".to_owned(), range: Some((start, stop)), length })
    }

    /// What a 416 says: no range of this length can be served.
    pub fn unsatisfied(length: u64) -> Self {
        ContentRange { units: "bytes".to_owned(), range: None, length: Some(length) }
    }

    /// Reads the field; `None` when it is malformed or contradicts itself.
    pub fn parse(value: &str) -> Option<Self> {
        let (units, definition) = value.trim_matches(is_blank).split_once(' ')?;
        let (range, length) = definition.split_once('/')?;
        let number = |text: &str| plain_int(text).and_then(|number| u64::try_from(number).ok());
        let length = if length == "*" { None } else { Some(number(length)?) };
        let range = if range == "*" {
            None
        } else {
            let (start, stop) = range.split_once('-')?;
            let (start, stop) = (number(start)?, number(stop)?.saturating_add(1));
            if start >= stop || length.is_some_and(|length| start >= length) {
                return None;
            }
            Some((start, stop))
        };
        Some(ContentRange { units: units.to_owned(), range, length })
    }

    /// The unit.
    pub fn units(&self) -> &str {
        &self.units
    }

    /// The first byte.
    pub fn start(&self) -> Option<u64> {
        self.range.map(|(start, _)| start)
    }

    /// The byte after the last one.
    pub fn stop(&self) -> Option<u64> {
        self.range.map(|(_, stop)| stop)
    }

    /// The length of the whole body.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The value of the header field.
    pub fn to_header(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for ContentRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.range {
            Some((start, stop)) => write!(f, "{} {start}-{}/", self.units, stop - 1)?,
            None => write!(f, "{} */", self.units)?,
        }
        match self.length {
            Some(length) => write!(f, "{length}"),
            None => f.write_str("*"),
        }
    }
}
