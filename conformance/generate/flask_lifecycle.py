"""What runs when: contexts, hooks, signals, errors, streams. Usage: python flask_lifecycle.py OUTPUT_FOLDER"""

import threading

import flask
from _scenes import make, raised, scene, seen, write

AREA = "flask-lifecycle"


def outside(function):
    return [raised(function), flask.has_app_context(), flask.has_request_context()]


@scene("H1", "H2", "H8", "H10")
def outside_of_contexts():
    found = [
        outside(lambda: flask.current_app.name),
        outside(lambda: flask.g.x),
        outside(lambda: flask.request.path),
        outside(lambda: flask.session.get("x")),
    ]
    try:
        flask.after_this_request(lambda response: response)
    except RuntimeError:
        found.append("refused")
    app = make()
    with app.app_context():
        found.append([flask.current_app.name, flask.has_app_context(), flask.has_request_context(), raised(lambda: flask.request.path)])
    with app.test_request_context("/x"):
        found.append([flask.request.path, flask.has_app_context(), flask.has_request_context()])
    return found


@scene("H6")
def g_lives_as_long_as_its_context():
    app = make()
    found = []
    with app.app_context():
        flask.g.a = 1
        found += [flask.g.get("a"), "a" in flask.g, flask.g.setdefault("a", 2), flask.g.setdefault("b", 3), sorted(flask.g), flask.g.pop("a"), "a" in flask.g, flask.g.get("a")]
        with app.app_context():
            found.append("b" in flask.g)
        found.append("b" in flask.g)
    with app.app_context():
        found.append("b" in flask.g)
    return found


@scene("H4", "H6")
def g_of_a_request():
    app = make()
    log = []
    app.before_request(lambda: setattr(flask.g, "from", "before"))
    app.teardown_request(lambda error: log.append(f"teardown {flask.g.get('from')} {flask.g.get('view')}"))
    app.teardown_appcontext(lambda error: log.append(f"context {flask.g.get('from')}"))

    @app.route("/<name>")
    def view(name):
        first = "view" in flask.g
        flask.g.view = name
        return f"{flask.g.get('from')} {first}"

    client = app.test_client()
    return [seen(client.get("/a")), seen(client.get("/b")), log]


@scene("H7")
def contexts_by_hand_run_no_hooks():
    app = make()
    log = []
    app.before_request(lambda: log.append("before"))
    app.teardown_request(lambda error: log.append("teardown"))
    app.add_url_rule("/user/<name>", "user", lambda name: "")
    with app.test_request_context("/user/ann?x=1", headers={"Host": "shop.example"}):
        log.append([flask.request.endpoint, flask.request.view_args, flask.request.args["x"], flask.url_for("user", name="bo"), flask.request.host])
    with app.test_request_context("/nowhere"):
        log.append([flask.request.endpoint, flask.request.routing_exception.code])
    return log


@scene("H3", "I1", "Q1", "Q4")
def everything_in_its_order():
    app = make()
    log = []
    for name in ["appcontext_pushed", "request_started", "template_rendered", "before_render_template", "request_finished", "request_tearing_down",
                 "appcontext_tearing_down", "appcontext_popped", "got_request_exception", "message_flashed"]:
        getattr(flask, name).connect(lambda sender, name=name, **extra: log.append(f"signal {name}"), app, weak=False)
    parent, child = flask.Blueprint("parent", __name__), flask.Blueprint("child", __name__)

    def hooks(scaffold, name):
        for n in (1, 2):
            scaffold.before_request(lambda n=n: log.append(f"before {name} {n}"))
            scaffold.after_request(lambda response, n=n: [log.append(f"after {name} {n}"), response][1])
            scaffold.teardown_request(lambda error, n=n: log.append(f"teardown {name} {n}"))
            scaffold.context_processor(lambda n=n: [log.append(f"processor {name} {n}"), {}][1])
            scaffold.url_value_preprocessor(lambda endpoint, values, n=n: log.append(f"preprocessor {name} {n} {endpoint}"))

    hooks(app, "app")
    hooks(parent, "parent")
    hooks(child, "child")
    app.teardown_appcontext(lambda error: log.append("teardown context 1"))
    app.teardown_appcontext(lambda error: log.append("teardown context 2"))

    @child.route("/x")
    def view():
        for n in (1, 2):
            flask.after_this_request(lambda response, n=n: [log.append(f"this {n}"), response][1])
        flask.flash("hello")
        log.append("view")
        return flask.render_template_string("page")

    parent.register_blueprint(child)
    app.register_blueprint(parent)
    client = app.test_client()
    answers = []
    for path, method in [("/x", "GET"), ("/x", "OPTIONS"), ("/x", "POST"), ("/none", "GET")]:
        answers.append(client.open(path, method=method).status_code)
        answers.append(list(log))
        log.clear()
    return answers


@scene("Q2")
def what_signals_carry():
    app = make()
    log = []
    flask.template_rendered.connect(lambda sender, template, context: log.append(["rendered", template.name, "a" in context]), app, weak=False)
    flask.before_render_template.connect(lambda sender, template, context: log.append(["rendering", template.name, "a" in context]), app, weak=False)
    flask.request_finished.connect(lambda sender, response: log.append(["finished", response.status_code]), app, weak=False)
    flask.got_request_exception.connect(lambda sender, exception: log.append(["exception", str(exception)]), app, weak=False)
    flask.request_tearing_down.connect(lambda sender, exc: log.append(["tearing down", exc and str(exc)]), app, weak=False)
    flask.appcontext_tearing_down.connect(lambda sender, exc: log.append(["context tearing down", exc and str(exc)]), app, weak=False)
    flask.message_flashed.connect(lambda sender, message, category: log.append(["flashed", message, category]), app, weak=False)

    @app.route("/page")
    def page():
        flask.flash("saved", "info")
        return flask.render_template_string("{{ a }}", a=1), 201

    @app.route("/fail")
    def fail():
        raise ValueError("on purpose")

    client = app.test_client()
    client.get("/page")
    client.get("/fail")
    return log


@scene("Q3")
def receivers_come_and_go():
    app, other = make(), make()
    log = []

    def receiver(sender, **extra):
        log.append("started")

    counts = []
    for each in (app, other):
        each.add_url_rule("/", "index", lambda: "")
    flask.request_started.connect(receiver, app)
    for each in (app, other, app):
        each.test_client().get("/")
        counts.append(len(log))
    flask.request_started.disconnect(receiver, app)
    app.test_client().get("/")
    counts.append(len(log))
    return counts


@scene("I5")
def after_request_may_change_the_session():
    app = make()

    @app.after_request
    def count(response):
        flask.session["n"] = flask.session.get("n", 0) + 1
        return response

    app.add_url_rule("/", "index", lambda: str(flask.session.get("n")))
    app.add_url_rule("/fail", "fail", lambda: 1 / 0)
    client = app.test_client()
    return [[client.get(path).status_code, client.get("/").get_data(as_text=True)] for path in ["/", "/none", "/fail"]]


@scene("I10", "F24", "H10")
def callbacks_for_later():
    app = make()

    @app.before_request
    def language():
        lang = flask.request.cookies.get("lang")
        if lang is None:
            lang = "en"

            @flask.after_this_request
            def remember(response):
                response.set_cookie("lang", lang)
                return response

        flask.g.lang = lang

    app.add_url_rule("/", "index", lambda: flask.g.lang)
    client = app.test_client()
    first = seen(client.get("/"), "Set-Cookie")
    client.set_cookie("lang", "de")
    return [first, seen(client.get("/"), "Set-Cookie")]


@scene("H5", "U6")
def a_host_that_is_not_trusted():
    app = make(TRUSTED_HOSTS=["shop.example", ".example.org"])
    log = []
    app.before_request(lambda: log.append(f"before {flask.request.endpoint}"))
    app.after_request(lambda response: [log.append(f"after {response.status_code}"), response][1])
    app.add_url_rule("/", "index", lambda: "fine")
    client = app.test_client()
    found = []
    for host in ["shop.example", "shop.example:81", "www.shop.example", "example.org", "a.b.example.org", "evil.test"]:
        for path in ["/", "/none"]:
            found.append([host, path, client.get(path, base_url=f"http://{host}").status_code])
    return [found, log]


@scene("J10", "J11")
def an_error_that_nobody_handles():
    app = make()

    def build(**handlers):
        app = make()
        app.add_url_rule("/fail", "fail", lambda: int("x"))
        app.add_url_rule("/abort", "abort", lambda: flask.abort(500))
        app.add_url_rule("/teapot", "teapot", lambda: flask.abort(418))
        for code, handler in handlers.items():
            app.register_error_handler(int(code[1:]) if code != "any" else Exception, handler)
        return app.test_client()

    def tell(error):
        original = getattr(error, "original_exception", None)
        return f"{getattr(error, 'code', None)} {original is not None}", 500

    found = []
    for client in [build(), build(_500=tell), build(any=tell), build(_500=tell, any=tell)]:
        found += [seen(client.get(path)) for path in ["/fail", "/abort", "/teapot", "/none"]]
    return found


@scene("J13", "E2", "E11")
def more_is_said_in_debug_mode():
    found = []
    for debug in (False, True):
        app = make(DEBUG=debug, TRAP_BAD_REQUEST_ERRORS=False)
        app.add_url_rule("/key", "key", lambda: flask.request.form["the key"], methods=["POST"])
        app.add_url_rule("/json", "json", lambda: flask.jsonify(flask.request.json), methods=["POST"])
        client = app.test_client()
        found.append(seen(client.post("/key")))
        found.append(seen(client.post("/json", data="{", content_type="application/json"))[1].startswith("<!doctype html>\n<html lang=en>\n<title>400 Bad Request</title>\n<h1>Bad Request</h1>\n<p>Failed to decode JSON object: "))
        found.append(client.post("/json", data="{", content_type="text/plain").status_code)
    return found


@scene("H9")
def the_context_in_another_thread():
    app = make()

    @app.route("/<name>")
    def view(name):
        found = []

        @flask.copy_current_request_context
        def work():
            found.append(f"{flask.request.path} {flask.current_app.name} {flask.session.get('x')}")

        flask.session["x"] = 1
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return found[0]

    return seen(app.test_client().get("/a"))


@scene("P1", "F4")
def a_generator_as_the_body():
    app = make()
    app.add_url_rule("/stream", "stream", lambda: (f"{n};" for n in range(3)))
    app.add_url_rule("/csv", "csv", lambda: flask.Response((f"{n}\n" for n in range(2)), mimetype="text/csv"))
    client = app.test_client()
    return [seen(client.open(path, method=method), "Content-Length", "Content-Type") for path in ["/stream", "/csv"] for method in ["GET", "HEAD"]]


@scene("P2", "P3")
def a_stream_in_its_context():
    app = make()

    @app.route("/stream")
    def stream():
        def body():
            yield flask.request.path
            flask.session["late"] = 1
            yield " " + str(flask.session.get("early"))

        flask.session["early"] = 1
        return flask.stream_with_context(body())

    app.add_url_rule("/later", "later", lambda: ",".join(sorted(flask.session)))
    client = app.test_client()
    return [seen(client.get("/stream")), seen(client.get("/later"))]


@scene("P4", "F17")
def what_happens_when_a_response_is_closed():
    app = make()
    log = []

    @app.route("/<kind>")
    def view(kind):
        response = flask.Response("text") if kind == "text" else flask.Response(piece for piece in ["a", "b"])
        response.call_on_close(lambda: log.append(f"closed {kind} 1"))
        response.call_on_close(lambda: log.append(f"closed {kind} 2"))
        return response

    client = app.test_client()
    for kind in ["text", "stream"]:
        with client.get("/" + kind) as response:
            response.get_data()
    return log


@scene("I3", "F24")
def the_response_is_handed_on():
    app = make()

    @app.after_request
    def replace(response):
        return flask.make_response(f"instead of {response.status_code}", 202)

    @app.after_request
    def mark(response):
        response.headers["X-Mark"] = "1"
        return response

    app.add_url_rule("/", "index", lambda: "index")
    client = app.test_client()
    return [seen(client.get(path), "X-Mark") for path in ["/", "/none"]]


write(AREA)
