"""Sessions, messages and templates. Usage: python flask_pages.py OUTPUT_FOLDER"""

import flask
from _scenes import folder, make, raised, scene, seen, write
from markupsafe import Markup, escape, escape_silent, soft_str

AREA = "flask-pages"


@scene("K1")
def what_a_session_says_of_itself():
    app = make()

    @app.route("/<action>")
    def act(action):
        s = flask.session
        before = [s.new, s.modified, s.permanent]
        if action == "set":
            s["x"] = 1
        if action == "permanent":
            s.permanent = True
        if action == "clear":
            s.clear()
        return flask.jsonify([before, [s.modified, s.permanent, sorted(s)]])

    client = app.test_client()
    return [client.get("/" + action).get_json() for action in ["look", "set", "look", "permanent", "look", "clear", "look"]]


@scene("K3")
def when_the_answer_varies_by_cookie():
    app = make()
    app.add_url_rule("/untouched", "untouched", lambda: "x")
    app.add_url_rule("/read", "read", lambda: str(flask.session.get("x")))
    app.add_url_rule("/in", "in", lambda: str("x" in flask.session))
    app.add_url_rule("/template", "template", lambda: flask.render_template_string("plain"))
    app.add_url_rule("/uses", "uses", lambda: flask.render_template_string("{{ session.x }}"))

    @app.route("/added")
    def added():
        flask.session["x"] = 1
        response = flask.make_response("x")
        response.vary.add("Accept")
        return response

    client = app.test_client(use_cookies=False)
    return [client.get("/" + path).headers.get("Vary") for path in ["untouched", "read", "in", "template", "uses", "added"]]


@scene("K7")
def without_a_secret_key():
    app = make(SECRET_KEY=None)
    app.add_url_rule("/read", "read", lambda: f"{flask.session.get('x')} {len(flask.session)}")

    @app.route("/write")
    def write_it():
        flask.session["x"] = 1
        return ""

    client = app.test_client()
    app.config["PROPAGATE_EXCEPTIONS"] = True
    sentence = raised(lambda: client.get("/write"))
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return [seen(client.get("/read")), client.get("/write").status_code, sentence]


@scene("K9")
def an_interface_of_ones_own():
    from flask.sessions import SecureCookieSession, SessionInterface

    store = {}

    class Kept(SessionInterface):
        def open_session(self, app, request):
            key = request.cookies.get("kept", "new")
            return SecureCookieSession(store.get(key, {}))

        def save_session(self, app, session, response):
            if session.modified:
                key = f"k{len(store)}"
                store[key] = dict(session)
                response.set_cookie("kept", key)

    app = make()
    app.session_interface = Kept()

    @app.route("/")
    def count():
        flask.session["n"] = flask.session.get("n", 0) + 1
        return str(flask.session["n"])

    app.add_url_rule("/look", "look", lambda: str(flask.session.get("n")))
    client = app.test_client()
    return [seen(client.get(path), "Set-Cookie") for path in ["/", "/look", "/", "/look"]]


@scene("K10", "K11")
def messages():
    app = make()

    @app.route("/flash")
    def flash():
        flask.flash("first")
        flask.flash("second", "error")
        flask.flash(Markup("<b>third</b>"), "info")
        return ""

    sources = {
        "plain": "{% for m in get_flashed_messages() %}{{ m }};{% endfor %}",
        "categories": "{% for c, m in get_flashed_messages(with_categories=true) %}{{ c }}={{ m }};{% endfor %}",
        "filter": "{% for m in get_flashed_messages(category_filter=['error']) %}{{ m }};{% endfor %}",
        "twice": "{{ get_flashed_messages()|length }} {{ get_flashed_messages()|length }} {{ get_flashed_messages(category_filter=['info', 'message'])|length }}",
        "both": "{% for c, m in get_flashed_messages(true, ['error', 'info']) %}{{ c }}={{ m }};{% endfor %}",
    }
    app.add_url_rule("/<name>", "show", lambda name: flask.render_template_string(sources[name]))
    client = app.test_client()
    found = []
    for name in sources:
        client.get("/flash")
        found += [seen(client.get("/" + name)), seen(client.get("/plain"))]
    return found


@scene("K11")
def messages_after_they_were_shown():
    app = make()

    @app.route("/")
    def index():
        flask.flash("early")
        shown = flask.get_flashed_messages()
        flask.flash("late")
        return " ".join(shown + ["|"] + flask.get_flashed_messages())

    app.add_url_rule("/next", "next", lambda: " ".join(flask.get_flashed_messages()))
    client = app.test_client()
    return [seen(client.get("/")), seen(client.get("/next")), seen(client.get("/next"))]


def with_templates(**files):
    root = folder(**{"templates__" + name: text for name, text in files.items()})
    app = flask.Flask("a", static_folder=None, root_path=root)
    app.config.update(SECRET_KEY="dev", PROPAGATE_EXCEPTIONS=False)
    return app


@scene("L1")
def templates_by_name_list_and_text():
    app = with_templates(a_dot_html="a {{ x }}", b_dot_html="b {{ x }}")
    app.add_url_rule("/name", "name", lambda: flask.render_template("a.html", x="<1>"))
    app.add_url_rule("/list", "list", lambda: flask.render_template(["none.html", "b.html", "a.html"], x=2))
    app.add_url_rule("/text", "text", lambda: flask.render_template_string("{% include 'a.html' %} {{ x }}", x="<3>"))
    client = app.test_client()
    return [seen(client.get("/" + name)) for name in ["name", "list", "text"]]


@scene("L2")
def templates_as_streams():
    app = with_templates(a_dot_html="{% for n in range(3) %}{{ n }} {{ request.path }};{% endfor %}")
    app.add_url_rule("/name", "name", lambda: flask.stream_template("a.html"))
    app.add_url_rule("/text", "text", lambda: flask.stream_template_string("{{ x }} {{ request.path }}", x="<1>"))
    client = app.test_client()
    return [seen(client.get("/" + name), "Content-Length", "Content-Type") for name in ["name", "text"]]


NAMES = ["a.html", "a.htm", "a.xml", "a.xhtml", "a.svg", "a.HTML", "a.txt", "a.html.j2", "a", "a.js", "a.css"]


@scene("L3")
def which_templates_escape():
    app = with_templates(**{name.replace(".", "_dot_"): "{{ x }}" for name in NAMES})
    app.add_url_rule("/<name>", "show", lambda name: flask.render_template(name, x="<&>"))
    app.add_url_rule("/text/x", "text", lambda: flask.render_template_string("{{ x }}", x="<&>"))
    client = app.test_client()
    return [[name, client.get("/" + name).get_data(as_text=True)] for name in [*NAMES, "text/x"]]


@scene("L5", "M8")
def context_processors():
    app = with_templates(a_dot_html="{{ who }} {{ own }} {{ given }} {{ inner }}")
    outer, inner = flask.Blueprint("outer", __name__), flask.Blueprint("inner", __name__)
    app.context_processor(lambda: {"who": "app", "own": "app", "given": "app"})
    outer.context_processor(lambda: {"who": "outer", "inner": "outer"})
    inner.context_processor(lambda: {"who": "inner", "inner": "inner"})
    outer.app_context_processor(lambda: {"own": "app by outer"})
    for name, scaffold in [("app", app), ("outer", outer), ("inner", inner)]:
        scaffold.add_url_rule("/" + name, "show", lambda: flask.render_template("a.html", given="argument"))
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    client = app.test_client()
    return [seen(client.get("/" + name)) for name in ["app", "outer", "inner"]]


@scene("L6")
def templates_outside_of_a_request():
    app = with_templates(a_dot_html="{{ x }} {{ config.NAME }} {{ g.y }}", request_dot_html="{{ request.path }}")
    app.config["NAME"] = "shop"
    with app.app_context():
        flask.g.y = 2
        found = [flask.render_template("a.html", x=1), raised(lambda: flask.render_template("request.html")) is not None]
    return found + [raised(lambda: flask.render_template("a.html")) is not None]


@scene("L8")
def filters_tests_and_globals_of_ones_own():
    app = with_templates()
    bp = flask.Blueprint("b", __name__)
    app.add_template_filter(lambda text, times=2: text * times, "repeat")
    app.add_template_test(lambda number: number > 10, "large")
    app.add_template_global(lambda name: f"hello {name}", "hello")
    bp.add_app_template_filter(lambda text: text[::-1], "mirror")
    bp.add_app_template_test(lambda text: text == text[::-1], "palindrome")
    bp.add_app_template_global(lambda: 7, "seven")
    app.register_blueprint(bp)
    source = "{{ 'ab'|repeat }} {{ 'ab'|repeat(3) }} {{ 11 is large }} {{ 3 is large }} {{ hello('<x>') }} {{ 'abc'|mirror }} {{ 'aba' is palindrome }} {{ seven() }}"
    app.add_url_rule("/", "show", lambda: flask.render_template_string(source))
    return seen(app.test_client().get("/"))


@scene("L9")
def options_of_the_engine():
    found = []
    source = "a\n  {% if true %}\n  b\n  {% endif %}\nc\n"
    for options in [{}, {"trim_blocks": True}, {"lstrip_blocks": True}, {"trim_blocks": True, "lstrip_blocks": True, "keep_trailing_newline": True}]:
        app = make()
        app.jinja_options = options
        app.add_url_rule("/", "show", lambda: flask.render_template_string(source))
        found.append(seen(app.test_client().get("/")))
    return found


@scene("L11")
def tojson():
    app = make()
    values = [{"b": 1, "a": "é"}, ["</script>", "a'b", "&"], "\u2028", 1.0, None, True, {"k": {"z": 1, "a": []}}]
    app.add_url_rule("/<int:n>", "show", lambda n: flask.render_template_string("{{ v|tojson }} {{ v|tojson(indent=1) }}", v=values[n]))
    client = app.test_client()
    return [seen(client.get(f"/{n}")) for n in range(len(values))]


@scene("L12", "L13")
def what_is_not_there():
    app = with_templates(a_dot_html="{% include 'none.html' %}")
    app.add_url_rule("/undefined", "undefined", lambda: flask.render_template_string("[{{ nothing }}]"))
    app.add_url_rule("/attribute", "attribute", lambda: flask.render_template_string("{{ nothing.x }}"))
    app.add_url_rule("/missing", "missing", lambda: flask.render_template("none.html"))
    app.add_url_rule("/list", "list", lambda: flask.render_template(["none.html", "no.html"]))
    app.add_url_rule("/include", "include", lambda: flask.render_template("a.html"))
    client = app.test_client()
    answers = [seen(client.get(path))[0:1] for path in ["/undefined", "/attribute", "/missing", "/list", "/include"]]
    with app.app_context():
        sentences = [
            raised(lambda: flask.render_template_string("{{ nothing.x }}")),
            raised(lambda: flask.render_template("none.html")),
        ]
    return answers + sentences


@scene("H11")
def a_macro_by_name():
    app = with_templates(m_dot_html="{% macro hello(name, mark='!') %}Hello {{ name }}{{ mark }}{% endmacro %}{% set x = 5 %}")
    with app.app_context():
        hello = flask.get_template_attribute("m.html", "hello")
        return [str(hello("<World>")), str(hello("you", mark="?")), str(flask.get_template_attribute("m.html", "x"))]


@scene("L14", "L15", "L16")
def safe_text():
    return [
        str(escape("<&>\"'")), str(escape(Markup("<i>"))), str(escape(3)), str(escape_silent(None)), str(escape_silent("<")), str(soft_str(Markup("<i>"))),
        str(Markup("<i>") + "<"), str("<" + Markup("<i>")), str(Markup("<i>") * 2), str(Markup("<{}>").format("<")), str(Markup(", ").join(["<a>", Markup("<b>")])),
        str(Markup("a-b").replace("-", "<")), [str(part) for part in Markup("<a> <b>").split(" ")], str(Markup(" <a> ").strip()), str(Markup("<a>").upper()), str(Markup("<A>").lower()),
        Markup("<p>one <!-- x --> two</p>\n three").striptags(), Markup("&lt;a&gt; &amp; &quot;&#39;").unescape(),
    ]


@scene("L17", "Q2")
def signals_of_templates():
    app = with_templates(a_dot_html="{{ x }}")
    log = []
    flask.before_render_template.connect(lambda sender, template, context: log.append(["before", template.name, context.get("x")]), app, weak=False)
    flask.template_rendered.connect(lambda sender, template, context: log.append(["rendered", template.name, context.get("x")]), app, weak=False)
    app.add_url_rule("/", "show", lambda: flask.render_template("a.html", x=1))
    app.test_client().get("/")
    return [[kind, name, x is not None] for kind, name, x in log]


write(AREA)
