"""Vectors of configuration: Flask's Config and its dotenv loading, observed.

Usage: python config.py OUTPUT_FOLDER
"""

import json
import math
import os
import sys
import tempfile
from datetime import timedelta
from io import StringIO
from pathlib import Path
from unittest import mock

import dotenv
from flask import Config, Flask
from flask.cli import load_dotenv
from flask.helpers import get_debug_flag


def plain(value):
    """The value as JSON; what JSON cannot hold is marked."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]}
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**64:
        return {"$int": str(value)}
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


def environment(variables):
    return mock.patch.dict(os.environ, variables, clear=True)


SCALARS = [
    "true", "false", "null", "True", "False", "None", "TRUE", "1", "0", "-0", "-1", "007", "-", "+1", "1.", ".5", "1.5",
    "-1.5", "1e3", "1E3", "1e+3", "1e-3", "1e", "1e400", "-1e400", "5e-324", "1e-400", "0.1", "-0.0", "0x10", "1_000", "1,2",
    "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616",
    "-9223372036854775808", "-9223372036854775809", "123456789012345678901234567890", "9" * 4300, "9" * 4301,
    "NaN", "nan", "-NaN", "Infinity", "-Infinity", "+Infinity", "inf",
    "", " ", " 1 ", "\t2\n", "\u00a03", "\ufeff4", "hello", "hello world", "\"q\"", "\"q", "'q'", "\"a\\nb\"", "\"a\nb\"",
    "\"\\u00e9\"", "\"\\ud83d\\ude00\"", "\"\\x41\"", "\"\\/\"", "é", "\"é\"", "\"\\é\"", "\"\\",
    "[]", "[1,2]", "[1, 2]", "[1,2,]", "[,]", "[1 2]", "[", "[[1],[]]", "[NaN,1e999]", "[true,null,\"x\"]",
    "{}", "{\"k\":1}", "{\"k\": {\"l\": [1]}}", "{\"k\":1,\"k\":2}", "{\"b\":1,\"a\":2}", "{k:1}", "{'k':1}", "{\"k\"}",
    "{\"k\":}", "{\"k\":1,}", "{\"\":0}", "{1:2}", "1 2", "true false", "truex", "nullx", "postgres://u:p@h/db",
    "sqlite:///x.db", "a=b", "1 # one", "[\"example.com\", \".example.org\"]", "2678400", "\"007\"", "3600s",
]

PREFIXED = [
    ({"FLASK_A": "1", "FLASK_B": "x"}, "FLASK"),
    ({"SHOP_A": "1", "FLASK_A": "2"}, "SHOP"),
    ({"SHOP": "1", "SHOPA": "2", "SHOP_": "3"}, "SHOP"),
    ({"FLASK_lower": "x", "FLASK_Mixed": "y"}, "FLASK"),
    ({"FLASK_A__B__C": "1"}, "FLASK"),
    ({"FLASK_A__B": "1", "FLASK_A__C": "two", "FLASK_A__D__E": "[3]"}, "FLASK"),
    ({"FLASK_A": "{\"B\": 1, \"C\": {\"D\": 2}}", "FLASK_A__B": "9", "FLASK_A__C__E": "3"}, "FLASK"),
    ({"FLASK_R__": "t"}, "FLASK"),
    ({"FLASK___X": "t"}, "FLASK"),
    ({"FLASK_A___B": "t"}, "FLASK"),
    ({"FLASK_A____B": "t"}, "FLASK"),
    ({"FLASK_A__b__C": "1", "FLASK_A__B__c": "2"}, "FLASK"),
    ({"FLASK_A": "1", "FLASK_A__B": "2"}, "FLASK"),
    ({"FLASK_A": "1.5", "FLASK_A__B": "2"}, "FLASK"),
    ({"FLASK_A": "text", "FLASK_A__B": "2"}, "FLASK"),
    ({"FLASK_A": "null", "FLASK_A__B": "2"}, "FLASK"),
    ({"FLASK_A": "true", "FLASK_A__B": "2"}, "FLASK"),
    ({"FLASK_A": "{\"B\": 1}", "FLASK_A__B__C": "2"}, "FLASK"),
    ({"FLASK_SECRET_KEY": "dev", "FLASK_DEBUG": "1", "FLASK_RUN_PORT": "8000"}, "FLASK"),
    ({"FLASK_DEBUG": "no"}, "FLASK"),
    ({"FLASK_TESTING": "true", "FLASK_PERMANENT_SESSION_LIFETIME": "60"}, "FLASK"),
    ({"_A": "1", "__B": "2"}, ""),
    ({"A_B_C": "1", "A_B": "2", "A_C": "3"}, "A_B"),
]


def prefixed(variables, prefix):
    config = Config(".")
    case = {"env": variables, "prefix": prefix}
    with environment(variables):
        try:
            config.from_prefixed_env(prefix)
        except TypeError as error:
            return case | {"error": str(error)}
    return case | {"config": plain(dict(config))}


KEYS = [
    "A", "a", "Ab", "AB", "A1", "1", "1A", "_", "_X", "_x", "A_b", "", " ", "A B", "É", "é", "ÉA", "ß", "ẞ", "Ǆ", "ǅ", "ǆ",
    "Aǅ", "Ⅷ", "ⅷ", "Ⓐ", "ⓐ", "日", "日A", "A-B", "A.b", "ª", "Aª", "Σ", "ς", "𝐀", "𝐚", "ᾈ", "SECRET_KEY", "secret_key",
]

NAMESPACE_CONFIG = {
    "IMAGE_STORE_TYPE": "fs", "IMAGE_STORE_PATH": "/var/app/images", "IMAGE_STORE_BASE_URL": "http://img", "IMAGE_STORE_": 1,
    "IMAGE": 2, "IMAGE_STORE": 3, "OTHER": 4,
}
NAMESPACES = [("IMAGE_STORE_", True, True), ("IMAGE_STORE_", False, True), ("IMAGE_STORE_", True, False),
              ("IMAGE_STORE_", False, False), ("IMAGE_", True, True), ("NOPE_", True, True), ("OTHER", True, True)]

DOTENV = [
    "", "\n\n", "A=1", "A=1\n", "A=1\r\nB=2\r\n", "A=1\rB=2", "A = 1", "A= 1", "A =1", "  A=1", "\tA=1  ", "A=", "A= ", "A",
    "A\nB=1", "export A=1", "export  A = 1", "export", "export=1", "exportA=1", "EXPORT A=1", "export A", "# comment", "#A=1",
    "A=1 # comment", "A=1# no comment", "A=1 #", "A=#x", "A= #x", "A=a #b #c", "A=a#b #c", "A # comment", "A#x", "A =",
    "A='x'", "A='x' # c", "A='x'#c", "A='x' y", "A='x\\'y'", "A='x\\\\y'", "A='x\\ny'", "A='x # y'", "A='x\ny'", "A='x", "A=x'",
    "A='", "A=''", "A=''''", "A='x\\'", "A='x\\' # it''s", "A='a\\'b' c'", "A='a\\\nb'", "A='a\\\\'\nB=1",
    "A=\"x\"", "A=\"x\" # c", "A=\"x\"y", "A=\"x\\\"y\"", "A=\"x\\ny\\tz\"", "A=\"\\a\\b\\f\\n\\r\\t\\v\\\\\\'\\\"\"", "A=\"\\q\\x41\"",
    "A=\"x\ny\"\nB=1", "A=\"x\r\ny\"", "A=\"x", "A=\"x\\\"", "A=\"\\\\\"", "A=\"\\\\n\"", "A=\"'x'\"", "A='\"x\"'", "A=\"x # y\"",
    "'A'=1", "'A B'=1", "'A=B'=1", "''=1", "'A", "\"A\"=1", "A B=1", "A=1=2", "=1", "=", "A==1", "A.B-C=1", "é=ü", "A=é ü",
    "A=\u00a0x\u00a0", "A=x\u2003#c", "A=x\x1cy", "A=1\x0bB=2", "A=1\x0cB", "\ufeffA=1",
    "A=1\nA=2", "A=1\nB=2\nA=3", "A=1\nA", "bad line here\nA=1", "A=1\nbad line\nB=2", "A='x' y\nB=2", "A='x\nB=2\n'C=3\nD=4",
    "A=${B}", "B=1\nA=${B}", "A=${B}\nB=1", "A=${OUT}", "A=${OUT}-${OUT}", "OUT=in\nA=${OUT}", "A=${NO}", "A=${NO:-d}",
    "A=${NO:-}", "A=${OUT:-d}", "A=${EMPTY:-d}", "A=${NO:-${OUT}}", "A=${NO:-a b}", "A=${NO:d}", "A=${NO-d}", "A=$OUT", "A=${OUT",
    "A=${}", "A=${:-x}", "A=$${OUT}", "A='${OUT}'", "A=\"${OUT}\"", "A=\\${OUT}", "A=${O UT}", "A\nB=${A}", "A\nB=${A:-d}",
    "A=${A}", "A=1\nA=${A}2", "A=${NO:-x:y}", "A=${NO:-x}y}", "A={OUT}", "A=${${OUT}}", "A=x${OUT}y ${OUT} # ${OUT}",
    "SECRET='a#b$c'\nURL=postgres://u:p@h/db?x=1#f\n", "A=\"-----BEGIN-----\nabc\n-----END-----\"\nB=1", "A=1;B=2", "A=1 B=2",
    "A: 1", "set A=1", "A=true", "A=[1, 2] # list", "A={\"k\": \"v\"}", "A=\"{\\\"k\\\": 1}\"", "A=`x`", "A=a\\nb", "A=\\",
]

PRECEDENCE = [
    ({}, {}),
    ({}, {".env": "A=env"}),
    ({}, {".flaskenv": "A=flaskenv"}),
    ({}, {".env": "A=env", ".flaskenv": "A=flaskenv\nB=flaskenv"}),
    ({"A": "real"}, {".env": "A=env", ".flaskenv": "A=flaskenv\nB=flaskenv"}),
    ({"A": "real"}, {".env": "A=env\nB=env", ".flaskenv": "A=flaskenv", "explicit": "A=explicit"}),
    ({}, {".env": "A=env\nB=env", "explicit": "A=explicit\nC=${A}"}),
    ({}, {".env": "A\nB=1", ".flaskenv": "A=flaskenv"}),
    ({"A": ""}, {".env": "A=env"}),
    ({"A": "real"}, {".env": "A=env\nB=${A}", ".flaskenv": "C=${A}"}),
    ({}, {"../.env": "A=up"}),
    ({}, {"../.env": "A=up\nB=up", ".env": "A=here"}),
    ({}, {"../.flaskenv": "A=up\nB=up", ".env": "A=here"}),
]


def precedence(variables, files):
    with tempfile.TemporaryDirectory() as top:
        here = Path(top, "here")
        here.mkdir()
        for name, text in files.items():
            (here / name).write_text(text, newline="")
        before = os.getcwd()
        os.chdir(here)
        try:
            with environment(variables):
                load_dotenv(here / "explicit" if "explicit" in files else None)
                result = dict(os.environ)
        finally:
            os.chdir(before)
    return {"env": variables, "files": files, "result": result}


def dotenv_values(text):
    with environment({"OUT": "outside", "EMPTY": ""}):
        return dict(dotenv.dotenv_values(stream=StringIO(text, newline="")))


def debug_flag(value):
    with environment({} if value is None else {"FLASK_DEBUG": value}):
        return get_debug_flag()


def from_mapping(keys):
    config = Config(".")
    config.from_mapping({key: 1 for key in keys})
    return list(config)


def namespace(arguments):
    config = Config(".", NAMESPACE_CONFIG)
    return {"arguments": arguments, "result": config.get_namespace(*arguments)}


def main(folder):
    with environment({}):
        defaults = plain(dict(Flask("vectors").config))
    flags = [None, "", "0", "1", "2", "true", "True", "false", "False", "FALSE", "no", "No", "NO", "n", "off", "yes", " ", " 0", "00"]
    vectors = {
        "defaults": defaults,
        "json": [prefixed({"FLASK_V": text}, "FLASK") for text in SCALARS],
        "prefixed": [prefixed(*case) for case in PREFIXED],
        "mapping": {"keys": KEYS, "taken": from_mapping(KEYS)},
        "namespace": {"config": NAMESPACE_CONFIG, "cases": [namespace(n) for n in NAMESPACES]},
        "dotenv": [{"text": text, "values": dotenv_values(text)} for text in DOTENV],
        "precedence": [precedence(*case) for case in PRECEDENCE],
        "debug": [{"value": value, "on": debug_flag(value)} for value in flags],
    }
    out = Path(folder, "config.json")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(vectors, indent=1, ensure_ascii=True, sort_keys=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
