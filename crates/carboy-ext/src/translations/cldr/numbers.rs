//! Numbers, percentages and money: Babel's `numbers`.

use serde_json::Value;

use super::data::{Part, global};
use super::decimal::Decimal;
use super::locale::Locale;

/// A pattern of digits, as `#,##0.00`: <https://www.unicode.org/reports/tr35/tr35-numbers.html#Number_Format_Patterns>.
struct Pattern {
    prefix: [String; 2],
    suffix: [String; 2],
    grouping: (usize, usize),
    whole: (usize, usize),
    fraction: (usize, usize),
    exponent: Option<Exponent>,
    /// Whether there is a number in it at all.
    has_number: bool,
    significant: bool,
}

struct Exponent {
    digits: (usize, usize),
    plus: bool,
}

/// A pattern may ask for so many digits; more is nobody's wish.
const MOST_DIGITS: usize = 100;

/// Why a number cannot be formatted.
pub(in super::super) type Wrong = String;

fn split(pattern: &str) -> (&str, &str, &str) {
    let bytes = pattern.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\'' => match pattern[at + 1..].find('\'') {
                Some(end) => at += end + 2,
                None => break,
            },
            b'0'..=b'9' | b'@' | b'#' | b'.' | b',' => break,
            _ => at += 1,
        }
    }
    let rest = &pattern[at..];
    let length = rest
        .bytes()
        .take_while(|b| matches!(b, b'0'..=b'9' | b'@' | b'#' | b'.' | b',' | b'E' | b'+'))
        .count();
    (&pattern[..at], &rest[..length], &rest[length..])
}

fn precision(digits: &str) -> (usize, usize) {
    let (mut least, mut most) = (0, 0);
    for digit in digits.bytes() {
        match digit {
            b'@' | b'0' => {
                least += 1;
                most += 1;
            }
            b'#' => most += 1,
            b',' => {}
            _ => break,
        }
    }
    (least, most)
}

fn grouping(digits: &str) -> (usize, usize) {
    const NONE: usize = 1000;
    let Some(last) = digits.rfind(',') else { return (NONE, NONE) };
    let first = digits.len() - last - 1;
    match digits[..last].rfind(',') {
        Some(before) => (first, last - before - 1),
        None => (first, first),
    }
}

impl Pattern {
    fn parse(pattern: &str) -> Result<Self, Wrong> {
        if pattern.len() > 1000 {
            return Err("the pattern of a number is too long".to_owned());
        }
        let (positive, negative) = pattern.split_once(';').map_or((pattern, None), |(p, n)| (p, Some(n)));
        let (prefix, number, suffix) = split(positive);
        let (negative_prefix, negative_suffix) = match negative {
            Some(negative) => {
                let (prefix, _, suffix) = split(negative);
                (prefix.to_owned(), suffix.to_owned())
            }
            None => (format!("-{prefix}"), suffix.to_owned()),
        };
        let (digits, exponent) = number.split_once('E').map_or((number, None), |(d, e)| (d, Some(e)));
        if digits.contains('@') && digits.contains('.') && digits.contains('0') {
            return Err("Significant digit patterns can not contain \"@\" or \"0\"".to_owned());
        }
        let (whole, fraction) = digits.rsplit_once('.').unwrap_or((digits, ""));
        let exponent = exponent.filter(|exponent| !exponent.is_empty()).map(|exponent| Exponent {
            plus: exponent.starts_with('+'),
            digits: precision(exponent.trim_start_matches('+')),
        });
        let parsed = Self {
            prefix: [prefix.to_owned(), negative_prefix],
            suffix: [suffix.to_owned(), negative_suffix],
            grouping: grouping(whole),
            whole: precision(whole),
            fraction: precision(fraction),
            exponent,
            has_number: !digits.is_empty(),
            significant: pattern.contains('@'),
        };
        if parsed.whole.1.max(parsed.fraction.1) > MOST_DIGITS {
            return Err(format!("the pattern of a number asks for more than {MOST_DIGITS} digits"));
        }
        Ok(parsed)
    }

    /// How many places the number moves: `%` is two, `‰` three.
    fn scale(&self) -> i32 {
        let has = |sign: char| self.prefix.iter().chain(&self.suffix).any(|text| text.contains(sign));
        match (has('%'), has('‰')) {
            (true, _) => 2,
            (_, true) => 3,
            _ => 0,
        }
    }

    fn apply(
        &self,
        number: &Decimal,
        locale: &Locale,
        currency: Option<&Money<'_>>,
    ) -> Result<String, Wrong> {
        if number.is_nan() {
            return Err("NaN cannot be formatted".to_owned());
        }
        let scaled = number.clone().shifted(self.scale());
        let sign = usize::from(scaled.is_negative());
        let mut value = scaled.abs().normalized();
        let mut exponent = None;
        if let Some(wanted) = &self.exponent
            && value.is_finite()
        {
            let lead = i32::try_from(self.whole.0.min(self.whole.1).max(1)).unwrap_or(1) - 1;
            let power = value.adjusted() - lead;
            value = value.shifted(-power).normalized();
            exponent = Some((power, wanted));
        }
        let mut fraction = match currency {
            Some(Money { code, own_digits: true }) => {
                let digits = currency_digits(code);
                (digits, digits)
            }
            _ => self.fraction,
        };
        if exponent.is_some() && fraction == (0, 0) {
            fraction.1 = value.scale();
        }
        let written = match exponent {
            _ if self.significant && exponent.is_none() && value.is_finite() => {
                self.significant(&value, locale)
            }
            Some((power, wanted)) => {
                let sign = match power {
                    ..0 => symbol(locale, "minusSign", "-"),
                    _ if wanted.plus => symbol(locale, "plusSign", "+"),
                    _ => "",
                };
                format!(
                    "{}{}{sign}{}",
                    self.quantized(&value, locale, fraction),
                    symbol(locale, "exponential", "E"),
                    self.grouped(&power.unsigned_abs().to_string(), wanted.digits.0, locale),
                )
            }
            None => self.quantized(&value, locale, fraction),
        };
        let number = if self.has_number { written.as_str() } else { "" };
        let mut text = format!("{}{number}{}", self.prefix[sign], self.suffix[sign]);
        if let Some(Money { code, .. }) = currency
            && text.contains('¤')
        {
            text = text.replace("¤¤¤", &currency_name(code, &value, locale));
            text = text.replace("¤¤", &code.to_uppercase());
            text = text.replace('¤', currency_symbol(code, locale));
        }
        Ok(unquoted(&text))
    }

    /// Rounded to the places, with groups and without zeros that nobody asked for.
    fn quantized(&self, value: &Decimal, locale: &Locale, (least, most): (usize, usize)) -> String {
        if !value.is_finite() {
            return symbol(locale, "infinity", "∞").to_owned();
        }
        let (whole, fraction) = value.rounded(most);
        let mut text = self.grouped(&whole, self.whole.0, locale);
        let mut fraction = if fraction.is_empty() { "0" } else { &fraction };
        if most == 0 || least == 0 && fraction.bytes().all(|digit| digit == b'0') {
            return text;
        }
        while fraction.len() > least && fraction.ends_with('0') {
            fraction = &fraction[..fraction.len() - 1];
        }
        text.push_str(symbol(locale, "decimal", "."));
        text.push_str(fraction);
        text
    }

    /// So many digits that count, and no zeros behind those that must be there.
    fn significant(&self, value: &Decimal, locale: &Locale) -> String {
        let (least, most) = self.whole;
        if value.is_zero() {
            // Babel keeps one digit of it behind the point, however many are asked for.
            let fraction = if most > 1 && least > 0 {
                symbol(locale, "decimal", ".").to_owned() + "0"
            } else {
                String::new()
            };
            return format!("0{fraction}");
        }
        let places = i32::try_from(most).unwrap_or(0) - 1 - value.adjusted();
        let kept = value.clone().shifted(places).rounded(0).0;
        let rounded: Decimal = match kept.parse::<Decimal>() {
            Ok(kept) => kept.shifted(-places),
            Err(_) => value.clone(),
        };
        let (whole, mut fraction) = rounded.rounded(usize::try_from(places).unwrap_or(0));
        let before = if whole == "0" { 0 } else { whole.len() };
        // Zeros right behind the point of a small number do not count.
        let leading =
            if before == 0 { fraction.bytes().take_while(|digit| *digit == b'0').count() } else { 0 };
        let must = leading + least.saturating_sub(before);
        while fraction.len() > must && fraction.ends_with('0') {
            fraction.pop();
        }
        let mut text = self.grouped(&whole, 0, locale);
        if !fraction.is_empty() {
            text.push_str(symbol(locale, "decimal", "."));
            text.push_str(&fraction);
        }
        text
    }

    fn grouped(&self, digits: &str, least: usize, locale: &Locale) -> String {
        let digits = format!("{digits:0>least$}");
        let (mut size, separator) = (self.grouping.0.max(1), symbol(locale, "group", ","));
        let mut rest = digits.as_str();
        let mut groups = Vec::new();
        while rest.len() > size {
            let (head, group) = rest.split_at(rest.len() - size);
            groups.push(group);
            rest = head;
            size = self.grouping.1.max(1);
        }
        groups.push(rest);
        groups.reverse();
        groups.join(separator)
    }
}

/// Text in quotes is itself, and two quotes are one.
fn unquoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('\'') {
        let Some(length) = rest[start + 1..].find('\'') else { break };
        out.push_str(&rest[..start]);
        let inside = &rest[start + 1..start + 1 + length];
        out.push_str(if inside.is_empty() { "'" } else { inside });
        rest = &rest[start + length + 2..];
    }
    out + rest
}

fn symbol<'s>(locale: &Locale, name: &str, default: &'s str) -> &'s str {
    locale.format_text(&["number_symbols", name]).unwrap_or(default)
}

struct Money<'c> {
    code: &'c str,
    /// Whether the currency says how many digits follow the point.
    own_digits: bool,
}

/// How many digits a currency has behind the point.
fn currency_digits(code: &str) -> usize {
    let table = global().get("currency_fractions");
    let digits = table.and_then(|table| table.get(code).or_else(|| table.get("DEFAULT"))?.as_u64());
    usize::try_from(digits.unwrap_or(2)).unwrap_or(2)
}

fn currency_symbol<'c>(code: &'c str, locale: &Locale) -> &'c str {
    locale.format_text(&["currency_symbols", code]).unwrap_or(code)
}

/// The name of a currency, in the form that a number asks for.
fn currency_name(code: &str, count: &Decimal, locale: &Locale) -> String {
    let names = locale.data(Part::Currencies, &["currency_names_plural", code]);
    let form = locale.plural_form(count.clone());
    let name = names.and_then(|names| names.get(form).or_else(|| names.get("other")));
    let name = name.or_else(|| locale.data(Part::Currencies, &["currency_names", code]));
    name.and_then(Value::as_str).unwrap_or(code).to_owned()
}

fn with_pattern(
    number: &Decimal,
    pattern: Option<&str>,
    kind: &str,
    locale: &Locale,
) -> Result<String, Wrong> {
    let pattern = match pattern {
        Some(pattern) => pattern,
        None => locale.format_text(&[kind, ""]).unwrap_or("#,##0.###"),
    };
    Pattern::parse(pattern)?.apply(number, locale, None)
}

pub(in super::super) fn decimal(
    number: &Decimal,
    pattern: Option<&str>,
    locale: &Locale,
) -> Result<String, Wrong> {
    with_pattern(number, pattern, "decimal_formats", locale)
}

pub(in super::super) fn percent(
    number: &Decimal,
    pattern: Option<&str>,
    locale: &Locale,
) -> Result<String, Wrong> {
    with_pattern(number, pattern.filter(|pattern| !pattern.is_empty()), "percent_formats", locale)
}

pub(in super::super) fn scientific(
    number: &Decimal,
    pattern: Option<&str>,
    locale: &Locale,
) -> Result<String, Wrong> {
    with_pattern(number, pattern.filter(|pattern| !pattern.is_empty()), "scientific_formats", locale)
}

/// What `currency` is asked for beside the number and the code.
pub(in super::super) struct CurrencyFormat<'f> {
    pub(in super::super) pattern: Option<&'f str>,
    pub(in super::super) own_digits: bool,
    /// `standard`, `accounting` or `name`.
    pub(in super::super) kind: &'f str,
}

pub(in super::super) fn currency(
    number: &Decimal,
    code: &str,
    format: &CurrencyFormat<'_>,
    locale: &Locale,
) -> Result<String, Wrong> {
    let money = Money { code, own_digits: format.own_digits };
    let pattern = format.pattern.filter(|pattern| !pattern.is_empty());
    if format.kind == "name" {
        let form = locale.plural_form(number.clone());
        let frames = |form: &str| locale.format_text(&["currency_unit_patterns", form]);
        let frame = frames(form).or_else(|| frames("other")).unwrap_or("{0} {1}");
        let pattern = pattern.or_else(|| locale.format_text(&["decimal_formats", ""])).unwrap_or("#,##0.###");
        let written = Pattern::parse(pattern)?.apply(number, locale, Some(&money))?;
        return Ok(frame.replace("{0}", &written).replace("{1}", &currency_name(code, number, locale)));
    }
    let pattern = match pattern {
        Some(pattern) => pattern,
        None => locale
            .format_text(&["currency_formats", format.kind])
            .ok_or_else(|| format!("'{}' is not a known currency format type", format.kind))?,
    };
    Pattern::parse(pattern)?.apply(number, locale, Some(&money))
}
