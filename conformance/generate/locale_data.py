"""Makes the locale data of crates/carboy-ext from the locale data of Babel, which is Unicode's CLDR.

Usage: python locale_data.py OUTPUT_FOLDER [FILE ...]

Without names of files (`global`, `formats`, …) it makes all of them.

Each file holds one kind of data: a JSON line that says where the chunk of each language lies, a line break, and the chunks, each a
JSON text under zlib. A chunk holds the locales of a language: what differs from the locale's parent, and under "" the parent's name. A
null takes a key of the parent away. global.bin is one such text: what holds for all locales.
"""

import json
import sys
import zlib
from pathlib import Path

from babel import localedata
from babel.core import get_global, parse_locale
from babel.localedata import LocaleDataDict
from babel.messages.plurals import get_plural
from babel.plural import PluralRule

AREA = None

#: What is formatted, without names.
FORMATS = ["plural_form", "list_patterns", "week_data", "months", "days", "quarters", "eras", "day_periods", "date_formats", "time_formats",
           "datetime_formats", "number_symbols", "decimal_formats", "scientific_formats", "percent_formats", "currency_formats",
           "currency_unit_patterns", "currency_symbols", "zone_formats", "day_period_rules", "duration", "relative"]
PARTS = {
    "formats": FORMATS,
    "languages": ["languages"],
    "territories": ["territories", "scripts", "variants"],
    "currencies": ["currency_names", "currency_names_plural"],
    "cities": ["time_zones"],
    "zones": ["meta_zones"],
}
#: The names that locales themselves need: there are no locales of the other languages and scripts.
SPOKEN = {
    "languages": {parse_locale(locale)[0] for locale in localedata.locale_identifiers()},
    "scripts": {parse_locale(locale)[2] for locale in localedata.locale_identifiers()},
    "variants": {parse_locale(locale)[3] for locale in localedata.locale_identifiers()},
}
UNITS = ["year", "month", "week", "day", "hour", "minute", "second"]


def plain(value):
    """What JSON can hold, with everything that is an alias looked up."""
    if isinstance(value, (LocaleDataDict, dict)):
        items = {}
        for key in value:
            try:
                items["" if key is None else str(key)] = plain(value[key])
            except KeyError:
                pass  # An alias of what this locale does not have.
        return {key: items[key] for key in sorted(items)}
    if isinstance(value, PluralRule):
        return [[tag, ast] for tag, ast in value.abstract]
    if isinstance(value, (str, int, bool)) or value is None:
        return value
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    return value.pattern if hasattr(value, "pattern") else str(value)


def section(data, name):
    sources = {"duration": "unit_patterns", "relative": "date_fields"}
    if sources.get(name, name) not in data:
        return {}
    if name == "duration":
        patterns = data["unit_patterns"]
        found = {unit: plain(patterns.get(f"duration-{unit}", {})) for unit in UNITS}
        return {unit: {width: forms for width, forms in widths.items() if width in ("long", "short", "narrow")}
                for unit, widths in found.items()}
    if name == "relative":
        fields = data["date_fields"]
        found = {}
        for unit in UNITS:
            for key in (unit, f"{unit}-short", f"{unit}-narrow"):
                if field := fields.get(key):
                    found[key] = {way: plain(field[way]) for way in ("past", "future") if way in field}
        return found
    if name == "number_symbols":
        return plain(data[name].get("latn", {}))
    if name == "datetime_formats":
        return {key: value for key, value in plain(data[name]).items()}
    if name == "day_period_rules":
        # An entry holds for each kind of rule; only the one without a name is used.
        return plain(data[name][None]) if None in data[name] else {}
    if name in SPOKEN:
        return {code: text for code, text in plain(data[name]).items() if code in SPOKEN[name]}
    if name == "time_zones":
        return {zone: info for zone, info in plain(data[name]).items() if info}
    return plain(data[name])


def difference(value, parent):
    """What must be put over the parent to get the value; None when nothing must."""
    if value == parent:
        return None
    if not isinstance(value, dict) or not isinstance(parent, dict):
        return value
    found = {key: difference(item, parent.get(key)) if key in parent else item for key, item in value.items()}
    found = {key: item for key, item in found.items() if item is not None}
    return found | {key: None for key in parent if key not in value}


def parent_of(name):
    parent = get_global("parent_exceptions").get(name)
    if parent:
        return parent
    if localedata._is_non_likely_script(name):
        return "root"
    return name.rpartition("_")[0] or "root"


def write(output, name, sections, locales):
    data = {locale: {part: section(loaded(locale), part) for part in sections} for locale in locales}
    languages = {}
    for locale in locales:
        languages.setdefault(locale.partition("_")[0], []).append(locale)
    index, chunks, at = {}, [], 0
    for language, members in sorted(languages.items()):
        chunk = {}
        for locale in members:
            parent = None if locale == "root" else parent_of(locale)
            if parent is None:
                chunk[locale] = data[locale]
            else:
                chunk[locale] = {"": parent} | (difference(data[locale], data[parent]) or {})
        text = json.dumps(chunk, ensure_ascii=False, separators=(",", ":")).encode()
        packed = zlib.compress(text, 9)
        index[language] = [at, len(packed)]
        chunks.append(packed)
        at += len(packed)
    head = json.dumps(index, separators=(",", ":")).encode()
    (output / f"{name}.bin").write_bytes(head + b"\n" + b"".join(chunks))


def loaded(locale):
    return LocaleDataDict(localedata.load(locale))


def globals_of(locales):
    known = set(locales)
    languages = {locale.partition("_")[0] for locale in locales}

    def useful(target):
        return parse_locale(target)[0] in languages

    likely = {key: value for key, value in get_global("likely_subtags").items() if useful(value)}
    zones = {zone: territory for zone, territory in get_global("zone_territories").items()}
    return {
        "locales": sorted(known - {"root"}),
        "language_aliases": plain(get_global("language_aliases")),
        "territory_aliases": {key: value[0] for key, value in get_global("territory_aliases").items()},
        "script_aliases": plain(get_global("script_aliases")),
        "variant_aliases": plain(get_global("variant_aliases")),
        "likely_subtags": likely,
        "zone_aliases": plain(get_global("zone_aliases")),
        "zone_territories": zones,
        "single_zones": sorted(t for t, all_zones in get_global("territory_zones").items() if len(all_zones) == 1),
        "meta_zones": plain(get_global("meta_zones")),
        "gettext_plurals": {locale: list(get_plural(locale)) for locale in sorted(known - {"root"})},
        "currency_fractions": {key: value[0] for key, value in get_global("currency_fractions").items()},
    }


def main(output, wanted):
    locales = ["root", *sorted(localedata.locale_identifiers())]
    for name, sections in PARTS.items():
        if not wanted or name in wanted:
            write(output, name, sections, locales)
    text = json.dumps(globals_of(locales), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    (output / "global.bin").write_bytes(zlib.compress(text.encode(), 9))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
