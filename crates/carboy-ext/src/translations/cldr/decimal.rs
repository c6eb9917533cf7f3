//! Decimal numbers as Python's `decimal` has them, as far as formatting needs it.

use std::fmt;
use std::str::FromStr;

/// As many digits as a number may have on either side of its point: what is longer is no number that somebody reads.
const MOST_DIGITS: usize = 400;

/// A number to be formatted: made from integers, floats and text, exact in the decimal digits that Python would show.
///
/// ```
/// use carboy_ext::translations::Decimal;
/// assert_eq!(Decimal::from(1.10).to_string(), "1.1");
/// assert_eq!("1.10".parse::<Decimal>()?.to_string(), "1.10");
/// # Ok::<(), carboy_ext::translations::ParseDecimalError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// The digits without leading zeros (none for zero), and the power of ten of the last one.
    Finite {
        digits: Vec<u8>,
        exponent: i32,
    },
    Infinite,
    NotANumber,
}

/// A text that is no number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseDecimalError(String);

impl fmt::Display for ParseDecimalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a number", self.0)
    }
}

impl std::error::Error for ParseDecimalError {}

impl Decimal {
    fn finite(negative: bool, mut digits: Vec<u8>, exponent: i32) -> Self {
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        digits.drain(..zeros);
        Self { negative, kind: Kind::Finite { digits, exponent } }
    }

    pub(super) fn is_negative(&self) -> bool {
        self.negative
    }

    pub(super) fn is_finite(&self) -> bool {
        matches!(self.kind, Kind::Finite { .. })
    }

    pub(super) fn is_nan(&self) -> bool {
        self.kind == Kind::NotANumber
    }

    pub(super) fn is_zero(&self) -> bool {
        matches!(&self.kind, Kind::Finite { digits, .. } if digits.is_empty())
    }

    pub(super) fn abs(mut self) -> Self {
        self.negative = false;
        self
    }

    /// Times a power of ten.
    pub(super) fn shifted(mut self, power: i32) -> Self {
        if let Kind::Finite { exponent, .. } = &mut self.kind {
            *exponent = exponent.saturating_add(power);
        }
        self
    }

    /// The power of ten of the first digit: Python's `adjusted`.
    pub(super) fn adjusted(&self) -> i32 {
        match &self.kind {
            Kind::Finite { digits, exponent } => {
                exponent.saturating_add(i32::try_from(digits.len().max(1)).unwrap_or(i32::MAX) - 1)
            }
            _ => 0,
        }
    }

    /// Without zeros at the end: Python's `normalize`.
    pub(super) fn normalized(mut self) -> Self {
        if let Kind::Finite { digits, exponent } = &mut self.kind {
            while digits.last() == Some(&0) {
                digits.pop();
                *exponent = exponent.saturating_add(1);
            }
            if digits.is_empty() {
                *exponent = 0;
            }
        }
        self
    }

    /// How many digits follow the point.
    pub(super) fn scale(&self) -> usize {
        match &self.kind {
            Kind::Finite { exponent, .. } if *exponent < 0 => exponent.unsigned_abs() as usize,
            _ => 0,
        }
    }

    /// The digits before and behind the point, rounded half to even to `places` behind it. Zero is `0` before the point.
    pub(super) fn rounded(&self, places: usize) -> (String, String) {
        let Kind::Finite { digits, exponent } = &self.kind else { return ("0".into(), "0".repeat(places)) };
        let target = -i32::try_from(places.min(MOST_DIGITS)).unwrap_or(0);
        let mut kept = digits.clone();
        let mut exponent = *exponent;
        if exponent < target {
            let drop = (target - exponent) as usize;
            if drop > kept.len() {
                kept.clear();
            } else {
                let cut = kept.split_off(kept.len() - drop);
                let up = match cut.first() {
                    None => false,
                    Some(5) if cut[1..].iter().all(|digit| *digit == 0) => {
                        kept.last().is_some_and(|digit| digit % 2 == 1)
                    }
                    Some(first) => *first >= 5,
                };
                if up {
                    increment(&mut kept);
                }
            }
            exponent = target;
        }
        let mut text: String = kept.iter().map(|digit| char::from(b'0' + digit)).collect();
        let more = (exponent - target).max(0) as usize;
        if !text.is_empty() {
            text.extend(std::iter::repeat_n('0', more.min(MOST_DIGITS * 2)));
        }
        let places = places.min(MOST_DIGITS);
        if text.len() <= places {
            text = "0".repeat(places + 1 - text.len()) + &text;
        }
        let fraction = text.split_off(text.len() - places);
        (text, fraction)
    }

    /// The same number as text without an exponent.
    fn plain(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        match self.kind {
            Kind::Infinite => format!("{sign}Infinity"),
            Kind::NotANumber => "NaN".to_owned(),
            Kind::Finite { .. } => match self.rounded(self.scale()) {
                (whole, fraction) if fraction.is_empty() => format!("{sign}{whole}"),
                (whole, fraction) => format!("{sign}{whole}.{fraction}"),
            },
        }
    }

    /// The digits before the point, and those behind it as they are.
    pub(super) fn split(&self) -> (String, String) {
        self.rounded(self.scale())
    }
}

fn increment(digits: &mut Vec<u8>) {
    for digit in digits.iter_mut().rev() {
        if *digit < 9 {
            *digit += 1;
            return;
        }
        *digit = 0;
    }
    digits.insert(0, 1);
}

impl FromStr for Decimal {
    type Err = ParseDecimalError;

    fn from_str(text: &str) -> Result<Self, ParseDecimalError> {
        let wrong = || ParseDecimalError(text.chars().take(50).collect());
        let trimmed = text.trim();
        let (negative, rest) = match trimmed.as_bytes().first() {
            Some(b'-') => (true, &trimmed[1..]),
            Some(b'+') => (false, &trimmed[1..]),
            _ => (false, trimmed),
        };
        match rest.to_ascii_lowercase().as_str() {
            "inf" | "infinity" => return Ok(Self { negative, kind: Kind::Infinite }),
            "nan" => return Ok(Self { negative, kind: Kind::NotANumber }),
            _ => {}
        }
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| wrong())?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = || whole.bytes().chain(fraction.bytes());
        if all().next().is_none() || !all().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let most = i32::try_from(MOST_DIGITS).unwrap_or(i32::MAX);
        if all().count() > MOST_DIGITS || exponent.abs() > most {
            return Err(wrong());
        }
        let places = i32::try_from(fraction.len()).unwrap_or(0);
        Ok(Self::finite(negative, all().map(|byte| byte - b'0').collect(), exponent - places))
    }
}

impl From<f64> for Decimal {
    fn from(number: f64) -> Self {
        let negative = number.is_sign_negative();
        if number.is_nan() {
            return Self { negative: false, kind: Kind::NotANumber };
        }
        if number.is_infinite() {
            return Self { negative, kind: Kind::Infinite };
        }
        // The shortest digits that give the number back, as Python's `repr`; a whole number is one.
        let text = number.abs().to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let digits = whole.bytes().chain(fraction.bytes()).map(|byte| byte - b'0').collect();
        Self::finite(negative, digits, -i32::try_from(fraction.len()).unwrap_or(0))
    }
}

impl From<f32> for Decimal {
    fn from(number: f32) -> Self {
        number.to_string().parse().unwrap_or_else(|_| f64::from(number).into())
    }
}

macro_rules! from_integers {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Decimal {
            #[allow(unused_comparisons)]
            fn from(number: $integer) -> Self {
                let text = number.to_string();
                let digits = text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect();
                Self::finite(number < 0, digits, 0)
            }
        }
    )*};
}
from_integers!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.plain())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_half_to_even() {
        for (text, places, expected) in [
            ("0.125", 2, "0.12"),
            ("0.135", 2, "0.14"),
            ("2.5", 0, "2."),
            ("3.5", 0, "4."),
            ("999.999", 2, "1000.00"),
            ("0.004", 2, "0.00"),
            ("0.006", 2, "0.01"),
            ("0.05", 0, "0."),
            ("5", 3, "5.000"),
            ("1e3", 1, "1000.0"),
            ("0", 2, "0.00"),
        ] {
            let (whole, fraction) = text.parse::<Decimal>().unwrap().rounded(places);
            assert_eq!(format!("{whole}.{fraction}"), expected, "{text} to {places}");
        }
    }

    #[test]
    fn what_is_no_number_or_absurdly_long_is_refused() {
        for text in
            ["", "-", ".", "1.2.3", "1e", "0x1", "١", "1e999999999", "1e-999999999", &"1".repeat(1000)]
        {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }
}
