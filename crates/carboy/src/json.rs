//! JSON as Flask's default provider writes and reads it (`flask.json`).
//!
//! ```
//! use carboy::json;
//!
//! #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
//! struct User {
//!     name: String,
//!     id: u32,
//! }
//!
//! let user = User { name: "Zoë".to_owned(), id: 7 };
//! assert_eq!(json::dumps(&user)?, r#"{"id": 7, "name": "Zo\u00eb"}"#);
//! assert_eq!(json::loads::<User>(r#"{"name": "Zoë", "id": 7}"#)?, user);
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::borrow::Cow;
use std::cell::Cell;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use carboy_signing::json::JsonStyle;

/// How an app writes JSON; `DefaultJSONProvider` with its attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonProvider {
    /// Everything but printable ASCII is escaped. On, as in Flask.
    pub ensure_ascii: bool,
    /// Keys are sorted. On, as in Flask.
    pub sort_keys: bool,
    /// Responses without blanks and line breaks; if unset, all but those in debug mode.
    pub compact: Option<bool>,
    /// The media type of responses.
    pub mimetype: Cow<'static, str>,
}

impl Default for JsonProvider {
    fn default() -> Self {
        let JsonStyle { sort_keys, ensure_ascii, .. } = JsonStyle::default();
        Self { ensure_ascii, sort_keys, compact: None, mimetype: Cow::Borrowed("application/json") }
    }
}

impl JsonProvider {
    /// The style of [`dumps`](Self::dumps): with a blank after `,` and `:`.
    pub fn style(&self) -> JsonStyle {
        JsonStyle { sort_keys: self.sort_keys, ensure_ascii: self.ensure_ascii, compact: false, indent: None }
    }

    /// The style of responses: compact, or indented by two in debug mode.
    pub fn response_style(&self, debug: bool) -> JsonStyle {
        let compact = self.compact.unwrap_or(!debug);
        JsonStyle { compact, indent: if compact { None } else { Some(2) }, ..self.style() }
    }

    /// A value as text.
    ///
    /// # Errors
    ///
    /// Those of [`to_vec`].
    pub fn dumps<T: Serialize + ?Sized>(&self, value: &T) -> Result<String, serde_json::Error> {
        to_string(value, &self.style())
    }

    /// The body of a response, which ends with a line break.
    ///
    /// # Errors
    ///
    /// Those of [`to_vec`].
    pub fn response_body<T: Serialize + ?Sized>(
        &self,
        value: &T,
        debug: bool,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let mut body = to_vec(value, &self.response_style(debug))?;
        body.push(b'\n');
        Ok(body)
    }
}

/// A value as text in Flask's default style: keys sorted, ASCII only, blanks after `,` and `:`.
///
/// # Errors
///
/// Those of [`to_vec`].
pub fn dumps<T: Serialize + ?Sized>(value: &T) -> Result<String, serde_json::Error> {
    to_string(value, &JsonStyle::default())
}

/// A value as text in a style.
///
/// # Errors
///
/// Those of [`to_vec`].
pub fn to_string<T: Serialize + ?Sized>(value: &T, style: &JsonStyle) -> Result<String, serde_json::Error> {
    String::from_utf8(to_vec(value, style)?).map_err(serde::ser::Error::custom)
}

/// A value as UTF-8 in a style, written straight into one buffer.
///
/// Objects whose keys come in order, as most structs can be declared, are written once; others are put in order when
/// they end. NaN and infinities are written bare, as Python does.
///
/// # Errors
///
/// A value that refuses to be serialised, keys that are no text, number, boolean or unit, and, when sorting, an
/// object with keys of different types.
pub fn to_vec<T: Serialize + ?Sized>(value: &T, style: &JsonStyle) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::with_capacity(128);
    carboy_signing::json::write(value, style, &mut out)?;
    Ok(out)
}

/// Reads JSON text, which may start with a byte order mark.
///
/// # Errors
///
/// What is not JSON by RFC 8259 (so `NaN` is an error), arrays and objects nested deeper than 127, strings that are
/// not Unicode, and values that `T` does not take. Of duplicate keys the last one counts, as in Python.
pub fn loads<T: DeserializeOwned>(text: impl AsRef<[u8]>) -> Result<T, serde_json::Error> {
    let text = text.as_ref();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    serde_json::from_slice(text).or_else(|error| {
        if !error.is_data() {
            return Err(error);
        }
        // A struct refuses a duplicate key where a dict takes the last one. Rare, so it may cost a second reading.
        let value: serde_json::Value = serde_json::from_slice(text)?;
        T::deserialize(value).map_err(|_| error)
    })
}

/// A date as Flask writes it into JSON, for a field marked `#[serde(with = "carboy::json::http_date")]`.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// #[derive(serde::Serialize)]
/// struct Post {
///     #[serde(with = "carboy::json::http_date")]
///     created: SystemTime,
/// }
///
/// let post = Post { created: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000) };
/// assert_eq!(carboy::json::dumps(&post)?, r#"{"created": "Tue, 14 Nov 2023 22:13:20 GMT"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub mod http_date {
    use std::borrow::Cow;
    use std::time::SystemTime;

    use carboy_http::date::{HttpDate, parse_date};
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes a time in whole seconds; years before 1 and after 9999 become the nearest date that can be written.
    pub fn serialize<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HttpDate::from(*time).as_str())
    }

    /// Reads a date in any form that stands in header fields.
    ///
    /// # Errors
    ///
    /// Text that is not a date.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        parse_date(&text).ok_or_else(|| D::Error::custom("not a date"))
    }
}

/// A response with a value as JSON, written as the current app writes it: Flask's `jsonify`.
///
/// # Errors
/// The value cannot be written as JSON.
pub fn jsonify<T: Serialize + ?Sized>(value: &T) -> crate::Result {
    let style = crate::ctx::peek_state(|app| *app.json()).unwrap_or_default();
    // Taken while it is used: a value may make JSON of others while it is serialised.
    let mut text = TEXT.take();
    text.clear();
    carboy_signing::json::write(value, &style, &mut text)?;
    text.push(b'\n');
    if text.len() > LARGE {
        return Ok(carboy_http::Response::json_bytes(text));
    }
    let body = Bytes::copy_from_slice(&text);
    TEXT.set(text);
    Ok(carboy_http::Response::json_bytes(body))
}

/// A body of up to so many bytes is copied when it is ready, into the one piece of memory that it needs: where it is written
/// is used again.
const LARGE: usize = 16 * 1024;

thread_local! {
    static TEXT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

#[cfg(test)]
mod tests;
