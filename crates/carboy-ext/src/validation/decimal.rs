//! Decimal numbers as Python's `decimal.Decimal` reads, writes and rounds them.

use std::{cmp::Ordering, fmt, str::FromStr};

/// The most digits that a number may have: what an exponent may add is bounded with them.
const MOST_DIGITS: usize = 4300;

/// A decimal number that keeps its digits: `1.10` stays `1.10`.
///
/// It reads what Python's `decimal.Decimal` reads and writes what that writes, and does no arithmetic: give its text to a crate for
/// decimals, or to the database.
///
/// ```
/// use carboy_ext::validation::Decimal;
///
/// let price: Decimal = "19.90".parse()?;
/// assert_eq!(price.to_string(), "19.90");
/// assert_eq!(price.quantize(1).to_string(), "19.9");
/// assert!(price > "19.9e0".parse::<Decimal>()? || price == "19.9".parse()?);
/// # Ok::<(), carboy_ext::validation::NotADecimal>(())
/// ```
#[derive(Clone)]
pub struct Decimal {
    negative: bool,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    /// Digits without leading zeros (at least one), and the power of ten of the last of them.
    Finite {
        digits: Vec<u8>,
        exponent: i64,
    },
    Infinite,
    NotANumber {
        text: String,
    },
}

/// A text that is no decimal number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotADecimal(());

impl fmt::Display for NotADecimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a decimal number")
    }
}

impl std::error::Error for NotADecimal {}

impl FromStr for Decimal {
    type Err = NotADecimal;

    fn from_str(text: &str) -> Result<Self, NotADecimal> {
        Decimal::parse(text).ok_or(NotADecimal(()))
    }
}

impl Decimal {
    /// Reads a number; blanks around it and underscores between its digits are allowed, as in Python.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text: String = text.trim().chars().filter(|c| *c != '_').collect();
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(&text)),
        };
        let lower = rest.to_ascii_lowercase();
        if lower == "inf" || lower == "infinity" {
            return Some(Decimal { negative, kind: Kind::Infinite });
        }
        if let Some(payload) = lower.strip_prefix("snan").or_else(|| lower.strip_prefix("nan")) {
            let signalling = if lower.starts_with('s') { "s" } else { "" };
            let payload = payload.trim_start_matches('0');
            return payload.bytes().all(|b| b.is_ascii_digit()).then(|| Decimal {
                negative,
                kind: Kind::NotANumber { text: format!("{signalling}NaN{payload}") },
            });
        }
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], rest[at + 1..].parse::<i64>().ok().filter(|e| e.abs() < 1_000_000)?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = [whole, fraction].concat();
        if all.is_empty() || all.len() > MOST_DIGITS || !all.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let digits: Vec<u8> = all.bytes().map(|b| b - b'0').skip_while(|d| *d == 0).collect();
        let digits = if digits.is_empty() { vec![0] } else { digits };
        let exponent = exponent - i64::try_from(fraction.len()).ok()?;
        Some(Decimal { negative, kind: Kind::Finite { digits, exponent } })
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        matches!(&self.kind, Kind::Finite { digits, .. } if digits == &[0])
    }

    /// Whether it is a number, and not infinite.
    pub fn is_finite(&self) -> bool {
        matches!(self.kind, Kind::Finite { .. })
    }

    /// Rounded, half to even, to that many places, as `Decimal.quantize` does. What is not finite, or would have more than 28 digits,
    /// stays as it is.
    #[must_use]
    pub fn quantize(&self, places: u8) -> Self {
        let Kind::Finite { digits, exponent } = &self.kind else { return self.clone() };
        let target = -i64::from(places);
        let finite = |mut digits: Vec<u8>| {
            let zeros = digits.iter().take_while(|d| **d == 0).count().min(digits.len().saturating_sub(1));
            digits.drain(..zeros);
            Decimal { negative: self.negative, kind: Kind::Finite { digits, exponent: target } }
        };
        if *exponent >= target {
            let Ok(more) = usize::try_from(exponent - target) else { return self.clone() };
            if digits.len() + more > 28 && !self.is_zero() {
                return self.clone();
            }
            let mut digits = digits.clone();
            if !self.is_zero() {
                digits.resize(digits.len() + more, 0);
            }
            return finite(digits);
        }
        let drop = usize::try_from(target - exponent).unwrap_or(usize::MAX);
        if drop > digits.len() {
            return finite(vec![0]);
        }
        let (kept, dropped) = digits.split_at(digits.len() - drop);
        let mut kept = if kept.is_empty() { vec![0] } else { kept.to_vec() };
        let beyond = dropped[1..].iter().any(|d| *d != 0);
        let odd = kept.last().is_some_and(|d| d % 2 == 1);
        if dropped[0] > 5 || (dropped[0] == 5 && (beyond || odd)) {
            let mut at = kept.len();
            loop {
                if at == 0 {
                    kept.insert(0, 1);
                    break;
                }
                at -= 1;
                if kept[at] < 9 {
                    kept[at] += 1;
                    break;
                }
                kept[at] = 0;
            }
        }
        finite(kept)
    }

    /// Compares by value; nothing when one of them is not a number.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        let sign = |number: &Self| match () {
            () if number.is_zero() => 0,
            () if number.negative => -1,
            () => 1,
        };
        match (&self.kind, &other.kind) {
            (Kind::NotANumber { .. }, _) | (_, Kind::NotANumber { .. }) => None,
            _ if sign(self) != sign(other) => Some(sign(self).cmp(&sign(other))),
            _ if sign(self) == 0 => Some(Ordering::Equal),
            (a, b) => {
                let size = match (a, b) {
                    (Kind::Infinite, Kind::Infinite) => Ordering::Equal,
                    (Kind::Infinite, _) => Ordering::Greater,
                    (_, Kind::Infinite) => Ordering::Less,
                    (Kind::Finite { digits: a, exponent: x }, Kind::Finite { digits: b, exponent: y }) => {
                        let first =
                            |digits: &[u8], exponent: i64| exponent.saturating_add(digits.len() as i64);
                        first(a, *x).cmp(&first(b, *y)).then_with(|| {
                            let longest = a.len().max(b.len());
                            let padded = |d: &[u8]| {
                                d.iter()
                                    .copied()
                                    .chain(std::iter::repeat(0))
                                    .take(longest)
                                    .collect::<Vec<_>>()
                            };
                            padded(a).cmp(&padded(b))
                        })
                    }
                    _ => return None,
                };
                Some(if self.negative { size.reverse() } else { size })
            }
        }
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.compare(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.compare(other)
    }
}

/// Python's `str()`: the digits as they were, with an exponent where that is shorter.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        let (digits, exponent) = match &self.kind {
            Kind::Infinite => return f.write_str("Infinity"),
            Kind::NotANumber { text } => return f.write_str(text),
            Kind::Finite { digits, exponent } => (digits, *exponent),
        };
        let digits: String = digits.iter().map(|d| char::from(b'0' + d)).collect();
        let length = digits.len() as i64;
        let left = exponent + length;
        let point = if exponent <= 0 && left > -6 { left } else { 1 };
        if point <= 0 {
            let zeros = usize::try_from(-point).unwrap_or(0);
            write!(f, "0.{}{digits}", "0".repeat(zeros))?;
        } else if point >= length {
            write!(f, "{digits}{}", "0".repeat(usize::try_from(point - length).unwrap_or(0)))?;
        } else {
            let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
            write!(f, "{whole}.{fraction}")?;
        }
        if left != point {
            write!(f, "E{:+}", left - point)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Decimal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Decimal {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
