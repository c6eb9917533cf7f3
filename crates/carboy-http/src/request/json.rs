//! A body read as JSON.

use super::Request;
use crate::{HttpError, headers::parse_options_header};
use http::StatusCode;
use serde::de::DeserializeOwned;
use std::borrow::Cow;

impl Request {
    /// Whether the content type is `application/json` or `application/*+json`.
    pub fn is_json(&self) -> bool {
        let content_type = self.content_type().unwrap_or_default();
        is_json_mimetype(parse_options_header(&content_type).0)
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// 415 when the content type is another, 400 when the body does not parse as `T` or is empty, and what
    /// kept the body from being read.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        if !self.is_json() {
            return Err(HttpError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE).with_description(
                "Did not attempt to load JSON data because the request Content-Type was not \
                 'application/json'.",
            ));
        }
        self.parse_json()
    }

    /// The body as JSON, with Flask's two switches: `force` reads any content type, `silent` makes `None` of a wrong
    /// type and of a body that does not parse.
    ///
    /// # Errors
    /// As [`json`](Request::json), unless `silent`.
    pub fn get_json<T: DeserializeOwned>(&self, force: bool, silent: bool) -> Result<Option<T>, HttpError> {
        let value = if force { self.parse_json() } else { self.json() };
        match value {
            Ok(value) => Ok(Some(value)),
            Err(_) if silent && self.body_error().is_none() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn parse_json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        if let Some(error) = self.body_error() {
            return Err(error);
        }
        let data = self.get_data();
        let text = decode(&data).ok_or_else(|| HttpError::invalid_json("the text is not Unicode"))?;
        serde_json::from_slice(&text)
            .map_err(|error| HttpError::invalid_json(error.to_string()).with_source(error))
    }
}

/// Whether this is a media type for JSON, in whatever case.
pub(crate) fn is_json_mimetype(mimetype: &str) -> bool {
    let mimetype = mimetype.as_bytes();
    let starts = |prefix: &[u8]| mimetype.get(..prefix.len()).is_some_and(|m| m.eq_ignore_ascii_case(prefix));
    mimetype.eq_ignore_ascii_case(b"application/json")
        || starts(b"application/")
            && mimetype.len().checked_sub(5).is_some_and(|at| mimetype[at..].eq_ignore_ascii_case(b"+json"))
}

/// UTF-8 of JSON text that may be UTF-16 or UTF-32, recognised as Python's `json.detect_encoding` does: by its
/// byte order mark, or by where the zero bytes of its first characters are. `None` for text that is not Unicode.
fn decode(data: &[u8]) -> Option<Cow<'_, [u8]>> {
    let nul = |at: usize| data.get(at) == Some(&0);
    let (width, big, skip) = match data {
        [0xff, 0xfe, 0, 0, ..] => (4, false, 4),
        [0, 0, 0xfe, 0xff, ..] => (4, true, 4),
        [0xff, 0xfe, ..] => (2, false, 2),
        [0xfe, 0xff, ..] => (2, true, 2),
        [0xef, 0xbb, 0xbf, rest @ ..] => return Some(Cow::Borrowed(rest)),
        [_, _, _, _, ..] if nul(0) => {
            if nul(1) {
                (4, true, 0)
            } else {
                (2, true, 0)
            }
        }
        [_, _, _, _, ..] if nul(1) => {
            if nul(2) && nul(3) {
                (4, false, 0)
            } else {
                (2, false, 0)
            }
        }
        [0, _] => (2, true, 0),
        [_, 0] => (2, false, 0),
        _ => return Some(Cow::Borrowed(data)),
    };
    let data = &data[skip..];
    let text: Option<String> = if width == 4 {
        let (units, rest) = data.as_chunks::<4>();
        let code = |unit: &[u8; 4]| if big { u32::from_be_bytes(*unit) } else { u32::from_le_bytes(*unit) };
        rest.is_empty().then(|| units.iter().map(|unit| char::from_u32(code(unit))).collect()).flatten()
    } else {
        let (units, rest) = data.as_chunks::<2>();
        let code = |unit: &[u8; 2]| if big { u16::from_be_bytes(*unit) } else { u16::from_le_bytes(*unit) };
        rest.is_empty()
            .then(|| char::decode_utf16(units.iter().map(code)).collect::<Result<_, _>>().ok())
            .flatten()
    };
    text.map(|text| Cow::Owned(text.into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_recognised_by_its_type_whatever_the_case() {
        for (mimetype, is) in [
            ("application/json", true),
            ("Application/JSON", true),
            ("application/problem+json", true),
            ("text/json", false),
            ("application/jsonp", false),
            ("+json", false),
            ("", false),
        ] {
            assert_eq!(is_json_mimetype(mimetype), is, "{mimetype}");
        }
    }

    #[test]
    fn every_unicode_encoding_of_json_is_understood() {
        let text = "{\"é\": \"𝄞\"}";
        let utf16 = |f: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(f).collect::<Vec<u8>>();
        let utf32 = |f: fn(u32) -> [u8; 4]| text.chars().flat_map(|c| f(c as u32)).collect::<Vec<u8>>();
        let marked = |mark: &[u8], text: Vec<u8>| [mark, &text].concat();
        for data in [
            text.as_bytes().to_vec(),
            marked(b"\xef\xbb\xbf", text.as_bytes().to_vec()),
            utf16(u16::to_le_bytes),
            utf16(u16::to_be_bytes),
            marked(b"\xff\xfe", utf16(u16::to_le_bytes)),
            marked(b"\xfe\xff", utf16(u16::to_be_bytes)),
            utf32(u32::to_le_bytes),
            utf32(u32::to_be_bytes),
            marked(b"\xff\xfe\0\0", utf32(u32::to_le_bytes)),
            marked(b"\0\0\xfe\xff", utf32(u32::to_be_bytes)),
        ] {
            assert_eq!(decode(&data).as_deref(), Some(text.as_bytes()), "{data:x?}");
        }
        assert_eq!(decode(b"\xff\xfe\x00\xd8").as_deref(), None);
        assert_eq!(decode(b"\xff\xfe1").as_deref(), None);
    }
}
