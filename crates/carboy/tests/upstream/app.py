"""The Flask application behind the carboy app of upstream_flask.rs."""

import hashlib
import json
from datetime import timedelta

from flask import Blueprint, Flask, flash, get_flashed_messages, redirect, request, session, url_for
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter


class Colour(BaseConverter):
    regex = "red|blue"


app = Flask(__name__, static_folder="../upstream", static_url_path="/static")
app.config.update(SECRET_KEY="shared", PERMANENT_SESSION_LIFETIME=timedelta(days=1))


@app.get("/who")
def who():
    return {
        "addr": request.remote_addr,
        "scheme": request.scheme,
        "host": request.host,
        "root": request.root_path,
        "url": url_for("who", _external=True),
        "via": request.headers.get("Via"),
    }


def behind(fix):
    """The application as it answers behind a proxy that is trusted so."""

    def answer(environ, start_response):
        query = environ.get("QUERY_STRING")
        return (fix if query == "fixed" else four if query == "four" else plain)(environ, start_response)

    plain = app.wsgi_app
    four = ProxyFix(app.wsgi_app, 1, 1, 1, 1)
    return answer


app.wsgi_app = behind(ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1))


@app.get("/python/write/<text>")
def write(text):
    session.setdefault("log", []).append(f"python {text}")
    session.modified = True
    session["tuple"] = (1, b"two", timedelta(seconds=3).total_seconds())
    flash(f"from python: {text}", "note")
    return json.dumps(session["log"])


@app.get("/python/read")
def read():
    return {
        "log": session.get("log"),
        "tuple": repr(session.get("tuple")),
        "permanent": session.permanent,
        "flashes": get_flashed_messages(with_categories=True),
    }


@app.get("/python/forget")
def forget():
    session.clear()
    return redirect("/python/read")


@app.post("/item")
def item():
    return f"python {request.method} {request.form['name']}"


@app.get("/branch/")
def branch():
    return "python branch"


@app.post("/digest")
def digest():
    found, length = hashlib.sha256(), 0
    while chunk := request.stream.read(65536):
        found.update(chunk)
        length += len(chunk)
    return f"{length} {found.hexdigest()}"


@app.get("/download/<int:megabytes>")
def download(megabytes):
    return app.response_class((b"x" * (1 << 20) for _ in range(megabytes)), mimetype="text/plain")


bp = Blueprint("blog", __name__, url_prefix="/blog")


@bp.get("/", defaults={"page": 1})
@bp.get("/page/<int:page>")
def index(page):
    return str(page)


@bp.get("/<uuid:id>/<path:rest>")
def entry(id, rest):
    return rest


@bp.get("/<any(draft, review):state>/<float(signed=True):score>")
def listing(state, score):
    return state


app.register_blueprint(bp)
nested = Blueprint("admin", __name__, url_prefix="/admin")
nested.add_url_rule("/<string(length=2):lang>/<int(fixed_digits=4):year>/", "year", lambda lang, year: lang)
outer = Blueprint("outer", __name__, url_prefix="/outer", subdomain="<tenant>")
outer.register_blueprint(nested)
app.register_blueprint(outer)
app.add_url_rule("/form", "form", lambda: "", methods=["GET"])
app.add_url_rule("/form/send", "form", methods=["POST"])
app.add_url_rule("/ünïcode/<name>", "unicode", lambda name: name)

strange = Flask("strange")
strange.url_map.converters["colour"] = Colour
strange.add_url_rule("/<colour:c>", "colour", lambda c: c)

unwritable = Flask("unwritable")
unwritable.add_url_rule("/", "odd", lambda when: "", defaults={"when": timedelta(1)})


@app.post("/url_for")
def urls():
    """The URLs of a list of endpoints with values, built as in a request to a host."""
    asked, built = request.json, []
    app.config["SERVER_NAME"] = asked["server_name"]
    with app.test_request_context("/", base_url=f"http://{asked['server_name']}/"):
        for endpoint, values in asked["calls"]:
            try:
                built.append(url_for(endpoint, **values))
            except Exception as error:
                built.append(type(error).__name__)
    app.config["SERVER_NAME"] = None
    return built
