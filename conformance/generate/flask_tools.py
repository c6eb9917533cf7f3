"""What stands around an app: the test client, the command line, the log. Usage: python flask_tools.py OUTPUT_FOLDER"""

import io
import json
import logging
import os
import pathlib
import sys

import click
import click.testing
import flask
import flask.cli
import flask.logging
import werkzeug.serving
from _scenes import folder, make, raised, scene, seen, write
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

AREA = "flask-tools"


def echo_app():
    app = make()

    @app.route("/", defaults={"path": ""}, methods=["GET", "POST"])
    @app.route("/<path:path>", methods=["GET", "POST"])
    def echo(path):
        r = flask.request
        return flask.jsonify([r.method, r.path, r.query_string.decode(), r.host, r.scheme, r.remote_addr, r.content_type, r.get_data(as_text=True), r.headers.get("X-Own")])

    return app


@scene("S1")
def what_a_client_sends_by_itself():
    found = []
    for config in [{}, {"SERVER_NAME": "shop.example:8000"}, {"PREFERRED_URL_SCHEME": "https"}, {"APPLICATION_ROOT": "/app"}]:
        app = echo_app()
        app.config.update(config)
        app.add_url_rule("/root", "root", lambda: flask.request.script_root + " " + flask.request.url)
        client = app.test_client()
        found += [client.get("/x").get_json(), client.get("/root").get_data(as_text=True)]
    return found


@scene("S2", "S3", "S8")
def what_a_client_can_send():
    client = echo_app().test_client()
    answers = [
        client.get("/a/b?x=1"), client.get("https://shop.example/x"), client.get("/", base_url="http://other.example:81"), client.get("/", headers={"X-Own": "é".encode().decode("latin1")}),
        client.get("/", query_string={"a": "é b", "c": "1&2"}), client.post("/", json={"b": [1, None], "a": "é"}), client.post("/", data="text"),
        client.post("/", data="text", content_type="text/plain"), client.post("/", json="x"),
    ]
    return [answer.get_json() for answer in answers]


@scene("S3")
def forms_of_a_client():
    app = make()
    app.add_url_rule("/", "tell", lambda: flask.jsonify([flask.request.mimetype, flask.request.form.to_dict(flat=False), [[f.filename, f.mimetype, f.read().decode()] for f in flask.request.files.values()]]), methods=["POST"])
    client = app.test_client()
    return [
        client.post("/", data={"a": "é b", "n": 1, "c": "&="}).get_json(),
        client.post("/", data={"a": ["1", "2"]}).get_json(),
        client.post("/", data={"a": "x", "f": (io.BytesIO(b"content"), "f.txt", "text/plain")}).get_json(),
    ]


@scene("S2", "E16")
def credentials_of_a_client():
    app = make()
    app.add_url_rule("/", "tell", lambda: flask.request.headers.get("Authorization", "none"))
    client = app.test_client()
    return [client.get("/", auth=("ann", "se:cret")).get_data(as_text=True), client.get("/").get_data(as_text=True)]


@scene("S4")
def cookies_of_a_client():
    app = make()

    @app.route("/set/<name>/<value>")
    def set_it(name, value):
        response = flask.make_response("")
        response.set_cookie(name, value, max_age=0 if value == "gone" else None, path="/deep" if name == "deep" else "/")
        return response

    @app.route("/look")
    @app.route("/deep/look")
    def look():
        return flask.jsonify(sorted(flask.request.cookies.items()))

    client = app.test_client()
    found = [client.get("/look").get_json()]
    client.get("/set/a/1")
    client.get("/set/deep/2")
    found += [client.get("/look").get_json(), client.get("/deep/look").get_json()]
    client.set_cookie("own", "3")
    found += [client.get("/look").get_json(), client.get_cookie("own").value, client.get_cookie("none")]
    client.get("/set/a/gone")
    client.delete_cookie("own")
    found += [client.get("/look").get_json()]
    return found


@scene("S5", "S8")
def a_client_follows():
    app = make()

    @app.route("/go/<int:code>", methods=["GET", "POST"])
    def go(code):
        return flask.redirect("/end", code)

    @app.route("/end", methods=["GET", "POST"])
    def end():
        return f"{flask.request.method} {flask.request.get_data(as_text=True)}"

    app.add_url_rule("/out", "out", lambda: flask.redirect("http://elsewhere.example/"))
    app.add_url_rule("/loop", "loop", lambda: flask.redirect("/loop"))
    client = app.test_client()
    found = []
    for code in (301, 302, 303, 307, 308):
        for method in ("GET", "POST"):
            answer = client.open(f"/go/{code}", method=method, data="body" if method == "POST" else None, content_type="text/plain", follow_redirects=True)
            found.append([code, answer.status_code, answer.get_data(as_text=True), [a.status_code for a in answer.history]])
    return found + [raised(lambda: client.get(path, follow_redirects=True)) is not None for path in ["/out", "/loop"]] + [client.get("/out").location]


@scene("S6")
def the_context_after_the_answer():
    app = make()

    @app.route("/<name>")
    def view(name):
        flask.session["seen"] = name
        flask.g.name = name
        return ""

    found = []
    with app.test_client() as client:
        for path in ["/ann?x=1", "/bo"]:
            client.get(path)
            found.append([flask.request.path, flask.request.args.get("x"), flask.session["seen"], flask.g.name, flask.request.endpoint])
    return found + [flask.has_request_context()]


@scene("S7")
def a_session_from_outside():
    app = make()
    app.add_url_rule("/", "look", lambda: flask.jsonify(dict(flask.session)))
    client = app.test_client()
    found = [client.get("/").get_json()]
    with client.session_transaction() as session:
        session["user"] = 7
        session["list"] = [1, "a"]
    found.append(client.get("/").get_json())
    with client.session_transaction() as session:
        found.append(session.pop("user"))
    found.append(client.get("/").get_json())
    return found


@scene("S10", "E13")
def a_request_without_an_app():
    r = Request(EnvironBuilder("/a b?x=1", base_url="https://shop.example/app", headers={"X-Own": "1"}).get_environ())
    return [r.method, r.path, r.full_path, r.script_root, r.url, r.host, r.is_secure, r.headers["X-Own"], r.args["x"]]


@scene("Y10")
def an_app_is_called_without_a_client():
    app = make()
    app.add_url_rule("/x", "x", lambda: ("hello", 201))
    body, status, headers = werkzeug.test.run_wsgi_app(app, werkzeug.test.create_environ("/x"))
    return [b"".join(body).decode(), int(status.split()[0]), headers["Content-Type"]]


@scene("R5")
def the_list_of_routes():
    app = make()
    app.add_url_rule("/", "index", lambda: "")
    app.add_url_rule("/a/<int:id>", "item", lambda id: "", methods=["GET", "POST"])
    bp = flask.Blueprint("auth", __name__, url_prefix="/auth")
    bp.add_url_rule("/login", "login", lambda: "", methods=["POST"])
    app.register_blueprint(bp)
    found = []
    for arguments in [[], ["-s", "rule"], ["--sort", "methods"], ["-s", "match"], ["--all-methods"], ["-s", "nonsense"]]:
        result = click.testing.CliRunner().invoke(flask.cli.FlaskGroup(create_app=lambda: app), ["routes", *arguments])
        lines = [line.rstrip() for line in result.output.splitlines()] if result.exit_code == 0 else []
        found.append([result.exit_code, lines])
    empty = click.testing.CliRunner().invoke(flask.cli.FlaskGroup(create_app=make), ["routes"])
    return found + [empty.output]


@scene("R6", "S9", "M12")
def commands():
    app = make("shop")

    @app.cli.command("greet")
    @click.argument("name")
    @click.option("--times", default=1)
    @click.option("--loud", is_flag=True)
    def greet(name, times, loud):
        for _ in range(times):
            click.echo(f"hello {name.upper() if loud else name} of {flask.current_app.name}")

    @app.cli.command("fail")
    def fail():
        raise click.ClickException("it went wrong")

    def group(name, **options):
        bp = flask.Blueprint(name, __name__, **options)

        @bp.cli.command("where")
        def where():
            click.echo(f"in {name} {flask.has_app_context()} {flask.has_request_context()}")

        return bp

    app.register_blueprint(group("one"))
    app.register_blueprint(group("two", cli_group="named"))
    bp = flask.Blueprint("three", __name__, cli_group=None)
    bp.cli.command("bare")(lambda: click.echo("bare"))
    app.register_blueprint(bp)
    found = []
    for arguments in ["greet ann", "greet ann --times 2 --loud", "greet", "greet ann --nonsense", "fail", "one where", "two where", "named where", "bare", "nothing"]:
        result = app.test_cli_runner().invoke(args=arguments.split())
        found.append([arguments, result.exit_code, result.output if result.exit_code < 2 else None])
    return found


class Records(logging.Handler):
    def __init__(self, records):
        super().__init__()
        self.records = records

    def emit(self, record):
        self.records.append([record.levelname, record.getMessage().split("\n")[0], record.exc_info is not None])


def logged(play, **config):
    logging.disable(logging.NOTSET)
    app = flask.Flask("logged", static_folder=None, root_path=folder(templates__t_dot_html="x"))
    app.config.update({"PROPAGATE_EXCEPTIONS": False} | config)
    records = []
    app.logger.addHandler(Records(records))
    app.logger.propagate = False
    app.logger.removeHandler(flask.logging.default_handler)
    play(app)
    logging.disable(logging.CRITICAL)
    return records


@scene("T3", "J10")
def the_record_of_an_error():
    def play(app):
        app.add_url_rule("/<path:x>", "fail", lambda x: 1 / 0, methods=["GET", "POST"])
        app.add_url_rule("/fine", "fine", lambda: flask.abort(404))
        client = app.test_client()
        client.get("/a/b?x=1")
        client.post("/c d")
        client.get("/fine")

    return [[level, text] for level, text, _ in logged(play)]


@scene("B18")
def how_a_template_was_found():
    def play(app):
        app.add_url_rule("/", "t", lambda: flask.render_template("t.html"))
        app.test_client().get("/")

    def at_info(app):
        app.logger.setLevel("INFO")
        play(app)

    return [any("t.html" in text for _, text, _ in logged(at_info, EXPLAIN_TEMPLATE_LOADING=on)) for on in (False, True)]


def early():
    """The options before the command: debug mode, and files with variables."""
    found = []
    root = folder(more="FROM_FILE=1\n")
    for environment, arguments in [
        ({}, []), ({}, ["--debug"]), ({}, ["--no-debug"]), ({"FLASK_DEBUG": "1"}, []), ({"FLASK_DEBUG": "1"}, ["--no-debug"]), ({"FLASK_DEBUG": "0"}, ["--debug"]),
        ({}, ["--env-file", "more"]), ({}, ["-e", "more", "--debug"]), ({"FROM_FILE": "real"}, ["-e", "more"]),
    ]:
        app = flask.Flask("probed", root_path=root)
        asked = {}
        app.cli.command("probe")(lambda: asked.update(debug=app.debug, variable=os.environ.get("FROM_FILE")))
        os.environ.pop("FROM_FILE", None)
        os.environ.pop("FLASK_DEBUG", None)
        cli = flask.cli.FlaskGroup(create_app=lambda: app)
        words = [root + "/more" if word == "more" else word for word in arguments]
        result = click.testing.CliRunner(env=environment).invoke(cli, [*words, "probe"])
        assert result.exit_code == 0, result.output
        found.append({"environment": environment, "arguments": arguments, "debug": asked["debug"], "variable": asked["variable"]})
        os.environ.pop("FROM_FILE", None)
        os.environ.pop("FLASK_DEBUG", None)
    return found


def lines():
    """Lines of the log, as Flask's own handler writes them."""
    found = []
    for created, level, module, message in [
        (1700000000.0, "INFO", "app", "hello"), (1700000000.123, "ERROR", "views", "Exception on / [GET]"), (0.9996, "WARNING", "x", "é"), (951782399.5, "DEBUG", "a_b", ""), (1709164800.001, "ERROR", "m", "x: y"),
    ]:
        record = logging.LogRecord("app", getattr(logging, level), f"/src/{module}.py", 1, message, None, None)
        record.created, record.msecs = created, int(created * 1000) % 1000
        found.append({"millis": int(created * 1000), "level": level, "module": module, "message": message, "line": flask.logging.default_handler.formatter.format(record)})
    return found


def runs():
    """Where `app.run` and `flask run` listen."""
    found = []
    # What a command line leaves behind keeps `run` from running.
    os.environ.pop("FLASK_RUN_FROM_CLI", None)
    real = werkzeug.serving.run_simple
    for server_name in [None, "shop.example", "shop.example:8000", "localhost:1", "127.0.0.1"]:
        for host in [None, "0.0.0.0", "::1"]:
            for port in [None, 80, 8080]:
                app = make(SERVER_NAME=server_name)
                asked = []
                werkzeug.serving.run_simple = lambda host, port, *_, **__: asked.append([host, port])
                app.run(host, port, load_dotenv=False)
                found.append({"server_name": server_name, "host": host, "port": port, "listens": asked[0]})
    werkzeug.serving.run_simple = real
    return found


def options():
    """What `flask run` takes from the environment and from its arguments."""
    found = []
    for environment, arguments in [
        ({}, []), ({"FLASK_RUN_PORT": "8000"}, []), ({"FLASK_RUN_HOST": "0.0.0.0", "FLASK_RUN_PORT": "81"}, []),
        ({"FLASK_RUN_PORT": "8000"}, ["--port", "9000"]), ({"FLASK_RUN_HOST": "::1"}, ["-p", "1", "--host", "localhost"]), ({"FLASK_RUN_PORT": "7"}, ["--host", "10.0.0.1"]),
    ]:
        real = flask.cli.run_command.callback
        asked = {}
        flask.cli.run_command.callback = lambda **options: asked.update(options)
        cli = flask.cli.FlaskGroup(create_app=make)
        result = click.testing.CliRunner(env=environment).invoke(cli, ["run", *arguments])
        flask.cli.run_command.callback = real
        assert result.exit_code == 0, result.output
        found.append({"environment": environment, "arguments": arguments, "host": asked["host"], "port": asked["port"]})
    return found


def write_list(name, cases):
    text = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    (pathlib.Path(sys.argv[1]) / f"{name}.json").write_text(f"[\n{text}\n]\n", encoding="utf-8")


write(AREA)
write_list("lines", lines())
write_list("runs", runs())
write_list("options", options())
write_list("early", early())
