"""Vectors for carboy's way of a request, from Flask. Usage: python hall.py OUTPUT_FOLDER

Random small apps (nested blueprints, hooks, error handlers, views) as JSON, requests to them, and what Flask answered: status,
fields, body, and the order in which the app's functions ran.

A function that can do something besides being called does it when the request's `X-Act` names its id.
"""

import json
import logging
import pathlib
import random
import sys
from urllib.parse import urlsplit

import flask
from flask import Blueprint, Flask, Response, abort, after_this_request, redirect, request
from werkzeug.exceptions import HTTPException, default_exceptions

APPS = 240
REQUESTS = 8
FIELDS = ("Content-Type", "Content-Length", "X-One", "X-Two", "X-After", "X-This")

rng = random.Random(20_260_601)


class ErrorA(Exception):
    pass


class ErrorB(Exception):
    pass


# --- Running an app ---------------------------------------------------------------------------------------------------------------


def kind(error):
    if error is None:
        return "none"
    if isinstance(error, HTTPException):
        original = getattr(error, "original_exception", None)
        return str(error.code) if original is None else f"{error.code} after {kind(original)}"
    return {ErrorA: "a", ErrorB: "b"}.get(type(error), "other")


def fail(what):
    raise {"a": ErrorA, "b": ErrorB}.get(what, ValueError)()


def perform(action):
    """Does what an action says, and returns what a view may return."""
    match action:
        case ["text", text]:
            return text
        case ["abort", code]:
            abort(code)
        case ["abort", code, text]:
            abort(code, description=text)
        case ["raise", what] | ["panic", what]:
            fail(what)
        case ["tuple", body, None, None]:
            return body
        case ["tuple", body, None, headers]:
            return body, [tuple(pair) for pair in headers]
        case ["tuple", body, status, None]:
            return body, status
        case ["tuple", body, status, headers]:
            return body, status, [tuple(pair) for pair in headers]
        case ["response", body, status]:
            abort(Response(body, status))
        case ["page", code]:
            return default_exceptions[code]()
        case ["redirect", location]:
            return redirect(location)
    raise AssertionError(action)


def acts(id):
    return id in request.headers.get("X-Act", "").split(",")


def register_this(ids, log):
    for id in ids:

        def this(response, id=id, ran=[]):
            if ran:  # In carboy it runs once, also when the response is made anew.
                return response
            ran.append(True)
            log.append(f"this {id}")
            response.headers.add("X-This", id)
            return response

        after_this_request(this)


def add_hook(scaffold, spec, log):
    id, action, is_app = spec["id"], spec.get("action"), spec.get("app")

    def before():
        log.append(f"before {id}")
        register_this(spec["this"], log)
        return perform(action) if acts(id) else None

    def after(response):
        log.append(f"after {id}")
        if acts(id):
            return flask.make_response(perform(action))
        response.headers.add("X-After", id)
        return response

    def teardown(error):
        log.append(f"teardown {id} {kind(error)}")

    def preprocess(endpoint, values):
        log.append(f"preprocess {id} {endpoint or '-'}")
        if values is not None and spec["sets"]:
            values[spec["sets"]] = id

    names = {
        "before": ("before_request", "before_app_request", before),
        "after": ("after_request", "after_app_request", after),
        "teardown": ("teardown_request", "teardown_app_request", teardown),
        "preprocess": ("url_value_preprocessor", "app_url_value_preprocessor", preprocess),
    }
    own, of_app, function = names[spec["kind"]]
    getattr(scaffold, of_app if is_app else own)(function)


def add_handler(scaffold, spec, log):
    id = spec["id"]

    def handler(error):
        log.append(f"handler {id} {kind(error)}")
        return perform(spec["acting"] if acts(id) else spec["action"])

    on = {"http": HTTPException, "a": ErrorA, "b": ErrorB, "any": Exception}.get(spec["on"], spec["on"])
    (scaffold.app_errorhandler if spec["app"] else scaffold.errorhandler)(on)(handler)


def add_view(scaffold, spec, log):
    id = spec["id"]

    def view(**values):
        log.append(f"view {id} " + ",".join(f"{name}={values[name]}" for name in ("s", "n", "extra") if name in values))
        register_this(spec["this"], log)
        return perform(spec["action"])

    options = {name: spec[name] for name in ("methods", "strict_slashes", "provide_automatic_options") if spec[name] is not None}
    scaffold.add_url_rule(spec["rule"], id, view, **options)


def fill(scaffold, spec, log):
    for hook in spec["hooks"]:
        add_hook(scaffold, hook, log)
    for handler in spec["handlers"]:
        add_handler(scaffold, handler, log)
    for view in spec["views"]:
        add_view(scaffold, view, log)
    for child in spec["children"]:
        blueprint = Blueprint(child["name"], "hall", url_prefix=child["prefix"])
        fill(blueprint, child, log)
        options = {"url_prefix": child["option"]} if child["option"] is not None else {}
        scaffold.register_blueprint(blueprint, **options)
    for hook in spec["late"]:
        add_hook(scaffold, hook, log)


def make_app(spec, log):
    app = Flask("hall", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    fill(app, spec, log)
    return app


def ask(app, log, method, target, acting):
    log.clear()
    record = {"method": method, "target": target, "acts": acting}
    try:
        response = app.test_client().open(target, method=method, headers={"X-Act": ",".join(acting)} if acting else {})
    except Exception:  # An error of the handler of status 500 leaves Flask for the server; in carboy nothing does.
        return None
    headers = {name: values for name in FIELDS if (values := response.headers.getlist(name))}
    if "Allow" in response.headers:
        headers["Allow"] = [", ".join(sorted(m.strip() for m in response.headers["Allow"].split(",")))]
    if "Location" in response.headers:
        parts = urlsplit(response.headers["Location"])
        headers["Location"] = [parts.path + (f"?{parts.query}" if parts.query else "")]
    body = response.text
    if response.status_code == 308:  # Of the URL map, whose redirects are relative in carboy.
        body = body.replace("http://localhost/", "/")
        headers.pop("Content-Length", None)
    return record | {"status": response.status_code, "headers": headers, "body": body, "log": list(log)}


# --- Making up an app -------------------------------------------------------------------------------------------------------------

CODES = [403, 404, 405, 500]
ABORTS = [400, 401, 403, 403, 404, 404, 405, 409, 410, 413, 418, 422, 429, 451, 500, 500, 501, 503, 402, 999]
RULES = [
    "/", "/one", "/one/", "/two", "/two/", "/s/<s>", "/s/<s>/", "/n/<int:n>", "/<s>", "/n/<int:n>/<s>", "/s/fixed", "/deep/er/",
    "/<s>/one", "/t-<s>",
]  # fmt: skip
PREFIXES = [None, None, "/p", "/p/", "/q", "/one", "/<s>", "/p/q", "/n/<int:n>"]
METHODS = [
    None, None, None, None, ["GET"], ["POST"], ["get", "post"], ["PUT", "DELETE"], ["OPTIONS"], ["GET", "OPTIONS"], ["HEAD"],
    ["PATCH", "GET"],
]  # fmt: skip
HEADERS = [
    [["X-One", "1"]], [["X-One", "1"], ["x-one", "2"], ["X-Two", "é"]], [["Content-Type", "text/plain"]],
    [["Content-Type", "application/json"], ["X-Two", ""]], [["Allow", "BREW"]], [["Location", "/elsewhere?a=b"]],
    [],
]  # fmt: skip
STATUSES = [200, 201, 204, 206, 299, 302, 304, 400, 403, 404, 405, 418, 500, 503, "201", "299 Custom", "404 Gone astray", "204 Nothing"]


class Maker:
    def __init__(self):
        self.count = 0
        self.acting = []

    def id(self, letter):
        self.count += 1
        return f"{letter}{self.count}"

    def failure(self):
        match rng.randrange(8):
            case 0 | 1 | 2:
                return ["abort", rng.choice(ABORTS)]
            case 3:
                return ["abort", rng.choice(CODES), rng.choice(["no <b>entry</b>", "it's\nlate", "ünï"])]
            case 4:
                return ["panic", "other"]
            case 5:
                return ["response", "raised", rng.choice([200, 404, 500])]
            case _:
                return ["raise", rng.choice(["a", "a", "b", "b", "other"])]

    def answer(self):
        match rng.randrange(8):
            case 0 | 1 | 2:
                return ["text", rng.choice(["text", "text", "", "ünï <&>"])]
            case 3:
                return ["page", rng.choice([c for c in ABORTS if c in default_exceptions])]
            case 4:
                return ["redirect", rng.choice(["/there", "/there?x=1&y=%20"])]
            case _:
                return ["tuple", "tuple", rng.choice([None, *STATUSES]), rng.choice([None, *HEADERS])]

    def this(self):
        return [self.id("x") for _ in range(rng.choice([0, 0, 0, 1, 2]))]

    def hook(self, in_blueprint):
        name = rng.choice(["before", "before", "after", "after", "teardown", "teardown", "preprocess"])
        spec = {"kind": name, "id": self.id(name[0]), "app": in_blueprint and rng.random() < 0.15}
        if name == "before":
            spec |= {"action": rng.choice([self.answer, self.failure])(), "this": self.this()}
            self.acting.append(spec["id"])
        elif name == "after":
            spec["action"] = rng.choice([self.answer, self.failure])()
            self.acting.append(spec["id"])
        elif name == "preprocess":
            spec["sets"] = rng.choice([None, "s", "extra"])
        return spec

    def handler(self, in_blueprint):
        on = rng.choice([*CODES, 404, 500, "http", "a", "b", "any"])
        # Only what can be told by its status or its type is a matter for the whole app.
        spec = {"on": on, "id": self.id("h"), "app": in_blueprint and on != "any" and rng.random() < 0.15}
        spec["action"] = ["tuple", "handled by " + spec["id"], rng.choice([None, 200, 404, 500, 503, 418]), rng.choice([None, [["X-One", "h"]]])]
        spec["acting"] = self.failure()
        self.acting.append(spec["id"])
        return spec

    def view(self, prefixed):
        methods = rng.choice(METHODS)
        automatic = [None, None, None, None, None, False]
        if methods and "OPTIONS" in methods:  # Otherwise Flask takes True for False.
            automatic.append(True)
        return {
            "id": self.id("v"),
            "rule": rng.choice([*RULES, "", "bare"] if prefixed else RULES),
            "methods": methods,
            "strict_slashes": rng.choice([None, None, None, None, False]),
            "provide_automatic_options": rng.choice(automatic),
            "action": rng.choice([self.answer, self.failure])(),
            "this": self.this(),
        }

    def scope(self, depth, prefix, name=None, option=None, prefixed=False):
        in_blueprint = name is not None
        prefixed = prefixed or bool(prefix or option)
        children = []
        for index in range(rng.choice([1, 1, 2, 3]) if depth == 0 else rng.choice([0, 0, 1, 1, 2]) if depth < 3 else 0):
            option = rng.choice(PREFIXES) if rng.random() < 0.2 else None
            children.append(self.scope(depth + 1, rng.choice(PREFIXES), f"b{index}", option, prefixed))
        return {
            "name": name,
            "prefix": prefix,
            "option": option if name is not None else None,
            "hooks": [self.hook(in_blueprint) for _ in range(rng.choice([0, 1, 2, 3, 4]))],
            "handlers": [self.handler(in_blueprint) for _ in range(rng.choice([0, 0, 1, 2, 3]))],
            "views": [self.view(prefixed) for _ in range(rng.choice([1, 2, 3]))],
            "children": children,
            # After its blueprints are registered an app, or an outer blueprint, may go on.
            "late": [self.hook(in_blueprint) for _ in range(rng.choice([0, 0, 0, 1]))],
        }




def paths(app):
    for rule in app.url_map.iter_rules():
        yield rule.rule.replace("<int:n>", rng.choice(["7", "0042"])).replace("<s>", rng.choice(["some", "one", "fixed"])), rule


def requests(app, maker):
    known = list(paths(app))
    for _ in range(REQUESTS):
        path, rule = rng.choice(known)
        method = rng.choice(sorted(rule.methods)) if rng.random() < 0.7 else rng.choice(["GET", "POST", "HEAD", "OPTIONS", "DELETE"])
        match rng.randrange(12):
            case 0:
                path = path.rstrip("/") or "/"
            case 1:
                path += "/"
            case 2:
                path = path.replace("/", "//", 1) if path.count("/") > 1 else path + "x"
            case 3:
                path = rng.choice(["/nowhere/at/all", path + "/unknown", "/p/unknown"])
            case 4:
                path += "?q=1&r=%2F"
        if path.startswith("//"):  # A client takes that for a host.
            path = path[1:]
        acting = []
        if maker.acting and rng.random() < 0.5:
            acting = sorted(rng.sample(maker.acting, min(len(maker.acting), rng.choice([1, 1, 2, 3]))))
        # When one makes a new response and the next fails, Flask sends the page without either, carboy the new response.
        afters = [id for id in acting if id.startswith("a")]
        acting = [id for id in acting if id not in afters[1:]]
        yield method, path, acting


def main(output):
    logging.disable(logging.CRITICAL)
    apps = []
    while len(apps) < APPS:
        maker = Maker()
        spec = maker.scope(0, None)
        log = []
        try:
            app = make_app(spec, log)
        except (ValueError, SyntaxError):  # A variable stands twice in a rule.
            continue
        answers = [answer for asked in requests(app, maker) if (answer := ask(app, log, *asked))]
        apps.append({"app": spec, "requests": answers})
    # Two files, to keep each of them small.
    half = len(apps) // 2
    for number, part in enumerate((apps[:half], apps[half:]), 1):
        lines = ",\n".join(json.dumps(app, ensure_ascii=False, separators=(",", ":")) for app in part)
        pathlib.Path(output, f"apps-{number}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    return apps


if __name__ == "__main__":
    main(sys.argv[1])
