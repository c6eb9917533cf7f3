"""What Werkzeug's URL map answers: hand-written cases for each of its rules of behaviour, and random maps.

Each group of the files is a map (options and rules), the requests matched against it and the URLs built from it.
Values are JSON where JSON has them as Python does (text, true, null, lists); the others are {"int": "3"},
{"float": "1.5"}, {"uuid": "..."}, {"dict": [[key, value], ...]}.
"""

import json
import pathlib
import random
import re
import sys
import uuid

import flask
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import EndpointPrefix, Map, RequestRedirect, Rule, RuleTemplate, Subdomain, Submount, UUIDConverter
from werkzeug.routing.exceptions import BuildError, WebsocketMismatch
from werkzeug.urls import iri_to_uri

AREA = "url-map"

UUID_A = "12345678-1234-5678-1234-56781234567A"
BIND = {"server_name": "example.com", "script_name": "/", "subdomain": None, "scheme": "http", "method": "GET"}


def encode(value):
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return {"int": str(value)}
    if isinstance(value, float):
        return {"float": repr(value)}
    if isinstance(value, uuid.UUID):
        return {"uuid": str(value)}
    if isinstance(value, dict):
        return {"dict": [[k, encode(v)] for k, v in value.items()]}
    return [encode(v) for v in value]


def rule_of(spec):
    options = {k: v for k, v in spec.items() if k not in ("rule", "defaults")}
    return Rule(spec["rule"], defaults=dict(spec["defaults"]) if spec.get("defaults") else None, **options)


def spec_json(spec):
    row = dict(spec)
    if spec.get("defaults"):
        row["defaults"] = [[k, encode(v)] for k, v in spec["defaults"].items()]
    return row


class Group:
    """A map and what it was asked."""

    def __init__(self, name, rules, **options):
        self.name, self.specs, self.options = name, rules, options
        self.map = Map([rule_of(spec) for spec in rules], **options)
        self.rules = {id(rule): n for n, rule in enumerate(self._in_order())}
        self.match_rows, self.build_rows = [], []

    def _in_order(self):
        # The rules in the order of registration: those of an endpoint are kept apart, but stable until the first match.
        by_endpoint = {k: iter(list(v)) for k, v in self.map._rules_by_endpoint.items()}
        return [next(by_endpoint[spec.get("endpoint")]) for spec in self.specs]

    def adapter(self, bind, path="/", query=""):
        return self.map.bind(
            bind["server_name"], bind["script_name"], bind["subdomain"], bind["scheme"], bind["method"], path, query
        )

    def match(self, path, method="GET", query="", websocket=None, **bind):
        full = BIND | bind | {"method": method}
        row = {"path": path, "method": method}
        if query:
            row["query"] = query
        if websocket is not None:
            row["websocket"] = websocket
        if bind:
            row["bind"] = bind
        try:
            adapter = self.adapter(full, path, query)
            rule, values = adapter.match(return_rule=True, websocket=websocket)
        except RequestRedirect as e:
            row["redirect"] = iri_to_uri(e.new_url)
        except MethodNotAllowed as e:
            row["allowed"] = sorted(e.valid_methods)
        except WebsocketMismatch:
            row["mismatch"] = True
        except NotFound:
            row["not_found"] = True
        else:
            row["rule"] = self.rules[id(rule)]
            row["endpoint"] = rule.endpoint
            row["args"] = [[k, encode(v)] for k, v in values.items()]
        self.match_rows.append(row)
        return self

    def build(self, endpoint, values=None, method=None, external=None, append=True, url_scheme=None, bind=None):
        full = BIND | (bind or {})
        row = {"endpoint": endpoint, "values": [[k, encode(v)] for k, v in (values or {}).items()]}
        for key, value in (("method", method), ("external", external), ("scheme", url_scheme)):
            if value is not None:
                row[key] = value
        if not append:
            row["append"] = False
        if bind:
            row["bind"] = bind
        try:
            force = bool(external) or url_scheme is not None
            row["url"] = self.adapter(full).build(endpoint, values, method, force, append, url_scheme)
        except BuildError as e:
            row["build_error"] = str(e)
        except (ValueError, TypeError, OverflowError) as e:
            row["value_error"] = str(e)
        self.build_rows.append(row)
        return self

    def json(self):
        group = {"name": self.name, "options": self.options, "rules": [spec_json(s) for s in self.specs]}
        if rows := re.findall(r"\b[A-Z]\d+\b", self.name):
            group["rows"] = rows
        group["match"] = self.match_rows
        group["build"] = self.build_rows
        return group


def r(rule, endpoint=None, **options):
    return {"rule": rule, "endpoint": endpoint or rule, **options}


def handwritten():
    groups = []

    def group(name, rules, **options):
        made = Group(name, rules, **options)
        groups.append(made)
        return made

    g = group("C1 literal and adjacent variables", [r("/x>"), r("/<a><b>"), r("/p/<a>>"), r("/<a>)/x")])
    for path in ["/x>", "/xyz", "/z", "/p/q>", "/p/q", "/q)/x", "/ä", "/äö", "/äöü"]:
        g.match(path)

    g = group(
        "C2 converter arguments",
        [
            r("/a/<any(1,2):x>"), r("/b/<any(True_, 'a-b', \"c,d\", e.f):x>"), r("/c/<string(2):x>"),
            r("/d/<string( minlength = 2 , maxlength=3 ):x>"), r("/e/<int(2):x>"), r("/f/<int(min=1,max=9,signed=True):x>"),
            r("/g/<string(length='3'):x>"), r("/h/<float(1.5, 2.5):x>"), r("/i/<string(maxlength=None):x>"),
            r("/j/<int(signed=False):x>"), r("/k/<any('a/b', x):y>"), r("/l/<string(maxlength=2.9):x>"), r("/m/<any():x>"),
            r("/n/<any(u'q', \"it's\"):x>"), r("/o/<string(1, 2):x>"),
        ],
    )  # fmt: skip
    for path in [
        "/a/1,2", "/a/1", "/b/True_", "/b/a-b", "/b/c,d", "/b/e.f", "/b/exf", "/c/a", "/c/ab", "/d/a", "/d/abc", "/d/abcd",
        "/e/1", "/e/12", "/e/123", "/f/0", "/f/5", "/f/-5", "/f/10", "/g/abc", "/g/ab", "/h/1.5", "/h/2.6", "/h/1.4",
        "/i/abc", "/j/-1", "/j/1", "/k/x", "/k/a/b", "/l/ab", "/l/abc", "/m/", "/m/x", "/m", "/n/q", "/n/it's", "/o/a", "/o/abc",
    ]:  # fmt: skip
        g.match(path)

    g = group(
        "C3 string",
        [
            r("/a/<x>"), r("/b/<string:x>"), r("/c/<default(length=2):x>"), r("/d/<string(minlength=2, maxlength=4):x>"),
            r("/e/<string(minlength=0):x>"), r("/f/<string(length=0):x>z"), r("/g/<string(minlength=0,maxlength=1):x>/q"),
        ],
    )  # fmt: skip
    for path in [
        "/a/b", "/a/", "/a", "/a/b/", "/a/ä\nö", "/a/\n", "/a/b\n", "/b/x y", "/c/äö", "/c/a", "/c/abc", "/d/a", "/d/ab",
        "/d/abcd", "/d/abcde", "/d/\U0001f600\U0001f600", "/e/", "/e", "/e/x", "/f/z", "/f/az", "/g//q", "/g/a/q", "/g/ab/q",
    ]:  # fmt: skip
        g.match(path)

    g = group(
        "C4 path",
        [
            r("/a/<path:x>"), r("/b/<path:x>/"), r("/c/<path:x>/edit"), r("/d/<path:x>/<y>"), r("/e/p<path:x>.html"),
            r("/f/<path:x>/<path:y>"), r("/g/<path:x>/s/", strict_slashes=False), r("/h/<path:x>-<int:n>/<z>/"),
        ],
    )  # fmt: skip
    for path in [
        "/a/x", "/a/x/y", "/a/x/y/", "/a/x//y", "/a//x", "/a/", "/a", "/a/x\ny", "/a/\n", "/a/\nx", "/b/x", "/b/x/", "/b/x/y",
        "/b/x/y/", "/b/x//", "/b/x//y", "/b/", "/b", "/c/x/edit", "/c/x/y/edit", "/c/edit", "/c/x/edit/", "/c/edit/edit",
        "/d/x/y", "/d/x/y/z", "/d/x", "/d/x/", "/e/px.html", "/e/px/y.html", "/e/p.html", "/e/px.html.html", "/f/a/b",
        "/f/a/b/c", "/f/a", "/f/a/b/", "/g/x/s", "/g/x/s/", "/g/x/y/s", "/g/s", "/h/a-1/z/", "/h/a-1/z", "/h/a-1-2/z/",
        "/h/a/b-1/z", "/h/a-1-1/y/z/", "/h/a/z/",
    ]:  # fmt: skip
        g.match(path)

    g = group(
        "C5 int",
        [
            r("/a/<int:x>"), r("/b/<int(fixed_digits=3):x>"), r("/c/<int(min=5,max=10):x>"), r("/d/<int(signed=True):x>"),
            r("/e/<int(fixed_digits=3,signed=True):x>"), r("/f/<int(min=1.5):x>"), r("/g/<int:x>-<int(signed=True):y>"),
        ],
    )  # fmt: skip
    for path in [
        "/a/1", "/a/007", "/a/-1", "/a/+1", "/a/1.0", "/a/１２", "/a/٣", "/a/²", "/a/", "/a/1a", "/a/1\n", "/a/1_000", "/b/12",
        "/b/123", "/b/012", "/b/1234", "/b/１２３", "/c/4", "/c/5", "/c/10", "/c/11", "/d/-5", "/d/5", "/d/--5", "/d/-", "/d/-0",
        "/e/-12", "/e/123", "/f/1", "/f/2", "/g/1-2", "/g/1--2", "/g/1-2-3", "/a/" + "1" * 38, "/a/" + "0" * 60 + "7",
        "/a/" + "1" * 4301, "/d/-" + "9" * 38,
    ]:  # fmt: skip
        g.match(path)

    g = group(
        "C6 float",
        [r("/a/<float:x>"), r("/b/<float(min=1,max=2.5):x>"), r("/c/<float(signed=True):x>"), r("/d/<float:x><int:y>")],
    )
    for path in [
        "/a/3", "/a/3.5", "/a/3.", "/a/.5", "/a/1e5", "/a/-1.5", "/a/1.5.5", "/a/００.５", "/a/" + "9" * 310 + ".0", "/b/0.9",
        "/b/1.0", "/b/2.5", "/b/2.51", "/c/-1.5", "/c/1.5", "/c/-.5", "/c/-0.0", "/d/1.25", "/d/1.2", "/a/0.1", "/a/1.10",
    ]:  # fmt: skip
        g.match(path)

    g = group("C7 uuid ties with string", [r("/a/<uuid:x>"), r("/a/<x>"), r("/b/<x>"), r("/b/<uuid:x>"), r("/c/<uuid:x>.<y>")])
    for path in [
        f"/a/{UUID_A}", f"/a/{UUID_A.lower()}", "/a/x", f"/a/{UUID_A}0", f"/a/{UUID_A[:-1]}", f"/a/{UUID_A.replace('-', '')}",
        f"/a/{UUID_A[:-1]}g", f"/a/{UUID_A[:-1]}١", f"/b/{UUID_A}", f"/c/{UUID_A}.x", f"/c/{UUID_A}x",
    ]:  # fmt: skip
        g.match(path)

    g = group(
        "C8 any",
        [r("/a/<any(a,b,'c d'):x>"), r("/b/<any(a,ab):x>"), r("/c/<any(a,ab):x><y>"), r("/d/<any('.', '*'):x>"), r("/e/<y>"),
         r("/e/<any(q):x>"), r("/f/<any(q):x>"), r("/f/<y>")],
    )  # fmt: skip
    for path in ["/a/a", "/a/b", "/a/c d", "/a/c", "/a/A", "/b/a", "/b/ab", "/c/ab", "/c/abc", "/c/a", "/d/.", "/d/x", "/e/q",
                 "/e/r", "/f/q", "/f/r"]:  # fmt: skip
        g.match(path)

    g = group("C10 no other rule after a refused value", [r("/<int(min=5):x>"), r("/<x>"), r("/y/<int(max=3):n>", methods=["GET"]),
                                                          r("/y/<z>", methods=["POST"])])  # fmt: skip
    for path in ["/3", "/5", "/a", "/y/5", "/y/2"]:
        g.match(path).match(path, "POST")
    g = group("C10 refused after another method matched", [r("/z/<any(a,'7'):q>b", methods=["POST"]), r("/z/<int(max=3):n>"),
                                                           r("/z/<z>", methods=["POST"])])  # fmt: skip
    g.match("/z/7").match("/z/7b").match("/z/9", "POST").match("/z/q").match("/z/q", "PUT")
    g = group("C10 405 of a rule seen before", [r("/<int:a>", methods=["POST"]), r("/<int(max=3):a>x", "b"), r("/<c>", "c", methods=["PUT"]),
                                                r("/<int(fixed_digits=2):d>", "d")])  # fmt: skip
    g.match("/7").match("/77").match("/77", "PUT").match("/7", "PUT")

    g = group(
        "C11 C12 C13 priorities",
        [
            r("/<a>"), r("/<a>-<b>"), r("/a<x>"), r("/ab<x>"), r("/<x>.html"), r("/<int:i>"), r("/<float:f>"), r("/abc"),
            r("/a/<x>/c"), r("/<y>/b/d"), r("/<path:p>"), r("/<a>/<b>"), r("/<int:a>/<b>"), r("/s/<path:p>/t"), r("/s/<a>/<b>/<c>"),
            r("/<a>-<int:b>"), r("/<a>.<b>.<c>"), r("/x<a>y<b>"), r("/xx<a>"), r("/<a>yy"),
        ],
    )  # fmt: skip
    for path in [
        "/q", "/q-r", "/axe", "/abx", "/abc", "/ab", "/a", "/x.html", "/1", "/1.5", "/a/b/d", "/a/b/c", "/a/x/c", "/q/r/s", "/q/r",
        "/1/r", "/s/1/t", "/s/1/2/t", "/s/1/2/3", "/q-7", "/1-7", "/a.b.c", "/a.b", "/xayb", "/xxayb", "/xxyy", "/qyy", "/a-b.html",
    ]:  # fmt: skip
        g.match(path)

    g = group("C14 C18 methods", [
        r("/x", "g", methods=["GET"]), r("/x", "p", methods=["POST"]), r("/x", "g2", methods=["GET"]), r("/y", "y", methods=["post"]),
        r("/<a>", "any", methods=["GET"]), r("/z", "z", methods=["PURGE", "get"]), r("/w", "w", methods=["PUT"]), r("/w", "all"),
        r("/v", "v", methods=["OPTIONS"]), r("/e", "e", methods=[]),
    ])  # fmt: skip
    for path in ["/x", "/y", "/q", "/z", "/w", "/v", "/e", "/none/none"]:
        for method in ["GET", "HEAD", "POST", "PUT", "PURGE", "OPTIONS", "get", "post", "--"]:
            g.match(path, method)

    g = group("C21 C22 strict slashes", [
        r("/sub/", methods=["GET"]), r("/<x>", methods=["POST"]), r("/leaf"), r("/both", "both", methods=["GET"]),
        r("/both/", "both/", methods=["POST"]), r("/d/<int:n>/"), r("/e/<x>/f/"), r("/"), r("/deep/er/"), r("/ä b/"),
        r("/p/<path:p>/"), r("/st/", methods=["GET"]), r("/st", "st", methods=["PUT"]),
    ])  # fmt: skip
    for path in ["/sub", "/sub/", "/leaf", "/leaf/", "/both", "/both/", "/d/1", "/d/1/", "/d/x", "/e/x/f", "/e/x/f/", "", "/", "/deep/er",
                 "/deep/er/", "/deep", "/ä b", "/p/a", "/p/a/b", "/p/a/b/", "/st", "/st/", "/sub//"]:  # fmt: skip
        for method in ["GET", "HEAD", "OPTIONS", "POST", "PUT"]:
            g.match(path, method)
        g.match(path, query="a=b&c=%20ü \"<>")
    g = group("C21 beats a general rule", [r("/sub/", methods=["GET"]), r("/<x>"), r("/t/<int:a>/"), r("/t/<a>")])
    for path in ["/sub", "/sub/", "/q", "/t/1", "/t/x", "/t/1/"]:
        g.match(path).match(path, "POST")

    for strict in (False, True):
        g = group(f"C23 strict_slashes {strict} on the map", [
            r("/a/"), r("/b"), r("/c/", strict_slashes=not strict), r("/d", strict_slashes=not strict), r("/e/<x>/"), r("/f/<x>"),
            r("/g/<path:p>/"), r("/h/<path:p>"), r("/i", methods=["GET"], strict_slashes=False), r("/i/<x>", methods=["POST"]),
            r("/"),
        ], strict_slashes=strict)  # fmt: skip
        for path in ["/a", "/a/", "/b", "/b/", "/c", "/c/", "/d", "/d/", "/e/x", "/e/x/", "/f/x", "/f/x/", "/f/x//", "/g/x", "/g/x/",
                     "/h/x", "/h/x/", "/i", "/i/", "/i/z/", "", "/"]:  # fmt: skip
            g.match(path).match(path, "POST")

    for merge in (False, True):
        g = group(f"C24 merge_slashes {merge} on the map", [
            r("/a/b"), r("/a/b/c/"), r("/p/<path:p>"), r("/n/b", merge_slashes=not merge), r("/x/<y>/z/"), r("/q//r"), r("/s///t/", merge_slashes=False),
            r("/s/<a>/t", merge_slashes=True), r("/l/<path:p>/m"),
        ], merge_slashes=merge)  # fmt: skip
        for path in ["/a//b", "/a///b", "//a/b", "///a//b", "/a/b//", "/a/b//c", "/a//b//c//", "/p/a//b", "/p//a", "/p//a//b", "/n//b",
                     "/x//y//z", "/x/y/z//", "/q//r", "/q/r", "/q///r", "/s///t", "/s///t/", "/s/t", "/s//a//t", "/l/a//m", "/l//m", "//",
                     "/a//", "/none//none"]:  # fmt: skip
            g.match(path, query="q=1").match(path, "POST")

    g = group("C25 C26 redirect targets", [r("/"), r("/a b/ü/"), r("/x/<p>/"), r("/y/<path:p>/")])
    for path in ["", "/a b/ü", "/x/!$&'()*+,;=@:", "/x/\"<>[]^`{|}\\#?%", "/y/\\evil.example", "/y/\t/evil", "//evil.example", "/\\evil.example",
                 "/x/é~-._", "/y/http://evil.example", "//x/y", "/x//evil.example", "//y//evil.example/%2f.."]:  # fmt: skip
        for bind in [{}, {"script_name": "/app"}, {"script_name": "/app/"}, {"script_name": "/a p/q"}, {"scheme": "https", "server_name": "example.com:8443"},
                     {"subdomain": ""}]:  # fmt: skip
            g.match(path, query="n=1", **bind)

    g = group("C28 C29 defaults", [
        r("/all/", "all", defaults={"page": 1}), r("/all/page/<int:page>", "all"), r("/<lang>/x", "x", defaults={"lang": "en"}),
        r("/d/", "d", defaults={"page": 1, "tag": "a"}), r("/d/<int:page>", "d", defaults={"tag": "a"}), r("/d/<int:page>/<tag>", "d"),
        r("/m/", "m", defaults={"p": 1}, methods=["POST"]), r("/m/<int:p>", "m"), r("/o/", "o", defaults={"p": 1}, build_only=True),
        r("/o/<int:p>", "o"), r("/s/", "s", defaults={"k": "a b/ü"}), r("/s/<path:k>", "s"), r("/f/", "f", defaults={"x": 1.0, "y": None}),
        r("/t/<a>/", "t", defaults={"b": "z"}), r("/t/<a>/<b>", "t"),
    ])  # fmt: skip
    for path in ["/all/", "/all", "/all/page/1", "/all/page/2", "/all/page/01", "/de/x", "/en/x", "/d/", "/d/1", "/d/2", "/d/1/a", "/d/1/b", "/d/2/a",
                 "/m/1", "/o/1", "/o/", "/s/", "/s/a b/ü", "/s/x", "/f/", "/t/q", "/t/q/z", "/t/q r/z", "/t/q/y"]:  # fmt: skip
        g.match(path, query="a=b").match(path, "POST")
    g = group("C28 redirect_defaults off", [r("/all/", "all", defaults={"page": 1}), r("/all/page/<int:page>", "all"),
                                            r("/al/<int:page>", "all", alias=True)], redirect_defaults=False)  # fmt: skip
    g.match("/all/page/1").match("/all/page/2").match("/al/1").build("all", {"page": 1}).build("all", {"page": 2}).build("all")

    g = group("C30 alias", [
        r("/users/", "users", defaults={"page": 1}), r("/users/page/<int:page>", "users"), r("/u/", "users", defaults={"page": 1}, alias=True),
        r("/u/p/<int:page>", "users", alias=True), r("/index", "index", methods=["GET", "POST"]), r("/index.html", "index", alias=True),
        r("/v/<x>", "v", alias=True), r("/w/<x>", "v", methods=["GET"]),
    ])  # fmt: skip
    for path in ["/users/", "/users/page/1", "/users/page/2", "/u/", "/u", "/u/p/1", "/u/p/3", "/index.html", "/index", "/v/a b", "/w/a"]:
        for bind in [{}, {"script_name": "/app"}, {"scheme": "https"}]:
            g.match(path, query="x=%41", **bind)
    g.build("users", {"page": 3}).build("users").build("index").build("v", {"x": "ü"}, external=True)

    g = group("C31 redirect_to", [
        r("/old/<x>", redirect_to="new/<x>"), r("/old2/<int:n>/<path:p>", redirect_to="/n/<n>/<p>"), r("/old3", redirect_to="https://other.example/x?y#z"),
        r("/old4/<x>", redirect_to="?q=<x>"), r("/old5/<x>", redirect_to="../up/<x>/"), r("/old6", redirect_to=""), r("/old7", redirect_to="a//b/./c"),
        r("/old8/<int(fixed_digits=3):n>", redirect_to="n<n>m"), r("/old9", redirect_to="mailto:me@example.com"), r("/old10/<x>", redirect_to="ü/<x> y"),
        r("/old11", redirect_to="/"), r("/old12", redirect_to=".."), r("/old13", redirect_to="x;y?z#w"), r("/old14/<x>", redirect_to="p/<x>?a=<x>#<x>"),
        r("/old15/<x>", redirect_to="a<>b/<x>"),
    ])  # fmt: skip
    for path in ["/old/a b", "/old/a", "/old2/7/x/y", "/old2/7/x", "/old3", "/old4/ü", "/old5/x", "/old6", "/old7", "/old8/007", "/old8/7", "/old9", "/old10/z",
                 "/old11", "/old12", "/old13", "/old14/q&r", "/old15/q"]:  # fmt: skip
        for bind in [{}, {"script_name": "/app/sub"}, {"scheme": "https", "server_name": "example.com:8443"}]:
            g.match(path, query="a=b", **bind)

    g = group("C32 build_only", [r("/static/<f>", "s", build_only=True), r("/real", "s2"), r("/real", "s3", build_only=True)])
    g.match("/static/x").match("/real").build("s", {"f": "a"}).build("s2").build("s3")

    g = group("C33 websockets", [r("/ws", "ws", websocket=True), r("/http", "http"), r("/mix", "mix", methods=["GET"]), r("/mix", "mixws", websocket=True),
                                 r("/b/", "b", websocket=True), r("/b", "b2", methods=["POST"]), r("/c/<x>", "c", websocket=True, methods=["GET"])])  # fmt: skip
    for path in ["/ws", "/http", "/mix", "/b", "/b/", "/c/x"]:
        for websocket in (None, True, False):
            for scheme in ("http", "ws", "wss"):
                g.match(path, websocket=websocket, scheme=scheme)
        g.match(path, "POST").match(path, "POST", websocket=True)
    for endpoint in ["ws", "http", "mix", "mixws", "b"]:
        for scheme in ["http", "https", "ws", "wss", ""]:
            bind = {"scheme": scheme, "script_name": "/app"}
            g.build(endpoint, bind=bind).build(endpoint, {"q": 1}, external=True, bind=bind).build(endpoint, url_scheme="https", bind=bind)

    g = group("C34 host matching", [
        r("/", "main", host="example.com"), r("/", "other", host="other.example:8080"), r("/", "sub", host="<sub>.example.com"), r("/", "none"),
        r("/x/", "x", host="<int:n>.h.example"), r("/y", "y", host="<path:p>"), r("/two", "two", host="a.example"), r("/two", "two", host="b.example"),
        r("/<z>", "z", host="<any(p,q):w>.example"), r("/d/", "d", host="a.example", defaults={"p": 1}), r("/d/<int:p>", "d", host="a.example"),
        r("/d/", "e", host="b.example", defaults={"p": 1}), r("/d/<int:p>", "e", host="a.example"), r("/al", "two", host="c.example", alias=True),
    ], host_matching=True)  # fmt: skip
    for host in ["example.com", "EXAMPLE.com", "other.example:8080", "other.example", "a.example.com", "a.b.example.com", "7.h.example", "x.h.example",
                 "p.example", "nowhere", "a.example", "b.example", "c.example"]:  # fmt: skip
        for path in ["/", "/x", "/y", "/two", "/q", "/d/1", "/d/2", "//two"]:
            g.match(path, server_name=host)
    for host in ["example.com", "other.example:8080", "a.example", "b.example", "z.example"]:
        for endpoint, values in [("main", {}), ("other", {}), ("sub", {"sub": "q"}), ("x", {"n": 3}), ("two", {}), ("z", {"w": "p", "z": "ü"}), ("d", {"p": 1})]:
            g.build(endpoint, values, bind={"server_name": host}).build(endpoint, values, external=True, bind={"server_name": host})

    g = group("C35 C36 subdomains", [
        r("/", "root"), r("/", "api", subdomain="api"), r("/", "user", subdomain="<u>"), r("/v/<int:n>/", "v", subdomain="v<int:m>.api"),
        r("/w", "w", subdomain="www"), r("/only", "only", subdomain="<any(de,en):lang>"), r("/l/", "l", subdomain="<l>", defaults={"p": 1}),
        r("/l/<int:p>", "l", subdomain="<l>"), r("/rd", "rd", subdomain="x", redirect_to="there"),
    ])  # fmt: skip
    for sub in ["", "api", "joe", "v2.api", "v.api", "www", "de", "fr", "<invalid>", "x", "a.b"]:
        for path in ["/", "/v/1", "/v/1/", "/w", "/only", "/l/1", "/l/2", "/rd", "//w"]:
            g.match(path, subdomain=sub)
    for sub in ["", "api", "joe"]:
        for endpoint, values in [("root", {}), ("api", {}), ("user", {"u": "joe"}), ("user", {"u": "api"}), ("user", {"u": "ü"}), ("v", {"m": 1, "n": 2}), ("user", {})]:
            g.build(endpoint, values, bind={"subdomain": sub})
            g.build(endpoint, values, external=True, bind={"subdomain": sub, "script_name": "/app/"})
    g = group("C35 default subdomain", [r("/", "root"), r("/", "api", subdomain="api"), r("/", "bare", subdomain="")], default_subdomain="www")
    for sub in [None, "", "www", "api"]:
        g.match("/", subdomain=sub)
        for endpoint in ["root", "api", "bare"]:
            g.build(endpoint, bind={"subdomain": sub})

    g = group("C41 C43 decoded paths", [r("/a/<x>"), r("/b"), r("/ü/<x>"), r("/a%20b"), r("/<x>/c\n")])
    for path in ["/a/b/c", "/a/b%2Fc", "/b\n", "/ü/ö", "/%C3%BC/x", "/a b", "/a%20b", "/q/c\n", "/q/c", "a/b", "b"]:
        g.match(path)
    many = "-".join(f"<v{n}>" for n in range(13))
    g = group("C44 many variables in a part", [r(f"/{many}"), r("/i/" + ".".join(f"<int:i{n}>" for n in range(12)))])
    g.match("/" + "-".join("abcdefghijklm")).match("/" + "-".join("abcdefghijklmn")).match("/a-b").match("/i/" + ".".join(map(str, range(12))))

    g = group("D2 D8 selection", [
        r("/a", "e"), r("/a/<x>", "e"), r("/a/<x>/<y>", "e"), r("/m1", "m", methods=["GET"]), r("/m2", "m", methods=["POST"]), r("/m3/<x>", "m", methods=["PUT"]),
        r("/al", "e", alias=True), r("/df", "df", defaults={"k": 1, "j": 2}), r("/df/<int:k>", "df", defaults={"j": 2}), r("/df/<int:k>/<int:j>", "df"),
        r("/POST", "only", methods=["POST"]), r("/any", "anymethod"),
    ])  # fmt: skip
    for values in [{}, {"x": 1}, {"y": 1}, {"x": 1, "y": 2}, {"z": 1}, {"x": None}, {"x": "a", "z": None}, {"x": ""}]:
        g.build("e", values)
    for method in [None, "GET", "POST", "PUT", "DELETE", "HEAD"]:
        g.build("m", {}, method=method).build("m", {"x": 1}, method=method)
        g.build("only", {}, method=method).build("anymethod", {}, method=method)
    for bound in ["GET", "POST", "PUT"]:
        bind = {"method": bound}
        g.build("m", {"x": 1}, bind=bind).build("m", bind=bind).build("only", bind=bind)
    for values in [{}, {"k": 1}, {"k": 1, "j": 2}, {"k": 2}, {"k": 2, "j": 2}, {"k": 2, "j": 3}, {"k": "1"}, {"k": 1.0}, {"k": True}, {"j": 3}, {"k": 1, "j": 3}]:
        g.build("df", values)

    g = group("D3 quoting", [r("/s/<x>", "s"), r("/p/<path:x>", "p"), r("/ä b/<x>", "lit"), r("/i/<int:x>", "i"), r("/\"#?%&/<x>", "odd"), r("/h/<x>", "h", subdomain="<y>")])
    for text in ["a", "", "c?d#e%25&=+@:;,!$'()*~[]", "a b", "a/b", "/a", "//a", "ü", "\U0001f600", "\n\t\0", "\\", "\"<>^`{|}", "-._~", "..", "a%2Fb"]:
        for endpoint in ["s", "p", "lit", "odd"]:
            g.build(endpoint, {"x": text}).build(endpoint, {"x": text}, external=True, bind={"script_name": "/app"})
        g.build("h", {"x": text, "y": "q"}).build("s", {"x": "v", "q": text}).build("s", {"x": "v", text: "q"} if text not in ("x",) else {"x": "v"})
    for value in [1, 1.5, True, uuid.UUID(UUID_A), [1, "a"], {"k": "v"}]:
        g.build("s", {"x": value}).build("p", {"x": value})

    g = group("D4 queries", [r("/", "index"), r("/<x>", "x")])
    for values in [
        {"a": 1, "b": "x y"}, {"b": 1, "a": 2}, {"a": [1, 2, "ü"]}, {"a": []}, {"a": [], "b": 1}, {"a": None}, {"a": [None, 1]}, {"a": True, "b": False}, {"a": {"k": [1, "x"]}},
        {"a": 1.0, "b": 1e20, "c": 0.1, "d": 1e-7, "e": -0.0}, {"a b&c": "d=e&f"}, {"safe": "!$'()*,/:;?@-._~"}, {"unsafe": "\"#%&+<=>[\\]^`{|}"}, {"_foo": 1}, {"a": ""},
        {"a": [[1, 2], "x"]}, {"a": uuid.UUID(UUID_A)}, {"ü": "ö"}, {"a": "it's"}, {"a": ["it's", "\"q\"", "b\\n"]}, {"a": {"k": None, "j": "it's"}}, {"a": "\U0001f600\n"},
        {"a": [["it's", 'q"', "b\\\n\x01é"]]},
    ]:  # fmt: skip
        g.build("index", values).build("x", {"x": "v"} | values).build("index", values, append=False)
    g = group("D4 sorted queries", [r("/", "index")], sort_parameters=True)
    g.build("index", {"b": 2, "a": 1}).build("index", {"b": [3, 1, 2], "a": "x"}).build("index", {"a": ["z", "y"], "A": 1})

    g = group("D6 D7 external", [r("/x/<a>", "x"), r("/", "index")])
    for bind in [{}, {"script_name": ""}, {"script_name": "/app"}, {"script_name": "/app/"}, {"scheme": "https"}, {"scheme": ""}, {"subdomain": "sub"}, {"server_name": "localhost:5000"}]:
        for external in (None, True):
            for scheme in (None, "http", "https", "ws", "wss", "ftp", ""):
                g.build("x", {"a": 1}, external=external, url_scheme=scheme, bind=bind)
                g.build("index", external=external, url_scheme=scheme, bind=bind)

    g = group("D9 messages", [
        r("/", "index"), r("/u/<name>", "u", methods=["GET"]), r("/u/<name>/<int:n>", "user.profile", methods=["POST"]), r("/blog/", "blog.index", defaults={"page": 1}),
        r("/long/<b>/<a>", "long"), r("/it's", "it's"), r("/ü", "ü"), r("/x" , "x" * 210), r("/v", "the_very_long_endpoint_name_that_is_almost_equal_1"),
        r("/v2/<q>", "the_very_long_endpoint_name_that_is_almost_equal_2"), r("/mm", "mm", methods=["POST", "PUT"]), r("/mm/<k>", "mm", methods=["DELETE"]),
    ])  # fmt: skip
    for endpoint in ["nope", "indx", "u", "user", "profile", "user.profil", "blog", "blog.idx", "long", "it's", "its", "\"q\"", "ü", "ö", "", "x" * 205, "xyx" * 80,
                     "the_very_long_endpoint_name_that_is_almost_equal_3", "xedni", "mm", "a.b.c", "n\n", "static", "index.html"]:  # fmt: skip
        for values in [{}, {"name": "x"}, {"b": 1, "a": None}, {"page": 2}, {"z": 1, "y": 2, "it's": 3}, {"q": 1}]:
            for method in [None, "GET", "POST", "DELETE"]:
                if endpoint in ("xyx" * 80, "x" * 205) and method not in (None,):
                    continue
                g.build(endpoint, values, method=method)
    g = group("D9 an empty map", [])
    g.build("index").match("/")

    g = group("D10 D11 conversion", [
        r("/i/<int:x>", "i"), r("/f/<float:x>", "f"), r("/x/<int(fixed_digits=4):x>", "x"), r("/a/<any(a, b, it):x>", "a"), r("/s/<int(min=5, max=9, signed=True):x>", "s"),
        r("/u/<uuid:x>", "u"), r("/l/<string(length=2):x>", "l"), r("/n/<float(min=1):x>", "n"),
    ])  # fmt: skip
    for value in [7, 0, -7, 3.9, -3.9, 0.5, -0.5, 1e22, 1e300, float("nan"), float("inf"), "12", " 12 ", "-5", "+5", "1_000", "x", "", "1.5", "1e5", "nan", "inf", "１２", True, False,
                  None, [1], "z", "a", "12345", 10**30, "0007", "-0", "1__0", ".5", "5.", "1_0.5", 123456789.125, 1e16, 1e15, 1e-5, 0.0001, "it's", {"a": 1}]:  # fmt: skip
        for endpoint in ["i", "f", "x", "a", "s", "n"]:
            # That a list is no key of a set is Python's affair.
            if endpoint != "a" or not isinstance(value, (list, dict)):
                g.build(endpoint, {"x": value})
    g.build("u", {"x": uuid.UUID(UUID_A)}).build("u", {"x": UUID_A}).build("l", {"x": "too long"}).build("a", {"x": 1}).build("i", {"x": uuid.UUID(UUID_A)})

    g = group("D12 default elision", [r("/d/", "d", defaults={"page": 1}), r("/d/<int:page>", "d"), r("/<lang>/c", "c", defaults={"lang": "e n"}),
                                      r("/k/<int(fixed_digits=3):n>", "k", defaults={"n": 7})])  # fmt: skip
    for values in [{"page": 1}, {"page": 2}, {}, {"page": 1, "q": 2}, {"page": None}, {"page": "1"}, {"page": 1.0}]:
        g.build("d", values)
    g.build("c").build("c", {"lang": "e n"}).build("c", {"lang": "de"}).build("k").build("k", {"n": 7}).match("/k/007").match("/xx/c")
    return groups


WORDS = ["a", "b", "ab", "x", "ü", "new", "1", "a-b", "x.y"]
CONVERTERS = [
    ("", "str"), ("", "str"), ("string:", "str"), ("string(2):", "str"), ("string(minlength=1,maxlength=2):", "str"), ("string(length=2):", "str"),
    ("int:", "int"), ("int:", "int"), ("int(signed=True):", "int"), ("int(fixed_digits=2):", "int"), ("int(min=2,max=20):", "int"), ("float:", "float"),
    ("float(signed=True):", "float"), ("any(a,ab,b):", "any"), ("any(x,new,n1):", "any"), ("path:", "path"), ("path:", "path"), ("uuid:", "uuid"),
]  # fmt: skip


def sample(rng, kind):
    """A text that a converter of this kind may match."""
    if kind == "int":
        return rng.choice(["1", "2", "7", "12", "07", "-3", "100", "٣"])
    if kind == "float":
        return rng.choice(["1.5", "0.0", "-2.5", "10.25"])
    if kind == "any":
        return rng.choice(["a", "ab", "b", "x", "new", "1"])
    if kind == "path":
        return rng.choice(["a", "a/b", "x/y/z", "1/2", "a//b", "ab/new", "q/"])
    if kind == "uuid":
        return UUID_A.lower()
    return rng.choice(["a", "b", "ab", "abc", "x y", "ü", "1", "12", "a-b", "new", "q.r", "1.5"])


def random_rule(rng, number):
    """A rule, and the pieces of paths it may match."""
    text, pieces, names, kinds = "", [], [], {}

    def variable():
        converter, kind = rng.choice(CONVERTERS)
        name = f"v{len(names)}"
        names.append(name)
        kinds[name] = kind
        return f"<{converter}{name}>", kind

    for _ in range(rng.choice([0, 1, 1, 2, 2, 3])):
        text += "/"
        pieces.append("/")
        for _ in range(rng.choice([1, 1, 1, 1, 2, 3])):
            if rng.random() < 0.5:
                if not text.endswith(">") or rng.random() < 0.5:
                    literal = rng.choice(WORDS + ["-", "."])
                    text += literal
                    pieces.append(literal)
                else:
                    literal = rng.choice(["-", ".", "x"])
                    text += literal
                    pieces.append(literal)
            else:
                source, kind = variable()
                text += source
                pieces.append((kind,))
    if not text or rng.random() < 0.4:
        text += "/"
        pieces.append("/")
    spec = {"rule": text, "endpoint": rng.choice("efghi") if rng.random() < 0.5 else f"e{number}"}
    if rng.random() < 0.35:
        spec["methods"] = rng.sample(["GET", "POST", "PUT", "DELETE", "PURGE"], rng.choice([1, 2]))
    if rng.random() < 0.15:
        spec["strict_slashes"] = rng.random() < 0.5
    if rng.random() < 0.15:
        spec["merge_slashes"] = rng.random() < 0.5
    if rng.random() < 0.05:
        spec["websocket"] = True
        spec.pop("methods", None)
    if rng.random() < 0.05:
        spec["build_only"] = True
    if rng.random() < 0.1:
        spec["alias"] = True
    if rng.random() < 0.2:
        if names and rng.random() < 0.3:
            name = rng.choice(names)
            constants = {"int": 7, "float": 1.5, "any": "a" if "any(a" in text else "x", "uuid": uuid.UUID(UUID_A)}
            spec["defaults"] = {name: constants.get(kinds[name], "ab")}
            if kinds[name] == "any":
                del spec["defaults"]
        else:
            spec["defaults"] = {rng.choice(["v0", "v1", "k"]): rng.choice([1, 2, "a", 7])}
            if set(spec["defaults"]) & set(names):
                del spec["defaults"]
    if rng.random() < 0.04 and names and not spec.get("alias"):
        spec["redirect_to"] = f"to/<{names[0]}>"
    return spec, pieces, kinds


def random_path(rng, pieces):
    path = "".join(piece if isinstance(piece, str) else sample(rng, piece[0]) for piece in pieces)
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2])):
        kind = rng.randrange(6)
        if kind == 0:
            path = path[:-1] if path.endswith("/") else path + "/"
        elif kind == 1:
            path = path.replace("/", rng.choice(["//", "///"]), rng.choice([1, -1]))
        elif kind == 2:
            place = rng.randrange(len(path) + 1)
            path = path[:place] + rng.choice(["/", "a", "-", ".", "1", "\n", "ü", "x"]) + path[place:]
        elif kind == 3 and path:
            place = rng.randrange(len(path))
            path = path[:place] + path[place + 1 :]
        elif kind == 4:
            path += "/" + rng.choice(WORDS)
        else:
            path = rng.choice(["", "/", "//", "a", "/new/x"])
    return path


def random_values(rng, rule):
    values = {}
    for name in sorted(rule.arguments):
        if rng.random() < 0.9:
            # Werkzeug does not quote what it takes for a UUID.
            siblings = rule.map.iter_rules(rule.endpoint)
            is_uuid = any(isinstance(sibling._converters.get(name), UUIDConverter) for sibling in siblings)
            values[name] = uuid.UUID(UUID_A) if is_uuid else rng.choice(["a", "ab", 1, 2, 7, "7", 1.5, "x y", "ü/ö", True, -3, "new"])  # fmt: skip
    if rng.random() < 0.4:
        values[rng.choice(["q", "z", "k", "v9"])] = rng.choice([1, "a b", [1, 2], None, True, "ü&="])
    return values


def random_groups(seed, count):
    rng = random.Random(seed)
    groups = []
    while len(groups) < count:
        options = {}
        if rng.random() < 0.2:
            options["strict_slashes"] = False
        if rng.random() < 0.2:
            options["merge_slashes"] = False
        if rng.random() < 0.1:
            options["redirect_defaults"] = False
        made = [random_rule(rng, n) for n in range(rng.choice([3, 6, 10, 20, 30]))]
        subdomains = rng.random() < 0.15
        hosts = not subdomains and rng.random() < 0.1
        if hosts:
            options["host_matching"] = True
        for spec, _, _ in made:
            if subdomains and rng.random() < 0.7:
                spec["subdomain"] = rng.choice(["", "s", "t", "<s>", "<int:s>", "x<s>"])
            if hosts:
                spec["host"] = rng.choice(["example.com", "h.example", "<h>.example", "<h>.com"])
        group = Group(f"random {seed}.{len(groups)}", [spec for spec, _, _ in made], **options)
        tries = 0
        while len(group.match_rows) < 30 and tries < 200:
            tries += 1
            bind = {}
            if subdomains:
                bind["subdomain"] = rng.choice(["", "s", "t", "q", "7", "xy"])
            if hosts:
                bind["server_name"] = rng.choice(["example.com", "h.example", "q.example"])
            if rng.random() < 0.1:
                bind["script_name"] = "/app"
            path = random_path(rng, rng.choice(made)[1])
            method = rng.choice(["GET", "GET", "GET", "POST", "PUT", "HEAD", "PURGE"])
            query = "q=1" if rng.random() < 0.2 else ""
            websocket = True if rng.random() < 0.05 else None
            try:
                group.match(path, method, query, websocket, **bind)
            except (BuildError, AssertionError, ValueError):
                # An alias without a rule to lead to.
                continue
            if "redirect" in group.match_rows[-1] and any(spec.get("alias") for spec in group.specs):
                if is_alias_loop(group, group.match_rows[-1], method, websocket):
                    group.match_rows.pop()
        for _ in range(12):
            rule = rng.choice([rule for rule in group.map.iter_rules()])
            bind = {"subdomain": rng.choice(["", "s"])} if subdomains else {}
            if hosts:
                bind = {"server_name": rng.choice(["example.com", "h.example"])}
            method = rng.choice([None, None, None, "GET", "POST"])
            endpoint = rule.endpoint if rng.random() < 0.9 else rule.endpoint + "x"
            group.build(endpoint, random_values(rng, rule), method, rng.choice([None, None, True]), rng.random() < 0.9, bind=bind)
        groups.append(group)
    return groups


def is_alias_loop(group, row, method, websocket):
    """Whether an alias has no other rule to lead to, so that it leads to an alias (perhaps itself)."""
    bind = BIND | row.get("bind", {}) | {"method": method}
    adapter = group.adapter(bind, row["path"], row.get("query", ""))
    group.map.redirect_defaults = False
    try:
        rule, values = adapter.match(return_rule=True, websocket=websocket)
    except HTTPException:
        return False
    finally:
        group.map.redirect_defaults = group.options.get("redirect_defaults", True)
    if not rule.alias:
        return False
    for candidate in group.map._rules_by_endpoint[rule.endpoint]:
        if not candidate.alias and candidate.suitable_for(values, method):
            return False
    return True


def rule_errors():
    rows = []
    for text in [
        "x", "", "<a>", "/<", "/<a", "/a/<b>/<", "/<a>/<1>", "/<int:>", "/<:a>", "/<a b>", "/<int:a>/<nope:b>", "/<nope(1):b>", "/ü/<nope:x>", "/<a>/<a>", "/<a>-<b>-<a>",
        "/<int(min=-5):x>", "/<int(signed=True,min=-5):x>", "/<any(a-b):x>", "/<any(a b):x>", "/<string(a=):x>", "/it's/<", "//a//<nope:b>", "/<<a>>", "/a<>",
        "/<int(:x>", "/<int(1:x>",
    ]:  # fmt: skip
        try:
            Map([Rule(text, endpoint="e")])
        except (ValueError, LookupError) as e:
            message = str(e.args[0]) if isinstance(e, LookupError) else str(e)
            rows.append({"rule": text, "error": type(e).__name__, "message": message})
        except SyntaxError as e:
            rows.append({"rule": text, "error": "SyntaxError", "message": e.msg})
        else:
            rows.append({"rule": text, "error": None, "differs": "what cannot be parsed at the end of the arguments is an error"})
    return rows


def factories():
    """What the rule factories make of some rules."""
    plain = [("/", "index"), ("/entry/<slug>", "show")]

    def rows(name, *made):
        url_map = Map(made)
        return {
            "factory": name,
            "rules": sorted([rule.rule, rule.endpoint, rule.subdomain or ""] for rule in url_map.iter_rules()),
        }

    def rules():
        return [Rule(text, endpoint=endpoint) for text, endpoint in plain]

    template = RuleTemplate([Rule("/$name/", endpoint="$name.list"), Rule("/${name}s/<int:id>", endpoint="$name.show", subdomain="$sub")])
    return [
        rows("submount", Submount("/blog", rules())),
        rows("submount with a slash", Submount("/blog/", rules())),
        rows("subdomain", Subdomain("kb", rules())),
        rows("endpoint prefix", EndpointPrefix("blog/", rules())),
        rows("all three", Subdomain("kb", [Submount("/blog", [EndpointPrefix("b.", rules())])])),
        rows("template", template(name="user", sub="a"), template(name="page", sub="b")),
    ]


def flask_urls():
    """What is Flask's own in `url_for`: anchors, and which of the special names imply which."""
    app = flask.Flask("vectors")
    app.add_url_rule("/x/<a>", "x", lambda a: "")
    rows = []
    with app.test_request_context("/", base_url="http://example.com/"):
        for options in [
            {"_anchor": "top"}, {"_anchor": ""}, {"_anchor": "a b%20ü\"<>#[]^`{|}!$&'()*+,/:;=?@"}, {"_anchor": "x", "q": 1}, {"_scheme": "https"}, {"_external": True},
            {"_scheme": "https", "_external": True}, {"_scheme": "https", "_external": False}, {"_scheme": "", "_external": True}, {"_method": "GET"}, {"_method": "PUT"}, {"_foo": 1},
            {"_external": False},
        ]:  # fmt: skip
            row = {"options": {k: encode(v) for k, v in options.items()}}
            try:
                row["url"] = flask.url_for("x", a="v", **options)
            except Exception as e:
                row["error"] = str(e)
            rows.append(row)
    return rows


def write(folder, name, rows):
    text = "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows) + "\n]\n"
    (folder / name).write_text(text, encoding="utf-8")


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write(folder, "cases.json", [group.json() for group in handwritten()])
    for part, seed in enumerate((11, 12), 1):
        write(folder, f"random-{part}.json", [group.json() for group in random_groups(seed, 60)])
    write(folder, "rule-errors.json", rule_errors())
    write(folder, "url-for.json", flask_urls())
    write(folder, "factories.json", factories())


if __name__ == "__main__":
    main(sys.argv[1])
