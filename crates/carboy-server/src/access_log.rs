//! One line for each answer, in the formats that log tools know; what a client wrote cannot forge one.

use crate::AccessLog;
use http::{HeaderValue, Method, Uri, Version, header, request::Parts};
use std::{fmt::Write, net::SocketAddr, time::SystemTime};

const MAX_FIELD: usize = 1024;

/// What the line of a request needs, kept until its answer is complete.
#[derive(Debug)]
pub(crate) struct Entry {
    peer: Option<SocketAddr>,
    method: Method,
    uri: Uri,
    version: Version,
    combined: Option<(Option<HeaderValue>, Option<HeaderValue>)>,
}

impl Entry {
    /// Begins a line; nothing when the log is off or nobody listens to it.
    pub(crate) fn begin(format: AccessLog, peer: Option<SocketAddr>, parts: &Parts) -> Option<Entry> {
        if format == AccessLog::Off || !tracing::enabled!(target: "carboy::access", tracing::Level::INFO) {
            return None;
        }
        let field = |name| parts.headers.get(name).cloned();
        Some(Entry {
            peer,
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            version: parts.version,
            combined: (format == AccessLog::Combined)
                .then(|| (field(header::REFERER), field(header::USER_AGENT))),
        })
    }

    /// Writes the line: the status, and how many bytes of the body went out.
    pub(crate) fn end(&self, status: u16, bytes: u64) {
        tracing::info!(target: "carboy::access", "{}", self.line(status, bytes, SystemTime::now()));
    }

    fn line(&self, status: u16, bytes: u64, now: SystemTime) -> String {
        let mut line = String::with_capacity(160);
        match self.peer {
            Some(peer) => _ = write!(line, "{}", peer.ip()),
            None => line.push('-'),
        }
        // "Sun, 06 Nov 1994 08:49:37 GMT" in another order.
        let date = httpdate::fmt_http_date(now);
        _ = write!(
            line,
            " - - [{}/{}/{}:{} +0000] \"",
            &date[5..7],
            &date[8..11],
            &date[12..16],
            &date[17..25]
        );
        escape(&mut line, self.method.as_str().as_bytes());
        line.push(' ');
        match self.uri.path_and_query() {
            Some(target) => escape(&mut line, target.as_str().as_bytes()),
            None => line.push('-'),
        }
        _ = write!(line, " {:?}\" {status} ", self.version);
        match bytes {
            0 => line.push('-'),
            n => _ = write!(line, "{n}"),
        }
        if let Some((referer, agent)) = &self.combined {
            for field in [referer, agent] {
                line.push_str(" \"");
                match field {
                    Some(value) => escape(&mut line, value.as_bytes()),
                    None => line.push('-'),
                }
                line.push('"');
            }
        }
        line
    }
}

/// Appends text of a client so that it can neither end its field or line, nor move a terminal's
/// cursor, nor turn the direction of what follows.
fn escape(line: &mut String, field: &[u8]) {
    let cut = &field[..field.len().min(MAX_FIELD)];
    for chunk in cut.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' | '\\' => line.extend(['\\', c]),
                '\0'..='\x1f' | '\x7f' => _ = write!(line, "\\x{:02x}", c as u32),
                '\u{80}'..='\u{9f}'
                | '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}' => _ = write!(line, "\\u{{{:x}}}", c as u32),
                _ => line.push(c),
            }
        }
        for byte in chunk.invalid() {
            _ = write!(line, "\\x{byte:02x}");
        }
    }
    if cut.len() < field.len() {
        line.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn entry(agent: &[u8]) -> Entry {
        Entry {
            peer: Some(([10, 0, 0, 7], 4711).into()),
            method: Method::GET,
            uri: "/a?b=c".parse().unwrap(),
            version: Version::HTTP_11,
            combined: Some((None, HeaderValue::from_bytes(agent).ok())),
        }
    }

    #[test]
    fn a_line_has_the_combined_log_format() {
        let line = entry(b"curl/8").line(200, 13, SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777));
        assert_eq!(
            line,
            r#"10.0.0.7 - - [06/Nov/1994:08:49:37 +0000] "GET /a?b=c HTTP/1.1" 200 13 "-" "curl/8""#
        );
    }

    #[test]
    fn a_client_can_neither_end_a_field_nor_steer_a_terminal() {
        let hostile = "\" 200 1 \"\\\t\u{9b}31m\u{2028}\u{202e}é".as_bytes();
        let mut line = String::new();
        escape(&mut line, hostile);
        escape(&mut line, b"\x1b[31m\r\n\xff");
        assert_eq!(line, r#"\" 200 1 \"\\\x09\u{9b}31m\u{2028}\u{202e}é\x1b[31m\x0d\x0a\xff"#);
    }

    #[test]
    fn a_field_is_cut_at_a_kibibyte() {
        let mut line = String::new();
        escape(&mut line, &[b'a'; 5000]);
        assert_eq!(line.chars().count(), MAX_FIELD + 1);
    }
}
