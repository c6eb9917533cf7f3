//! Lists in words: Babel's `lists`.

use super::locale::Locale;

/// What stands in for a style that a language does not have.
fn fallbacks(style: &str) -> &'static [&'static str] {
    match style {
        "or-narrow" => &["or-short", "or"],
        "or-short" => &["or"],
        "standard-narrow" => &["standard-short", "standard"],
        "standard-short" | "unit-short" => &["standard"],
        "unit" => &["unit-short", "standard"],
        "unit-narrow" => &["unit-short", "unit", "standard"],
        _ => &[],
    }
}

/// Puts two texts into a pattern with `{0}` and `{1}`, without looking for them in the texts.
fn fill(pattern: &str, first: &str, second: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + first.len() + second.len());
    let mut rest = pattern;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        (out, rest) = match &rest[at..] {
            text if text.starts_with("{0}") => (out + first, &rest[at + 3..]),
            text if text.starts_with("{1}") => (out + second, &rest[at + 3..]),
            _ => (out + "{", &rest[at + 1..]),
        };
    }
    out + rest
}

pub(in super::super) fn list(items: &[&str], style: &str, locale: &Locale) -> Result<String, String> {
    let (first, second) = match items {
        [] => return Ok(String::new()),
        [one] => return Ok((*one).to_owned()),
        [first, second, ..] => (first, second),
    };
    let found = |style: &str| locale.formats(&["list_patterns", style]);
    let patterns = found(style)
        .or_else(|| fallbacks(style).iter().find_map(|style| found(style)))
        .ok_or_else(|| format!("Locale {locale} does not support list formatting style '{style}'"))?;
    let pattern = |name: &str| patterns.get(name).and_then(serde_json::Value::as_str);
    if let (2, Some(two)) = (items.len(), pattern("2")) {
        return Ok(fill(two, first, second));
    }
    let part = |name: &str| pattern(name).unwrap_or("{0}, {1}");
    if items.len() == 2 {
        return Ok(fill(part("end"), first, second));
    }
    let (middle, last) = (&items[2..items.len() - 1], items[items.len() - 1]);
    let mut text = fill(part("start"), first, second);
    for item in middle {
        text = fill(part("middle"), &text, item);
    }
    Ok(fill(part("end"), &text, last))
}
