//! Spans of time in words: Babel's `format_timedelta`.

use serde_json::Value;

use super::locale::Locale;

const UNITS: [(&str, f64); 7] = [
    ("year", 31_536_000.0),
    ("month", 2_592_000.0),
    ("week", 604_800.0),
    ("day", 86_400.0),
    ("hour", 3600.0),
    ("minute", 60.0),
    ("second", 1.0),
];

/// How a span is told.
pub(in super::super) struct Telling<'t> {
    /// The smallest unit.
    pub(in super::super) granularity: &'t str,
    /// From which part of a unit on it is told in it.
    pub(in super::super) threshold: f64,
    /// Whether it is told as "in …" and "… ago".
    pub(in super::super) direction: bool,
    /// `long`, `short` or `narrow`.
    pub(in super::super) width: &'t str,
}

pub(in super::super) fn timedelta(
    seconds: f64,
    telling: &Telling<'_>,
    locale: &Locale,
) -> Result<String, String> {
    let width = match telling.width {
        "medium" => "long",
        width @ ("long" | "short" | "narrow") => width,
        _ => return Err("Format must be one of \"narrow\", \"short\" or \"long\"".to_owned()),
    };
    for (unit, length) in UNITS {
        let mut value = seconds.abs() / length;
        if value < telling.threshold && unit != telling.granularity {
            continue;
        }
        if unit == telling.granularity && value > 0.0 {
            value = value.max(1.0);
        }
        // Half goes to the even one, as in Python.
        let value = value.round_ties_even() as u64;
        let form = locale.plural_form(value);
        let relative = telling.direction.then(|| {
            let way = if seconds >= 0.0 { "future" } else { "past" };
            let key = format!("{unit}-{width}");
            let fields = |key: &str| locale.formats(&["relative", key]).filter(|field| !is_empty(field));
            fields(&key).or_else(|| fields(unit))?.get(way)
        });
        let plain = locale.formats(&["duration", unit, width]);
        let pattern = [relative.flatten(), plain].into_iter().flatten().find_map(|patterns| {
            patterns
                .get(form)
                .or_else(|| patterns.get("other"))?
                .as_str()
                .filter(|pattern| !pattern.is_empty())
        });
        return Ok(pattern.unwrap_or_default().replace("{0}", &value.to_string()));
    }
    Ok(String::new())
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_none_or(serde_json::Map::is_empty)
}
