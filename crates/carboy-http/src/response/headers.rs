//! Setting header fields by their text, and the typed views on them that most responses need.

use super::Response;
use http::{HeaderName, HeaderValue, header};
use std::fmt;

impl Response {
    /// The first value of a field as text; `None` when it is missing or not UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.headers().get(name)?.as_bytes()).ok()
    }

    /// Sets a field, replacing the values that it has.
    ///
    /// # Errors
    /// For a value with a line end, which would begin another field, and for other text that cannot stand
    /// in a header field. Nothing is changed then.
    pub fn set_header(&mut self, name: &str, value: impl AsRef<str>) -> Result<&mut Self, HeaderError> {
        let (name, value) = (field_name(name)?, field_value(value.as_ref())?);
        self.headers_mut().insert(name, value);
        Ok(self)
    }

    /// Adds a value to those that the field has.
    ///
    /// # Errors
    /// As [`set_header`](Response::set_header).
    pub fn add_header(&mut self, name: &str, value: impl AsRef<str>) -> Result<&mut Self, HeaderError> {
        let (name, value) = (field_name(name)?, field_value(value.as_ref())?);
        self.headers_mut().append(name, value);
        Ok(self)
    }

    /// Replaces all values of a field; no values remove it.
    ///
    /// # Errors
    /// As [`set_header`](Response::set_header).
    pub fn setlist_header<I>(&mut self, name: &str, values: I) -> Result<&mut Self, HeaderError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let name = field_name(name)?;
        let values: Vec<_> =
            values.into_iter().map(|value| field_value(value.as_ref())).collect::<Result<_, _>>()?;
        self.headers_mut().remove(&name);
        for value in values {
            self.headers_mut().append(&name, value);
        }
        Ok(self)
    }

    /// Replaces the fields named in the list by the values that it has for them (Flask's `headers` of a
    /// view's return value): a name that occurs twice in the list keeps both values.
    ///
    /// # Errors
    /// As [`set_header`](Response::set_header).
    pub fn update_headers<I, K, V>(&mut self, fields: I) -> Result<&mut Self, HeaderError>
    where
        I: IntoIterator<Item = (K, V)>,
        K: AsRef<str>,
        V: AsRef<str>,
    {
        let fields: Vec<(HeaderName, HeaderValue)> = fields
            .into_iter()
            .map(|(name, value)| Ok((field_name(name.as_ref())?, field_value(value.as_ref())?)))
            .collect::<Result<_, HeaderError>>()?;
        for (name, _) in &fields {
            self.headers_mut().remove(name);
        }
        for (name, value) in fields {
            self.headers_mut().append(name, value);
        }
        Ok(self)
    }

    /// Removes a field with all its values.
    pub fn remove_header(&mut self, name: &str) -> &mut Self {
        self.headers_mut().remove(name);
        self
    }

    /// The content type with its parameters.
    pub fn content_type(&self) -> Option<&str> {
        self.header("content-type")
    }

    /// Sets the content type as it is.
    ///
    /// # Errors
    /// As [`set_header`](Response::set_header).
    pub fn set_content_type(&mut self, value: &str) -> Result<&mut Self, HeaderError> {
        self.set_header("content-type", value)
    }

    /// The content type without its parameters.
    pub fn mimetype(&self) -> Option<&str> {
        let content_type = self.content_type()?;
        Some(content_type.split(';').next().unwrap_or_default().trim())
    }

    /// Sets the content type; text, XML and JavaScript get `; charset=utf-8`.
    ///
    /// # Errors
    /// As [`set_header`](Response::set_header).
    pub fn set_mimetype(&mut self, mimetype: &str) -> Result<&mut Self, HeaderError> {
        let value = if has_charset(mimetype) {
            field_value(&format!("{mimetype}; charset=utf-8"))?
        } else {
            field_value(mimetype)?
        };
        self.headers_mut().insert(header::CONTENT_TYPE, value);
        Ok(self)
    }

    /// The length that was set.
    pub fn content_length(&self) -> Option<u64> {
        self.header("content-length")?.parse().ok()
    }

    /// Where a redirect leads.
    pub fn location(&self) -> Option<&str> {
        self.header("location")
    }

    /// Asks the client to come back after so many seconds.
    pub fn set_retry_after(&mut self, seconds: u64) -> &mut Self {
        self.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        self
    }

    /// Adds the name of a request header field to `Vary`, unless it is among those already.
    ///
    /// # Errors
    /// As [`set_header`](Response::set_header).
    pub fn add_vary(&mut self, field: &str) -> Result<&mut Self, HeaderError> {
        let mut fields = String::new();
        for value in self.headers().get_all(header::VARY) {
            for present in value.to_str().unwrap_or_default().split(',').map(str::trim) {
                if present.eq_ignore_ascii_case(field) || present == "*" {
                    return Ok(self);
                }
                if !present.is_empty() {
                    fields.push_str(present);
                    fields.push_str(", ");
                }
            }
        }
        fields.push_str(field);
        let value = field_value(&fields)?;
        self.headers_mut().insert(header::VARY, value);
        Ok(self)
    }
}

/// Whether Werkzeug adds a charset to this type (`get_content_type`).
fn has_charset(mimetype: &str) -> bool {
    mimetype.starts_with("text/")
        || mimetype.ends_with("+xml")
        || matches!(
            mimetype,
            "application/ecmascript"
                | "application/javascript"
                | "application/sql"
                | "application/xml"
                | "application/xml-dtd"
                | "application/xml-external-parsed-entity"
        )
}

fn field_name(name: &str) -> Result<HeaderName, HeaderError> {
    name.parse().map_err(|_| HeaderError(Kind::Name))
}

/// The bytes of a field's text: ASCII as it is, the rest of Latin-1 as one byte each, as WSGI has it.
fn field_value(text: &str) -> Result<HeaderValue, HeaderError> {
    if text.bytes().any(|b| b == b'\r' || b == b'\n') {
        return Err(HeaderError(Kind::Newline));
    }
    let value = if text.is_ascii() {
        HeaderValue::from_str(text).ok()
    } else {
        let bytes = text.chars().map(|c| u8::try_from(c).ok()).collect::<Option<Vec<u8>>>();
        bytes.and_then(|bytes| HeaderValue::try_from(bytes).ok())
    };
    value.ok_or(HeaderError(Kind::Value))
}

/// Text that cannot be a header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderError(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Name,
    Newline,
    Value,
}

impl HeaderError {
    /// Whether the value has a line end in it.
    pub fn is_newline(&self) -> bool {
        self.0 == Kind::Newline
    }
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Name => "Header names must be tokens.",
            Kind::Newline => "Header values must not contain newline characters.",
            Kind::Value => "Header values must be printable text of Latin-1.",
        })
    }
}

impl std::error::Error for HeaderError {}
