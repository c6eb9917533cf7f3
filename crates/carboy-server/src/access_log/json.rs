//! A line as a JSON object (RFC 8259).

use super::{
    Entry, Outcome,
    escape::{is_dangerous, kept},
};
use std::{
    borrow::Cow,
    fmt::Write,
    time::{SystemTime, UNIX_EPOCH},
};

pub(super) fn write(line: &mut String, entry: &Entry, outcome: Outcome<'_>, now: SystemTime) {
    line.push_str("{\"time\":\"");
    rfc3339(line, now);
    line.push('"');
    match entry.client {
        Some(client) => _ = write!(line, ",\"client\":\"{}\"", client.ip().to_canonical()),
        None => line.push_str(",\"client\":null"),
    }
    text(line, "method", entry.method.as_str().as_bytes());
    text(line, "target", &entry.target());
    _ = write!(line, ",\"protocol\":\"{:?}\"", entry.version);
    _ = write!(line, ",\"status\":{},\"bytes\":{}", outcome.status, outcome.bytes);
    _ = write!(line, ",\"duration\":{:.6}", outcome.duration.as_secs_f64());
    let route = outcome.route.and_then(|route| route.get());
    let fields = [("request_id", outcome.request_id), ("route", route), ("user", outcome.user)];
    for (name, value) in fields {
        if let Some(value) = value {
            text(line, name, value.as_bytes());
        }
    }
    let host = entry.host.as_ref().map(|host| Cow::Borrowed(host.as_bytes()));
    for (name, value) in [("host", host), ("referer", entry.referer()), ("user_agent", entry.agent())] {
        if let Some(value) = value {
            text(line, name, &value);
        }
    }
    line.push('}');
}

/// A member whose value is text. Bytes that are none become U+FFFD.
fn text(line: &mut String, name: &str, value: &[u8]) {
    _ = write!(line, ",\"{name}\":\"");
    let (chunks, cut) = kept(value);
    for chunk in chunks {
        for c in chunk.valid().chars() {
            _ = match c {
                '"' | '\\' => write!(line, "\\{c}"),
                // All of them are in the first plane, so that four digits suffice.
                c if is_dangerous(c) => write!(line, "\\u{:04x}", c as u32),
                c => line.write_char(c),
            };
        }
        if !chunk.invalid().is_empty() {
            line.push('\u{fffd}');
        }
    }
    if cut {
        line.push('…');
    }
    line.push('"');
}

/// `1994-11-06T08:49:37.123Z`.
fn rfc3339(line: &mut String, time: SystemTime) {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let date = httpdate::fmt_http_date(time);
    let month = MONTHS.find(&date[8..11]).map_or(0, |at| at / 3 + 1);
    let millis = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_millis());
    _ = write!(line, "{}-{month:02}-{}T{}.{millis:03}Z", &date[12..16], &date[5..7], &date[17..25]);
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;
    use crate::AccessLog;
    use std::time::Duration;

    #[test]
    fn a_line_is_an_object_whatever_a_client_writes() {
        let time = UNIX_EPOCH + Duration::from_millis(784_111_777_009);
        let outcome = Outcome {
            status: 200,
            bytes: 13,
            duration: Duration::from_micros(1500),
            request_id: Some("abc"),
            user: Some("ann \"x\""),
            route: None,
        };
        let entry = example(AccessLog::Json, "\"\\\t\u{9b}\u{202e}é".as_bytes());
        assert_eq!(
            entry.line(outcome, time),
            concat!(
                r#"{"time":"1994-11-06T08:49:37.009Z","client":"10.0.0.7","method":"GET","target":"/a?b=c","#,
                r#""protocol":"HTTP/1.1","status":200,"bytes":13,"duration":0.001500,"request_id":"abc","#,
                r#""user":"ann \"x\"","host":"shop.example","user_agent":"\"\\\u0009\u009b\u202eé"}"#
            )
        );
        let entry = example(AccessLog::Json, b"\xff\xfe x");
        assert!(entry.line(outcome, time).ends_with("\"user_agent\":\"\u{fffd}\u{fffd} x\"}"));
    }
}
