"""Vectors for the tokens of Flask-WTF and Flask-Login. Usage: python tokens.py OUTPUT_FOLDER"""

import json
import pathlib
import random
import string
import sys
import time

import flask_login
import flask_login.utils
import flask_wtf.csrf
from flask import Flask, session
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import EnvironBuilder
from wtforms import ValidationError

rng = random.Random(20_260_602)
NOW = 1_700_000_000
IDS = ["1", "42", "", "ann", "é|x", "a|b|c", "user@example.com", "0" * 64, "日本", "12345678-1234-5678-1234-567812345678", "|", "a b;c,d"]
KEYS = ["dev", "", "k" * 200, "ünï", "a|b", "secret-key"]
AGENTS = ["UA/1.0", "", "it's", 'say "hi"', "it's \"é\" \\ x", "tab\there", "Mozilla/5.0 (X11; Linux x86_64)", "日本", "\x80\xff"]
ADDRESSES = ["127.0.0.1", "::1", "1.2.3.4, 5.6.7.8", "", " 10.0.0.1 , x", "it's"]


def at(seconds):
    time.time = lambda: seconds


def word():
    return "".join(rng.choice(string.printable[:95] + "éß日😀") for _ in range(rng.randrange(1, 20)))


def tampered(text):
    if not text:
        return "x"
    index = rng.randrange(len(text))
    match rng.randrange(4):
        case 0:
            return text[:index] + text[index + 1 :]
        case 1:
            return text[:index] + rng.choice("aA0|.-_=é") + text[index + 1 :]
        case 2:
            return text + rng.choice("aA0|.=")
        case _:
            return text[index:]


def csrf():
    generated, checked = [], []
    for _ in range(120):
        key, raw, when = rng.choice([*KEYS[:1], *KEYS[2:], word()]), rng.choice([rng.randbytes(20).hex(), word()]), NOW + rng.randrange(-10_000, 10_000)
        app = Flask("tokens")
        app.secret_key = key
        with app.test_request_context():
            at(when)
            session["csrf_token"] = raw
            token = flask_wtf.csrf.generate_csrf()
        generated.append({"key": key, "raw": raw, "at": when, "token": token})
    for case in generated:
        for _ in range(3):
            limit = rng.choice([3600, 3600, 60, None, 0])
            age = rng.choice([0, 1, 59, 60, 61, 3599, 3600, 3601, -1, 10**6])
            token = rng.choice([case["token"]] * 4 + [tampered(case["token"]), "", URLSafeTimedSerializer(case["key"], salt="other").dumps(case["raw"])])
            raw = rng.choice([case["raw"]] * 5 + ["another", None])
            key = rng.choice([case["key"]] * 6 + ["wrong"])
            app = Flask("tokens")
            app.secret_key = key
            app.config["WTF_CSRF_TIME_LIMIT"] = limit
            with app.test_request_context():
                at(case["at"] + age)
                if raw is not None:
                    session["csrf_token"] = raw
                try:
                    flask_wtf.csrf.validate_csrf(token)
                    error = None
                except ValidationError as wrong:
                    error = str(wrong)
                except TypeError:  # Python compares no text beyond ASCII in constant time, and the view fails.
                    continue
            checked.append({"key": key, "raw": raw, "limit": limit, "at": case["at"] + age, "token": token, "error": error})
    return generated, checked


def remember():
    made, read = [], []
    for key in KEYS:
        for user_id in [*IDS, word(), word()]:
            value = flask_login.encode_cookie(user_id, key=key)
            made.append({"key": key, "id": user_id, "value": value})
            for text in [value, tampered(value), tampered(value), value.upper(), value.split("|")[0]]:
                try:
                    found = flask_login.decode_cookie(text, key=key)
                except TypeError:  # As above.
                    found = None
                read.append({"key": key, "value": text, "id": found})
    return made, read


def identifiers():
    cases = []
    app = Flask("tokens")
    for agent in [None, *AGENTS]:
        for address in [None, *ADDRESSES]:
            environ = EnvironBuilder(environ_base={"REMOTE_ADDR": "192.0.2.7"}).get_environ()
            # A server hands the bytes of a field on as Latin-1.
            if agent is not None:
                environ["HTTP_USER_AGENT"] = agent.encode().decode("latin-1")
            if address is not None:
                environ["HTTP_X_FORWARDED_FOR"] = address
            with app.request_context(environ):
                cases.append({"agent": agent, "forwarded": address, "id": flask_login.utils._create_identifier()})
    return cases


def main(output):
    generated, checked = csrf()
    made, read = remember()
    files = {"csrf.json": {"generated": generated, "checked": checked}, "remember.json": {"made": made, "read": read}, "identifiers.json": identifiers()}
    for name, content in files.items():
        lists = content.items() if isinstance(content, dict) else [(None, content)]
        text = {key: ",\n".join(json.dumps(case, ensure_ascii=True) for case in cases) for key, cases in lists}
        if None in text:
            written = f"[\n{text[None]}\n]\n"
        else:
            written = "{" + ",\n".join(f'"{key}": [\n{cases}\n]' for key, cases in text.items()) + "}\n"
        pathlib.Path(output, name).write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
