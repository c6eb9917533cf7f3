"""What one side makes and the other takes: each check runs with Flask first and with carboy first."""

import contextlib
import json
import time
from urllib.parse import quote, urlencode

from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from werkzeug.security import check_password_hash

from . import servers
from .scenarios import get, post
from .wire import Client

KEY = "kitchen-sink"
# Both sides see the same visitor.
AGENT = ("User-Agent", "it's \"UA\"/1.0")


class Pair:
    """A visitor who is known to both sides by the same cookies."""

    def __init__(self, maker, taker):
        self.maker, self.taker = Client(maker.port, False), Client(taker.port, False)
        self.taker.cookies = self.maker.cookies

    def make(self, request, status=200):
        return ask(self.maker, request, status)

    def take(self, request, status=200):
        return ask(self.taker, request, status)


def ask(client, request, status):
    request.fields.append((AGENT[0], AGENT[1].encode()))
    answer = client.ask(request)
    assert answer.status == status, f"{request.shown()}\n  gave {answer.status} and not {status}: {answer.body[:300]!r}"
    return answer.body.decode()


def form(**fields):
    return urlencode(fields).encode()


def equal(got, wanted, what):
    assert got == wanted, f"{what}: {got!r} is not {wanted!r}"


def session(pair):
    pair.make(get("/session/tags"))
    made = pair.make(get("/session/show"))
    equal(pair.take(get("/session/show")), made, "the session of every tag")
    # The taker writes it again, and the maker reads what it wrote.
    pair.take(get("/session/count"))
    again = json.loads(pair.make(get("/session/show")))
    equal(again.pop("count"), 1, "the count")
    equal(again, json.loads(made), "the session after the other side wrote it")
    pair.take(get("/session/permanent"))
    assert json.loads(pair.make(get("/session/flags")))["permanent"], "a permanent session stays one"
    pair.take(get("/session/clear"))
    equal(pair.make(get("/session/show")), "{}\n", "the session that was cleared")


def flashes(pair):
    pair.make(get("/flash/add?m=one&m=%3Cb%3E&c=error"))
    pair.take(get("/flash/add?m=two"))
    equal(json.loads(pair.take(get("/flash/show"))), [["error", "one"], ["error", "<b>"], ["message", "two"]], "the messages")
    equal(json.loads(pair.make(get("/flash/show"))), [], "the messages after they were shown")
    pair.make(get("/flash/add?m=three"))
    assert '<p class="message">three' in pair.take(get("/t/page")), "the page shows the message"


def csrf(pair):
    token = pair.make(get("/hand/csrf"))
    equal(pair.take(post("/hand/csrf", form(csrf_token=token))), "valid", "the token")
    own = pair.take(get("/hand/csrf"))
    equal(pair.make(post("/hand/csrf", form(csrf_token=own))), "valid", "the token of the other side, for the same session")
    wrong = {"": "The CSRF token is missing.", token + "x": "The CSRF token is invalid."}
    old = dated(URLSafeTimedSerializer(KEY, salt="wtf-csrf-token"), URLSafeTimedSerializer(KEY, salt="wtf-csrf-token").loads(token), 3700)
    wrong[old] = "The CSRF token has expired."
    wrong[URLSafeTimedSerializer(KEY, salt="wtf-csrf-token").dumps("another")] = "The CSRF tokens do not match."
    for text, sentence in wrong.items():
        for side in (pair.make, pair.take):
            equal(side(post("/hand/csrf", form(csrf_token=text)), 400), sentence, "what is wrong with a token")
    pair.take(get("/session/clear"))
    equal(pair.make(post("/hand/csrf", form(csrf_token=token)), 400), "The CSRF session token is missing.", "a token without session")


def dated(serializer, value, age):
    """A token that was made some time ago."""

    class Past(TimestampSigner):
        def get_timestamp(self):
            return int(time.time()) - age

    serializer.signer = Past
    return serializer.dumps(value)


def logins(pair):
    for id in ("1", "é|x", "a b;c"):
        pair.make(get("/hand/login/" + quote(id, safe="")))
        equal(json.loads(pair.take(get("/hand/who"))), {"id": id, "fresh": True}, "the user who is logged in")
        # The browser was closed: only the remember-me cookie is left.
        pair.maker.cookies.pop("session")
        assert "remember_token" in pair.maker.cookies, "the cookie is there"
        equal(json.loads(pair.take(get("/hand/who"))), {"id": id, "fresh": False}, "the user who is remembered")
        equal(json.loads(pair.make(get("/hand/who"))), {"id": id, "fresh": False}, "the user of the session that the other side made")
        pair.take(get("/hand/logout"))
        equal(json.loads(pair.make(get("/hand/who")))["id"], None, "the user who logged out")
        pair.maker.cookies.clear()
    pair.maker.cookies["remember_token"] = "1|" + "0" * 128
    for side in (pair.make, pair.take):
        equal(json.loads(side(get("/hand/who")))["id"], None, "the user of a forged cookie")


def resets(pair):
    token = pair.make(get("/hand/reset/7"))
    equal(json.loads(pair.take(post("/hand/reset", form(token=token)))), {"user": 7}, "the reset token")
    equal(pair.take(post("/hand/reset", form(token=token[:-1])), 400), "bad", "a token that was cut")
    for age, status in [(590, 200), (610, 410), (-30, 410)]:
        old = dated(URLSafeTimedSerializer(KEY, salt="password-reset"), {"user": 7}, age)
        for side in (pair.make, pair.take):
            side(post("/hand/reset", form(token=old)), status)


def passwords(pair):
    for method in ("scrypt", "scrypt:16384:8:1", "pbkdf2:sha256:1000", "pbkdf2:sha512:1000", "pbkdf2:sha1:10"):
        for password in ("correct horse", "", "pässwörd 日本"):
            hash = pair.make(post("/hand/hash", form(password=password, method=method)))
            equal(hash.split("$")[0], "scrypt:32768:8:1" if method == "scrypt" else method, "the method of a hash")
            assert check_password_hash(hash, password), "the hash is Werkzeug's"
            equal(pair.take(post("/hand/check", form(hash=hash, password=password))), "true", "the right password")
            equal(pair.take(post("/hand/check", form(hash=hash, password=password + "x"))), "false", "a wrong password")


CHECKS = [session, flashes, csrf, logins, resets, passwords]


@contextlib.contextmanager
def both(binary, **settings):
    settings = {"LOGIN": "true", "CSRF_CHECK": "false"} | settings
    with servers.flask(settings) as flask, servers.carboy(binary, settings) as carboy:
        yield flask, carboy


def rotation(binary):
    """The key changes on one side after the other; nobody is logged out on the way."""
    fallbacks = json.dumps(["oldest", KEY])
    with both(binary) as (old_flask, old_carboy), both(binary, SECRET_KEY="new", SECRET_KEY_FALLBACKS=fallbacks) as (new_flask, new_carboy):
        for before, after in [(old_flask, new_carboy), (old_carboy, new_flask), (old_carboy, new_carboy)]:
            pair = Pair(before, after)
            pair.make(get("/session/tags"))
            made = pair.make(get("/session/show"))
            equal(pair.take(get("/session/show")), made, "the session of the old key")
            pair.take(get("/session/count"))
            # Now it is signed with the new key, which the old side does not know.
            equal(pair.make(get("/session/show")), "{}\n", "the session of the new key, where it is unknown")
            for side in (new_flask, new_carboy):
                shown = Pair(side, side).make(with_cookies(get("/session/show"), pair))
                equal(json.loads(shown)["count"], 1, "the session of the new key")


def with_cookies(request, pair):
    request.fields.append(("Cookie", "; ".join(f"{name}={value}" for name, value in pair.maker.cookies.items()).encode()))
    return request


def all(binary):
    with both(binary) as (flask, carboy):
        for check in CHECKS:
            check(Pair(flask, carboy))
            check(Pair(carboy, flask))
            print(f"{check.__name__}: from Flask to carboy and from carboy to Flask", flush=True)
    rotation(binary)
    print("rotation: the sessions of an old key are read on both sides, those of the new one where it is known")
