//! The names of the status codes and the spellings of a status that Flask accepts.

use http::StatusCode;
use std::{borrow::Cow, fmt};

/// Werkzeug's name of a status code (`HTTP_STATUS_CODES`); `None` for one that it does not know.
///
/// ```
/// assert_eq!(carboy_http::status_name(404), Some("Not Found"));
/// assert_eq!(carboy_http::status_name(299), None);
/// ```
pub const fn status_name(code: u16) -> Option<&'static str> {
    Some(match code {
        100 => "Continue",
        101 => "Switching Protocols",
        102 => "Processing",
        103 => "Early Hints",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        203 => "Non Authoritative Information",
        204 => "No Content",
        205 => "Reset Content",
        206 => "Partial Content",
        207 => "Multi Status",
        208 => "Already Reported",
        226 => "IM Used",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        305 => "Use Proxy",
        306 => "Switch Proxy",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Request Entity Too Large",
        414 => "Request URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Requested Range Not Satisfiable",
        417 => "Expectation Failed",
        418 => "I'm a teapot",
        421 => "Misdirected Request",
        422 => "Unprocessable Entity",
        423 => "Locked",
        424 => "Failed Dependency",
        425 => "Too Early",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        449 => "Retry With",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        506 => "Variant Also Negotiates",
        507 => "Insufficient Storage",
        508 => "Loop Detected",
        510 => "Not Extended",
        511 => "Network Authentication Failed",
        _ => return None,
    })
}

/// A reason phrase of the application's own, kept among a response's extensions.
///
/// A server that speaks HTTP/1 sends it behind the status code; HTTP/2 has no such text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonPhrase(Cow<'static, str>);

impl ReasonPhrase {
    /// The phrase.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A status code, and a reason phrase when it was given one.
///
/// It is made from a [`StatusCode`], from a number, or from text as Flask accepts it:
///
/// ```
/// use carboy_http::Status;
/// assert_eq!("404".parse::<Status>().unwrap().to_string(), "404 NOT FOUND");
/// assert_eq!("299 Custom".parse::<Status>().unwrap().to_string(), "299 Custom");
/// assert_eq!(Status::try_from(299).unwrap().to_string(), "299 UNKNOWN");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    code: StatusCode,
    reason: Option<ReasonPhrase>,
}

impl Status {
    /// The code.
    pub fn code(&self) -> StatusCode {
        self.code
    }

    /// The reason phrase that it was given.
    pub fn reason(&self) -> Option<&ReasonPhrase> {
        self.reason.as_ref()
    }

    pub(crate) fn new(code: StatusCode, reason: Option<ReasonPhrase>) -> Self {
        Status { code, reason }
    }

    pub(crate) fn into_parts(self) -> (StatusCode, Option<ReasonPhrase>) {
        (self.code, self.reason)
    }
}

impl fmt::Display for Status {
    /// The status line without the version, as Werkzeug spells it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.as_u16();
        match &self.reason {
            Some(reason) => write!(f, "{code} {}", reason.as_str()),
            None => write!(f, "{code} {}", status_name(code).unwrap_or("UNKNOWN").to_uppercase()),
        }
    }
}

impl From<StatusCode> for Status {
    fn from(code: StatusCode) -> Self {
        Status { code, reason: None }
    }
}

impl TryFrom<u16> for Status {
    type Error = InvalidStatus;
    fn try_from(code: u16) -> Result<Self, InvalidStatus> {
        StatusCode::from_u16(code).map(Status::from).map_err(|_| InvalidStatus { empty: false })
    }
}

impl TryFrom<&str> for Status {
    type Error = InvalidStatus;
    fn try_from(text: &str) -> Result<Self, InvalidStatus> {
        text.parse()
    }
}

impl std::str::FromStr for Status {
    type Err = InvalidStatus;

    fn from_str(text: &str) -> Result<Self, InvalidStatus> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidStatus { empty: true });
        }
        let (code, reason) = match text.split_once(' ') {
            Some((code, reason)) => (code, Some(reason)),
            None => (text, None),
        };
        let code = code.parse::<u16>().ok().and_then(|code| StatusCode::from_u16(code).ok());
        let code = code.ok_or(InvalidStatus { empty: false })?;
        let reason = match reason {
            // What stands behind the code goes out as it is, so a line end would split the response.
            Some(reason) if reason.bytes().any(|b| !(b == b'\t' || (0x20..0x7f).contains(&b))) => {
                return Err(InvalidStatus { empty: false });
            }
            Some(reason) => Some(ReasonPhrase(Cow::Owned(reason.to_owned()))),
            None => None,
        };
        Ok(Status { code, reason })
    }
}

/// A text or number that is no status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidStatus {
    empty: bool,
}

impl fmt::Display for InvalidStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.empty {
            "Empty status argument"
        } else {
            "a status is a number from 100 to 999, and a reason phrase is printable ASCII text"
        })
    }
}

impl std::error::Error for InvalidStatus {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_phrase_cannot_split_the_response() {
        assert!("299 a\r\nX: 1".parse::<Status>().is_err());
        assert!("299 a\nb".parse::<Status>().is_err());
    }

    #[test]
    fn text_without_a_number_is_no_status() {
        assert_eq!("  ".parse::<Status>().unwrap_err().to_string(), "Empty status argument");
        assert!("teapot".parse::<Status>().is_err());
        assert!("99".parse::<Status>().is_err());
        assert!("1000".parse::<Status>().is_err());
    }

    #[test]
    fn an_integer_status_has_werkzeugs_phrase_in_capitals() {
        for (code, line) in [(203, "203 NON AUTHORITATIVE INFORMATION"), (418, "418 I'M A TEAPOT")] {
            assert_eq!(Status::try_from(code).unwrap().to_string(), line);
        }
    }
}
