//! `Retry-After`: seconds or a date.

use super::text::plain_int;
use crate::date::{http_date, parse_date};
use std::time::{Duration, SystemTime};

/// When the client may come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// After this time.
    Delay(Duration),
    /// At this point in time.
    Date(SystemTime),
}

impl RetryAfter {
    /// Reads the field; `None` for what is neither a number of seconds nor a date.
    pub fn parse(value: &str) -> Option<Self> {
        match plain_int(value) {
            Some(seconds) => Some(RetryAfter::Delay(Duration::from_secs(u64::try_from(seconds).ok()?))),
            None => parse_date(value).map(RetryAfter::Date),
        }
    }

    /// The point in time, seen from `now`; `None` when the clock cannot express it.
    pub fn at(&self, now: SystemTime) -> Option<SystemTime> {
        match self {
            RetryAfter::Delay(delay) => now.checked_add(*delay),
            RetryAfter::Date(date) => Some(*date),
        }
    }

    /// The value of the header field.
    pub fn to_header(&self) -> String {
        match self {
            RetryAfter::Delay(delay) => delay.as_secs().to_string(),
            RetryAfter::Date(date) => http_date(*date),
        }
    }
}
