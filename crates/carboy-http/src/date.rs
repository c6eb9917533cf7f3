//! Dates in header fields: written as IMF-fixdate, read in every form that senders have used
//! ([RFC 9110, section 5.6.7](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7)).
//!
//! HTTP knows whole seconds only, so both directions speak of seconds since 1970 (UTC); the functions over
//! [`SystemTime`] are for convenience.

use http::HeaderValue;
use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const LONG_MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The first and the last second that a four-digit year can express.
const MIN_SECONDS: i64 = -62_135_596_800;
const MAX_SECONDS: i64 = 253_402_300_799;

/// A date as it stands in a header field, 29 bytes long; made without allocating.
///
/// ```
/// use carboy_http::date::HttpDate;
/// assert_eq!(HttpDate::from_unix(784_111_777).as_str(), "Sun, 06 Nov 1994 08:49:37 GMT");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HttpDate([u8; 29]);

impl HttpDate {
    /// The date of this many seconds since 1970; years before 1 and after 9999 become the nearest
    /// date that can be written.
    pub fn from_unix(seconds: i64) -> Self {
        let seconds = seconds.clamp(MIN_SECONDS, MAX_SECONDS);
        let days = seconds.div_euclid(86_400);
        let time = seconds.rem_euclid(86_400);
        let (year, month, day) = civil_from_days(days);
        let mut out = *b"Mon, 00 Jan 0000 00:00:00 GMT";
        // 1 January 1970 was a Thursday.
        out[..3].copy_from_slice(DAYS[(days + 3).rem_euclid(7) as usize].as_bytes());
        put_two(&mut out, 5, day);
        out[8..11].copy_from_slice(MONTHS[(month - 1) as usize].as_bytes());
        put_two(&mut out, 12, year / 100);
        put_two(&mut out, 14, year % 100);
        put_two(&mut out, 17, time / 3600);
        put_two(&mut out, 20, time / 60 % 60);
        put_two(&mut out, 23, time % 60);
        HttpDate(out)
    }

    /// The date of now.
    pub fn now() -> Self {
        HttpDate::from(SystemTime::now())
    }

    /// The date as text.
    pub fn as_str(&self) -> &str {
        // Only ASCII is ever written into the array.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The date as a header value.
    pub fn to_header_value(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.0).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

impl From<SystemTime> for HttpDate {
    fn from(time: SystemTime) -> Self {
        HttpDate::from_unix(unix_seconds(time))
    }
}

impl fmt::Display for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpDate({self})")
    }
}

fn put_two(out: &mut [u8; 29], at: usize, number: i64) {
    out[at] = b'0' + (number / 10 % 10) as u8;
    out[at + 1] = b'0' + (number % 10) as u8;
}

/// Writes a point in time as a header field wants it: `Sun, 06 Nov 1994 08:49:37 GMT`. Fractions of
/// a second are cut off.
pub fn http_date(time: SystemTime) -> String {
    HttpDate::from(time).as_str().to_owned()
}

/// Reads a date out of a header field; `None` for what is not one.
///
/// IMF-fixdate, RFC 850 and asctime are understood, and with them everything that Python's
/// `email.utils.parsedate_to_datetime` takes: other time zones, missing weekdays, two-digit years
/// (69–99 are 1969–1999, 0–68 are 2000–2068). No zone means UTC.
///
/// ```
/// use carboy_http::date::{http_date, parse_date};
/// let time = parse_date("Sunday, 06-Nov-94 08:49:37 GMT").unwrap();
/// assert_eq!(http_date(time), "Sun, 06 Nov 1994 08:49:37 GMT");
/// assert_eq!(parse_date("yesterday"), None);
/// ```
pub fn parse_date(value: &str) -> Option<SystemTime> {
    system_time(parse_date_unix(value)?)
}

/// [`parse_date`] in seconds since 1970.
pub fn parse_date_unix(value: &str) -> Option<i64> {
    parse_imf_fixdate(value).or_else(|| parse_lenient(value))
}

/// The whole seconds since 1970, rounded down; negative before that.
pub fn unix_seconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => {
            let before = before.duration();
            let seconds = before.as_secs().saturating_add(u64::from(before.subsec_nanos() > 0));
            0_i64.checked_sub_unsigned(seconds).unwrap_or(i64::MIN)
        }
    }
}

/// The point in time this many seconds after (or before) 1970; `None` where the platform's clock
/// cannot express it.
pub fn system_time(seconds: i64) -> Option<SystemTime> {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) }
}

/// The form that every current client sends, without allocating.
fn parse_imf_fixdate(value: &str) -> Option<i64> {
    let bytes: &[u8; 29] = value.as_bytes().try_into().ok()?;
    let shape_holds = &bytes[3..5] == b", "
        && bytes[7] == b' '
        && bytes[11] == b' '
        && bytes[16] == b' '
        && bytes[19] == b':'
        && bytes[22] == b':'
        && &bytes[25..] == b" GMT"
        && DAYS.iter().any(|day| day.as_bytes() == &bytes[..3]);
    if !shape_holds {
        return None;
    }
    let number = |range: std::ops::Range<usize>| {
        bytes[range]
            .iter()
            .try_fold(0_i64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
    };
    let month = MONTHS.iter().position(|month| month.as_bytes() == &bytes[8..11])? as i64 + 1;
    let year = number(12..16)?;
    if year < 100 {
        return None; // a two-digit year, which the lenient reader knows how to read
    }
    seconds_of(year, month, number(5..7)?, number(17..19)?, number(20..22)?, number(23..25)?)
}

/// What Python's `email._parseaddr` accepts, step for step: mail programs have written dates in
/// more ways than any grammar lists.
fn parse_lenient(value: &str) -> Option<i64> {
    let mut words: Vec<&str> = value.split(is_python_space).filter(|word| !word.is_empty()).collect();
    let first = *words.first()?;
    if first.ends_with(',') || DAYS.iter().any(|day| first.eq_ignore_ascii_case(day)) {
        words.remove(0);
    } else if let Some(comma) = first.rfind(',') {
        words[0] = &first[comma + 1..];
    }
    if words.len() == 3 {
        let parts: Vec<&str> = words[0].split('-').collect();
        if parts.len() == 3 {
            words.splice(0..1, parts);
        }
    }
    if words.len() == 4 {
        let last = words[3];
        match last.find('+').or_else(|| last.find('-')) {
            Some(sign) if sign > 0 => {
                words.truncate(3);
                words.extend([&last[..sign], &last[sign..]]);
            }
            _ => words.push(""),
        }
    }
    let &[mut day, mut month, mut year, mut time, mut zone] = words.get(..5)? else { return None };
    if day.is_empty() || month.is_empty() || year.is_empty() {
        return None;
    }
    let month = match month_number(month) {
        Some(number) => number,
        None => {
            std::mem::swap(&mut day, &mut month);
            month_number(month)?
        }
    };
    day = day.strip_suffix(',').unwrap_or(day);
    if year.find(':').is_some_and(|at| at > 0) {
        std::mem::swap(&mut year, &mut time);
    }
    year = year.strip_suffix(',').unwrap_or(year);
    if !year.chars().next()?.is_numeric() {
        std::mem::swap(&mut year, &mut zone);
    }
    time = time.strip_suffix(',').unwrap_or(time);
    let mut clock: Vec<&str> = time.split(':').collect();
    if clock.len() == 1 {
        clock = time.split('.').collect();
    }
    let (hour, minute, second) = match clock[..] {
        [hour, minute] => (hour, minute, "0"),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let mut year = python_int(year)?;
    if year < 100 {
        year += if year > 68 { 1900 } else { 2000 };
    }
    let local = seconds_of(
        year,
        month,
        python_int(day)?,
        python_int(hour)?,
        python_int(minute)?,
        python_int(second)?,
    )?;
    let offset = zone_offset(zone);
    // Python's time zones are shorter than a day.
    (offset.abs() < 86_400).then_some(local - offset)
}

/// Whether Python's `str.split()` splits here.
fn is_python_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\x1c'..='\x1f')
}

fn month_number(name: &str) -> Option<i64> {
    let short = MONTHS.iter().position(|month| name.eq_ignore_ascii_case(month));
    let found = short.or_else(|| LONG_MONTHS.iter().position(|month| name.eq_ignore_ascii_case(month)))?;
    Some(found as i64 + 1)
}

/// The offset of a named or numeric zone in seconds; an unknown one is UTC.
fn zone_offset(zone: &str) -> i64 {
    let hours = match zone.to_ascii_uppercase().as_str() {
        "AST" | "EDT" => -4,
        "ADT" => -3,
        "EST" | "CDT" => -5,
        "CST" | "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        other => {
            let number = python_int(other).unwrap_or(0).clamp(-1_000_000, 1_000_000);
            let size = number.abs();
            return number.signum() * (size / 100 * 3600 + size % 100 * 60);
        }
    };
    hours * 3600
}

/// A number as Python's `int()` reads ASCII text: a sign and single underscores between digits.
fn python_int(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let mut number = 0_i64;
    let mut after_digit = false;
    for byte in digits.bytes() {
        match byte {
            b'0'..=b'9' => {
                number = number.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
                after_digit = true;
            }
            b'_' if after_digit => after_digit = false,
            _ => return None,
        }
    }
    after_digit.then_some(if negative { -number } else { number })
}

fn seconds_of(year: i64, month: i64, day: i64, hour: i64, minute: i64, second: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let valid = (1..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=length).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..60).contains(&second);
    valid.then(|| days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Days since 1970 of a date in the proleptic Gregorian calendar; years are counted from March, so
/// that the leap day comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The reverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_a_point_in_time_and_the_same_seconds_again() {
        for seconds in [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX] {
            if let Some(time) = system_time(seconds) {
                assert_eq!(unix_seconds(time), seconds);
            }
        }
        assert_eq!(unix_seconds(UNIX_EPOCH - Duration::from_millis(1)), -1);
    }

    #[test]
    fn every_day_of_eight_centuries_survives_a_round_trip() {
        for day in -100_000..200_000 {
            let seconds = day * 86_400 + 3_723;
            assert_eq!(parse_date_unix(HttpDate::from_unix(seconds).as_str()), Some(seconds));
        }
    }

    #[test]
    fn the_writable_years_end_at_1_and_9999() {
        assert_eq!(HttpDate::from_unix(i64::MAX).as_str(), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(HttpDate::from_unix(i64::MIN).as_str(), "Mon, 01 Jan 0001 00:00:00 GMT");
    }

    #[test]
    fn fractions_before_1970_round_down() {
        assert_eq!(unix_seconds(UNIX_EPOCH - Duration::from_millis(1500)), -2);
        assert_eq!(unix_seconds(UNIX_EPOCH + Duration::from_millis(1500)), 1);
    }
}
