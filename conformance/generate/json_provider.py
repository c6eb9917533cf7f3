"""Vectors for carboy's JSON, from Flask's DefaultJSONProvider. Usage: python json_provider.py OUTPUT_FOLDER"""

import datetime
import decimal
import json
import pathlib
import random
import sys
import uuid

import flask

AREA = "json"

FLOATS = [
    0.0, -0.0, 1.0, -1.0, 0.1, 0.5, 1.5, 100.0, 123.456, 1e15, 1e16, 9007199254740993.0, 9999999999999998.0,
    12345678901234567.0, 1e17, 1e21, 1e22, 1e23, 1e100, 1.7976931348623157e308, 5e-324, 2.2250738585072014e-308,
    0.001, 0.0001, 0.00012345, 0.00001, 1e-05, 1.5e-05, 1e-07, 1e-10, 3.141592653589793, 2.5e-10, 123e18,
    4.35, 0.3, 0.30000000000000004, 1 / 3, 2 / 3, 1e-100, 123456789.125, 1234567890123456.7, 0.1 + 0.7,
]  # fmt: skip

STRINGS = [
    "", "a", "é", "日本語", "😀", "\u2028\u2029", "\x7f", "\x80", "\xff", "\x00\x01\x1f", "\b\t\n\f\r", "\"\\/'",
    "<script>alert(1)</script>&amp;", "\ufeff", "\uffff", "\U0010ffff", "a\u0301", "~ }{", "mixed é ascii \n end",
]  # fmt: skip

OBJECTS = [
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, -(2**63), 2**63 - 1, 2**64 - 1,
    [], {}, [[]], [{}], {"a": []}, {"a": {}}, [1, 2, 3], [1, [2, [3, [4]]]], {"b": 1, "a": 2, "C": 3},
    {"b": {"z": 1, "y": 2}, "a": [{"d": 1, "c": 2}]}, {"é": 1, "z": 2, "a": 3, "😀": 4, "\uffff": 5},
    {"": 1, " ": 2, "!": 3}, {"a\"b": 1, "a b": 2, "a\\b": 3, "a\nb": 4, "a": 5}, {"1": 1, "10": 2, "2": 3},
    {"_": 1, "A": 2, "a": 3, "Z": 4, "z": 5, "0": 6}, {"message": "Hello, World!"},
    {"user": {"id": 7, "name": "Zoë", "tags": ["x", "y"], "score": 1e16, "none": None, "on": True}},
    [{"b": [1, {"d": {"f": 1, "e": 2}, "c": []}], "a": None}, "x", 1.0],
]  # fmt: skip

STYLES = [
    {"sort_keys": s, "ensure_ascii": a, "compact": c, "debug": False}
    for s in (True, False)
    for a in (True, False)
    for c in (None, False)
] + [{"sort_keys": True, "ensure_ascii": True, "compact": None, "debug": True}]


def random_object(rng, depth=0):
    choice = rng.randrange(9 if depth < 4 else 6)
    if choice == 0:
        return rng.choice(FLOATS)
    if choice == 1:
        return rng.choice([None, True, False])
    if choice == 2:
        return rng.randrange(-(10**6), 10**6)
    if choice < 6:
        return rng.choice(STRINGS)
    if choice == 6:
        return [random_object(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {
        rng.choice(STRINGS) + rng.choice("abcxyz"): random_object(rng, depth + 1) for _ in range(rng.randrange(5))
    }


def writing():
    app = flask.Flask("vectors")
    rng = random.Random(7)
    values = OBJECTS + FLOATS + STRINGS + [random_object(rng) for _ in range(340)]
    rows = []
    for value in values:
        results = []
        for style in STYLES:
            app.json.sort_keys = style["sort_keys"]
            app.json.ensure_ascii = style["ensure_ascii"]
            app.json.compact = style["compact"]
            app.debug = style["debug"]
            with app.app_context():
                results.append([app.json.dumps(value), app.json.response(value).get_data(as_text=True)])
        rows.append({"value": value, "results": results})
    return {"styles": STYLES, "rows": rows}


def special():
    """What is no JSON, by name: floats that are no numbers, keys that are no text, Flask's extra types."""
    app = flask.Flask("vectors")
    utc = datetime.timezone.utc
    samples = {
        "nan": [float("nan"), float("inf"), float("-inf")],
        "int keys": {10: 1, 2: 2, -3: 3},
        "bool keys": {True: 1, False: 2},
        "float keys": {1.5: 1, 0.5: 2, 1e16: 3},
        "datetime": datetime.datetime(2023, 11, 14, 22, 13, 20, 999999, tzinfo=utc),
        "early datetime": datetime.datetime(1, 1, 1, tzinfo=utc),
        "late datetime": datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=utc),
        "date": datetime.date(2000, 2, 29),
        "uuid": uuid.UUID("12345678123456781234567812345678"),
        "decimal": decimal.Decimal("1.10"),
    }
    with app.app_context():
        return {name: app.json.dumps(sample) for name, sample in samples.items()}


def reading():
    app = flask.Flask("vectors")
    texts = [
        "{}", " [1, 2] ", "\t\n\r 1", "1.0", "1e5", "1E+5", "-0", "-0.0", "01", "+1", ".5", "1.", "1e", "", " ",
        '"a"', "'a'", "{'a': 1}", '{"a": 1,}', "[1,]", "[1 2]", '{"a" 1}', "nul", "null", "NULL", "True", "true",
        "NaN", "Infinity", "-Infinity", "[NaN]", '{"a": 1, "a": 2}', '{"a": {"b": 1, "b": 2}, "a": {"b": 3}}',
        '"\\ud83d\\ude00"', '"\\ud800"', '"\\udc00"', '"\\u00e9"', '"\\x41"', '"\\u12"', '"tab\there"', '"nl\nhere"',
        '"\x7f"', "1 2", "{} x", "// c\n1", "1e400", "-1e400", "123456789012345678901234567890", "\ufeff{}",
        '{"b": 1, "a": 2}', "[" * 100 + "]" * 100, "[" * 100000 + "]" * 100000, '{"a":' * 100 + "1" + "}" * 100,
        "9223372036854775807", "18446744073709551615", "-9223372036854775808", "0.1", "1e-400",
    ]  # fmt: skip
    raw = [text.encode() for text in texts] + [b"\xff", b'"\xc3"', b'"\xc3\xa9"', b'"\xed\xa0\x80"', b"\x00"]
    rows = []
    for data in raw:
        with app.app_context():
            try:
                value = app.json.loads(data)
            except (ValueError, RecursionError):
                rows.append({"text": data.decode("latin-1") if len(data) < 5000 else len(data) // 2, "ok": False})
                continue
        row = {"text": data.decode("latin-1"), "ok": True}
        # NaN, infinities and lone surrogates cannot stand in this file.
        row["json"] = json.dumps(value) if "N" not in json.dumps(value) else None
        if data in (b"-0", b"123456789012345678901234567890"):
            row["differs"] = "a JSON value holds no such integer: it is read as a float"
        elif data.strip(b'-[]"').startswith((b"NaN", b"Infinity", b"1e400", b"\\ud800", b"\\udc00", b"\xed\xa0")):
            row["differs"] = "RFC 8259 forbids it, or no text of Rust holds it"
        rows.append(row)
    return rows


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    written = writing()
    lines = ",\n".join(json.dumps(row) for row in written["rows"])
    styles = json.dumps(written["styles"])
    (folder / "writing.json").write_text('{"styles": ' + styles + ',\n"rows": [\n' + lines + "\n]}\n")
    (folder / "special.json").write_text(json.dumps(special(), indent=1) + "\n")
    text = "[\n" + ",\n".join(json.dumps(row) for row in reading()) + "\n]\n"
    (folder / "reading.json").write_text(text)


if __name__ == "__main__":
    main()
