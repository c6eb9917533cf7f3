"""What Flask-Login does, request by request.

    python login.py OUTPUT_FOLDER

writes walks-*.json: apps, and what visitors with a browser's cookies do there, step after step: what was answered, which remember-me cookie
was set, what the session holds then, and which signals were sent. And urls.json: the URLs of pages to log in.
"""

import datetime
import json
import logging
import random
import sys
import warnings
from pathlib import Path

import flask
import flask_login
import flask_login.login_manager
import flask_login.signals
from flask.json.tag import TaggedJSONSerializer

AREA = "login"

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")

NOW = 1_700_000_000


class Clock(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return datetime.datetime.fromtimestamp(NOW, datetime.timezone.utc).replace(tzinfo=None)


flask_login.login_manager.datetime = Clock

SIGNALS = {
    "accessed": flask_login.signals.user_accessed,
    "logged in": flask_login.signals.user_logged_in,
    "logged out": flask_login.signals.user_logged_out,
    "from cookie": flask_login.signals.user_loaded_from_cookie,
    "from request": flask_login.signals.user_loaded_from_request,
    "confirmed": flask_login.signals.user_login_confirmed,
    "unauthorized": flask_login.signals.user_unauthorized,
    "needs refresh": flask_login.signals.user_needs_refresh,
    "protected": flask_login.signals.session_protected,
}


class Member(flask_login.UserMixin):
    def __init__(self, id):
        self.id = id
        self.name = f"Member {id}"

    @property
    def is_active(self):
        return self.id != "9"


def find(id):
    return Member(id) if str(id) in "123456789" and len(str(id)) == 1 else None


def make(options):
    """An app; tests/login/app.rs has the same."""
    app = flask.Flask("club", static_folder=None)
    app.config.update({"SECRET_KEY": "dev"} | options["config"])
    manager = flask_login.LoginManager(app)
    manager.session_protection = options.get("session_protection", "basic")
    for name in ("login_view", "refresh_view", "login_message", "login_message_category", "needs_refresh_message", "needs_refresh_message_category"):
        if name in options:
            setattr(manager, name, options[name])
    manager.blueprint_login_views.update(options.get("blueprint_login_views", {}))
    if options.get("user_loader", True):
        manager.user_loader(find)
    if options.get("request_loader"):
        manager.request_loader(lambda request: find(request.headers.get("X-Key", "")))
    if options.get("handlers"):
        manager.unauthorized_handler(lambda: ("please log in", 403))
        manager.needs_refresh_handler(lambda: ("once more, please", 403))
    if options.get("localize"):
        manager.localize_callback = str.upper

    def log_in(id):
        member = find(id)
        args = flask.request.args
        duration = datetime.timedelta(seconds=int(args["duration"])) if "duration" in args else None
        done = flask_login.login_user(
            member, remember="remember" in args, duration=duration, force="force" in args, fresh="stale" not in args)
        return str(done).lower()

    def log_out():
        flask_login.logout_user()
        return "out"

    def confirm():
        flask_login.confirm_login()
        return "confirmed"

    def who():
        user = flask_login.current_user
        return f"{user.name} {'fresh' if flask_login.login_fresh() else 'stale'}" if user.is_authenticated else "nobody"

    def remembered():
        return str(flask_login.login_remembered()).lower()

    def put(key, value):
        flask.session[key] = value
        return "put"

    def permanent():
        flask.session.permanent = True
        return "permanent"

    guarded = flask_login.login_required
    fresh = flask_login.fresh_login_required
    rule = app.add_url_rule
    rule("/login/<id>", "log_in", log_in)
    rule("/logout", "log_out", log_out)
    rule("/confirm", "confirm", confirm)
    rule("/who", "who", who)
    rule("/remembered", "remembered", remembered)
    rule("/put/<key>/<value>", "put", put)
    rule("/permanent", "permanent", permanent)
    rule("/plain", "plain", lambda: "plain")
    rule("/cellar", "cellar", guarded(lambda: "wine"), methods=["GET", "POST", "OPTIONS"])
    rule("/files/<path:name>", "files", guarded(lambda name: name))
    rule("/vault", "vault", fresh(lambda: "gold"))
    for name in ("bp", "other"):
        bp = flask.Blueprint(name, name, url_prefix=f"/{name}")
        bp.add_url_rule("/cellar", "cellar", guarded(lambda: "beer"))
        app.register_blueprint(bp)
    return app


class Browser:
    def __init__(self, app):
        self.app = app
        self.client = app.test_client()

    def session(self):
        cookie = self.client.get_cookie("session")
        if cookie is None or not cookie.value:
            return {}
        return self.app.session_interface.get_signing_serializer(self.app).loads(cookie.value)

    def step(self, request):
        name = self.app.config.get("REMEMBER_COOKIE_NAME", "remember_token")
        path = self.app.config.get("REMEMBER_COOKIE_PATH", "/")
        if request.get("closed"):
            self.client.delete_cookie("session")
        if "cookie" in request:
            self.client.delete_cookie(name, path=path)
            if request["cookie"] is not None:
                self.client.set_cookie(name, request["cookie"], path=path)
        headers = {"User-Agent": request["agent"]} | request.get("headers", {})
        sent = []
        receivers = []
        for label, signal in SIGNALS.items():
            def receiver(sender, label=label, **extra):
                sent.append(label)
            receivers.append((signal, receiver))
            signal.connect(receiver)
        answer = self.client.open(
            request["path"], method=request.get("method", "GET"), base_url=request.get("base", "http://localhost"), headers=headers,
            environ_overrides={"REMOTE_ADDR": request.get("address", "127.0.0.1")})
        for signal, receiver in receivers:
            signal.disconnect(receiver)
        cookies = answer.headers.getlist("Set-Cookie")
        return {
            "status": answer.status_code,
            "location": answer.headers.get("Location"),
            "body": None if answer.status_code in (302, 401) else answer.get_data(as_text=True),
            "cookies": [line for line in cookies if line.startswith(name + "=")],
            "session": json.loads(TaggedJSONSerializer().dumps(self.session())),
            "signals": sent,
        }


AGENTS = ["UA/1.0", "it's \"me\" \\", "O'Brien", "tab\there", "UA/2.0"]
ADDRESSES = ["127.0.0.1", "10.0.0.1", "::1"]
FORWARDED = ["1.2.3.4", " 1.2.3.4 , 10.0.0.1", "", ",", "::1, 1.2.3.4", "it's"]


def token(id, key="dev"):
    return flask_login.encode_cookie(id, key=key)


def walk(rng, options, steps):
    """What somebody might do in a row."""
    app = make(options)
    browser = Browser(app)
    agent, address, headers, user = AGENTS[0], ADDRESSES[0], {}, rng.choice("123")
    made = []
    for _ in range(steps):
        request = {}
        chance = rng.random()
        if chance < 0.08:
            agent = rng.choice(AGENTS)
        elif chance < 0.12:
            address = rng.choice(ADDRESSES)
        elif chance < 0.15:
            headers = {"X-Forwarded-For": rng.choice(FORWARDED)}
        elif chance < 0.18:
            headers = {}
        if rng.random() < 0.12:
            request["closed"] = True
        if rng.random() < 0.05:
            request["cookie"] = rng.choice([token(user), token("0"), token(user)[:-1] + "x", token(user, "other"), "nonsense", "|", "", None, "é|x"])
        holder = {} if request.get("closed") else browser.session()
        if "_user_id" not in holder and rng.random() < 0.3:
            user = rng.choice("1239")
        # Who logs in while somebody else is logged in gets an empty session here, and not in Flask-Login.
        if holder.get("_user_id") not in (None, user):
            paths = ["/who", "/logout", "/cellar", "/vault"]
        else:
            flags = "&".join(flag for flag in ("remember", "stale", "force", "duration=3600", "duration=90000") if rng.random() < 0.3)
            paths = [f"/login/{user}?{flags}"] * 3 + ["/logout", "/confirm", "/put/a/1", "/put/_user_id/0", "/permanent", "/remembered", "/plain", "/cellar", "/vault"]
            paths += ["/who", "/who", "/who", "/cellar?a=1&b=%C3%A9", "/files/a%20b/%C3%A9?next=%2Fx&q=%26", "/bp/cellar", "/other/cellar?x", "/put/next/cart"]
        request["path"] = rng.choice(paths)
        if request["path"] == "/cellar" and rng.random() < 0.3:
            request["method"] = rng.choice(["POST", "OPTIONS"])
        request |= {"agent": agent, "address": address}
        sent = dict(headers)
        if options.get("request_loader") and rng.random() < 0.4:
            sent["X-Key"] = rng.choice("1290")
        if sent:
            request["headers"] = sent
        made.append(request | browser.step(request))
    return made


def anonymous(options):
    """Where somebody is sent who is not logged in, from many pages."""
    app = make(options)
    for base in ("http://localhost", "https://shop.example", "http://shop.example:8080"):
        for path in ("/cellar", "/cellar?a=1&b=%C3%A9", "/cellar?", "/cellar?a=b=c&&d", "/files/%C3%A9/a%2Fb%3Fc?q=%25&r=a%2Bb+c", "/files/x;y=1?z=[1]", "/bp/cellar", "/other/cellar", "/vault"):
            request = {"path": path, "base": base, "agent": AGENTS[0]}
            yield request | Browser(app).step(request)


def play(options, requests):
    browser = Browser(make(options))
    made = []
    for request in requests:
        request = {"agent": AGENTS[0]} | request
        made.append(request | browser.step(request))
    return made


VIEWS = {"login_view": "plain", "refresh_view": "confirm"}
APPS = [
    {"config": {}},
    {"config": {}} | VIEWS,
    {"config": {}, "session_protection": "strong"} | VIEWS,
    {"config": {}, "session_protection": None} | VIEWS,
    {"config": {"SESSION_PROTECTION": "strong"}},
    {"config": {"SESSION_PROTECTION": None}, "session_protection": "strong"},
    {"config": {"USE_SESSION_FOR_NEXT": True}, "login_view": "/plain?x=1", "refresh_view": "/confirm", "session_protection": "strong"},
    {"config": {"USE_SESSION_FOR_NEXT": True}, "login_view": "https://sso.example/login", "refresh_view": "confirm"},
    {"config": {"FORCE_HOST_FOR_REDIRECTS": "shop.example"}} | VIEWS,
    {"config": {}, "login_view": "/plain?x=1&next=old&x=2&y=", "refresh_view": "https://sso.example/again?next=a&next=b", "blueprint_login_views": {"bp": "bp.cellar"}},
    {"config": {}, "login_view": "http://localhost/plain", "blueprint_login_views": {"bp": "/bp/login", "other": "http://other.example/"}, "login_message": "Halt!",
     "login_message_category": "warning", "needs_refresh_message": "Again!", "needs_refresh_message_category": "error"} | {"refresh_view": "/confirm#here"},
    {"config": {}, "login_message": "", "needs_refresh_message": ""} | VIEWS,
    {"config": {}, "localize": True} | VIEWS,
    {"config": {}, "handlers": True} | VIEWS,
    {"config": {"LOGIN_DISABLED": True}} | VIEWS,
    {"config": {}, "request_loader": True, "session_protection": "strong"} | VIEWS,
    {"config": {}, "request_loader": True, "user_loader": False},
    {"config": {"REMEMBER_COOKIE_NAME": "remember", "REMEMBER_COOKIE_DURATION": 86400, "REMEMBER_COOKIE_SECURE": True, "REMEMBER_COOKIE_SAMESITE": "Strict"}},
    {"config": {"REMEMBER_COOKIE_HTTPONLY": False, "REMEMBER_COOKIE_SAMESITE": "Lax", "REMEMBER_COOKIE_DOMAIN": "localhost", "REMEMBER_COOKIE_DURATION": 0}, "session_protection": "strong"},
    {"config": {"REMEMBER_COOKIE_PATH": "/who"}},
    {"config": {"SECRET_KEY": "schl\u00fcssel"}, "session_protection": "strong"},
]

DIFFERENT = [
    ("who logs in while somebody else is logged in gets a session without what that one left", {"config": {}}, [
        {"path": "/put/cart/3"}, {"path": "/login/1"}, {"path": "/put/basket/4"}, {"path": "/login/2"}]),
    ("the remember-me cookie is refreshed for who has one, and not given to everybody", {"config": {"REMEMBER_COOKIE_REFRESH_EACH_REQUEST": True}}, [
        {"path": "/login/1"}, {"path": "/who"}]),
    ("a cookie of a request that came by HTTPS is secure", {"config": {}}, [
        {"path": "/login/1?remember", "base": "https://localhost"}]),
]
SAME = [
    ("who logs in again keeps what the session holds", {"config": {}}, [
        {"path": "/put/cart/3"}, {"path": "/login/1"}, {"path": "/put/basket/4"}, {"path": "/login/1"}]),
    ("a cookie is refreshed with each answer", {"config": {"REMEMBER_COOKIE_REFRESH_EACH_REQUEST": True}}, [
        {"path": "/login/1?remember"}, {"path": "/who"}, {"path": "/plain"}, {"closed": True, "path": "/who"}, {"path": "/logout"}]),
    ("an id may hold anything", {"config": {}}, [
        {"path": "/who", "cookie": token("1|2")}, {"closed": True, "path": "/who", "cookie": token("\u00e9")}, {"closed": True, "path": "/who", "cookie": token("")}]),
    ("a session of Flask's may hold a number", {"config": {}}, [
        {"path": "/put/_user_id/1"}, {"path": "/who"}, {"path": "/cellar"}, {"path": "/logout"}]),
]


def split(case):
    """What was asked beside what came of it."""
    asked = ("closed", "cookie", "path", "method", "base", "agent", "address", "headers")
    answers = [{key: value for key, value in step.items() if key not in asked} for step in case["steps"]]
    steps = [{key: value for key, value in step.items() if key in asked} for step in case["steps"]]
    return case | {"steps": steps, "answers": answers}


def walks():
    for index, options in enumerate(APPS):
        rng = random.Random(index)
        for number in range(9):
            yield {"case": f"app {index}, walk {number}", "app": options, "steps": walk(rng, options, 14)}
        for step in anonymous(options):
            yield {"case": f"app {index}, nobody at {step['base']}", "app": options, "steps": [step]}
    for name, options, requests in SAME:
        yield {"case": name, "app": options, "steps": play(options, requests)}
    for name, options, requests in DIFFERENT:
        yield {"case": name, "differs": name, "app": options, "steps": play(options, requests)}


def urls():
    bases = ["/login", "login", "/login?x=1", "/login?next=old", "/login?b&a=&a=1&next", "/login?a=%C3%A9+%2B%20&b=%zz", "/login#top", "/login?x=1#top", "http://localhost/login",
             "https://localhost/login", "http://localhost:5000/login", "http://sso.example", "https://sso.example/in?to=a%26b", "//sso.example/login", "/", "/a//b", "/login?;a=1;b", "/l%C3%B6gin"]
    pages = ["http://localhost/", "http://localhost/a?b=c", "http://localhost/\u00e9?q=\u00fc&r=%26", "https://localhost/a", "http://localhost:5000/a", "http://shop.example/a?next=/b",
             "http://localhost", "http://localhost/a?", "http://localhost/a b?c d", "http://localhost/a;b?c;d", "/a?b", "http://localhost/?a=b#c", "http://user@localhost/a", "http://[::1]:80/a"]
    app = make({"config": {}})
    app.add_url_rule("/endpoint/<int:id>", "login", lambda: "", defaults={"id": 7})
    for host in (None, "forced.example:8443"):
        app.config["FORCE_HOST_FOR_REDIRECTS"] = host
        for base in bases:
            for page in pages:
                with app.test_request_context("/"):
                    yield {"view": base, "page": page, "host": host, "url": flask_login.login_url(base, page)}


def main(output):
    made = [split(case) for case in walks()]
    size = 200
    for number, start in enumerate(range(0, len(made), size), 1):
        lines = ",\n".join(json.dumps(group) for group in made[start : start + size])
        Path(output, f"walks-{number}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    lines = ",\n".join(json.dumps(case) for case in urls())
    Path(output, "urls.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
