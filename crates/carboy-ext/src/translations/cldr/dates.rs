//! Dates and times: Babel's `dates`.

use jiff::civil::{Date, Time};
use serde_json::Value;

use super::locale::Locale;
use super::pattern::{Piece, parse};
use super::zones::{self, Width, Zone};

/// What is formatted: a date, a time, or both, with a zone where there is one.
pub(in super::super) struct Fields {
    pub(in super::super) date: Option<Date>,
    pub(in super::super) time: Option<Time>,
    pub(in super::super) zone: Option<Zone>,
}

/// The lengths that a language has formats for.
fn is_length(format: &str) -> bool {
    matches!(format, "full" | "long" | "medium" | "short")
}

pub(in super::super) fn date(fields: &Fields, format: &str, locale: &Locale) -> Result<String, String> {
    let fields = Fields { date: fields.date, time: None, zone: None };
    apply(named("date_formats", format, locale), &fields, locale)
}

pub(in super::super) fn time(fields: &Fields, format: &str, locale: &Locale) -> Result<String, String> {
    let fields = Fields { date: None, time: fields.time, zone: fields.zone.clone() };
    apply(named("time_formats", format, locale), &fields, locale)
}

pub(in super::super) fn datetime(fields: &Fields, format: &str, locale: &Locale) -> Result<String, String> {
    if !is_length(format) {
        return apply(format, fields, locale);
    }
    let both = locale.format_text(&["datetime_formats", format]);
    let both = both.or_else(|| locale.format_text(&["datetime_formats", ""])).unwrap_or("{1} {0}");
    let (time, date) = (time(fields, format, locale)?, date(fields, format, locale)?);
    Ok(both.replace('\'', "").replace("{0}", &time).replace("{1}", &date))
}

fn named<'f>(table: &str, format: &'f str, locale: &Locale) -> &'f str {
    if is_length(format) { locale.format_text(&[table, format]).unwrap_or_default() } else { format }
}

fn apply(pattern: &str, fields: &Fields, locale: &Locale) -> Result<String, String> {
    let mut out = String::new();
    for piece in parse(pattern)? {
        match piece {
            Piece::Text(text) => out.push_str(&text),
            Piece::Field(letter, count) => out.push_str(&field(letter, count, fields, locale)?),
        }
    }
    Ok(out)
}

fn field(letter: char, count: usize, fields: &Fields, locale: &Locale) -> Result<String, String> {
    let date = || fields.date.ok_or_else(|| format!("the field '{letter}' needs a date"));
    let time = || fields.time.ok_or_else(|| format!("the field '{letter}' needs a time"));
    let zone = || fields.zone.as_ref().ok_or_else(|| format!("the field '{letter}' needs a time zone"));
    let padded = |number: i64| format!("{number:0count$}");
    let text = |path: &[&str]| {
        let found = locale.format_text(path).map(str::to_owned);
        found.ok_or_else(|| format!("the locale {locale} has nothing for the field '{letter}'"))
    };
    Ok(match letter {
        'G' => {
            let era = if date()?.year() >= 0 { "1" } else { "0" };
            text(&["eras", width(count), era])?
        }
        'y' | 'Y' | 'u' => {
            let date = date()?;
            let mut year = i64::from(date.year());
            if letter == 'Y' {
                let week = week_of_year(date, locale);
                if date.month() == 1 && date.day() < 7 && week >= 52 {
                    year -= 1;
                } else if date.month() == 12 && date.day() > 25 && week <= 2 {
                    year += 1;
                }
            }
            let year = padded(year);
            if count == 2 { year[year.len() - 2..].to_owned() } else { year }
        }
        'Q' | 'q' => {
            let quarter = (i64::from(date()?.month()) - 1) / 3 + 1;
            if count <= 2 {
                padded(quarter)
            } else {
                text(&["quarters", context(letter == 'q'), width(count), &quarter.to_string()])?
            }
        }
        'M' | 'L' => {
            let month = date()?.month();
            if count <= 2 {
                padded(month.into())
            } else {
                text(&["months", context(letter == 'L'), width(count), &month.to_string()])?
            }
        }
        'w' => padded(week_of_year(date()?, locale)),
        'W' => {
            let date = date()?;
            week_number(date.day().into(), weekday(date), locale).to_string()
        }
        'd' => padded(date()?.day().into()),
        'D' => padded(date()?.day_of_year().into()),
        'F' => ((date()?.day() - 1) / 7 + 1).to_string(),
        'g' => padded(ordinal(date()?) + 1_721_425),
        'E' | 'e' | 'c' => {
            let date = date()?;
            if count < 3 && letter != 'E' {
                padded((7 - first_weekday(locale) + weekday(date)) % 7 + 1)
            } else {
                let width = if count == 6 { "short" } else { width(count) };
                text(&["days", context(letter == 'c'), width, &weekday(date).to_string()])?
            }
        }
        'a' | 'b' | 'B' => {
            let time = time()?;
            let (context, period) = match letter {
                'a' => ("format", if time.hour() >= 12 { "pm" } else { "am" }),
                'B' => ("format", day_period(time, locale)),
                _ => ("stand-alone", day_period(time, locale)),
            };
            let named = |width| locale.format_text(&["day_periods", context, width, period]);
            let found = [width(count), "wide", "narrow", "abbreviated"].into_iter().find_map(named);
            found.ok_or_else(|| format!("Could not format period {period} in {locale}"))?.to_owned()
        }
        'h' => padded(match time()?.hour() % 12 {
            0 => 12,
            hour => hour.into(),
        }),
        'H' => padded(time()?.hour().into()),
        'K' => padded((time()?.hour() % 12).into()),
        'k' => padded(match time()?.hour() {
            0 => 24,
            hour => hour.into(),
        }),
        'm' => padded(time()?.minute().into()),
        's' => padded(time()?.second().into()),
        'S' => {
            let micros = i64::from(time()?.subsec_nanosecond()) / 1000;
            match count {
                ..=6 => padded(micros / 10i64.pow(6 - count as u32)),
                _ => format!("{micros:06}{}", "0".repeat(count - 6)),
            }
        }
        'A' => {
            let time = time()?;
            let seconds =
                i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
            padded(seconds * 1000 + i64::from(time.subsec_nanosecond()) / 1_000_000)
        }
        'z' => zones::name(zone()?, true, zone_width(count), locale),
        'v' => zones::name(zone()?, false, zone_width(count), locale),
        'Z' => zones::offset(zone()?, zone_width(count), count == 5, locale),
        'O' if count == 4 => zones::offset(zone()?, Width::Long, false, locale),
        // Babel does not write this one either.
        'O' => "None".to_owned(),
        'V' => match count {
            1 => zones::name(zone()?, false, Width::Short, locale),
            2 => zones::id(zone()?),
            count => zones::location(zone()?, count == 3, locale),
        },
        'x' | 'X' => {
            let width = match count {
                1 => Width::IsoShort,
                2 | 4 => Width::Short,
                _ => Width::Iso,
            };
            zones::offset(zone()?, width, letter == 'X', locale)
        }
        _ => return Err(format!("Unsupported date/time field '{letter}'")),
    })
}

fn width(count: usize) -> &'static str {
    match count {
        4 => "wide",
        5 => "narrow",
        _ => "abbreviated",
    }
}

fn zone_width(count: usize) -> Width {
    match count {
        4 => Width::Long,
        5 => Width::Iso,
        _ => Width::Short,
    }
}

fn context(alone: bool) -> &'static str {
    if alone { "stand-alone" } else { "format" }
}

/// Monday is 0.
fn weekday(date: Date) -> i64 {
    date.weekday().to_monday_zero_offset().into()
}

fn week_data(locale: &Locale, key: &str) -> i64 {
    locale.formats(&["week_data", key]).and_then(Value::as_i64).unwrap_or_default()
}

fn first_weekday(locale: &Locale) -> i64 {
    week_data(locale, "first_day")
}

fn week_of_year(date: Date, locale: &Locale) -> i64 {
    let week = week_number(date.day_of_year().into(), weekday(date), locale);
    let day = |year: i16, month, day| Date::new(year, month, day).ok();
    if week == 0 {
        let last = date.year().checked_sub(1).and_then(|year| day(year, 12, 31));
        return last.map_or(week, |last| week_number(last.day_of_year().into(), weekday(last), locale));
    }
    if week > 52
        && let Some(next) = date.year().checked_add(1).and_then(|year| day(year, 1, 1))
    {
        let weekday = weekday(next);
        let first = (weekday - first_weekday(locale)).rem_euclid(7);
        if week_number(1, weekday, locale) == 1 && 32 - first <= date.day().into() {
            return 1;
        }
    }
    week
}

/// The number of the week that a day of a period (a month, a year) is in.
fn week_number(day_of_period: i64, weekday: i64, locale: &Locale) -> i64 {
    let first = (weekday - first_weekday(locale) - day_of_period + 1).rem_euclid(7);
    let week = (day_of_period + first - 1) / 7;
    if 7 - first >= week_data(locale, "min_days") { week + 1 } else { week }
}

/// Days since the first of the year 1, which is 1.
fn ordinal(date: Date) -> i64 {
    let year = i64::from(date.year()) - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + i64::from(date.day_of_year())
}

/// The part of the day, in the words of the language's rules.
fn day_period(time: Time, locale: &Locale) -> &'static str {
    let seconds = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    let rules = locale.formats(&["day_period_rules"]).and_then(Value::as_object);
    let all = || {
        let rules = rules.into_iter().flatten();
        rules.flat_map(|(name, rules)| rules.as_array().into_iter().flatten().map(move |rule| (name, rule)))
    };
    let at = |rule: &Value, key: &str| rule.get(key).and_then(Value::as_i64);
    for (name, rule) in all() {
        if at(rule, "at") == Some(seconds) {
            return name;
        }
    }
    for (name, rule) in all() {
        if let (Some(from), Some(before)) = (at(rule, "from"), at(rule, "before")) {
            let inside = if from < before {
                (from..before).contains(&seconds)
            } else {
                seconds >= from || seconds < before
            };
            if inside {
                return name;
            }
        }
    }
    if seconds < 43_200 { "am" } else { "pm" }
}
