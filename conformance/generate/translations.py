"""What Flask-Babel and Babel write: dates, numbers, lists, plural forms, messages in Python and in templates, names of locales.

    python translations.py OUTPUT_FOLDER

writes dates.json, numbers.json, words.json (spans of time, lists, names), plurals.json, locales.json, and messages.json with the catalogues
that it uses as .po text and as .mo bytes.
"""

import base64
import gettext as stdlib_gettext
import io
import json
import random
import sys
import tempfile
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import flask
import flask_babel
from babel import Locale, UnknownLocaleError, localedata
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.plurals import PLURALS, get_plural
from babel.messages.pofile import read_po

AREA = "translations"

LOCALES = """ar ar_EG ar_SA az be bg bn bs ca cs cy da de de_AT de_CH el en en_AU en_GB en_IN en_US es es_419 es_MX et eu fa fi fil fr fr_CA fr_CH ga
gl gu he hi hr hu hy id is it it_CH ja ka kk km ko lt lv mk ml mr ms mt my nb nl nl_BE nn pa pl pt pt_BR pt_PT ro ru sk sl sq sr sr_Latn sv sw ta te th tr
uk ur uz vi zh zh_Hans_CN zh_Hant_TW zu""".split()
ZONES = ["UTC", "Europe/Vienna", "America/New_York", "Asia/Kolkata", "Asia/Tokyo", "Australia/Sydney", "America/Sao_Paulo", "Pacific/Auckland",
         "Africa/Cairo", "America/St_Johns", "US/Eastern", "Europe/London"]
MOMENTS = ["2007-04-01T15:30:00", "2024-02-29T00:00:00", "2024-12-30T23:59:59", "1999-12-31T12:00:00", "2021-01-03T06:05:09", "2026-07-15T18:45:30", "2016-01-01T01:02:03",
           "2026-11-29T16:50:00", "2020-06-21T11:11:11.123456", "2005-10-10T03:04:05"]
LENGTHS = ["short", "medium", "long", "full"]
DATE_PATTERNS = ["EEEE, d. MMMM y", "yyyy-MM-dd", "EEE, MMM d, ''yy", "G y GGGG GGGGG", "QQQ yyyy qqqq Q", "LLLL LLL LLLLL L", "w W D F g", "Y YY YYYY", "e ee eeee eeeee eeeeee", "c ccc cccc ccccc", "d 'of' MMMM", "MMMMM E EEEEE EEEEEE"]
TIME_PATTERNS = ["HH:mm:ss", "h:mm a", "hh 'o''clock' a, zzzz", "K k H h", "s S SS SSS SSSSSS SSSSSSSS", "A", "b", "B BBBB BBBBB", "a aaaa aaaaa"]
ZONE_PATTERNS = ["z", "zzzz", "Z", "ZZZZ", "ZZZZZ", "OOOO", "v", "vvvv", "V", "VV", "VVV", "VVVV", "X", "XX", "XXX", "x", "xx", "xxx"]
NUMBERS = ["0", "1", "-1", "5", "10", "12", "99", "100", "999", "1000", "1234", "-1234.5", "12345.678", "1234567.891", "0.5", "0.125", "-0.125", "2.5", "3.5", "0.001", "0.0005", "99.995",
           "1e3", "1.10", "123456789012345678", "0.1", "1.005", "-0.0", "0.34", "1.2345", "1e21", "1e-7"]
NUMBER_PATTERNS = [None, None, "#,##0.00", "0.000", "#,##,##0.##", "00000", "#", "#.#", "#,##0.00;(#)", "@@@", "@@##", "@@@,@@", "'#'0", "0.0 'x''y'", "#,##0.###;-"]
PERCENT_PATTERNS = [None, None, "#,##0.00%", "#,##0‰", "0%;(0%)"]
SCIENTIFIC_PATTERNS = [None, None, "##0E00", "0.00E0", "#E+0", "00.###E0"]
CURRENCIES = ["USD", "EUR", "JPY", "GBP", "PLN", "KWD", "INR", "CHF", "XYZ", "CLF", "BRL", "HUF"]
CURRENCY_PATTERNS = [None, None, None, "¤¤ #,##0.00", "#,##0.00 ¤¤¤", "#,##0.00 ¤;(#,##0.00) ¤"]
DELTAS = [0, 1, 2, 30, 50.9, 51, 60, 61, 90, 1800, 3000, 3060, 3600, 5400, 7200, 9000, 72000, 86400, 90000, 200000, 400000, 600000, 1000000, 2300000, 3000000, 8000000, 27000000, 40000000, 99999999]
UNITS = ["year", "month", "week", "day", "hour", "minute", "second"]


class App:
    """A Flask app whose language and time zone are what is asked for."""

    def __init__(self, folder=None):
        self.locale, self.zone = "en", "UTC"
        self.app = flask.Flask("translations")
        if folder:
            self.app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(folder)
        flask_babel.Babel(self.app, locale_selector=lambda: self.locale, timezone_selector=lambda: self.zone)

    def ask(self, locale, zone, call):
        self.locale, self.zone = locale, zone
        with self.app.test_request_context():
            return call()


def moment(kind, text):
    if kind == "date":
        return date.fromisoformat(text[:10])
    if kind == "time":
        return time.fromisoformat(text[11:])
    value = datetime.fromisoformat(text)
    return value.replace(tzinfo=timezone.utc) if kind == "aware" else value


def dates(app, chance):
    functions = {"date": flask_babel.format_date, "time": flask_babel.format_time, "datetime": flask_babel.format_datetime}
    cases = []
    for locale in LOCALES:
        for number in range(60):
            do = chance.choice(list(functions))
            kind = chance.choice(["naive", "aware", {"datetime": "naive"}.get(do, do)])
            patterns = {"date": DATE_PATTERNS, "time": TIME_PATTERNS + ZONE_PATTERNS, "datetime": DATE_PATTERNS + TIME_PATTERNS + ZONE_PATTERNS}[do]
            form = chance.choice(LENGTHS) if number % 2 else chance.choice(patterns)
            # The names of zones and the daylight saving time of a time alone depend on the day.
            zone = "UTC" if kind == "time" else chance.choice(ZONES)
            rebase = kind not in ("naive", "aware") or chance.random() < 0.8
            text = chance.choice(MOMENTS)
            try:
                out = app.ask(locale, zone, lambda: functions[do](moment(kind, text), form, rebase=rebase))
            except (AttributeError, ValueError, KeyError):
                continue
            cases.append({"locale": locale, "zone": zone, "do": do, "kind": kind, "value": text, "format": form, "rebase": rebase, "out": out})
    return cases


def value_of(text):
    """The number as an int, a float or a decimal, whichever shows the same digits."""
    if text.lstrip("-").isdigit():
        return int(text)
    return float(text) if repr(float(text)) == text else Decimal(text)


def numbers(app, chance):
    cases = []
    for locale in LOCALES:
        for _ in range(90):
            do, text = chance.choice(["decimal", "percent", "scientific", "currency", "currency"]), chance.choice(NUMBERS)
            case = {"locale": locale, "do": do, "value": text}
            if do == "currency":
                case |= {"currency": chance.choice(CURRENCIES), "format": chance.choice(CURRENCY_PATTERNS), "digits": chance.random() < 0.8,
                         "type": chance.choice(["standard", "standard", "accounting", "name"])}
                if case["type"] == "name":
                    case["format"] = None
                call = lambda: flask_babel.format_currency(value_of(text), case["currency"], case["format"], case["digits"], case["type"])
            else:
                case["format"] = chance.choice({"decimal": NUMBER_PATTERNS, "percent": PERCENT_PATTERNS, "scientific": SCIENTIFIC_PATTERNS}[do])
                call = lambda: getattr(flask_babel, f"format_{do}")(value_of(text), case["format"])
            cases.append(case | {"out": app.ask(locale, "UTC", call)})
    return cases


def words(app, chance):
    cases = []
    for locale in LOCALES:
        for _ in range(25):
            seconds, way = chance.choice(DELTAS), chance.choice([1, -1])
            case = {"locale": locale, "do": "timedelta", "value": seconds * way, "granularity": chance.choice(["second", "second", *UNITS]), "direction": chance.random() < 0.5,
                    "threshold": chance.choice([0.85, 0.85, 0.5, 1.2])}
            out = app.ask(locale, "UTC", lambda: flask_babel.format_timedelta(timedelta(seconds=case["value"]), case["granularity"], case["direction"], case["threshold"]))
            cases.append(case | {"out": out})
        for style in ["standard", "standard-short", "or", "or-short", "unit", "unit-short", "unit-narrow"]:
            items = chance.choice([["a"], ["a", "b"], ["a", "b", "c"], ["{0}", "{1}", "c", "d"], []])
            try:
                case = {"locale": locale, "do": "list", "value": items, "style": style, "out": format_list(items, style, locale)}
            except KeyError:
                continue  # Babel stumbles over styles that have a pattern for two items only.
            if len(items) == 2 and case["out"].count(items[1]) == 2:
                case["differs"] = "Babel writes the second of two items twice where a style has no pattern for two"
            cases.append(case)
        for width in ["wide", "abbreviated", "narrow"]:
            named = Locale.parse(locale)
            cases.append({"locale": locale, "do": "months", "width": width, "out": [named.months["format"][width][n] for n in range(1, 13)]})
            cases.append({"locale": locale, "do": "days", "width": width, "out": [named.days["format"][width][n] for n in range(7)]})
    return cases


def locales(chance):
    cases = []
    ids = sorted(localedata.locale_identifiers())
    names = ids[::5] + ["zh_TW", "zh_HK", "zh-Hans-CN", "sr_RS", "sr_ME", "no", "no_NO", "iw", "in_ID", "tl", "mo", "pt_br", "EN_us", "en_US.UTF-8", "de_DE@euro", "ca_ES_VALENCIA", "en_150", "es_419", "C", "POSIX", "C.UTF-8",
                        "und_AT", "cmn", "yue_CN", "pa_PK", "uz_AF", "sh", "sh_BA", "en_ZZ", "en_XX", "xx", "", "de_", "_de", "de__AT", "not_a_locale", "en_US_foo", "de_DE_1996", "ku_TR", "az_IR", "mn_CN", "hi_Latn", "de-AT"]
    for name in names:
        # Hyphens are underscores here: a browser writes them.
        case = {"do": "parse", "name": name}
        try:
            found = Locale.parse(name.replace("-", "_"))
            case["out"] = {"name": str(found), "display": found.get_display_name() or str(found), "in_de": found.get_display_name("de") or str(found), "language": found.get_language_name() or "",
                           "territory": found.get_territory_name(), "rtl": found.text_direction == "rtl"}
        except (UnknownLocaleError, ValueError, TypeError):
            case["out"] = None
        cases.append(case)
    for _ in range(300):
        preferred, available = chance.sample(LOCALES, 3), chance.sample(LOCALES + ["ja_JP", "nb_NO", "ar_SY"], 6)
        found = Locale.negotiate(preferred, available)
        cases.append({"do": "negotiate", "preferred": preferred, "available": available, "out": str(found) if found else None})
    return cases


def plurals():
    rules = sorted({get_plural(locale) for locale in localedata.locale_identifiers()} | set(PLURALS.values()))
    rules += [(6, "n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5"), (2, "!(n == 1)"), (3, "n<=1?n:2"), (4, "(n-1)/3%4"), (2, "n*2+1>5||n==0")]
    gettext_rules = []
    for count, expression in rules:
        chosen = stdlib_gettext.c2py(expression)
        gettext_rules.append({"rule": f"nplurals={count}; plural={expression};", "out": "".join(str(int(chosen(n))) for n in range(1001))})
    numbers_ = [*range(0, 130), 200, 201, 202, 1000, 1001, 10000, 100000, 1000000, 1000001, "0.0", "0.1", "0.5", "1.0", "1.1", "1.5", "1.50", "2.0", "2.1", "0.02", "3.14", "11.0", "100.5", "1000000.0"]
    cldr = []
    for language in sorted({locale.split("_")[0] for locale in localedata.locale_identifiers()}):
        rule = Locale.parse(language).plural_form
        cldr.append({"locale": language, "numbers": [str(n) for n in numbers_], "out": " ".join(rule(n if isinstance(n, int) else Decimal(n)) for n in numbers_)})
    return {"gettext": gettext_rules, "cldr": cldr}


HELLO = {"de": "Hallo %(name)s!", "pl": "Cześć %(name)s!", "ru": "Привет, %(name)s!", "ar": "مرحبا %(name)s!", "ja": "こんにちは、%(name)s！", "fr": "Bonjour %(name)s !", "en_GB": "Hullo %(name)s!"}


def po(locale):
    count, rule = get_plural(locale)
    forms = "\n".join(f'msgstr[{n}] "{locale} {n}: %(num)d"' for n in range(count))
    return f'''# {locale}
msgid ""
msgstr ""
"POT-Creation-Date: 2026-11-29 12:00+0000\\n"
"PO-Revision-Date: 2026-11-29 12:00+0000\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Language: {locale}\\n"
"Plural-Forms: nplurals={count}; plural={rule};\\n"

msgid "Hello %(name)s!"
msgstr "{HELLO[locale]}"

msgid "%(num)d apple"
msgid_plural "%(num)d apples"
{forms}

msgctxt "fruit"
msgid "%(num)d date"
msgid_plural "%(num)d dates"
{forms.replace(locale, locale + " fruit")}

msgid "plain"
msgstr "{locale} plain & <b>bold</b>"

msgctxt "menu"
msgid "Open"
msgstr "{locale} \\"Open\\"\\n"

#, fuzzy
msgid "fuzzy"
msgstr "{locale} fuzzy"

msgid "empty"
msgstr ""

msgid "100%%"
msgstr "{locale} 100%%"

msgid "half"
msgid_plural "halves"
msgstr[0] "{locale} half"
{chr(10).join(f'msgstr[{n}] ""' for n in range(1, count))}

msgid "a %(x)s b"
msgstr "{locale} a %(x)s b"

#~ msgid "gone"
#~ msgstr "{locale} gone"
'''


CALLS = [("gettext", [m], kw) for m, kw in [("plain", {}), ("fuzzy", {}), ("empty", {}), ("gone", {}), ("missing", {}), ("Hello %(name)s!", {"name": "Ada"}), ("Hello %(name)s!", {"name": "<b>"}), ("Hello %(name)s!", {}), ("100%", {}),
                                            ("100%%", {}), ("100%%", {"x": 1}), ("missing %(a)s %(b)05.1f %(c)x", {"a": "ä", "b": 2.5, "c": 255}), ("%(num)d apple", {}), ("Open", {})]]
CALLS += [("ngettext", ["%(num)d apple", "%(num)d apples", n], {}) for n in [0, 1, 2, 3, 5, 11, 12, 21, 22, 25, 100, 101, 102, 103, 111, 1000000]]
CALLS += [("ngettext", ["half", "halves", n], {}) for n in [0, 1, 2, 5]]
CALLS += [("ngettext", ["%(num)d thing of %(who)s", "%(num)d things of %(who)s", n], {"who": "Ada"}) for n in [0, 1, 2]]
CALLS += [("pgettext", ["menu", "Open"], {}), ("pgettext", ["door", "Open"], {}), ("pgettext", ["menu", "Missing %(x)s"], {"x": 1})]
CALLS += [("npgettext", ["fruit", "%(num)d date", "%(num)d dates", n], {}) for n in [0, 1, 2, 7, 11]]
CALLS += [("npgettext", ["day", "%(num)d date", "%(num)d dates", n], {}) for n in [1, 2]]

TEMPLATES = [
    "{{ _('plain') }}", "{{ gettext('plain') }}", "{{ _('Hello %(name)s!', name=name) }}", "{{ _('missing <i>') }}", "{{ _('100%%') }}", "{{ ngettext('%(num)d apple', '%(num)d apples', n) }}",
    "{{ ngettext('%(num)d apple of %(name)s', '%(num)d apples of %(name)s', n, name=name) }}", "{{ pgettext('menu', 'Open') }}|", "{{ npgettext('fruit', '%(num)d date', '%(num)d dates', n) }}",
    "{% trans %}plain{% endtrans %}", "{% trans %}Hello {{ name }}!{% endtrans %}", "{% trans name=user.name %}Hello {{ name }}!{% endtrans %}", "{% trans name=name|upper %}Hello {{ name }}!{% endtrans %}",
    "{% trans num=n %}{{ num }} apple{% pluralize %}{{ num }} apples{% endtrans %}", "{% trans count=items|length %}one of {{ name }}{% pluralize %}{{ count }} of {{ name }}{% endtrans %}",
    "{% trans n %}{{ n }} x{% pluralize n %}{{ n }} xs{% endtrans %}", "{% trans a=n, b=items|length %}{{ a }}{% pluralize b %}{{ b }} {{ a }}{% endtrans %}",
    "{% trans %}100%{% endtrans %}", "{% trans 'menu' %}Open{% endtrans %}|", "{% trans \"door\" %}Open{% endtrans %}", "{% trans 'fruit' num=n %}{{ num }} date{% pluralize %}{{ num }} dates{% endtrans %}",
    "a {%- trans %} plain {% endtrans -%} b", "a {% trans -%} plain {%- endtrans %} b", "{% trans trimmed %}\n  Hello\n   {{ name }}!\n{% endtrans %}", "{% trans trimmed name=user.name %}\n Hello {{ name }}!\n{% endtrans %}",
    "{% trans notrimmed %} x {% endtrans %}|", "{% trans %}a{# note #} {{ x }} b{% endtrans %}", "{% trans %}{% raw %}{{ raw }}{% endraw %}{% endtrans %}", "{% for i in items %}{% trans %}{{ i }}: {{ name }}{% endtrans %};{% endfor %}",
    "{% trans x=html %}a {{ x }} b{% endtrans %}", "{% trans x=html|safe %}a {{ x }} b{% endtrans %}", "{{ _(name) }}", "{{ _('a %(x)s b', x=_('plain')) }}", "{% set t %}{% trans %}plain{% endtrans %}{% endset %}{{ t }}",
    "{% trans x=n %}{{ x }}{% pluralize %}\n{{ x }}\n{% endtrans %}", "{{ 1234.5|numberformat }} {{ 0.5|percentformat }} {{ 9.5|currencyformat('EUR') }} {{ 12345|scientificformat }} {{ 1.5|decimalformat('0.00') }}",
    "{% macro m(x) %}{% trans %}Hello {{ x }}{% endtrans %}{% endmacro %}{{ m(name) }}", "{{ _('tab\\tnew\\nline \\'q\\'') }}", "{% trans %}\"quoted\" \\ 'text'{% endtrans %}",
]
CONTEXT = {"name": "<Ada>", "user": {"name": "Bob & Co"}, "items": [1, 2, 3], "html": "<i>&</i>", "x": "X"}


def messages():
    found = []
    with tempfile.TemporaryDirectory() as folder:
        compiled = {}
        for locale in HELLO:
            place = Path(folder) / locale / "LC_MESSAGES"
            place.mkdir(parents=True)
            out = io.BytesIO()
            write_mo(out, read_po(io.BytesIO(po(locale).encode()), locale=locale))
            compiled[locale] = out.getvalue()
            (place / "messages.mo").write_bytes(out.getvalue())
        app = App(folder)
        for locale in [*HELLO, "de_AT", "pl_PL", "es"]:
            cases = []
            for function, arguments, values in CALLS:
                try:
                    text = app.ask(locale, "UTC", lambda: getattr(flask_babel, function)(*arguments, **values))
                except (TypeError, ValueError, KeyError):
                    continue
                cases.append({"do": function, "args": arguments, "values": values, "out": str(text)})
            for number, template in enumerate(TEMPLATES):
                for n in ([0, 1, 2, 5, 21] if "n" in template and "num" in template or "n)" in template or "{% trans n" in template else [2]):
                    context = CONTEXT | {"n": n}
                    text = app.ask(locale, "UTC", lambda: flask.render_template_string(template, **context))
                    cases.append({"do": "template", "template": template, "context": context, "out": text})
            found.append({"locale": locale, "cases": cases})
        catalogs = [{"locale": locale, "po": po(locale), "mo": base64.b64encode(compiled[locale]).decode()} for locale in HELLO]
    return {"catalogs": catalogs, "languages": found}


def main(output):
    chance = random.Random(20261129)
    app = App()
    files = {"dates": dates(app, chance), "numbers": numbers(app, chance), "words": words(app, chance), "locales": locales(chance), "plurals": plurals(), "messages": messages()}
    for name, content in files.items():
        if isinstance(content, list):
            text = "[\n" + ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in content) + "\n]\n"
        else:
            text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace('},{"', '},\n{"') + "\n"
        (output / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
