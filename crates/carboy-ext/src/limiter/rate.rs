//! Rates and their notation: `10 per hour; 5/minute`.

use std::{fmt, str::FromStr};

/// What a rate is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Granularity {
    /// 1 second.
    Second,
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// 24 hours.
    Day,
    /// 30 days.
    Month,
    /// 12 months of 30 days.
    Year,
}

impl Granularity {
    const ALL: [Granularity; 6] = [
        Granularity::Second,
        Granularity::Minute,
        Granularity::Hour,
        Granularity::Day,
        Granularity::Month,
        Granularity::Year,
    ];

    /// Its name in the notation and in keys.
    pub fn name(self) -> &'static str {
        match self {
            Granularity::Second => "second",
            Granularity::Minute => "minute",
            Granularity::Hour => "hour",
            Granularity::Day => "day",
            Granularity::Month => "month",
            Granularity::Year => "year",
        }
    }

    /// How many seconds it has.
    pub fn seconds(self) -> u64 {
        match self {
            Granularity::Second => 1,
            Granularity::Minute => 60,
            Granularity::Hour => 3600,
            Granularity::Day => 86_400,
            Granularity::Month => 86_400 * 30,
            Granularity::Year => 86_400 * 30 * 12,
        }
    }

    /// By its name, or that with an `s`, in any case.
    fn named(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        Granularity::ALL.into_iter().find(|granularity| {
            word == granularity.name() || word.strip_suffix('s') == Some(granularity.name())
        })
    }
}

/// So many in so long: limits' `RateLimitItem`.
///
/// ```
/// use carboy_ext::limiter::RateLimit;
///
/// let rate: RateLimit = "5 per 2 minutes".parse().unwrap();
/// assert_eq!((rate.amount(), rate.window()), (5, 120));
/// assert_eq!(rate.to_string(), "5 per 2 minute");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RateLimit {
    amount: u32,
    multiples: u32,
    granularity: Granularity,
}

impl RateLimit {
    /// `amount` in `multiples` of a granularity; a multiple of zero is one.
    pub fn new(amount: u32, multiples: u32, granularity: Granularity) -> Self {
        RateLimit { amount, multiples: multiples.max(1), granularity }
    }

    /// Several in one text, separated by `,`, `;` or `|`.
    ///
    /// # Errors
    /// When the text is none.
    pub fn parse_many(text: &str) -> Result<Vec<Self>, InvalidRate> {
        let mut rest = text;
        let mut rates = Vec::new();
        loop {
            let (rate, behind) = one(rest).ok_or_else(|| InvalidRate(text.to_owned()))?;
            rates.push(rate);
            if behind.is_empty() {
                return Ok(rates);
            }
            // The grammar of limits lets a colon stand before a separator.
            let behind = behind.strip_prefix(':').unwrap_or(behind);
            rest = behind.strip_prefix([',', ';', '|']).ok_or_else(|| InvalidRate(text.to_owned()))?;
        }
    }

    /// How many.
    pub fn amount(&self) -> u64 {
        self.amount.into()
    }

    /// In so many of them.
    pub fn multiples(&self) -> u32 {
        self.multiples
    }

    /// Of what.
    pub fn granularity(&self) -> Granularity {
        self.granularity
    }

    /// In so many seconds.
    pub fn window(&self) -> u64 {
        self.granularity.seconds() * u64::from(self.multiples)
    }

    /// The name of the counter of these identifiers, as limits makes it: `LIMITER/127.0.0.1/index/5/1/minute`.
    pub fn key_for<T: AsRef<str>>(&self, identifiers: &[T]) -> String {
        let mut key = String::from("LIMITER/");
        for identifier in identifiers {
            key.push_str(identifier.as_ref());
            key.push('/');
        }
        key.push_str(&format!("{}/{}/{}", self.amount, self.multiples, self.granularity.name()));
        key
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} per {} {}", self.amount, self.multiples, self.granularity.name())
    }
}

impl FromStr for RateLimit {
    type Err = InvalidRate;

    /// The first of the rates in the text.
    fn from_str(text: &str) -> Result<Self, InvalidRate> {
        Ok(RateLimit::parse_many(text)?[0])
    }
}

/// A text that is no rate: the error of [`RateLimit::parse_many`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidRate(String);

impl fmt::Display for InvalidRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' is no rate limit: write '5 per minute', '5/minute' or '5/2 minutes'", self.0)
    }
}

impl std::error::Error for InvalidRate {}

/// One rate at the start of a text, and what stands behind it.
fn one(text: &str) -> Option<(RateLimit, &str)> {
    let (amount, rest) = digits(text.trim_start())?;
    let rest = rest.trim_start();
    let rest = match rest.strip_prefix('/') {
        Some(rest) => rest,
        None => rest.get(..3).filter(|word| word.eq_ignore_ascii_case("per")).map(|_| &rest[3..])?,
    };
    let rest = rest.trim_start();
    let (multiples, rest) = match rest.starts_with(|c: char| c.is_ascii_digit()) {
        true => digits(rest)?,
        false => (1, rest),
    };
    let rest = rest.trim_start();
    let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let granularity = Granularity::named(&rest[..letters])?;
    Some((RateLimit::new(amount, multiples, granularity), rest[letters..].trim_start()))
}

fn digits(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}
