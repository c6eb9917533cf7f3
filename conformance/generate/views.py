"""Views as Flask runs them: what each return value becomes, what method views answer, which URL a view has.

    python views.py OUTPUT_FOLDER

writes answers.json (a request each to one Flask application, and the answer), urls.json (what `url_for` builds) and
rules.json (URL rules, the names of their variables or the kind of their error).
"""

import json
import sys
from pathlib import Path

from flask import Flask, Response, abort, jsonify, make_response, redirect, request, url_for
from flask.views import MethodView
from werkzeug.exceptions import Unauthorized
from werkzeug.routing import Map, Rule


def application():
    app = Flask("views")
    app.logger.disabled = True

    def view(rule):
        # The first word of the rule is the endpoint.
        return app.route(rule, endpoint=rule.split("/")[1])

    view("/str")(lambda: "<p>é</p>")
    view("/bytes")(lambda: b"\xff\x00")
    view("/empty")(lambda: make_response())
    view("/json")(lambda: {"b": [1, 2.0, None, True], "a": "é"})
    view("/list")(lambda: [1, "a"])
    view("/jsonify")(lambda: jsonify("x"))
    view("/body-status")(lambda: ("made", 201))
    view("/body-text-status")(lambda: ("made", "299 Custom"))
    view("/body-number-as-text")(lambda: ("made", "418"))
    view("/body-headers")(lambda: ("made", {"X-A": "1", "Content-Type": "text/plain"}))
    view("/body-status-headers")(lambda: ("made", 202, [("X-A", "1"), ("X-A", "2")]))
    view("/json-status")(lambda: ({"error": "no"}, 422))
    view("/response-status")(lambda: (Response("x", 400, {"X-A": "1"}), 201, {"X-B": "2"}))
    view("/empty-status")(lambda: ("made", ""))
    view("/newline")(lambda: ("made", {"X-A": "1\r\nX-B: 2"}))
    view("/http-error")(lambda: Unauthorized("who?"))
    view("/abort")(lambda: abort(404))
    view("/abort-text")(lambda: abort(403, "not <you>"))
    view("/redirect")(lambda: redirect("/é?x=1 2"))
    view("/redirect-303")(lambda: redirect("https://example.com/a", 303))
    view("/no-content")(lambda: ("gone", 204))
    view("/int/<int:n>")(lambda n: f"{n}")
    view("/float/<float:n>")(lambda n: f"{n}")
    view("/uuid/<uuid:n>")(lambda n: f"{n}")
    view("/path/<path:n>")(lambda n: n)
    view("/any/<any(a, 'b c'):n>")(lambda n: n)
    view("/two/<a>-<b>")(lambda a, b: f"{a},{b}")

    def page(n, kind="none"):
        return f"{n} {kind}"

    app.add_url_rule("/page/", "page", page, defaults={"n": 1})
    app.add_url_rule("/page/<int:n>", "page", page)
    app.add_url_rule("/page/<int:n>/<kind>", "page", page)

    @app.route("/form", methods=["GET", "POST"])
    def form():
        return request.method

    class Item(MethodView):
        init_every_request = False

        def get(self, id):
            return f"item {id}", {"X-Item": str(id)}

        def delete(self, id):
            return "", 204

    class Head(MethodView):
        def get(self):
            return "get"

        def head(self):
            return "", {"X-Head": "own"}

        def options(self):
            return "options"

    app.add_url_rule("/item/<int:id>", view_func=Item.as_view("item"))
    app.add_url_rule("/head", view_func=Head.as_view("head"))
    return app


REQUESTS = [
    *[("GET", rule) for rule in """
        /str /bytes /empty /json /list /jsonify /body-status /body-text-status /body-number-as-text /body-headers
        /body-status-headers /json-status /response-status /empty-status /newline /http-error /abort /abort-text /redirect
        /redirect-303 /no-content /int/3 /int/007 /int/-1 /int/x /float/1.50 /float/3 /path/a/b /any/a /any/b%20c /any/c
        /uuid/12345678-1234-5678-1234-567812345678 /uuid/12345678 /two/a-b-c /page/ /page /page/1 /page/2 /page/2/x
        /form /item/3 /item/x /head /none
    """.split()],
    ("HEAD", "/str"), ("POST", "/str"), ("OPTIONS", "/str"),
    ("POST", "/form"), ("OPTIONS", "/form"), ("DELETE", "/form"),
    ("HEAD", "/item/3"), ("DELETE", "/item/3"), ("POST", "/item/3"), ("OPTIONS", "/item/3"),
    ("HEAD", "/head"), ("OPTIONS", "/head"), ("PUT", "/head"),
]


def answers(app):
    client = app.test_client()
    found = []
    for method, path in REQUESTS:
        answer = client.open(path, method=method)
        # The order of the methods is that of a Python set.
        headers = [[name.lower(), ", ".join(sorted(value.split(", "))) if name == "Allow" else value] for name, value in answer.headers]
        found.append({
            "method": method, "path": path, "status": answer.status_code, "reason": answer.status.partition(" ")[2],
            "headers": headers, "body": answer.get_data().decode("latin-1"),
        })
    return found


URLS = [
    ("str", {}), ("int", {"n": 3}), ("float", {"n": 1.0}), ("float", {"n": 2}), ("path", {"n": "a b/é"}), ("two", {"a": "x/y", "b": "z"}),
    ("page", {"n": 1}), ("page", {"n": 2}), ("page", {"n": 2, "kind": "x"}), ("any", {"n": "a"}),
    ("str", {"q": "a b&é", "none": None, "list": [1, "b"], "on": True, "rate": 0.5}),
    ("str", {"_anchor": "é b", "_external": True}), ("str", {"_scheme": "https", "_external": True}),
    ("form", {"_method": "POST"}), ("int", {"n": 3, "q": "x", "_external": True, "_anchor": "top"}),
]


def urls():
    app = Flask("urls")
    nothing = lambda **_: ""
    for rule, name in [("/str", "str"), ("/int/<int:n>", "int"), ("/float/<float:n>", "float"), ("/path/<path:n>", "path"),
                       ("/two/<a>/<b>", "two"), ("/any/<any(a, 'b c'):n>", "any"), ("/page/<int:n>", "page"), ("/page/<int:n>/<kind>", "page")]:
        app.add_url_rule(rule, name, nothing)
    app.add_url_rule("/page/", "page", nothing, defaults={"n": 1})
    app.add_url_rule("/form", "form", nothing, methods=["GET", "POST"])
    with app.test_request_context("/"):
        return [{"endpoint": name, "values": values, "url": url_for(name, **values)} for name, values in URLS]


RULES = [
    "/", "/a", "/<a>", "/<a>/<b>", "/<a><b>", "/<int:a>.<b>", "/x>", "/>", "/<a", "/<", "/<>", "/< a>", "/<a b>", "/<1a>", "/<_>", "/<_a1>",
    "/<é>", "/<int:>", "/<:a>", "/<int:a", "/<int(1)a>", "/<int(1):a>", "/<int(fixed_digits=4):a>", "/<int(min=1, max = 20):a>",
    "/<int(signed=True):a>", "/<int(signed=True,min=-5):a>", "/<any(a,b):x>", "/<any('a b', \"c\"):x>", "/<any(a-b):x>", "/<any('a-b'):x>",
    "/<any(\"a)b\"):x>", "/<any(1,2):x>", "/<any(True, None):x>", "/<string(length=2):x>", "/<string(minlength=1,maxlength=3):x>",
    "/<float(min=0.5):x>", "/<float(min=.5):x>", "/<path():x>", "/<path:x>/edit", "/<a>/<a>", "/<int:a>/<a>", "/a<b", "/a<b<c>>",
    "/<uuid:x>/", "//a", "a", "<a>", "/<default:a>", "/<any(a b):x>", "/<any(a,,b):x>", "/<any(a,):x>", "/<any(=a):x>",
    "/<string(length = 2 ):x>", "/<any(\"a):x>", "/<any(u'a'):x>", "/<any(a.b):x>", "/<any(1.5):x>", "/<any(1.):x>", "/é/<x>", "/<x>é",
]


def rules():
    found = []
    for text in RULES:
        try:
            rule = Rule(text, endpoint="x")
            rule.bind(Map())
            found.append({"rule": text, "variables": list(rule._converters)})
        except Exception as error:
            found.append({"rule": text, "error": str(error)})
    return found


def main(output):
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in [("answers", answers(application())), ("urls", urls()), ("rules", rules())]:
        text = json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
