//! `Content-Disposition` for a download
//! ([RFC 6266](https://www.rfc-editor.org/rfc/rfc6266), names as RFC 5987).

use super::options::dump_options_header;
use crate::url::{self, ATTR_CHAR};
use unicode_normalization::UnicodeNormalization;

/// The field for a file of this name, to be saved (`attachment`) or shown (`inline`).
///
/// A name in ASCII stands there as it is; another one is sent twice, simplified to ASCII for old
/// clients and whole as `filename*`. So is a name with controls, which never reach the field.
///
/// ```
/// use carboy_http::headers::content_disposition;
/// assert_eq!(content_disposition(false, "a b.txt"), r#"inline; filename="a b.txt""#);
/// assert_eq!(
///     content_disposition(true, "é ü.txt"),
///     r#"attachment; filename="e u.txt"; filename*=UTF-8''%C3%A9%20%C3%BC.txt"#
/// );
/// ```
pub fn content_disposition(attachment: bool, filename: &str) -> String {
    let kind = if attachment { "attachment" } else { "inline" };
    if filename.is_ascii() && !filename.contains(|c: char| c.is_ascii_control()) {
        return dump_options_header(kind, [("filename", filename)]);
    }
    let simple: String = filename.nfkd().filter(|c| c.is_ascii() && !c.is_ascii_control()).collect();
    let whole = format!("UTF-8''{}", url::quote(filename, &ATTR_CHAR));
    dump_options_header(kind, [("filename", simple.as_str()), ("filename*", &whole)])
}
