"""Setting up: the app, its configuration, rules and blueprints, as Flask does it. Usage: python flask_app.py OUTPUT_FOLDER"""

import json
import os

import flask
from _scenes import folder, make, raised, scene, seen, write
from werkzeug.routing import BaseConverter, Rule
from werkzeug.routing import ValidationError

AREA = "flask-app"


def rules(app):
    return [[rule.rule, rule.endpoint, sorted(rule.methods)] for rule in app.url_map.iter_rules()]


@scene("A1", "A5")
def the_static_rule_of_an_app():
    return [
        rules(flask.Flask("a")),
        rules(flask.Flask("a", static_folder=None)),
        rules(flask.Flask("a", static_folder="pub")),
    ]


@scene("A4")
def the_path_of_static_files():
    root = folder(pub__a_dot_txt="hello")
    answers = []
    for options in [{}, {"static_url_path": "/assets"}, {"static_url_path": "/assets/"}, {"static_url_path": ""}]:
        app = flask.Flask("a", static_folder="pub", root_path=root, **options)
        with app.test_request_context():
            url = flask.url_for("static", filename="a.txt")
        answers.append([url, app.test_client().get(url).get_data(as_text=True)])
    return answers


@scene("A2")
def the_name_of_an_app():
    return [flask.Flask("shop").name, flask.Flask("shop.web").name]


@scene("A3")
def the_folder_of_an_app():
    root = folder(static__a_dot_txt="from the root", templates__t_dot_html="a template")
    app = flask.Flask("a", root_path=root)
    app.add_url_rule("/", "t", lambda: flask.render_template("t.html"))
    client = app.test_client()
    return [client.get("/static/a.txt").get_data(as_text=True), client.get("/").get_data(as_text=True)]


@scene("A6")
def the_instance_folder():
    here = folder()
    given = flask.Flask("a", instance_path=here + "/kept")
    return [
        given.instance_path == here + "/kept",
        os.path.exists(given.instance_path),
        raised(lambda: flask.Flask("a", instance_path="kept")),
    ]


@scene("A7", "B24")
def files_of_the_configuration():
    root = folder(c_dot_json='{"WHERE": "root", "lower": 1}', instance__c_dot_json='{"WHERE": "instance"}')
    found = []
    for relative in (False, True):
        app = flask.Flask("a", root_path=root, instance_path=root + "/instance", instance_relative_config=relative)
        app.config.from_file("c.json", json.load)
        found.append([app.config["WHERE"], "lower" in app.config])
        found.append(app.config.from_file("missing.json", json.load, silent=True))
        found.append(raised(lambda: app.config.from_file("missing.json", json.load)).split(":")[0])
    return found


@scene("B25")
def a_file_that_a_variable_names():
    root = folder(c_dot_cfg="A = 1\nb = 2\n")
    app = flask.Flask("a", root_path=root)
    os.environ.pop("SHOP_SETTINGS", None)
    missing = raised(lambda: app.config.from_envvar("SHOP_SETTINGS"))
    silent = app.config.from_envvar("SHOP_SETTINGS", silent=True)
    os.environ["SHOP_SETTINGS"] = root + "/c.cfg"
    app.config.from_envvar("SHOP_SETTINGS")
    del os.environ["SHOP_SETTINGS"]
    return [missing[:48], silent, app.config["A"], "b" in app.config]


@scene("B21")
def an_object_gives_its_upper_case_attributes():
    class Settings:
        A1 = 1
        _X = "x"
        Ab = 2
        lower = 3
        LIST = [1, 2]

    app = flask.Flask("a")
    app.config.from_object(Settings)
    return {key: app.config.get(key) for key in ["A1", "_X", "Ab", "lower", "LIST"]}


@scene("A9")
def an_extension_keeps_its_state():
    app = make()
    app.extensions["counter"] = {"value": 7}
    app.add_url_rule("/", "view", lambda: f"value {flask.current_app.extensions['counter']['value']}")
    return app.test_client().get("/").get_data(as_text=True)


@scene("A10", "B3")
def switches_are_settings():
    found = []
    for debug, testing, lifetime in [(False, False, 60), (True, False, 3600), (False, True, 0)]:
        app = flask.Flask("a")
        app.config.update(DEBUG=debug, TESTING=testing, PERMANENT_SESSION_LIFETIME=lifetime, SECRET_KEY="k")
        found.append([app.debug, app.testing, int(app.permanent_session_lifetime.total_seconds()), app.secret_key])
    return found


@scene("B3", "B4", "S11")
def what_comes_through_to_the_client():
    found = []
    for debug in (False, True):
        for testing in (False, True):
            for propagate in (None, False, True):
                app = flask.Flask("a", static_folder=None)
                app.config.update(DEBUG=debug, TESTING=testing, PROPAGATE_EXCEPTIONS=propagate)

                @app.route("/")
                def fail():
                    raise ValueError("on purpose")

                try:
                    found.append(app.test_client().get("/").status_code)
                except ValueError:
                    found.append("raised")
    return found


@scene("B5", "B6")
def errors_that_are_trapped():
    found = []
    for config in [{}, {"TRAP_HTTP_EXCEPTIONS": True}, {"TRAP_BAD_REQUEST_ERRORS": True}, {"TRAP_BAD_REQUEST_ERRORS": False}]:
        for debug in (False, True):
            app = make(DEBUG=debug, **config)
            app.add_url_rule("/missing", "missing", lambda: flask.request.form["key"], methods=["POST"])
            app.add_url_rule("/bad", "bad", lambda: flask.abort(400))
            app.add_url_rule("/teapot", "teapot", lambda: flask.abort(418))
            client = app.test_client()
            found.append([client.post("/missing").status_code, client.get("/bad").status_code, client.get("/teapot").status_code])
    return found


@scene("B5")
def a_handler_is_called_for_a_trapped_error():
    app = make(TRAP_HTTP_EXCEPTIONS=True)
    app.add_url_rule("/", "view", lambda: flask.abort(418))
    app.register_error_handler(418, lambda error: ("handled", 418))
    return seen(app.test_client().get("/"))


@scene("B12", "B13", "B14", "D7")
def urls_outside_a_request():
    found = []
    for config in [
        {},
        {"SERVER_NAME": "shop.example"},
        {"SERVER_NAME": "shop.example:8000", "PREFERRED_URL_SCHEME": "https"},
        {"SERVER_NAME": "shop.example", "APPLICATION_ROOT": "/app"},
        {"SERVER_NAME": "shop.example", "APPLICATION_ROOT": "/app/"},
    ]:
        app = make(**config)
        app.add_url_rule("/item/<int:id>", "item", lambda id: "")
        with app.app_context():
            try:
                found.append([
                    flask.url_for("item", id=1), flask.url_for("item", id=1, _external=False), flask.url_for("item", id=1, _scheme="ftp"),
                ])
            except RuntimeError as error:
                found.append(str(error))
    return found


@scene("B12", "B13")
def the_name_of_the_server_restricts_nothing():
    app = make(SERVER_NAME="shop.example", APPLICATION_ROOT="/app")
    app.add_url_rule("/x", "x", lambda: flask.url_for("x") + " " + flask.url_for("x", _external=True))
    client = app.test_client()
    return [seen(client.get("/x", base_url=base)) for base in ["http://shop.example", "http://other.example:81", "https://localhost"]]


@scene("B17")
def templates_are_read_again_when_they_changed():
    found = []
    for config in [{}, {"TEMPLATES_AUTO_RELOAD": True}, {"DEBUG": True}, {"DEBUG": True, "TEMPLATES_AUTO_RELOAD": False}]:
        root = folder(templates__t_dot_html="old")
        app = flask.Flask("a", root_path=root)
        app.config.update(config)
        app.add_url_rule("/", "view", lambda: flask.render_template("t.html"))
        client = app.test_client()
        first = client.get("/").get_data(as_text=True)
        path = root + "/templates/t.html"
        with open(path, "w") as file:
            file.write("newer")
        os.utime(path, (1, 1))
        found.append([first, client.get("/").get_data(as_text=True)])
    return found


@scene("B20", "C17")
def options_that_nobody_asked_for():
    found = []
    for default in (True, False):
        app = make(PROVIDE_AUTOMATIC_OPTIONS=default)
        app.add_url_rule("/plain", "plain", lambda: "")
        app.add_url_rule("/off", "off", lambda: "", provide_automatic_options=False)
        app.add_url_rule("/own", "own", lambda: "own", methods=["OPTIONS"])
        client = app.test_client()
        for path in ["/plain", "/off", "/own", "/none"]:
            answer = client.options(path)
            found.append([path, answer.status_code, sorted(answer.headers.get("Allow", "").split(", "))])
    return found


class WordsConverter(BaseConverter):
    regex = r"[a-z+]+"
    weight = 50

    def to_python(self, value):
        if "bad" in value:
            raise ValidationError()
        return value.split("+")

    def to_url(self, value):
        return "+".join(value)


@scene("C9")
def a_converter_of_ones_own():
    app = make()
    app.url_map.converters["words"] = WordsConverter
    app.add_url_rule("/<other>", "other", lambda other: f"other {other}")
    app.add_url_rule("/<words:words>", "words", lambda words: ",".join(words) + " " + flask.url_for("words", words=["x", "y"]))
    client = app.test_client()
    return [seen(client.get(path)) for path in ["/a+b", "/a", "/A", "/bad", "/a+bad", "/a/b"]]


@scene("C27")
def a_redirect_of_the_map_reaches_no_handler():
    app = make()
    app.add_url_rule("/sub/", "sub", lambda: "sub")
    app.register_error_handler(Exception, lambda error: ("handled", 400))
    return [app.test_client().get("/sub").status_code, app.test_client().get("/none").status_code]


@scene("J5")
def codes_that_no_handler_can_have():
    app = make()
    sentences = [raised(lambda: app.register_error_handler(code, lambda error: "")) for code in [999, 308, 402, 404, 500]]
    return [sentence and sentence.split(".")[0] for sentence in sentences]


@scene("C37")
def names_of_views_that_collide():
    app = make()

    def one():
        return "one"

    app.add_url_rule("/a", "e", one)
    app.add_url_rule("/b", "e", one)
    conflict = raised(lambda: app.add_url_rule("/c", "e", lambda: "two"))
    client = app.test_client()
    return [seen(client.get("/a")), seen(client.get("/b")), conflict]


@scene("C15", "C38")
def short_forms_of_route():
    app = make()
    app.get("/x")(lambda: "get")
    for name in ["post", "put", "delete", "patch"]:
        getattr(app, name)("/x", endpoint=name)(lambda name=name: name)
    app.route("/y", methods=["get", "Post"], endpoint="y")(lambda: flask.request.method)
    client = app.test_client()
    answers = [seen(client.open(path, method=method)) for path in ["/x", "/y"] for method in ["GET", "POST", "PUT", "DELETE", "PATCH"]]
    return [answers, [sorted(rule.methods) for rule in app.url_map.iter_rules()]]


@scene("C39")
def a_view_that_comes_after_its_rule():
    app = make()
    app.url_map.add(Rule("/x", endpoint="late"))
    app.endpoint("late")(lambda: "came late")
    return seen(app.test_client().get("/x"))


@scene("C40")
def the_map_is_walked_through_in_order():
    app = make()
    for name in ["zebra", "ant", "mouse"]:
        app.add_url_rule(f"/{name}/<int:id>", name, lambda id: "")
    return [[rule.rule, rule.endpoint, sorted(rule.arguments)] for rule in app.url_map.iter_rules()]


@scene("D14", "D15")
def functions_take_part_in_urls():
    app = make()
    site = flask.Blueprint("site", __name__, url_prefix="/<lang>")

    @site.url_defaults
    def add(endpoint, values):
        values.setdefault("lang", flask.g.lang)

    @site.url_value_preprocessor
    def pull(endpoint, values):
        flask.g.lang = values.pop("lang")

    @app.url_defaults
    def for_all(endpoint, values):
        values["from"] = endpoint

    @site.app_url_defaults
    def for_all_by_the_site(endpoint, values):
        values["by"] = f"site after {values.pop('from')}"

    site.add_url_rule("/page/<int:id>", "page", lambda id: f"{flask.g.lang} {id} {flask.url_for('.page', id=2)} {flask.url_for('.page', id=2, lang='fr')}")
    app.register_blueprint(site)
    return seen(app.test_client().get("/de/page/1"))


@scene("D16")
def a_function_answers_when_no_url_can_be_built():
    app = make()

    def elsewhere(error, endpoint, values):
        return f"/elsewhere/{endpoint}?{values['a']}" if endpoint == "other" else None

    app.url_build_error_handlers.append(lambda error, endpoint, values: None)
    app.url_build_error_handlers.append(elsewhere)
    app.add_url_rule("/", "index", lambda: flask.url_for("other", a=1))
    app.add_url_rule("/b", "b", lambda: flask.url_for("nope"))
    client = app.test_client()
    return [seen(client.get("/")), client.get("/b").status_code]


@scene("M1")
def names_that_no_blueprint_can_have():
    return [raised(lambda: flask.Blueprint("", __name__)), raised(lambda: flask.Blueprint("a.b", __name__))]


@scene("M2", "M3", "M7", "E22")
def names_and_paths_in_blueprints():
    app = make()
    outer = flask.Blueprint("outer", __name__, url_prefix="/outer/")
    inner = flask.Blueprint("inner", __name__, url_prefix="/inner")

    def view(**args):
        r = flask.request
        return flask.jsonify([str(r.url_rule), r.endpoint, r.blueprint, r.blueprints, r.view_args])

    for scaffold in (app, outer, inner):
        scaffold.add_url_rule("/here/<int:id>", "here", view)
    inner.add_url_rule("", "bare", view)
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    app.register_blueprint(flask.Blueprint("plain", __name__), url_prefix="/plain")
    client = app.test_client()
    return [client.get(path).get_json(silent=True) for path in ["/here/1", "/outer/here/2", "/outer/inner/here/3", "/outer/inner", "/outer/inner/", "/none"]]


@scene("M2")
def an_endpoint_with_a_dot():
    bp = flask.Blueprint("b", __name__)
    return raised(lambda: bp.add_url_rule("/", "a.b", lambda: ""))


@scene("N1")
def a_class_as_a_view():
    from flask.views import View

    def twice(view):
        return lambda **args: view(**args) * 2

    class Show(View):
        methods = ["GET", "POST"]
        decorators = [twice]

        def __init__(self, greeting):
            self.greeting = greeting

        def dispatch_request(self, name):
            return f"{self.greeting} {flask.request.method} {name};"

    app = make()
    app.add_url_rule("/hi/<name>", view_func=Show.as_view("hi", "hi"))
    app.add_url_rule("/bye/<name>", view_func=Show.as_view("bye", greeting="bye"))
    client = app.test_client()
    found = [seen(client.open(path, method=method))[0:2] for path in ["/hi/ann", "/bye/bo"] for method in ["GET", "POST"]]
    return found + [client.put("/hi/ann").status_code, rules(app)]


@scene("M4")
def a_blueprint_registered_twice():
    def blueprint():
        bp = flask.Blueprint("b", __name__, url_prefix="/b")
        bp.add_url_rule("/", "index", lambda: flask.request.endpoint + " " + flask.url_for(".index"))
        return bp

    app = make()
    app.register_blueprint(blueprint())
    conflict = raised(lambda: app.register_blueprint(blueprint()))
    app.register_blueprint(blueprint(), name="b2", url_prefix="/c")
    client = app.test_client()
    return [seen(client.get("/b/")), seen(client.get("/c/")), conflict.split(" Use")[0]]


@scene("M9", "C29")
def values_for_all_rules_of_a_blueprint():
    app = make()
    bp = flask.Blueprint("b", __name__, url_prefix="/b", url_defaults={"lang": "en"})
    bp.add_url_rule("/one", "one", lambda lang: lang)
    bp.add_url_rule("/two", "two", lambda lang, n: f"{lang} {n}", defaults={"n": 5})
    bp.add_url_rule("/three", "three", lambda lang: lang, defaults={"lang": "fr"})
    app.register_blueprint(bp)
    client = app.test_client()
    return [seen(client.get(path)) for path in ["/b/one", "/b/two", "/b/three"]]


@scene("M10")
def static_files_of_a_blueprint():
    root = folder(files__a_dot_txt="of the blueprint", static__a_dot_txt="of the app")
    app = flask.Flask("a", root_path=root)
    bp = flask.Blueprint("b", __name__, url_prefix="/b", root_path=root, static_folder="files", static_url_path="/assets")
    bp.add_url_rule("/links", "links", lambda: flask.url_for(".static", filename="a.txt") + " " + flask.url_for("static", filename="a.txt"))
    app.register_blueprint(bp)
    client = app.test_client()
    return [client.get(path).get_data(as_text=True) for path in ["/b/assets/a.txt", "/static/a.txt", "/b/links"]]


@scene("L7", "M11")
def the_app_comes_first_with_templates():
    root = folder(templates__both_dot_html="app", one__both_dot_html="one", one__own_dot_html="own of one", two__own_dot_html="own of two")
    app = flask.Flask("a", root_path=root)
    for name in ("one", "two"):
        bp = flask.Blueprint(name, __name__, root_path=root, template_folder=name)
        app.register_blueprint(bp)
    app.add_url_rule("/<name>", "show", lambda name: flask.render_template(name))
    client = app.test_client()
    return [client.get(path).get_data(as_text=True) for path in ["/both.html", "/own.html"]]


@scene("C34", "C35", "C36")
def rules_for_hosts_and_subdomains():
    hosts = flask.Flask("a", host_matching=True, static_host="static.example")
    hosts.add_url_rule("/", "one", lambda: "one", host="one.example")
    hosts.add_url_rule("/", "any", lambda name: "any " + name, host="<name>.test")
    subdomains = flask.Flask("a", subdomain_matching=True, static_folder=None)
    subdomains.config["SERVER_NAME"] = "shop.example"
    subdomains.add_url_rule("/", "www", lambda: "bare")
    subdomains.add_url_rule("/", "user", lambda user: "of " + user, subdomain="<user>")
    found = []
    for app, names in [(hosts, ["one.example", "two.test", "other.example"]), (subdomains, ["shop.example", "ann.shop.example"])]:
        client = app.test_client()
        found += [seen(client.get("/", base_url=f"http://{name}"))[0:1] + [client.get("/", base_url=f"http://{name}").get_data(as_text=True)[:20]] for name in names]
    return found


write(AREA)
