//! Setting header fields by their text, and the typed views on them that most responses need.

use super::Response;
use crate::{
    cookie::{CookieError, SetCookie},
    date::{HttpDate, parse_date},
    headers::{ResponseCacheControl, combined, generate_etag, quote_etag, text, unquote_etag, vary_on},
    mime,
    url::iri_to_uri,
};
use http::{HeaderName, HeaderValue, header};
use std::{borrow::Cow, fmt, time::SystemTime};

impl Response {
    /// The first value of a field as text, bytes outside ASCII read as Latin-1; `None` when it is missing.
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.headers().get(name).map(text)
    }

    /// Sets a field, replacing the values that it has.
    ///
    /// # Errors
    /// For a value with a line end, which would begin another field, and for other text that cannot stand
    /// in a header field. Nothing is changed then.
    pub fn set_header(&mut self, name: &str, value: impl AsRef<str>) -> Result<&mut Self, HeaderError> {
        let (name, value) = field(name, value.as_ref())?;
        self.headers_mut().insert(name, value);
        Ok(self)
    }

    /// Adds a value to those that the field has.
    ///
    /// # Errors
    /// As [`set_header`](Response::set_header).
    pub fn add_header(&mut self, name: &str, value: impl AsRef<str>) -> Result<&mut Self, HeaderError> {
        let (name, value) = field(name, value.as_ref())?;
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
            .map(|(name, value)| field(name.as_ref(), value.as_ref()))
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
    pub fn content_type(&self) -> Option<Cow<'_, str>> {
        self.header("content-type")
    }

    /// Sets the content type as it is.
    ///
    /// # Errors
    /// As [`set_header`](Response::set_header).
    pub fn set_content_type(&mut self, value: &str) -> Result<&mut Self, HeaderError> {
        self.headers_mut().insert(header::CONTENT_TYPE, field_value(value)?);
        Ok(self)
    }

    /// The content type without its parameters; `None` when it is missing or empty.
    pub fn mimetype(&self) -> Option<String> {
        let content_type = self.content_type().filter(|text| !text.is_empty())?;
        Some(content_type.split(';').next().unwrap_or_default().trim().to_owned())
    }

    /// Sets the content type; text, XML and JavaScript get `; charset=utf-8`.
    ///
    /// # Errors
    /// As [`set_header`](Response::set_header).
    pub fn set_mimetype(&mut self, mimetype: &str) -> Result<&mut Self, HeaderError> {
        self.set_content_type(&mime::content_type(mimetype))
    }

    /// The length that was set.
    pub fn content_length(&self) -> Option<u64> {
        self.header("content-length")?.parse().ok()
    }

    /// Where a redirect leads.
    pub fn location(&self) -> Option<Cow<'_, str>> {
        self.header("location")
    }

    /// Says where a redirect leads; what is not ASCII is quoted.
    ///
    /// # Errors
    /// For a location with a line end, and for one whose host or port cannot be one.
    pub fn set_location(&mut self, location: &str) -> Result<&mut Self, HeaderError> {
        self.headers_mut().insert(header::LOCATION, uri_value(location)?);
        Ok(self)
    }

    /// Asks the client to come back after so many seconds.
    pub fn set_retry_after(&mut self, seconds: u64) -> &mut Self {
        self.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        self
    }

    /// Adds the name of a request header field to `Vary`, unless it is among those already.
    pub fn add_vary(&mut self, field: &HeaderName) -> &mut Self {
        vary_on(self.headers_mut(), field);
        self
    }

    /// Sets a cookie, beside those that are set.
    ///
    /// ```
    /// use carboy_http::{Response, cookie::SetCookie};
    /// let mut response = Response::html("");
    /// response.set_cookie(SetCookie::new("lang", "de").max_age(3600).http_only(true))?;
    /// # Ok::<(), carboy_http::cookie::CookieError>(())
    /// ```
    ///
    /// # Errors
    /// For a name or a domain that no cookie can have.
    pub fn set_cookie(&mut self, cookie: SetCookie) -> Result<&mut Self, CookieError> {
        let value = cookie.to_header_value()?;
        self.headers_mut().append(header::SET_COOKIE, value);
        Ok(self)
    }

    /// Makes the browser forget a cookie that was set for the whole host. One with another path, a domain or flags is
    /// deleted by `set_cookie(SetCookie::removal(name)…)` with the same.
    ///
    /// # Errors
    /// For a name that no cookie can have.
    pub fn delete_cookie(&mut self, name: &str) -> Result<&mut Self, CookieError> {
        self.set_cookie(SetCookie::removal(name))
    }

    /// The entity tag without its quotes, and whether it is weak.
    pub fn etag(&self) -> Option<(String, bool)> {
        let etag = self.header("etag")?;
        let (tag, weak) = unquote_etag(&etag);
        Some((tag.to_owned(), weak))
    }

    /// Sets the entity tag, given without its quotes.
    ///
    /// # Errors
    /// For a tag with a quote or a line end in it.
    pub fn set_etag(&mut self, etag: &str, weak: bool) -> Result<&mut Self, HeaderError> {
        let value = field_value(&quote_etag(etag, weak).ok_or(HeaderError(Kind::Value))?)?;
        self.headers_mut().insert(header::ETAG, value);
        Ok(self)
    }

    /// Gives the response an entity tag made of its body, unless it has one. A stream gets none, because its bytes
    /// are not at hand.
    pub fn add_etag(&mut self) -> &mut Self {
        if !self.headers().contains_key(header::ETAG)
            && let Some(data) = self.data()
            && let Some(Ok(value)) = quote_etag(&generate_etag(data), false).map(HeaderValue::try_from)
        {
            self.headers_mut().insert(header::ETAG, value);
        }
        self
    }

    /// When the resource last changed.
    pub fn last_modified(&self) -> Option<SystemTime> {
        parse_date(&self.header("last-modified")?)
    }

    /// Says when the resource last changed.
    pub fn set_last_modified(&mut self, time: SystemTime) -> &mut Self {
        self.set_date(header::LAST_MODIFIED, time)
    }

    /// When the response goes stale.
    pub fn expires(&self) -> Option<SystemTime> {
        parse_date(&self.header("expires")?)
    }

    /// Says when the response goes stale.
    pub fn set_expires(&mut self, time: SystemTime) -> &mut Self {
        self.set_date(header::EXPIRES, time)
    }

    fn set_date(&mut self, name: HeaderName, time: SystemTime) -> &mut Self {
        self.headers_mut().insert(name, HttpDate::from(time).to_header_value());
        self
    }

    /// What caches may do.
    pub fn cache_control(&self) -> ResponseCacheControl {
        ResponseCacheControl::parse(&combined(self.headers(), &header::CACHE_CONTROL).unwrap_or_default())
    }

    /// Changes what caches may do; without a directive left, the field is removed.
    ///
    /// # Errors
    /// For a directive that cannot stand in a header field.
    pub fn update_cache_control(
        &mut self,
        change: impl FnOnce(&mut ResponseCacheControl),
    ) -> Result<&mut Self, HeaderError> {
        let mut directives = self.cache_control();
        change(&mut directives);
        if directives.is_empty() {
            self.headers_mut().remove(header::CACHE_CONTROL);
        } else {
            self.headers_mut().insert(header::CACHE_CONTROL, field_value(&directives.to_header())?);
        }
        Ok(self)
    }
}

fn has_line_end(text: &str) -> bool {
    memchr::memchr2(b'\r', b'\n', text.as_bytes()).is_some()
}

fn field_name(name: &str) -> Result<HeaderName, HeaderError> {
    name.parse().map_err(|_| HeaderError(Kind::Name))
}

/// A field of its name and text; a location is quoted as Werkzeug quotes it when it sends a response.
fn field(name: &str, text: &str) -> Result<(HeaderName, HeaderValue), HeaderError> {
    let name = field_name(name)?;
    let is_url = name == header::LOCATION || name == header::CONTENT_LOCATION;
    let value = if is_url { uri_value(text)? } else { field_value(text)? };
    Ok((name, value))
}

/// The value of an IRI, as a URI.
fn uri_value(location: &str) -> Result<HeaderValue, HeaderError> {
    // Asked first: to make a URL, line ends are dropped.
    if has_line_end(location) {
        return Err(HeaderError(Kind::Newline));
    }
    field_value(&iri_to_uri(location).map_err(|_| HeaderError(Kind::Value))?)
}

/// The bytes of a field's text: ASCII as it is, the rest of Latin-1 as one byte each, as WSGI has it.
fn field_value(text: &str) -> Result<HeaderValue, HeaderError> {
    if has_line_end(text) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_end_never_gets_into_a_header_field() {
        let mut response = Response::html("");
        let before = response.headers().clone();
        for value in ["a\r\nSet-Cookie: x=1", "a\nb", "\r"] {
            for error in [
                response.set_header("x-a", value).unwrap_err(),
                response.add_header("x-a", value).unwrap_err(),
                response.set_content_type(value).unwrap_err(),
                response.set_mimetype(value).unwrap_err(),
                response.set_location(value).unwrap_err(),
                response.setlist_header("content-type", ["ok", value]).unwrap_err(),
                response.update_headers([("content-type", "ok"), ("x-a", value)]).unwrap_err(),
            ] {
                assert!(error.is_newline());
                assert_eq!(error.to_string(), "Header values must not contain newline characters.");
            }
            assert!(response.set_header(value, "a").is_err());
            assert!(response.set_etag(value, false).is_err());
            assert!(crate::redirect(value, http::StatusCode::FOUND).is_err());
        }
        assert_eq!(response.headers(), &before);
        response.set_cookie(SetCookie::new("a", "1\r\nX: 1")).unwrap();
        assert_eq!(response.header("set-cookie").unwrap(), r#"a="1\015\012X: 1"; Path=/"#);
    }

    #[test]
    fn updating_replaces_fields_of_the_same_name_and_keeps_repeated_ones_of_the_update() {
        let mut response = Response::html("");
        response.add_header("x-a", "1").unwrap();
        response.update_headers([("X-A", "2"), ("x-a", "3"), ("x-b", "é")]).unwrap();
        let values: Vec<_> = response.headers().get_all("x-a").iter().collect();
        assert_eq!(values, ["2", "3"]);
        assert_eq!(response.headers()["x-b"].as_bytes(), b"\xe9");
        assert_eq!(response.header("x-b").unwrap(), "é");
        assert!(response.set_header("x-b", "☃").is_err());
    }

    #[test]
    fn a_location_is_quoted_however_it_is_set() {
        let mut response = Response::html("");
        for location in ["/é b", "/%C3%A9%20b"] {
            response.set_header("Location", location).unwrap();
            assert_eq!(response.location().unwrap(), "/%C3%A9%20b");
            response.update_headers([("Content-Location", location)]).unwrap();
            assert_eq!(response.header("content-location").unwrap(), "/%C3%A9%20b");
        }
    }

    #[test]
    fn an_entity_tag_is_the_hash_of_the_body() {
        let mut response = Response::html("x");
        response.add_etag();
        assert_eq!(response.header("etag").unwrap(), "\"11f6ad8ec52a2984abaafd7c3b516503785c2072\"");
        response.set_etag("v1", true).unwrap().add_etag();
        assert_eq!(response.etag(), Some(("v1".into(), true)));
    }

    #[test]
    fn deleting_a_cookie_expires_it() {
        let mut response = Response::html("");
        response.delete_cookie("k").unwrap();
        assert_eq!(
            response.header("set-cookie").unwrap(),
            "k=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/"
        );
    }

    #[test]
    fn cache_directives_can_be_changed_and_taken_away() {
        let mut response = Response::html("");
        response.update_cache_control(|c| _ = c.set_max_age(60)).unwrap();
        assert_eq!(response.header("cache-control").unwrap(), "max-age=60");
        response.update_cache_control(|c| _ = c.set_max_age(None)).unwrap();
        assert_eq!(response.header("cache-control"), None);
    }
}
