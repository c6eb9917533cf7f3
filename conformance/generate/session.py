"""Vectors for carboy's sessions, from Flask. Usage: python session.py OUTPUT_FOLDER"""

import copy
import datetime
import json
import pathlib
import random
import sys
import uuid
import zlib

import flask
import flask.sessions
import itsdangerous
from itsdangerous.encoding import base64_encode
from markupsafe import Markup

NOW = 1_700_000_000
UTC = datetime.timezone.utc
INTERFACE = flask.sessions.SecureCookieSessionInterface()


class FrozenDatetime(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.fromtimestamp(NOW, tz)


flask.sessions.datetime = FrozenDatetime
clock = NOW
itsdangerous.TimestampSigner.get_timestamp = lambda self: clock


def make_app(**config):
    app = flask.Flask("vectors")
    app.config.update(SECRET_KEY="dev", **config)
    return app


def shape(value):
    """A value with its Python type, as JSON that tells them apart."""
    if value is None or isinstance(value, bool):
        return ["const", value]
    if isinstance(value, int):
        return ["int", str(value)]
    if isinstance(value, float):
        return ["float", repr(value)]
    if isinstance(value, Markup):
        return ["markup", str(value)]
    if isinstance(value, str):
        return ["str", [ord(char) for char in value] if any("\ud800" <= c <= "\udfff" for c in value) else value]
    if isinstance(value, bytes):
        return ["bytes", list(value)]
    if isinstance(value, tuple):
        return ["tuple", [shape(item) for item in value]]
    if isinstance(value, list):
        return ["list", [shape(item) for item in value]]
    if isinstance(value, uuid.UUID):
        return ["uuid", str(value)]
    if isinstance(value, datetime.datetime):
        return ["datetime", int(value.timestamp())]
    assert isinstance(value, dict), value
    return ["dict", [[key, shape(item)] for key, item in value.items()]]


STRINGS = [
    "", "a", "Zoë", "日本語", "😀", "\x00\x7f\u2028</script>\"\\/", "\b\t\n\f\r\x1f", " t", " di", "x" * 40, "\ud800",
    "a\udfffb", "\uffff", "&lt;b&gt;", "_permanent", "é" * 12,
]  # fmt: skip
NUMBERS = [
    0, 1, -1, 2**31, -(2**63), 2**63 - 1, 2**63, 2**64, 2**70, -(2**70), 10**40, 0.0, -0.0, 0.1, 1.0, 1e16, 1e-07,
    1.2345678901234568e17, 5e-324, 1.7976931348623157e308, float("inf"), float("-inf"), float("nan"), 1.5, 123456.75,
]  # fmt: skip
SPECIALS = [
    b"", b"\x00\xff", b"bytes", bytes(range(64)), Markup(""), Markup("<b>x</b>"), Markup("é & \"q\""),
    uuid.UUID("12345678123456781234567812345678"), uuid.UUID(int=0), uuid.UUID(int=2**128 - 1),
    datetime.datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), datetime.datetime(1970, 1, 1, tzinfo=UTC),
    datetime.datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), datetime.datetime(2024, 2, 29, 12, 0, 0),
    datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), datetime.datetime(1900, 1, 1, tzinfo=UTC),
    datetime.datetime(2023, 7, 1, 12, 0, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
    (), (1, "a"), ((),), (1, (2, (3, [4]))), [], [[]], [()], {}, {"a": {}},
    {" t": [1]}, {" t__": 1}, {" di": {}}, {" di": {" t": 1}}, {" b": "AP8="}, {" x": [1]}, {" o": {"type": "Money"}},
    {" t": [1], "b": 2}, {" d": None}, {" di__": 1}, {"__": 1}, {"": 1}, {" ": 1},
]  # fmt: skip


def random_value(rng, depth=0):
    choice = rng.randrange(10 if depth < 4 else 6)
    if choice < 2:
        return rng.choice(STRINGS)
    if choice < 4:
        return rng.choice(NUMBERS)
    if choice == 4:
        return rng.choice([None, True, False])
    if choice == 5:
        return rng.choice(SPECIALS[:17])
    if choice == 6:
        return [random_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    if choice == 7:
        return tuple(random_value(rng, depth + 1) for _ in range(rng.randrange(4)))
    keys = [" t", " b", " x", "a", "b", "é", "Z", "_", "0", "10", "2"]
    return {rng.choice(keys): random_value(rng, depth + 1) for _ in range(rng.randrange(4))}


SESSIONS = (
    [
        {},
        {"user_id": 1},
        {"a": 1},
        {"b": 1, "a": 2, "C": 3},
        {"é": "ü😀"},
        {"_permanent": True, "user_id": 1},
        {"_flashes": [("message", "Hello"), ("error", "Bad")]},
        {"_flashes": [("message", "late")]},
        {"csrf_token": "c6138d514ffa2135bfce0ed0b8fac65669917ec7"},
        {"_user_id": "1", "_fresh": True, "_id": "61f15f2833c7c26e" * 8},
        {"a": [(1, {"k": b"x"})], "f": 1.5, "t": True, "z": None},
        {" t": 1},
        {" b": "AP8=", "a": 1},
        {"a": "x" * 2000},
        {"list": list(range(200))},
        {str(n): n for n in range(30)},
    ]
    + [{"s": text} for text in STRINGS]
    + [{"n": number} for number in NUMBERS]
    + [{"x": special} for special in SPECIALS]
)


def cookies():
    """Every session as Python writes it, and as Python reads that again."""
    rng = random.Random(2)
    sessions = SESSIONS + [
        {rng.choice(["k", "user", "é", " t", "_permanent"]): random_value(rng), "b": random_value(rng)}
        for _ in range(420)
    ]
    app = make_app()
    rows = []
    for session in sessions:
        with app.app_context():
            payload = INTERFACE.serializer.dumps(session)
            signing = INTERFACE.get_signing_serializer(app)
            cookie = signing.dumps(session)
            back = signing.loads(cookie)
            again = INTERFACE.serializer.dumps(back)
        if len(payload) != len(again):
            continue  # a date of the year 50 would be read as another one
        rows.append({"payload": payload, "cookie": cookie, "shape": shape(back), "again": again})
    return rows


def reading():
    """Payloads with a right signature that Python itself would not write."""
    texts = [
        "", " ", "{}", " { } ", "[]", "null", "1", '"text"', "{", '{"a"}', '{"a":}', '{"a":1,}', '{"a":1}x', "{'a':1}",
        '{"a":1 , "b" : [ 1 , 2 ] }', '{"a":1,"a":2}', '{"a":01}', '{"a":-}', '{"a":-0}', '{"a":1.}', '{"a":.5}',
        '{"a":1e5}', '{"a":1E-5}', '{"a":1e400}', '{"a":-1e400}', '{"a":NaN}', '{"a":-NaN}', '{"a":Infinity}',
        '{"a":-Infinity}', '{"a":nan}', '{"a":TRUE}', '{"a":"\\u00e9"}', '{"a":"é😀"}', '{"a":"\\ud83d\\ude00"}',
        '{"a":"\\ud83d"}', '{"a":"\\ude00\\ud83d"}', '{"a":"\\ud83d\\u0041"}', '{"a":"\\ud83dx\\ude00"}',
        '{"a":"\\x"}', '{"a":"\\u12"}', '{"a":"\\u12g4"}', '{"a":"\\u+123"}', '{"a":"\t"}', '{"a":"\\/"}', '{"a":"',
        '{"a":"\\', '{"a":"\\u', '{"\\u0061":1}', '{"a":{" t":[1,2]}}', '{"a":{" t":[]}}', '{"a":{" t":5}}',
        '{"a":{" b":"AP8="}}', '{"a":{" b":"!"}}', '{"a":{" b":5}}', '{"a":{" m":"<b>"}}', '{"a":{" u":"zz"}}',
        '{"a":{" u":"12345678123456781234567812345678"}}', '{"a":{" u":"12345678-1234-5678-1234-567812345678"}}',
        '{"a":{" d":"Tue, 14 Nov 2023 22:13:20 GMT"}}', '{"a":{" d":"yesterday"}}', '{"a":{" d":""}}',
        '{"a":{" di":{" t__":[1]}}}', '{"a":{" di":{" t":[1]}}}', '{"a":{" di":{}}}', '{"a":{" di":5}}',
        '{"a":{" di":{"b__":1}}}', '{"a":{" di":{" di__":{" t":[1]}}}}', '{"a":{" x":{" t":[1]}}}',
        '{"a":{" t":[1],"b":2}}', '{"a":{" t":[{" t":[{" t":[]}]}]}}', '{" t":[["a",1]]}', '{" di":{" t__":1}}',
        '{" x":1}', "[" * 100000, '{"a":' * 5000, '{"a":' + "[" * 40 + "]" * 40 + "}",
    ]  # fmt: skip
    app = make_app()
    rows = []
    for text in texts:
        with app.app_context():
            signing = INTERFACE.get_signing_serializer(app)
            cookie = signing.make_signer().sign(base64_encode(text.encode())).decode()
            try:
                value = signing.loads(cookie)
                result = {"shape": shape(value)}
            except itsdangerous.BadData as error:
                result = {"error": type(error).__name__}
        if '"!"' in text:
            result["differs"] = "Python's base64 skips what is none"
        if len(text) > 4000:
            rows.append({"repeat": text[:1] if text.startswith("[") else text[:5], "times": len(text.strip()), **result})
        else:
            rows.append({"text": text, "cookie": cookie, **result})
    return rows


def hostile():
    """Cookie fields, and the session that Flask opens for them."""
    global clock
    rng = random.Random(3)
    rows = []

    def add(field, now=NOW, **config):
        global clock
        clock = now
        app = make_app(**config)
        with app.test_request_context(headers={"Cookie": field}) as context:
            try:
                opened = INTERFACE.open_session(app, context.request)
                result = {"shape": shape(dict(opened))}
            except (itsdangerous.BadData, TypeError, ValueError) as error:
                result = {"error": type(error).__name__}
        clock = NOW
        row = {"field": field, "now": now, "config": config, **result}
        value = context.request.cookies.get(app.config["SESSION_COOKIE_NAME"], "")
        if "error" in result:
            row["differs"] = "an unreadable payload is an empty session; Flask answers 500 until the cookie is gone"
        elif result["shape"] != ["dict", []] and value[-1] not in "AEIMQUYcgkosw048":
            row["differs"] = "a signature has one spelling; Python looks over the bits that its last character has to spare"
        rows.append(row)

    def signed(session, key="dev", at=NOW, **config):
        global clock
        clock = at
        app = make_app(**config)
        app.config["SECRET_KEY"] = key
        with app.app_context():
            value = INTERFACE.get_signing_serializer(app).dumps(session)
        clock = NOW
        return value

    good = signed({"user_id": 1})
    long = signed({"a": "x" * 300})
    for value in (good, long):
        add(f"session={value}")
        add(f"other=1; session={value}; more=2")
        add(f'session="{value}"')
        add(f"Session={value}")
        add(f"session={value}; session=bad")
        for cut in range(0, len(value), 9):
            add(f"session={value[:cut]}")
        for _ in range(40):
            at = rng.randrange(len(value))
            add(f"session={value[:at]}{rng.choice('ABab01-_.')}{value[at + 1:]}")
    add("session=")
    add("session")
    add("")
    add("session=a.b.c")
    add("session=...")
    month = 31 * 86400
    for age in (0, 1, month - 1, month, month + 1, 10 * month, -1, -60, -86400):
        add(f"session={good}", now=NOW + age)
        add(f"session={signed({'_permanent': True, 'a': 1})}", now=NOW + age)
    for lifetime in (0, 1, 60):
        for age in (0, 1, 2, 60, 61):
            add(f"session={good}", now=NOW + age, PERMANENT_SESSION_LIFETIME=lifetime)
    for key in ("dev", "old", "older", "stranger", ""):
        if not key:
            continue
        add(f"session={signed({'by': key}, key=key)}", SECRET_KEY_FALLBACKS=["older", "old"])
        add(f"session={signed({'by': key}, key=key)}", SECRET_KEY_FALLBACKS=[])
        add(f"session={signed({'by': key}, key=key)}", SECRET_KEY_FALLBACKS=["old"])
    # Right keys, wrong salt or derivation.
    for salt, derivation in [("cookie-session", "django-concat"), ("itsdangerous", "hmac"), ("", "hmac")]:
        other = itsdangerous.URLSafeTimedSerializer("dev", salt=salt, signer_kwargs={"key_derivation": derivation})
        add(f"session={other.dumps({'user_id': 1})}")
    add(f"sid={good}", SESSION_COOKIE_NAME="sid")
    add(f"session={good}", SESSION_COOKIE_NAME="sid")
    return rows


def operate(session, op, arguments):
    if op == "set":
        session[arguments[0]] = arguments[1]
    elif op == "get":
        session.get(arguments[0])
    elif op == "del":
        del session[arguments[0]]
    elif op == "pop":
        session.pop(arguments[0], None)
    elif op == "contains":
        arguments[0] in session
    elif op == "len":
        len(session)
    elif op == "clear":
        session.clear()
    elif op == "extend":
        session.update(arguments[0])
    elif op == "setdefault":
        session.setdefault(arguments[0], arguments[1])
    elif op == "set_permanent":
        session.permanent = arguments[0]
    elif op == "permanent":
        session.permanent
    elif op == "set_modified":
        session.modified = arguments[0]
    elif op == "append":
        session[arguments[0]].append(arguments[1])
        session.modified = True
    elif op == "flash":
        flask.flash(*arguments)
    elif op == "flashed":
        flask.get_flashed_messages()
    else:
        assert False, op


OPERATIONS = [
    [],
    [["get", "a"]],
    [["get", "missing"]],
    [["contains", "a"]],
    [["len"]],
    [["permanent"]],
    [["set", "a", 1]],
    [["set", "b", 2]],
    [["set", "b", [1, 2]], ["append", "b", 3]],
    [["del", "a"]],
    [["pop", "a"]],
    [["pop", "missing"]],
    [["clear"]],
    [["clear"], ["set", "c", 3]],
    [["extend", {}]],
    [["extend", {"c": 3, "b": 2}]],
    [["setdefault", "a", 5]],
    [["setdefault", "b", 5]],
    [["set_permanent", True]],
    [["set_permanent", False]],
    [["set_permanent", True], ["set", "é", "ü"]],
    [["set_modified", True]],
    [["set", "b", 2], ["set_modified", False]],
    [["flash", "Hello"]],
    [["flash", "Hello", "info"], ["flash", "World", "info"]],
    [["flashed"]],
    [["flash", "now"], ["flashed"], ["flash", "later"]],
]

CONFIGS = [
    {},
    {"SESSION_REFRESH_EACH_REQUEST": False},
    {
        "SESSION_COOKIE_NAME": "sid",
        "SESSION_COOKIE_DOMAIN": "example.com",
        "SESSION_COOKIE_PATH": "/app",
        "SESSION_COOKIE_HTTPONLY": False,
        "SESSION_COOKIE_SECURE": True,
        "SESSION_COOKIE_SAMESITE": "lax",
    },
    {"SESSION_COOKIE_PARTITIONED": True, "SESSION_COOKIE_PATH": "/x", "PERMANENT_SESSION_LIFETIME": 3600},
]


def requests():
    """A request with a session, what the view does to it, and the header fields of the response."""
    rows = []
    for config in CONFIGS:
        app = make_app(**config)
        name = app.config["SESSION_COOKIE_NAME"]
        with app.app_context():
            dumps = INTERFACE.get_signing_serializer(app).dumps
            incoming = [
                None,
                "broken",
                dumps({"a": 1}),
                dumps({"_permanent": True, "a": 1}),
                dumps({"_permanent": True, "text": "x" * 300}),
                dumps({"_permanent": False, "a": 1}),
                dumps({"_flashes": [("message", "waiting")]}),
            ]
        for cookie in incoming:
            for operations in OPERATIONS:
                if ["del", "a"] in operations and cookie != incoming[2]:
                    continue

                def view():
                    for op, *arguments in copy.deepcopy(operations):
                        operate(flask.session, op, arguments)
                    return "ok"

                app.view_functions.clear()
                app.url_map = app.url_map_class()
                app._got_first_request = False
                app.add_url_rule("/", "view", view)
                headers = {"Cookie": f"{name}={cookie}"} if cookie else {}
                response = app.test_client(use_cookies=False).get("/", headers=headers)
                assert response.status_code == 200, (operations, cookie)
                rows.append(
                    {
                        "config": config,
                        "cookie": cookie,
                        "operations": operations,
                        "set_cookie": response.headers.getlist("Set-Cookie"),
                        "vary": response.headers.get("Vary"),
                    }
                )
    return rows


def write(folder, name, rows):
    text = "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"
    (folder / f"{name}.json").write_text(text)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    write(folder, "cookies", cookies())
    write(folder, "reading", reading())
    write(folder, "hostile", hostile())
    write(folder, "requests", requests())
    # Fifty megabytes of blanks in an object, and the signature is right.
    app = make_app()
    with app.app_context():
        bomb = zlib.compress(b'{"a":"' + b"x" * 50_000_000 + b'"}', 9)
        signed = INTERFACE.get_signing_serializer(app).make_signer().sign(b"." + base64_encode(bomb))
    (folder / "bomb.txt").write_bytes(signed + b"\n")


if __name__ == "__main__":
    main()
