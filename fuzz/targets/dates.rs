//! A date that is read is written and read again as the same moment.
#![no_main]

use carboy_fuzz::{quick, text};
use carboy_http::date::{HttpDate, http_date, parse_date, parse_date_unix, system_time, unix_seconds};
use libfuzzer_sys::fuzz_target;

/// 0100-01-01: a year before it is read as one of two digits.
const FIRST: i64 = -59_011_459_200;
/// 9999-12-31 23:59:59.
const LAST: i64 = 253_402_300_799;

fuzz_target!(|data: &[u8]| {
    let value = text(data);
    quick(|| {
        if let Some(seconds) = parse_date_unix(value).filter(|seconds| *seconds >= FIRST) {
            let written = HttpDate::from_unix(seconds).to_string();
            // A time zone leads beyond the last year that can be written.
            assert_eq!(parse_date_unix(&written), Some(seconds.min(LAST)), "{value:?} {written:?}");
        }
        if let Some(time) = parse_date(value).filter(|time| (FIRST..=LAST).contains(&unix_seconds(*time))) {
            assert_eq!(parse_date(&http_date(time)), Some(time));
        }
        if let Some(seconds) = data.first_chunk::<8>() {
            let seconds = i64::from_le_bytes(*seconds);
            let written = HttpDate::from_unix(seconds).to_string();
            assert_eq!(written.len(), 29, "{written:?}");
            if let Some(time) = system_time(seconds) {
                assert_eq!(unix_seconds(time), seconds);
            }
        }
    });
});
