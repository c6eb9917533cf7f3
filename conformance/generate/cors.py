"""What Flask-CORS adds to answers.

    python cors.py OUTPUT_FOLDER

writes apps-*.json: apps with options of Flask-CORS, requests to each, and the fields that Flask-CORS put on the answers.
"""

import json
import logging
import random
import re
import sys
from datetime import timedelta
from pathlib import Path

import flask
from flask_cors import CORS, cross_origin

AREA = "cors"

logging.disable(logging.CRITICAL)

SHOP = "https://shop.example"
ORIGINS = [
    None, SHOP, "https://SHOP.example", "https://shop.example:8443", "http://shop.example", "https://a.shop.example", "https://evil.example",
    "https://shop.example.evil.example", "null", "", "*", "https://b.example", "https://caf\u00e9.example", "a, b",
]
METHODS = [None, "GET", "get", "PUT", "DELETE", "PATCH", "GE", ",", "", "TRACE", "Put"]
HEADERS = [None, "X-One", "x-one, X-Two", "X-Two,,X-Other", "", " , ", "content-type,X-ONE", "authorization", "X-One, X-One"]
PATHS = [
    "/", "/api/x", "/api/v1/x", "/API/x", "/api", "/open", "/vary", "/session", "/fail", "/teapot", "/missing", "/api/missing", "/view", "/bp/x", "/bp/fail", "/api/%78", "/api/%2578", "/x/%252e", "/apix",
]

ORIGIN_OPTIONS = [
    {}, {}, {"origins": "*"}, {"origins": SHOP}, {"origins": [SHOP]}, {"origins": [SHOP, "https://b.example"]}, {"origins": ["https://z.example", SHOP, "*"]},
    {"origins": r"https://.*\.shop\.example"}, {"origins": [r"^https://shop\.example$"]}, {"origins": {"regex": r"https://shop\.example"}},
    {"origins": [{"regex": r"(?i)https://(a\.)?shop\.example$"}, "https://b.example"]}, {"origins": []}, {"origins": [""]}, {"origins": "null"},
    {"origins": ".*"}, {"origins": {"regex": ".*"}}, {"origins": ["https://b.example", r"http://shop\.example", "https://a.example"]},
]
OTHER_OPTIONS = [
    {"methods": ["GET"]}, {"methods": ["get", "Put"]}, {"methods": "put, get"}, {"methods": []}, {"methods": ["PATCH", "DELETE", "GET"]},
    {"allow_headers": ["X-One"]}, {"allow_headers": "X-One"}, {"allow_headers": ["x-one", "Content-Type"]}, {"allow_headers": r"x-.*"}, {"allow_headers": []},
    {"allow_headers": [{"regex": "X-O"}, "x-two"]}, {"expose_headers": ["X-Two", "X-One"]}, {"expose_headers": "X-One, X-Two"}, {"expose_headers": []},
    {"supports_credentials": True}, {"supports_credentials": False}, {"max_age": {"seconds": 600}}, {"max_age": {"seconds": 0}}, {"max_age": {"seconds": 1.5}},
    {"send_wildcard": True}, {"send_wildcard": True, "vary_header": True}, {"vary_header": False}, {"always_send": False}, {"intercept_exceptions": False},
    {"allow_private_network": True}, {"allow_private_network": False}, {"automatic_options": False},
]
RESOURCES = [
    None, None, None, r"/api/*", "/api/x", ["/api/x", "/open"], [r"/api/.*", "/"], "*", r"^/api/v\d/", {"regex": r"/api/\w+$"},
    {r"/api/*": {"origins": [SHOP]}, r"/api/v1/*": {"origins": "*"}, "/api/x": {"origins": "https://b.example"}},
    {"*": {"origins": SHOP}, "/open": {"methods": ["GET"]}, r"/bp/.*": {"supports_credentials": True, "origins": [SHOP, "https://b.example"]}},
    {r"/a.*": {"max_age": {"seconds": 5}}, r"/api/.*": {"max_age": {"seconds": 10}}, r"/api/[a-z]": {"max_age": {"seconds": 15}}, "/api/v1/x": {"max_age": {"seconds": 20}}},
    {"/view": {"origins": "https://b.example"}, "/": {}}, {},
]
CONFIG = [
    {}, {}, {}, {"CORS_ORIGINS": SHOP}, {"CORS_ORIGINS": [SHOP, "https://b.example"], "CORS_SUPPORTS_CREDENTIALS": True}, {"CORS_MAX_AGE": 600}, {"CORS_MAX_AGE": 0}, {"CORS_MAX_AGE": "0"},
    {"CORS_METHODS": ["GET", "POST"], "CORS_ALLOW_HEADERS": ["X-One"]}, {"CORS_EXPOSE_HEADERS": "X-One"}, {"CORS_SEND_WILDCARD": True}, {"CORS_VARY_HEADER": False}, {"CORS_ALWAYS_SEND": False},
    {"CORS_RESOURCES": r"/api/*"}, {"CORS_RESOURCES": ["/api/x", "/view"]}, {"CORS_RESOURCES": {r"/api/*": {"origins": SHOP, "max_age": 7}}}, {"CORS_ALLOW_PRIVATE_NETWORK": True},
    {"CORS_AUTOMATIC_OPTIONS": False}, {"CORS_ORIGINS": None, "CORS_MAX_AGE": None}, {"CORS_INTERCEPT_EXCEPTIONS": False},
]


def real(value):
    """The value as Flask-CORS takes it."""
    if isinstance(value, dict) and set(value) == {"regex"}:
        return re.compile(value["regex"])
    if isinstance(value, dict) and set(value) == {"seconds"}:
        return timedelta(seconds=value["seconds"])
    if isinstance(value, dict):
        return {key: real(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [real(inner) for inner in value]
    return value


def make(told):
    app = flask.Flask("cors", static_folder=None)
    app.config.update({"SECRET_KEY": "dev", "PROPAGATE_EXCEPTIONS": False} | told["config"])
    text = lambda: "text"
    for path in ["/", "/api/x", "/api/v1/x", "/API/x", "/api", "/apix", "/x/<rest>"]:
        app.add_url_rule(path, path.strip("/").replace("/", "_") or "index", (lambda rest=None: "text"), methods=["GET", "POST"])

    @app.get("/open")
    def open_():
        return "text", {"Access-Control-Allow-Origin": "https://own.example"}

    @app.get("/vary")
    def vary():
        return "text", {"Vary": "Accept"}

    @app.get("/session")
    def session():
        flask.session["seen"] = True
        return "text"

    @app.get("/fail")
    def fail():
        raise ValueError

    @app.get("/teapot")
    def teapot():
        flask.abort(418)

    @app.errorhandler(418)
    def handle(error):
        return "short and stout", 418

    view = text
    if told["view"] is not None:
        view = cross_origin(**real(told["view"]))(text)
    app.add_url_rule("/view", "view", view)
    bp = flask.Blueprint("bp", "bp", url_prefix="/bp")
    bp.add_url_rule("/x", "x", text)

    @bp.get("/fail")
    def bp_fail():
        raise ValueError

    if told["blueprint"] is not None:
        CORS(bp, **real(told["blueprint"]))
    app.register_blueprint(bp)
    CORS(app, **real(told["options"]))
    return app


def ask(app, request):
    answer = app.test_client().open(request["path"], method=request["method"], headers=request["headers"])
    fields = {}
    for name, value in answer.headers:
        if name.lower().startswith("access-control-"):
            fields.setdefault(name.lower(), []).append(value)
    if vary := answer.headers.getlist("Vary"):
        # Two fields are one list.
        fields["vary"] = [", ".join(vary)]
    return {"status": answer.status_code, "fields": fields}


def case(app, request):
    expected = ask(app, request)
    made = request | {"expect": expected}
    if any(len(values) > 1 for values in expected["fields"].values()):
        made["differs"] = "an answer with an empty origin is given its fields once"
    return made


def requests(rng, count):
    for _ in range(count):
        method = rng.choice(["GET", "GET", "OPTIONS", "OPTIONS", "OPTIONS", "HEAD", "POST", "DELETE"])
        headers = {}
        for name, values in [("Origin", ORIGINS), ("Access-Control-Request-Method", METHODS), ("Access-Control-Request-Headers", HEADERS)]:
            value = rng.choice(values)
            if name == "Origin" and rng.random() < 0.4:
                value = SHOP
            if value is not None and (name == "Origin" or method == "OPTIONS" or rng.random() < 0.1):
                headers[name] = value
        if rng.random() < 0.15:
            headers["Access-Control-Request-Private-Network"] = rng.choice(["true", "false", "True"])
        yield {"method": method, "path": rng.choice(PATHS), "headers": headers}


def groups():
    rng = random.Random(6)
    for index in range(170):
        options = dict(rng.choice(ORIGIN_OPTIONS))
        for other in rng.sample(OTHER_OPTIONS, rng.choice([0, 1, 1, 2, 4])):
            options |= other
        if (resources := rng.choice(RESOURCES)) is not None:
            options["resources"] = resources
        view = blueprint = None
        if rng.random() < 0.3:
            view = rng.choice(ORIGIN_OPTIONS) | rng.choice(OTHER_OPTIONS[:-1])
        if rng.random() < 0.3:
            blueprint = rng.choice(ORIGIN_OPTIONS) | rng.choice(OTHER_OPTIONS)
        config = rng.choice(CONFIG)
        if "CORS_AUTOMATIC_OPTIONS" in config:
            view = None
        told = {"config": config, "options": options, "view": view, "blueprint": blueprint}
        try:
            app = make(told)
        except ValueError as error:
            yield told | {"refused": str(error).startswith("Cannot use supports_credentials")}
            continue
        if view is not None:
            try:
                ask(app, {"path": "/view", "method": "GET", "headers": {}})
                app.config["PROPAGATE_EXCEPTIONS"] = True
                ask(app, {"path": "/view", "method": "GET", "headers": {}})
            except ValueError as error:
                # The decorator only finds out when it is asked.
                yield told | {"refused": str(error).startswith("Cannot use supports_credentials")}
                continue
            app.config["PROPAGATE_EXCEPTIONS"] = False
        asked = [case(app, request) for request in requests(rng, 24)]
        yield told | {"requests": asked}


def main(output):
    made = list(groups())
    size = 60
    for number, start in enumerate(range(0, len(made), size), 1):
        lines = ",\n".join(json.dumps(group) for group in made[start : start + size])
        Path(output, f"apps-{number}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
