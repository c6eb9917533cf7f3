//! The plural forms of languages, as CLDR has them: a list of form and condition, the condition as the tree that Babel makes of its text.

use serde_json::Value;

use super::decimal::Decimal;

const FORMS: [&str; 5] = ["zero", "one", "two", "few", "many"];

/// The operands of the rules: <https://www.unicode.org/reports/tr35/tr35-numbers.html#Operands>.
struct Operands {
    /// Digits before the point, and behind it without the zeros at the end.
    whole: String,
    fraction: String,
    /// Digits behind the point as they are written.
    visible: String,
}

/// A value of a condition: whole digits, and digits behind the point without zeros at the end.
#[derive(PartialEq)]
struct Number {
    whole: u128,
    fraction: String,
}

impl From<u128> for Number {
    fn from(whole: u128) -> Self {
        Self { whole, fraction: String::new() }
    }
}

/// The form of a number; `other` when no rule applies.
pub(super) fn form(rules: Option<&Value>, number: &Decimal) -> &'static str {
    if !number.is_finite() {
        return "other";
    }
    let (whole, visible) = number.split();
    let fraction = visible.trim_end_matches('0').to_owned();
    let operands = Operands { whole, fraction, visible };
    for rule in rules.and_then(Value::as_array).into_iter().flatten() {
        let tag = rule.get(0).and_then(Value::as_str).unwrap_or_default();
        if rule.get(1).is_some_and(|condition| holds(condition, &operands))
            && let Some(form) = FORMS.into_iter().find(|form| *form == tag)
        {
            return form;
        }
    }
    "other"
}

fn holds(condition: &Value, operands: &Operands) -> bool {
    let name = condition.get(0).and_then(Value::as_str).unwrap_or_default();
    let arguments = condition.get(1).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    match (name, arguments) {
        ("and", [left, right]) => holds(left, operands) && holds(right, operands),
        ("or", [left, right]) => holds(left, operands) || holds(right, operands),
        ("not", [inner]) => !holds(inner, operands),
        ("relation", [kind, left, ranges]) => {
            let Some(value) = number(left, operands) else { return false };
            if kind.as_str() == Some("in") && !value.fraction.is_empty() {
                return false;
            }
            let ranges = ranges.get(1).and_then(Value::as_array);
            ranges.into_iter().flatten().any(|range| {
                let bound = |index: usize| range.get(index).and_then(|bound| number(bound, operands));
                let (Some(low), Some(high)) = (bound(0), bound(1)) else { return false };
                value.whole >= low.whole
                    && (value.whole < high.whole || value.whole == high.whole && value.fraction.is_empty())
            })
        }
        _ => false,
    }
}

fn number(expression: &Value, operands: &Operands) -> Option<Number> {
    let name = expression.get(0)?.as_str()?;
    let arguments = expression.get(1)?.as_array()?;
    let digits = |text: &str| -> Option<Number> {
        // A rule looks at the last digits, or asks whether the number is small.
        let tail = &text[text.len().saturating_sub(30)..];
        let value = if tail.is_empty() { 0 } else { tail.parse::<u128>().ok()? };
        let large = text.len() > 30 && text.bytes().any(|byte| byte != b'0');
        Some(Number::from(if large { value + 10u128.pow(31) } else { value }))
    };
    match name {
        "value" => Some(Number::from(u128::from(arguments.first()?.as_u64()?))),
        "n" => Some(Number { fraction: operands.fraction.clone(), ..digits(&operands.whole)? }),
        "i" => digits(&operands.whole),
        "v" => Some(Number::from(operands.visible.len() as u128)),
        "w" => Some(Number::from(operands.fraction.len() as u128)),
        "f" => digits(&operands.visible),
        "t" => digits(&operands.fraction),
        "c" | "e" => Some(Number::from(0)),
        "mod" => {
            let (left, right) = (number(arguments.first()?, operands)?, number(arguments.get(1)?, operands)?);
            Some(Number { whole: left.whole.checked_rem(right.whole)?, fraction: left.fraction })
        }
        _ => None,
    }
}
