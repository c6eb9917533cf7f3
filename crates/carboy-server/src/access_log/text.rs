//! The Common and the Combined Log Format.

use super::{Entry, Outcome, escape::escape};
use crate::AccessLog;
use std::{fmt::Write, time::SystemTime};

pub(super) fn write(line: &mut String, entry: &Entry, outcome: Outcome<'_>, now: SystemTime) {
    match entry.client {
        Some(client) => _ = write!(line, "{}", client.ip().to_canonical()),
        None => line.push('-'),
    }
    line.push_str(" - ");
    match outcome.user {
        // A blank would end the field.
        Some(user) => escape(line, user.replace(' ', "_").as_bytes()),
        None => line.push('-'),
    }
    // "Sun, 06 Nov 1994 08:49:37 GMT" in another order.
    let date = httpdate::fmt_http_date(now);
    _ = write!(line, " [{}/{}/{}:{} +0000] \"", &date[5..7], &date[8..11], &date[12..16], &date[17..25]);
    escape(line, entry.method.as_str().as_bytes());
    line.push(' ');
    escape(line, &entry.target());
    _ = write!(line, " {:?}\" {} ", entry.version, outcome.status);
    match outcome.bytes {
        0 => line.push('-'),
        n => _ = write!(line, "{n}"),
    }
    if entry.format == AccessLog::Combined {
        for field in [entry.referer(), entry.agent()] {
            line.push_str(" \"");
            match field {
                Some(value) => escape(line, &value),
                None => line.push('-'),
            }
            line.push('"');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_line_has_the_combined_log_format() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let mut outcome = Outcome {
            status: 200,
            bytes: 13,
            duration: Duration::ZERO,
            request_id: None,
            user: None,
            route: None,
        };
        let entry = example(AccessLog::Combined, b"curl/8");
        assert_eq!(
            entry.line(outcome, time),
            r#"10.0.0.7 - - [06/Nov/1994:08:49:37 +0000] "GET /a?b=c HTTP/1.1" 200 13 "-" "curl/8""#
        );
        outcome.user = Some("ann] \"x\n");
        assert_eq!(
            entry.line(outcome, time),
            r#"10.0.0.7 - ann]_\"x\x0a [06/Nov/1994:08:49:37 +0000] "GET /a?b=c HTTP/1.1" 200 13 "-" "curl/8""#
        );
    }
}
