"""Requests and responses in views, JSON, limits. Usage: python flask_requests.py OUTPUT_FOLDER"""

import datetime
import io
import random

import flask
from _scenes import make, raised, scene, seen, write

AREA = "flask-requests"


@scene("E2")
def keys_that_are_missing():
    app = make()
    for name in ["args", "form", "files"]:
        app.add_url_rule(f"/{name}", name, lambda name=name: str(getattr(flask.request, name)["x"]), methods=["GET", "POST"])
    app.add_url_rule("/number", "number", lambda: str([flask.request.args.get("n", 7, type=int), flask.request.args.get("m", type=float)]))
    client = app.test_client()
    found = [seen(client.post(f"/{name}")) for name in ["args", "form", "files"]]
    found += [seen(client.get(f"/number?{query}")) for query in ["", "n=3&m=0.5", "n=x&m=y", "n=", "n=-4&m=1"]]
    return found


@scene("E3")
def a_field_that_is_missing():
    app = make()
    app.add_url_rule("/index", "index", lambda: flask.request.headers["X-Own"])
    app.add_url_rule("/get", "get", lambda: str(flask.request.headers.get("x-OWN")))
    client = app.test_client()
    return [client.get(path, headers=headers).status_code for path in ["/index", "/get"] for headers in [{}, {"X-Own": "1"}]]


@scene("E4", "E8", "E9")
def what_is_in_a_request():
    app = make()

    @app.route("/", methods=["GET", "POST", "PUT"])
    def tell():
        r = flask.request
        return flask.jsonify([sorted(r.form.items(multi=True)), r.values.to_dict(flat=False), r.data.decode(), r.args.to_dict(flat=False)])

    client = app.test_client()
    found = []
    for method in ["GET", "POST", "PUT"]:
        for content_type, body in [("application/x-www-form-urlencoded", "a=1&b=2&a=3"), ("text/plain", "a=1"), ("application/json", '{"a": 1}'), (None, "")]:
            found.append(client.open("/?a=0&q=x", method=method, data=body, content_type=content_type).get_json())
    return found


@scene("E9")
def the_bytes_of_a_body():
    app = make()
    app.add_url_rule("/", "tell", lambda: f"{len(flask.request.get_data())} {flask.request.get_data(as_text=True)}", methods=["POST"])
    client = app.test_client()
    return [seen(client.post("/", data=body, content_type=kind)) for body, kind in [("é", "text/plain"), ("a=1", "text/x"), ('{"a": 1}', "application/json"), ("", None)]]


@scene("E10", "P5")
def a_body_piece_by_piece():
    app = make()

    @app.route("/", methods=["POST"])
    def count():
        total, pieces = 0, 0
        while piece := flask.request.stream.read(1024):
            total += len(piece)
            pieces += 1
        return f"{total} {pieces > 0} {len(flask.request.form)}"

    client = app.test_client()
    return [seen(client.post("/", data=data, content_type=kind)) for data, kind in [("x" * 5000, "text/plain"), ("", "text/plain"), ("a=1", "application/x-www-form-urlencoded")]]


@scene("E11", "E12", "J13")
def json_of_a_request():
    app = make()
    app.add_url_rule("/", "tell", lambda: flask.jsonify(flask.request.json), methods=["POST"])
    app.add_url_rule("/silent", "silent", lambda: flask.jsonify(flask.request.get_json(silent=True)), methods=["POST"])
    app.add_url_rule("/force", "force", lambda: flask.jsonify(flask.request.get_json(force=True)), methods=["POST"])
    client = app.test_client()
    found = []
    for kind in ["application/json", "application/vnd.api+json; charset=utf-8", "APPLICATION/JSON", "text/json", "text/plain", None]:
        for body in ['{"b": [1, null], "a": "é"}', "{", "", "null", "[1,]"]:
            for path in ["/", "/silent", "/force"]:
                found.append(seen(client.post(path, data=body, content_type=kind)))
    return found


@scene("E16", "E17", "E19")
def fields_of_a_request():
    app = make()

    @app.route("/")
    def tell():
        r = flask.request
        auth = r.authorization
        return flask.jsonify([
            auth and [auth.type, auth.get("username"), auth.get("password"), auth.token], r.cookies.to_dict(),
            r.accept_mimetypes.best_match(["application/json", "text/html"]), r.accept_languages.best_match(["de", "en"], "none"),
            r.accept_encodings.best, list(r.if_none_match.as_set()), r.range and r.range.to_header(), r.cache_control.no_cache,
            r.if_modified_since and int(r.if_modified_since.timestamp()), r.pragma.to_header(), r.referrer, r.user_agent.string,
        ])

    client = app.test_client(use_cookies=False)
    found = []
    for fields in [
        {},
        {"Authorization": "Basic dXNlcjpwYXNz", "Cookie": "a=1; b=2; a=3", "User-Agent": "agent/1", "Referer": "http://r/x"},
        {"Authorization": "Bearer abc.def", "Accept": "text/html;q=0.5, application/json", "Accept-Language": "en-US, de;q=0.5"},
        {"Accept-Encoding": "gzip;q=0.3, br", "If-None-Match": '"a"', "Range": "bytes=0-4", "Cache-Control": "no-cache", "Pragma": "no-cache"},
        {"If-Modified-Since": "Sun, 06 Nov 1994 08:49:37 GMT", "Accept": "image/*", "Accept-Language": "fr"},
    ]:
        found.append(client.get("/", headers={"User-Agent": ""} | fields).get_json())
    return found


@scene("E7")
def a_file_that_was_uploaded():
    app = make()

    @app.route("/", methods=["POST"])
    def tell():
        found = [[key, f.name, f.filename, f.mimetype, f.content_type, f.read().decode(), bool(f)] for key, f in flask.request.files.items(multi=True)]
        return flask.jsonify([found, flask.request.form.to_dict(flat=False)])

    client = app.test_client()
    answers = [
        client.post("/", data={"title": "x", "doc": (io.BytesIO(b"one"), "a b.txt")}),
        client.post("/", data={"doc": [(io.BytesIO(b"one"), "a.txt"), (io.BytesIO(b"two"), "b.png")]}),
        client.post("/", data={"doc": (io.BytesIO(b""), "")}),
        client.post("/", data={"title": ["x", "y"]}, content_type="multipart/form-data"),
    ]
    return [answer.get_json() for answer in answers]


@scene("E25")
def a_method_in_a_field():
    app = make()

    class Override:
        def __init__(self, app):
            self.app = app

        def __call__(self, environ, start_response):
            method = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", "").upper()
            if method in {"GET", "PUT", "DELETE"}:
                environ["REQUEST_METHOD"] = method
            return self.app(environ, start_response)

    app.wsgi_app = Override(app.wsgi_app)
    app.add_url_rule("/", "tell", lambda: flask.request.method, methods=["GET", "PUT", "DELETE", "POST"])
    client = app.test_client()
    return [seen(client.post("/", headers={"X-HTTP-Method-Override": name})) for name in ["PUT", "delete", "PATCH", ""]]


@scene("U1", "U3", "U4", "E23")
def limits():
    app = make(MAX_CONTENT_LENGTH=200_000, MAX_FORM_MEMORY_SIZE=70_000, MAX_FORM_PARTS=4)
    app.add_url_rule("/form", "form", lambda: str(len(flask.request.form) + len(flask.request.files)), methods=["POST"])
    app.add_url_rule("/data", "data", lambda: str(len(flask.request.get_data())), methods=["POST"])
    client = app.test_client()
    found = [seen(client.post("/data", data=b"x" * size, content_type="text/plain")) for size in [0, 200_000, 200_001]]

    def multipart(fields):
        return client.post("/form", data=fields, content_type="multipart/form-data")

    found += [seen(multipart({"a": "x" * size})) for size in [10, 70_000, 70_001]]
    found += [seen(multipart({f"f{n}": "x" for n in range(count)})) for count in [1, 4, 5]]
    found.append(seen(multipart({"doc": (io.BytesIO(b"x" * 100_000), "a.txt")})))
    return found


@scene("U5", "E23")
def limits_of_one_request():
    app = make(MAX_CONTENT_LENGTH=100)

    @app.before_request
    def allow():
        if flask.request.path.startswith("/large"):
            flask.request.max_content_length = 1000
        if flask.request.path.startswith("/parts"):
            flask.request.max_content_length = 1_000_000
            flask.request.max_form_parts = 1
        if flask.request.path.startswith("/memory"):
            flask.request.max_content_length = 1_000_000
            flask.request.max_form_memory_size = 66_000

    app.add_url_rule("/<kind>", "tell", lambda kind: f"{flask.request.max_content_length} {len(flask.request.get_data()) + len(flask.request.form)}", methods=["POST"])
    app.add_url_rule("/form/<kind>", "form", lambda kind: str(len(flask.request.form)), methods=["POST"])
    app.add_url_rule("/parts/form", "parts", lambda: str(len(flask.request.form)), methods=["POST"])
    app.add_url_rule("/memory/form", "memory", lambda: str(len(flask.request.form)), methods=["POST"])
    client = app.test_client()
    found = [seen(client.post(path, data=b"x" * size, content_type="text/plain")) for path in ["/small", "/large"] for size in [100, 101, 1000, 1001]]
    for path in ["/parts/form", "/memory/form"]:
        for fields in [{"a": "1"}, {"a": "1", "b": "2"}, {"a": "x" * 66_001}]:
            found.append(seen(client.post(path, data=fields, content_type="multipart/form-data")))
    return found


@scene("U9", "O11")
def paths_that_lead_out():
    from _scenes import folder

    root = folder(files__a_dot_txt="inside", secret_dot_txt="outside", files__sub__b_dot_txt="below")
    app = make()
    app.root_path = root
    app.add_url_rule("/files/<path:name>", "files", lambda name: flask.send_from_directory("files", name))
    client = app.test_client()
    found = []
    for path in ["a.txt", "sub/b.txt", "../secret.txt", "sub/../a.txt", "%2e%2e/secret.txt", "sub/../../secret.txt", "//etc/passwd", "a.txt/", "sub", "none.txt", "a%00.txt"]:
        answer = client.get("/files/" + path)
        found.append([path, answer.status_code, answer.get_data(as_text=True) if answer.status_code == 200 else None])
    return found


@scene("F11", "F10")
def responses_that_are_made():
    app = make()
    views = {
        "none": lambda: flask.make_response(),
        "text": lambda: flask.make_response("text"),
        "status": lambda: flask.make_response("text", 201),
        "all": lambda: flask.make_response("text", 202, {"X-A": "1"}),
        "json": lambda: flask.make_response({"a": 1}, 203),
        "again": lambda: flask.make_response(flask.Response("x", 204, {"X-A": "1"})),
        "changed": lambda: (flask.Response("x", 404, {"X-A": "1"}), {"X-A": "2"}),
    }
    for name, view in views.items():
        app.add_url_rule(f"/{name}", name, view)
    client = app.test_client()
    return [seen(client.get(f"/{name}"), "X-A", "Content-Type", "Content-Length") for name in views]


@scene("F15", "F16", "B19")
def cookies_of_a_response():
    app = make()

    @app.route("/")
    def tell():
        response = flask.Response("")
        response.set_cookie("a", "1")
        response.set_cookie("b", "é;\"", path="/x", domain="example.com", secure=True, httponly=True, samesite="Lax")
        response.set_cookie("c", "", path=None, partitioned=True, secure=True)
        response.delete_cookie("d")
        response.delete_cookie("e", path="/x", domain="example.com", secure=True, httponly=True, samesite="Strict", partitioned=True)
        return response

    return app.test_client().get("/").headers.getlist("Set-Cookie")


@scene("F17", "F20")
def the_data_of_a_response():
    response = flask.Response("x", mimetype="application/json")
    found = [response.get_data(as_text=True), response.is_json, response.content_length]
    response.set_data('{"a": [1]}')
    response.add_etag()
    found += [response.get_json(), response.content_length, response.headers["ETag"]]
    for body in ["x", "", "é"]:
        response = flask.Response(body)
        response.add_etag()
        response.add_etag()
        found += [response.headers["ETag"], list(response.get_etag()), response.is_json, response.get_json(silent=True)]
    return found


@scene("F19")
def typed_fields_of_a_response():
    r = flask.Response("")
    r.cache_control.max_age = 60
    r.cache_control.public = True
    r.vary.add("Cookie")
    r.vary.add("Accept")
    r.vary.add("cookie")
    r.last_modified = datetime.datetime(1994, 11, 6, 8, 49, 37, tzinfo=datetime.timezone.utc)
    r.expires = datetime.datetime(2023, 11, 14, 22, 13, 20, tzinfo=datetime.timezone.utc)
    r.retry_after = 120
    r.set_etag("tag", weak=True)
    r.location = "/x?y=1"
    r.content_type = "text/csv; charset=utf-8"
    names = ["Cache-Control", "Vary", "Last-Modified", "Expires", "Retry-After", "ETag", "Location", "Content-Type"]
    found = [r.headers.get(name) for name in names]
    r.mimetype = "application/json"
    found += [r.content_type, r.mimetype, list(r.get_etag()), int(r.last_modified.timestamp()), int(r.expires.timestamp()), r.cache_control.max_age]
    return found


@scene("F14", "Y2")
def fields_as_a_list():
    h = flask.Response("").headers
    h.clear()
    h.add("X-A", "1")
    h.add("x-a", "2")
    h.set("X-B", "3")
    h["x-b"] = "4"
    found = [h.getlist("X-A"), h.get("X-b"), "x-B" in h, h.get("X-C")]
    h.setlist("X-C", ["5", "6"])
    h.extend([("X-A", "7"), ("X-D", "8")])
    found += [h.getlist("X-C"), h.getlist("X-A"), sorted(key.lower() for key, _ in h)]
    h.update({"X-A": "9"})
    h.remove("X-D")
    found += [h.getlist("X-A"), h.get("X-D"), raised(lambda: h.add("X-E", "a\r\nb"))]
    return found


@scene("Y1")
def several_values_of_a_key():
    app = make()
    found = []
    with app.test_request_context("/?a=1&b=x&a=2&n=5&n=y&e="):
        d = flask.request.args
        found += [d["a"], d.getlist("a"), d.get("c"), d.get("n", type=int), d.getlist("n", type=int), d.to_dict(), d.to_dict(flat=False)]
        found += [list(d.items()), list(d.items(multi=True)), [[key, values] for key, values in d.lists()], len(d), "a" in d, "c" in d, list(d)]
        m = d.copy()
        m.add("c", "new")
        m.setlist("a", ["9"])
        m["b"] = "z"
        found += [m.getlist("a"), m["b"], m["c"], m.poplist("n"), len(m)]
    return found


@scene("G1", "G2")
def json_without_a_response():
    app = make()
    with app.app_context():
        texts = [flask.json.dumps(value) for value in [{"b": 1, "a": "é"}, [1, 2.5, None, True], "x", {"2": 1, "10": 2}]]
        values = [flask.json.loads(text) for text in ['{"b": 1, "a": "\\u00e9"}', "[1, 2.5, null, true]", b'"x"']]
    return [texts, values]


@scene("G3", "G4", "F3")
def json_of_a_response():
    found = []
    for debug in (False, True):
        app = make(DEBUG=debug)
        views = {
            "none": lambda: flask.jsonify(),
            "one": lambda: flask.jsonify({"b": 1, "a": [1, {"c": None}]}),
            "many": lambda: flask.jsonify(1, "a"),
            "named": lambda: flask.jsonify(b=1, a=2),
            "dict": lambda: {"b": 1, "a": 2},
            "list": lambda: [1, {"a": 2}],
            "empty": lambda: [],
        }
        for name, view in views.items():
            app.add_url_rule(f"/{name}", name, view)
        client = app.test_client()
        found += [seen(client.get(f"/{name}"), "Content-Type") for name in views]
    return found


@scene("C16", "F13")
def head_is_get_without_a_body():
    app = make()
    log = []
    app.add_url_rule("/", "tell", lambda: [log.append(flask.request.method), "hello"][1])
    client = app.test_client()
    return [seen(client.head("/"), "Content-Length", "Content-Type"), seen(client.get("/"), "Content-Length"), log]


def make_redirect(code):
    app = make()
    app.add_url_rule("/", "r", lambda: flask.redirect("/next?a=b#c", code))
    return app.test_client().get("/")


@scene("Y8")
def a_slash_is_appended():
    app = make()
    app.add_url_rule("/here/", "here", lambda: "here")
    client = app.test_client()
    return [client.get("/here?x=1").status_code, client.get("/here?x=1", follow_redirects=True).get_data(as_text=True), [seen(make_redirect(code), "Location")[2] for code in (301, 302, 303, 305, 307, 308)]]


@scene("V2", "V7", "V8")
def apps_below_a_prefix():
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    def part(name):
        app = make(name)

        @app.route("/")
        def index():
            flask.session["x"] = 1
            return f"{name} {flask.request.script_root} {flask.request.path} {flask.url_for('index')} {flask.url_for('item', id=2)}"

        app.add_url_rule("/item/<int:id>", "item", lambda id: f"item {id} {flask.request.script_root}")
        return app

    front = part("front")
    front.wsgi_app = DispatcherMiddleware(front.wsgi_app, {"/api": part("api").wsgi_app, "/api/v2": part("v2").wsgi_app})
    client = front.test_client(use_cookies=False)
    found = [seen(client.get(path)) for path in ["/", "/api/", "/api/item/1", "/api/v2/", "/api/v2/item/3", "/apix", "/item/4"]]
    return [found, client.get("/api/").headers["Set-Cookie"].split("; ", 1)[1]]


@scene("V2", differs="the prefix alone is the root of what is mounted there; Flask redirects to the same with a slash")
def the_prefix_alone():
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    front, api = make(), make()
    api.add_url_rule("/", "index", lambda: "root")
    front.wsgi_app = DispatcherMiddleware(front.wsgi_app, {"/api": api.wsgi_app})
    return front.test_client().get("/api").status_code


def link_app():
    app = make(SERVER_NAME=None)
    shop, deep = flask.Blueprint("shop", __name__, url_prefix="/shop/<lang>"), flask.Blueprint("deep", __name__, url_prefix="/deep")
    nothing = lambda **_: ""
    app.add_url_rule("/", "index", nothing)
    app.add_url_rule("/user/<name>", "user", nothing)
    app.add_url_rule("/list/", "list", nothing, defaults={"page": 1})
    app.add_url_rule("/list/<int:page>", "list", nothing)
    app.add_url_rule("/file/<path:p>", "file", nothing)
    app.add_url_rule("/num/<int(fixed_digits=4):n>/<float:f>", "num", nothing)
    app.add_url_rule("/form", "form", nothing, methods=["POST"])
    app.add_url_rule("/form/<x>", "form", nothing, methods=["GET"])
    shop.add_url_rule("/", "index", nothing)
    shop.add_url_rule("/item/<int:id>", "item", nothing)
    deep.add_url_rule("/x", "index", nothing)
    deep.add_url_rule("/<uuid:u>", "by_uuid", nothing)
    shop.register_blueprint(deep)
    app.register_blueprint(shop)
    return app


TEXTS = ["a", "a b", "é", "a/b", "../x", "?q#f", "%", "+&=", "ann@example.org", "日本", "", "~-._", "<b>", "\"'", "a;b,c", "x" * 40]


def link_cases():
    """Random calls of url_for: where they are made, the endpoint, the values."""
    rng = random.Random(500)
    endpoints = {
        "index": {}, "user": {"name": TEXTS}, "list": {"page": [1, 2, 0, 30]}, "file": {"p": TEXTS}, "num": {"n": [0, 7, 12345], "f": [0.5, 3.0, 1e3]}, "form": {"x": TEXTS},
        "shop.index": {"lang": ["de", "en"]}, "shop.item": {"lang": ["de", "é"], "id": [1, 999]}, ".index": {"lang": ["de"]}, ".item": {"lang": ["fr"], "id": [5]},
        "shop.deep.index": {"lang": ["de"]}, ".deep.index": {"lang": ["de"]}, "shop.deep.by_uuid": {"lang": ["x"], "u": ["12345678-1234-5678-1234-567812345678"]}, "nope": {"a": [1]}, ".nope": {},
    }
    targets = ["/", "/shop/de/", "/shop/de/deep/x", "/user/x?y=1", "/none"]
    for _ in range(520):
        endpoint = rng.choice(list(endpoints))
        values = {name: rng.choice(choices) for name, choices in endpoints[endpoint].items() if rng.random() < 0.93}
        for name in rng.sample(["q", "page2", "tag", "_own", "é"], rng.randint(0, 2)):
            values[name] = rng.choice([*TEXTS, 3, 0.5, True, None, ["a", 1], ["x y", "z"]])
        for name, choices in {"_external": [True, False], "_scheme": ["https", "ftp"], "_anchor": ["top", "é x", "", "a/b?c"], "_method": ["GET", "POST"]}.items():
            if rng.random() < 0.12:
                values[name] = rng.choice(choices)
        yield {"target": rng.choice(targets), "base": rng.choice(["http://localhost", "https://shop.example:8443", "http://localhost/app"]), "endpoint": endpoint, "values": values}


def links():
    app = link_app()
    cases = []
    for case in link_cases():
        with app.test_request_context(case["target"], base_url=case["base"]):
            try:
                cases.append(case | {"url": flask.url_for(case["endpoint"], **case["values"])})
            except Exception as error:
                cases.append(case | {"error": type(error).__name__, "message": str(error) if type(error).__name__ != "ValueError" or "_scheme" in str(error) else None})
    return cases


write(AREA)
if __name__ == "__main__":
    import json
    import pathlib
    import sys

    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in links())
    (pathlib.Path(sys.argv[1]) / "links.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
