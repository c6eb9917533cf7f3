"""Rules of every kind; the views tell what was matched."""

from flask import Blueprint, g, request
from flask.views import MethodView
from werkzeug.routing import BaseConverter


class ListConverter(BaseConverter):
    def to_python(self, value):
        return value.split("+")

    def to_url(self, values):
        return "+".join(super(ListConverter, self).to_url(value) for value in values)


RULES = [
    ("string", "/r/string/<name>", {}),
    ("length", "/r/length/<string(length=2):v>", {}),
    ("minmax", "/r/minmax/<string(minlength=2, maxlength=4):v>", {}),
    ("int", "/r/int/<int:n>", {}),
    ("signed", "/r/signed/<int(signed=True):n>", {}),
    ("range", "/r/range/<int(min=3, max=9):n>", {}),
    ("fixed", "/r/fixed/<int(fixed_digits=4):n>", {}),
    ("float", "/r/float/<float:x>", {}),
    ("fsigned", "/r/fsigned/<float(signed=True):x>", {}),
    ("path", "/r/path/<path:p>", {}),
    ("edit", "/r/path/<path:p>/edit", {}),
    ("any", '/r/any/<any(red, green, "light blue"):c>', {}),
    ("uuid", "/r/uuid/<uuid:u>", {}),
    ("list", "/r/list/<list:xs>", {}),
    ("two", "/r/two/<a>-<b>", {}),
    ("ext", "/r/ext/<name>.<any(json, html):ext>", {}),
    ("fixed-text", "/r/static-wins", {}),
    ("dynamic", "/r/<dynamic>", {}),
    ("branch", "/s/branch/", {}),
    ("branch-post", "/s/posted/", {"methods": ["POST"]}),
    ("leaf", "/s/leaf", {}),
    ("loose", "/s/loose", {"strict_slashes": False}),
    ("loose-branch", "/s/loose-branch/", {"strict_slashes": False}),
    ("deep", "/s/a/<x>/b/", {}),
    ("unmerged", "/s/unmerged/<x>/y", {"merge_slashes": False}),
    ("all", "/d/all/", {"defaults": {"page": 1}}),
    ("all", "/d/all/<int:page>", {}),
    ("old", "/d/old/<x>", {"redirect_to": "d/new/<x>"}),
    ("new", "/d/new/<x>", {}),
    ("canon", "/d/canon", {}),
    ("canon", "/d/alias", {"alias": True}),
    ("lang", "/d/lang/<lang>/x", {"defaults": {"lang": "en"}}),
    ("get", "/m/get", {}),
    ("post", "/m/post", {"methods": ["POST"]}),
    ("many", "/m/many", {"methods": ["PUT", "PATCH", "DELETE"]}),
    ("own-options", "/m/options", {"methods": ["GET", "OPTIONS"]}),
    ("no-options", "/m/nooptions", {"methods": ["GET"], "provide_automatic_options": False}),
    ("purge", "/m/purge", {"methods": ["PURGE"]}),
    ("split-get", "/m/split", {}),
    ("split-post", "/m/split", {"methods": ["POST"]}),
    ("any-method", "/m/<word>", {"methods": ["GET", "POST", "DELETE"]}),
    ("socket", "/w/socket", {"websocket": True}),
]


def small(values):
    """JSON of Rust has no integers beyond 64 bits."""
    return {name: str(value) if isinstance(value, int) and value >= 2**63 else value for name, value in values.items()}


def tell(**values):
    return {
        "endpoint": request.endpoint,
        "rule": request.url_rule.rule,
        "args": small(values),
        "blueprints": request.blueprints,
        "method": request.method,
    }


class Item(MethodView):
    def get(self, id):
        return small({"item": id})

    def post(self, id):
        return small({"posted": id}), 201

    def delete(self, id):
        return "", 204


def mark(scaffold, name):
    """Hooks that leave their mark in X-Trace, and answer for the view when they are asked to."""

    @scaffold.before_request
    def before():
        g.trace.append(f"before {name}")
        if request.headers.get("X-Answer") == name:
            return f"answered by {name}"

    @scaffold.after_request
    def after(response):
        g.trace.append(f"after {name}")
        return response


def register(app):
    app.url_map.converters["list"] = ListConverter
    for endpoint, rule, options in RULES:
        app.add_url_rule(rule, endpoint, tell, **options)
    app.add_url_rule("/m/view/<int:id>", view_func=Item.as_view("item"))

    outer = Blueprint("outer", __name__, url_prefix="/outer")
    inner = Blueprint("inner", __name__, url_prefix="/inner/<section>")
    mark(outer, "outer")
    mark(inner, "inner")
    outer.add_url_rule("/", "index", tell)
    outer.add_url_rule("", "bare", tell)
    outer.add_url_rule("/leaf", "leaf", tell)
    inner.add_url_rule("/", "index", tell)
    inner.add_url_rule("/leaf/<int:n>", "leaf", tell, methods=["GET", "POST"])
    outer.register_blueprint(inner)
    app.register_blueprint(outer)

    lang = Blueprint("lang", __name__, url_prefix="/l/<any(de, en):lang>")

    @lang.url_value_preprocessor
    def take(endpoint, values):
        g.lang = values.pop("lang")

    @lang.url_defaults
    def give(endpoint, values):
        values.setdefault("lang", g.get("lang", "en"))

    @lang.route("/hello/<name>")
    def hello(name):
        return {"lang": g.lang, "name": name}

    @lang.route("/link")
    def link():
        from flask import url_for

        return url_for(".hello", name="you & me")

    app.register_blueprint(lang)
