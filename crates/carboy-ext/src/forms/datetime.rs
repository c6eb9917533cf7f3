//! Dates and times by format, as Python's `strptime` and `strftime` read and write them.

use crate::validation::Value;
use jiff::civil;
use regex::Regex;
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

/// The most formats that are kept compiled: they are written in programs, so there are few.
const MOST_KEPT: usize = 256;

static COMPILED: LazyLock<Mutex<HashMap<String, Arc<Regex>>>> = LazyLock::new(Mutex::default);

/// What a directive stands for, in Python's words.
fn pattern(directive: char) -> Option<&'static str> {
    Some(match directive {
        'd' => r"(?P<d>3[0-1]|[1-2]\d|0[1-9]|[1-9]| [1-9])",
        'f' => r"(?P<f>[0-9]{1,6})",
        'H' => r"(?P<H>2[0-3]|[0-1]\d|\d)",
        'j' => r"(?P<j>36[0-6]|3[0-5]\d|[1-2]\d\d|0[1-9]\d|00[1-9]|[1-9]\d|0[1-9]|[1-9])",
        'm' => r"(?P<m>1[0-2]|0[1-9]|[1-9])",
        'M' => r"(?P<M>[0-5]\d|\d)",
        'S' => r"(?P<S>6[0-1]|[0-5]\d|\d)",
        'w' => r"(?P<w>[0-6])",
        'W' => r"(?P<W>5[0-3]|[0-4]\d|\d)",
        'y' => r"(?P<y>\d\d)",
        'Y' => r"(?P<Y>\d\d\d\d)",
        '%' => "%",
        _ => return None,
    })
}

fn compiled(format: &str) -> Option<Arc<Regex>> {
    let mut kept = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = kept.get(format) {
        return Some(found.clone());
    }
    let mut expression = String::from(r"(?i)\A");
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '%' => {
                // `%-d` writes without a leading zero, and reads as `%d`.
                chars.next_if_eq(&'-');
                expression.push_str(pattern(chars.next()?)?);
            }
            c if c.is_whitespace() => {
                while chars.next_if(|next| next.is_whitespace()).is_some() {}
                expression.push_str(r"\s+");
            }
            c => expression.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    let regex = Arc::new(Regex::new(&expression).ok()?);
    if kept.len() < MOST_KEPT {
        kept.insert(format.to_owned(), regex.clone());
    }
    Some(regex)
}

/// A text as a date and time, as Python's `datetime.strptime` reads it.
pub(super) fn parse(text: &str, format: &str) -> Option<civil::DateTime> {
    let captures = compiled(format)?.captures(text)?;
    if captures.get(0)?.end() != text.len() {
        return None;
    }
    let number = |name: &str| captures.name(name).map(|found| found.as_str().trim().parse::<i64>().ok());
    let or = |name: &str, default: i64| number(name).unwrap_or(Some(default));
    let year = match (number("Y"), number("y")) {
        (Some(year), _) => year?,
        (None, Some(short)) => short.map(|y| if y <= 68 { 2000 + y } else { 1900 + y })?,
        (None, None) => 1900,
    };
    if year < 1 {
        return None;
    }
    let year = i16::try_from(year).ok()?;
    let small = |n: i64| i8::try_from(n).ok();
    let micros = match captures.name("f") {
        Some(digits) => format!("{:0<6}", digits.as_str()).parse::<i32>().ok()?,
        None => 0,
    };
    let time = civil::Time::new(
        small(or("H", 0)?)?,
        small(or("M", 0)?)?,
        small(or("S", 0)?)?,
        micros.checked_mul(1000)?,
    )
    .ok()?;
    let date = match (number("W"), number("w"), number("j")) {
        (Some(week), Some(day), _) => of_week(year, week?, day?)?,
        (_, _, Some(day)) => {
            civil::Date::new(year, 1, 1).ok()?.checked_add(jiff::Span::new().days(day? - 1)).ok()?
        }
        _ => civil::Date::new(year, small(or("m", 1)?)?, small(or("d", 1)?)?).ok()?,
    };
    (date.year() >= 1).then(|| date.to_datetime(time))
}

/// The day of a week that begins on Monday (`%W`); days count from Sunday (`%w`).
fn of_week(year: i16, week: i64, day: i64) -> Option<civil::Date> {
    let first = civil::Date::new(year, 1, 1).ok()?;
    let first_weekday = i64::from(first.weekday().to_monday_zero_offset());
    let day = (day + 6) % 7;
    let offset = match week {
        0 => day - first_weekday,
        week => (7 - first_weekday) % 7 + 7 * (week - 1) + day,
    };
    first.checked_add(jiff::Span::new().days(offset)).ok()
}

/// A date, a time or both, as Python's `strftime` writes it.
pub(super) fn format(value: &Value, format: &str) -> Option<String> {
    let at = match value {
        Value::Date(date) => date.to_datetime(civil::Time::midnight()),
        Value::Time(time) => civil::date(1900, 1, 1).to_datetime(*time),
        Value::DateTime(at) => *at,
        _ => return None,
    };
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut directive = chars.next()?;
        let bare = directive == '-';
        if bare {
            directive = chars.next()?;
        }
        let number = |n: i64, width: usize| if bare { n.to_string() } else { format!("{n:0width$}") };
        let day_of_year = i64::from(at.date().day_of_year());
        let weekday = i64::from(at.weekday().to_monday_zero_offset());
        out.push_str(&match directive {
            'd' => number(at.day().into(), 2),
            'f' => number(i64::from(at.subsec_nanosecond() / 1000), 6),
            'H' => number(at.hour().into(), 2),
            'j' => number(day_of_year, 3),
            'm' => number(at.month().into(), 2),
            'M' => number(at.minute().into(), 2),
            'S' => number(at.second().into(), 2),
            'w' => ((weekday + 1) % 7).to_string(),
            'W' => number((day_of_year - 1 + 7 - weekday) / 7, 2),
            'y' => number(i64::from(at.year()) % 100, 2),
            // The C library that Python asks does not pad years.
            'Y' => at.year().to_string(),
            '%' => "%".to_owned(),
            _ => return None,
        });
    }
    Some(out)
}
