//! Dates, numbers and lists in the language and the time zone of the request: Flask-Babel's `format_…` functions.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

use super::cldr::decimal::Decimal;
use super::cldr::delta::{self, Telling};
use super::cldr::locale::Locale;
use super::cldr::numbers::{self, CurrencyFormat};
use super::cldr::zones::Zone;
use super::cldr::{dates, lists};
use super::extension::{get_locale, get_timezone};

/// What cannot be formatted: a pattern that is none, a field that the value does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatError(String);

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FormatError {}

static UTC: TimeZone = TimeZone::UTC;

type Result<T = String> = std::result::Result<T, FormatError>;

/// A date, a time, or a moment.
///
/// A date with a time and without a zone is in UTC, as Flask-Babel takes it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Moment {
    /// A moment, wherever it is seen.
    Instant(Timestamp),
    /// A moment in a zone.
    Zoned(Box<ZonedDateTime>),
    /// A date and a time in UTC.
    DateTime(DateTime),
    /// A date alone, which no zone changes.
    Date(Date),
    /// A time alone, which no zone changes.
    Time(Time),
}

impl Moment {
    /// Now.
    pub fn now() -> Self {
        Moment::Instant(Timestamp::now())
    }

    /// The moment, if it is one.
    fn instant(&self) -> Option<Timestamp> {
        match self {
            Moment::Instant(instant) => Some(*instant),
            Moment::Zoned(zoned) => Some(zoned.timestamp()),
            Moment::DateTime(datetime) => TimeZone::UTC.to_timestamp(*datetime).ok(),
            Moment::Date(_) | Moment::Time(_) => None,
        }
    }

    /// The seconds from then until now.
    pub(super) fn since(&self) -> Option<f64> {
        self.instant().map(|instant| Timedelta::from(instant).0)
    }

    /// What is written: in `zone`, or as it is.
    fn fields(&self, zone: Option<&TimeZone>) -> dates::Fields {
        let at = |instant: Timestamp, zone: &TimeZone| {
            let zoned = ZonedDateTime::new(instant, zone.clone());
            let (date, time) = (Some(zoned.date()), Some(zoned.time()));
            dates::Fields { date, time, zone: Some(Zone::of(&zoned)) }
        };
        match (self, zone) {
            (Moment::Date(date), zone) => {
                let zone = zone.unwrap_or(&UTC);
                let midnight = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok();
                match midnight {
                    Some(midnight) => dates::Fields { date: Some(*date), ..at(midnight, zone) },
                    None => dates::Fields { date: Some(*date), time: None, zone: None },
                }
            }
            (Moment::Time(time), zone) => {
                let zone = zone.unwrap_or(&UTC);
                dates::Fields { date: None, time: Some(*time), zone: Some(Zone::at(zone, Timestamp::now())) }
            }
            (Moment::Zoned(zoned), None) => at(zoned.timestamp(), zoned.time_zone()),
            (moment, zone) => match moment.instant() {
                Some(instant) => at(instant, zone.unwrap_or(&UTC)),
                None => dates::Fields { date: None, time: None, zone: None },
            },
        }
    }
}

macro_rules! moments {
    ($($from:ty => |$value:ident| $moment:expr),* $(,)?) => {$(
        impl From<$from> for Moment {
            fn from($value: $from) -> Self {
                $moment
            }
        }
    )*};
}
moments! {
    Timestamp => |instant| Moment::Instant(instant),
    ZonedDateTime => |zoned| Moment::Zoned(Box::new(zoned)),
    DateTime => |datetime| Moment::DateTime(datetime),
    Date => |date| Moment::Date(date),
    Time => |time| Moment::Time(time),
    SystemTime => |time| Moment::Instant(Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH)),
}

/// ISO 8601, as serde writes the types of jiff and other crates: `2026-11-29T16:50:00Z`, `2026-11-29 16:50`, `2026-11-29`, `16:50`; or seconds
/// since 1970.
impl FromStr for Moment {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let is_number = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.'))
            && !text[1.min(text.len())..].contains('-');
        if is_number
            && let Ok(seconds) = text.parse::<f64>()
            && let Ok(instant) = Timestamp::from_microsecond((seconds * 1e6).round() as i64)
        {
            return Ok(Moment::Instant(instant));
        }
        if let Ok(zoned) = text.parse::<ZonedDateTime>() {
            return Ok(zoned.into());
        }
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Ok(instant.into());
        }
        if text.len() <= 10
            && let Ok(date) = text.parse::<Date>()
        {
            return Ok(date.into());
        }
        if let Ok(time) = text.parse::<Time>()
            && !text.contains('-')
        {
            return Ok(time.into());
        }
        if let Ok(datetime) = text.parse::<DateTime>() {
            return Ok(datetime.into());
        }
        let text: String = text.chars().take(50).collect();
        Err(FormatError(format!("{text:?} is no date and no time")))
    }
}

/// How a date is written: `short`, `medium`, `long`, `full`, or a pattern such as `EEEE, d. MMMM y`
/// (<https://www.unicode.org/reports/tr35/tr35-dates.html#Date_Field_Symbol_Table>); and whether it moves to the time zone of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateFormat {
    format: String,
    rebase: bool,
}

impl Default for DateFormat {
    fn default() -> Self {
        DateFormat { format: "medium".to_owned(), rebase: true }
    }
}

impl DateFormat {
    /// Whether the date moves to the time zone of the request, which it does unless this says otherwise.
    pub fn rebase(mut self, rebase: bool) -> Self {
        self.rebase = rebase;
        self
    }
}

impl From<&str> for DateFormat {
    fn from(format: &str) -> Self {
        DateFormat { format: format.to_owned(), ..DateFormat::default() }
    }
}

impl From<Option<&str>> for DateFormat {
    fn from(format: Option<&str>) -> Self {
        format.map_or_else(DateFormat::default, Into::into)
    }
}

/// A date and a time.
///
/// ```
/// use carboy_ext::translations::format_datetime;
/// let when = "2026-11-29T16:50:00Z".parse::<jiff::Timestamp>()?;
/// assert_eq!(format_datetime(when, "yyyy-MM-dd HH:mm")?, "2026-11-29 16:50");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When the pattern is none, or needs what the value does not have.
pub fn format_datetime(when: impl Into<Moment>, format: impl Into<DateFormat>) -> Result {
    let (when, format) = (when.into(), format.into());
    let zone = format.rebase.then(get_timezone);
    dates::datetime(&when.fields(zone.as_ref()), &format.format, &get_locale()).map_err(FormatError)
}

/// A date. Of a moment the date in the time zone of the request.
///
/// # Errors
/// When the pattern is none, or needs what a date does not have.
pub fn format_date(when: impl Into<Moment>, format: impl Into<DateFormat>) -> Result {
    let (when, format) = (when.into(), format.into());
    let zone = format.rebase.then(get_timezone);
    dates::date(&when.fields(zone.as_ref()), &format.format, &get_locale()).map_err(FormatError)
}

/// A time. Of a moment the time in the time zone of the request.
///
/// # Errors
/// When the pattern is none, or needs what a time does not have.
pub fn format_time(when: impl Into<Moment>, format: impl Into<DateFormat>) -> Result {
    let (when, format) = (when.into(), format.into());
    let zone = format.rebase.then(get_timezone);
    dates::time(&when.fields(zone.as_ref()), &format.format, &get_locale()).map_err(FormatError)
}

/// How a span of time is told.
///
/// ```
/// use carboy_ext::translations::{TimedeltaFormat, format_timedelta};
/// let ago = TimedeltaFormat { add_direction: true, ..Default::default() };
/// assert_eq!(format_timedelta(-7200.0, ago)?, "2 hours ago");
/// assert_eq!(format_timedelta(std::time::Duration::from_secs(90_000), Default::default())?, "1 day");
/// # Ok::<(), carboy_ext::translations::FormatError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TimedeltaFormat {
    /// The smallest unit: `year`, `month`, `week`, `day`, `hour`, `minute`, `second`.
    pub granularity: String,
    /// From which part of a unit on the span is told in it.
    pub threshold: f64,
    /// Whether it is told as "in 2 hours" and "2 hours ago".
    pub add_direction: bool,
    /// `long`, `short` or `narrow`.
    pub format: String,
}

impl Default for TimedeltaFormat {
    fn default() -> Self {
        TimedeltaFormat {
            granularity: "second".to_owned(),
            threshold: 0.85,
            add_direction: false,
            format: "long".to_owned(),
        }
    }
}

/// A span of time in seconds, to the past if it is negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timedelta(f64);

impl From<f64> for Timedelta {
    fn from(seconds: f64) -> Self {
        Timedelta(seconds)
    }
}

impl From<i64> for Timedelta {
    fn from(seconds: i64) -> Self {
        Timedelta(seconds as f64)
    }
}

impl From<Duration> for Timedelta {
    fn from(span: Duration) -> Self {
        Timedelta(span.as_secs_f64())
    }
}

/// The span from a moment until now, as Flask-Babel takes a date.
impl From<Timestamp> for Timedelta {
    fn from(when: Timestamp) -> Self {
        Timedelta((Timestamp::now().as_microsecond() - when.as_microsecond()) as f64 / 1e6)
    }
}

/// A span of time in words, in the largest unit that fits.
///
/// # Errors
/// When the format is none.
pub fn format_timedelta(span: impl Into<Timedelta>, format: TimedeltaFormat) -> Result {
    let telling = Telling {
        granularity: &format.granularity,
        threshold: format.threshold,
        direction: format.add_direction,
        width: &format.format,
    };
    delta::timedelta(span.into().0, &telling, &get_locale()).map_err(FormatError)
}

/// A number with the separators of the language; at most three digits behind the point.
///
/// ```
/// # use carboy_ext::translations::format_number;
/// assert_eq!(format_number(1234567.891)?, "1,234,567.891");
/// # Ok::<(), carboy_ext::translations::FormatError>(())
/// ```
///
/// # Errors
/// When it is not a number.
pub fn format_number(number: impl Into<Decimal>) -> Result {
    format_decimal(number, None)
}

/// A number, by a pattern such as `#,##0.00` if there is one.
///
/// # Errors
/// When it is not a number, or the pattern is none.
pub fn format_decimal(number: impl Into<Decimal>, format: Option<&str>) -> Result {
    numbers::decimal(&number.into(), format, &get_locale()).map_err(FormatError)
}

/// An amount of money: `format_currency(9.99, "EUR", Default::default())`.
///
/// # Errors
/// When it is not a number, or the format is none.
pub fn format_currency(number: impl Into<Decimal>, currency: &str, format: CurrencyOptions) -> Result {
    let options = CurrencyFormat {
        pattern: format.format.as_deref(),
        own_digits: format.currency_digits,
        kind: &format.format_type,
    };
    numbers::currency(&number.into(), currency, &options, &get_locale()).map_err(FormatError)
}

/// How money is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrencyOptions {
    /// A pattern; `¤` is the symbol, `¤¤` the code, `¤¤¤` the name.
    pub format: Option<String>,
    /// Whether the currency says how many digits follow the point, and not the pattern.
    pub currency_digits: bool,
    /// `standard`, `accounting`, or `name` for the currency in words.
    pub format_type: String,
}

impl Default for CurrencyOptions {
    fn default() -> Self {
        CurrencyOptions { format: None, currency_digits: true, format_type: "standard".to_owned() }
    }
}

/// A part of one as a percentage.
///
/// # Errors
/// When it is not a number, or the pattern is none.
pub fn format_percent(number: impl Into<Decimal>, format: Option<&str>) -> Result {
    numbers::percent(&number.into(), format, &get_locale()).map_err(FormatError)
}

/// A number with a power of ten.
///
/// # Errors
/// When it is not a number, or the pattern is none.
pub fn format_scientific(number: impl Into<Decimal>, format: Option<&str>) -> Result {
    numbers::scientific(&number.into(), format, &get_locale()).map_err(FormatError)
}

/// Items as words of one sentence: `standard` ("a, b, and c"), `or`, `unit`, and their `-short` and `-narrow` forms. Babel's `format_list`.
///
/// # Errors
/// When there is no such style.
pub fn format_list<T: AsRef<str>>(items: &[T], style: &str) -> Result {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    lists::list(&items, style, &get_locale()).map_err(FormatError)
}

/// A moment in the time zone of the request. Flask-Babel's `to_user_timezone`.
pub fn to_user_timezone(when: Timestamp) -> ZonedDateTime {
    ZonedDateTime::new(when, get_timezone())
}

/// The moment of a date and a time in the time zone of the request: what a user typed. Flask-Babel's `to_utc`.
///
/// # Errors
/// When there is no such moment.
pub fn to_utc(when: DateTime) -> Result<Timestamp> {
    get_timezone().to_timestamp(when).map_err(|error| FormatError(error.to_string()))
}

impl Locale {
    /// The names of the months, January first: `wide`, `abbreviated` or `narrow`.
    pub fn month_names(&self, width: &str) -> Vec<&'static str> {
        (1..=12).filter_map(|month| self.name_of("months", width, month)).collect()
    }

    /// The names of the days, Monday first: `wide`, `abbreviated`, `short` or `narrow`.
    pub fn day_names(&self, width: &str) -> Vec<&'static str> {
        (0..7).filter_map(|day| self.name_of("days", width, day)).collect()
    }
}
