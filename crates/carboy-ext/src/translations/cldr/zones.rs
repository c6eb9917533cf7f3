//! The names of time zones: <https://www.unicode.org/reports/tr35/tr35-dates.html#Time_Zone_Names>, as Babel gives them.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};
use serde_json::Value;

use super::data::{Part, global, global_text};
use super::locale::Locale;

/// A time zone at a moment.
#[derive(Clone)]
pub(in super::super) struct Zone {
    name: String,
    offset: i32,
    daylight: bool,
}

impl Zone {
    pub(in super::super) fn at(zone: &TimeZone, moment: Timestamp) -> Self {
        let info = zone.to_offset_info(moment);
        let name = zone.iana_name().map_or_else(|| info.abbreviation().to_owned(), str::to_owned);
        Self { name, offset: info.offset().seconds(), daylight: info.dst().is_dst() }
    }

    pub(in super::super) fn of(zoned: &ZonedDateTime) -> Self {
        Self::at(zoned.time_zone(), zoned.timestamp())
    }

    fn canonical(&self) -> &str {
        global_text("zone_aliases", &self.name).unwrap_or(&self.name)
    }
}

/// In place of a name: there is none in this language, whatever its parent has.
const NONE: &str = "\u{2205}\u{2205}\u{2205}";

/// How an offset is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    Short,
    Long,
    Iso,
    IsoShort,
}

impl Width {
    fn key(self) -> &'static str {
        match self {
            Width::Short => "short",
            Width::Long => "long",
            Width::Iso | Width::IsoShort => "iso8601",
        }
    }
}

/// The offset from Greenwich.
pub(super) fn offset(zone: &Zone, width: Width, z_for_zero: bool, locale: &Locale) -> String {
    let seconds = zone.offset;
    if z_for_zero && seconds == 0 {
        return "Z".to_owned();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, rest) = (seconds.unsigned_abs() / 3600, seconds.unsigned_abs() % 3600);
    let minutes = rest / 60;
    match width {
        Width::IsoShort if rest == 0 => format!("{sign}{hours:02}"),
        Width::Short | Width::IsoShort => format!("{sign}{hours:02}{minutes:02}"),
        Width::Iso => format!("{sign}{hours:02}:{minutes:02}"),
        Width::Long => {
            let pattern = locale.format_text(&["zone_formats", "gmt"]).unwrap_or("GMT%s");
            pattern.replace("%s", &format!("{sign}{hours:02}:{minutes:02}"))
        }
    }
}

/// The name of the zone: at the moment (standard or daylight time), or without one (generic).
pub(super) fn name(zone: &Zone, at_moment: bool, width: Width, locale: &Locale) -> String {
    let variant = match (at_moment, zone.daylight) {
        (false, _) => "generic",
        (true, true) => "daylight",
        (true, false) => "standard",
    };
    let (canonical, width_key) = (zone.canonical(), width.key());
    let named = |info: Option<&'static Value>, width: &str| info?.get(width)?.get(variant)?.as_str();
    let info = locale.data(Part::Cities, &["time_zones", canonical]);
    if let Some(name) = named(info, width_key).filter(|name| *name != NONE) {
        return name.to_owned();
    }
    if let Some(meta) = global_text("meta_zones", canonical) {
        let info = locale.data(Part::Zones, &["meta_zones", meta]);
        let mut found = named(info, width_key);
        if width == Width::Short && found == Some(NONE) {
            found = named(info, "long");
        }
        if let Some(name) = found.filter(|name| !name.is_empty() && *name != NONE) {
            return name.to_owned();
        }
    }
    if at_moment { offset(zone, width, false, locale) } else { location(zone, false, locale) }
}

/// The canonical id.
pub(super) fn id(zone: &Zone) -> String {
    zone.canonical().to_owned()
}

/// The place of the zone: its country, or its city where the country has more than one zone.
pub(super) fn location(zone: &Zone, city_only: bool, locale: &Locale) -> String {
    let canonical = zone.canonical();
    let region =
        |place: &str| locale.format_text(&["zone_formats", "region"]).unwrap_or("%s").replace("%s", place);
    let territory_name = |code: &str| locale.data(Part::Territories, &["territories", code])?.as_str();
    let territory = global_text("zone_territories", canonical).filter(|code| territory_name(code).is_some());
    let country = territory_name(territory.unwrap_or("ZZ"));
    let single = global().get("single_zones").and_then(Value::as_array);
    let is_single = |code: &str| single.is_some_and(|all| all.iter().any(|one| one.as_str() == Some(code)));
    if let (false, Some(country), Some(code)) = (city_only, country, territory)
        && is_single(code)
    {
        return region(country);
    }
    let of_city = |info: Option<&'static Value>| info?.get("city")?.as_str();
    let meta = || {
        let meta = global_text("meta_zones", canonical)?;
        of_city(locale.data(Part::Zones, &["meta_zones", meta]))
    };
    let city = of_city(locale.data(Part::Cities, &["time_zones", canonical]))
        .or_else(meta)
        .map_or_else(|| canonical.rsplit('/').next().unwrap_or(canonical).replace('_', " "), str::to_owned);
    match country {
        _ if city_only => city,
        None => region(&city),
        Some(country) => {
            let both = locale.format_text(&["zone_formats", "fallback"]).unwrap_or("%(1)s (%(0)s)");
            region(&both.replace("%(0)s", &city).replace("%(1)s", country))
        }
    }
}
