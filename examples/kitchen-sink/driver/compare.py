"""What differs between two answers."""

import email.utils
import json

from itsdangerous import URLSafeTimedSerializer
from itsdangerous.exc import BadData
from werkzeug.http import HTTP_STATUS_CODES

# The server's, not the framework's: Werkzeug's server closes each connection and has a name and a clock of its own.
OF_THE_SERVER = {"date", "server", "connection", "keep-alive", "transfer-encoding"}
SETS = {"allow", "vary"}


class Text:
    """Leaves the payload of a token as it is."""

    def dumps(self, value, **_):
        return value

    def loads(self, value, **_):
        return value


class Sessions:
    def __init__(self, key):
        options = {"key_derivation": "hmac"}
        self.serializer = URLSafeTimedSerializer(key, salt="cookie-session", serializer=Text(), signer_kwargs=options)

    def read(self, cookie):
        """The payload and the time of a session cookie whose signature is right."""
        try:
            return self.serializer.loads(cookie, max_age=3600, return_timestamp=True)
        except BadData as error:
            return (f"not signed by us: {error!r}", None)

    def same(self, a, b, slack):
        if a == b:
            return a == "" or self.read(a)[1] is not None
        (payload, at), (other, then) = self.read(a), self.read(b)
        return at is not None and then is not None and payload == other and abs((at - then).total_seconds()) <= slack


def at_once(a, b, slack):
    """Whether two dates are the same but for the time between two answers."""
    try:
        a, b = email.utils.parsedate_to_datetime(a), email.utils.parsedate_to_datetime(b)
    except ValueError:
        return False
    return abs((a - b).total_seconds()) <= slack


def same_cookie(sessions, a, b, slack):
    a, b = a.split("; "), b.split("; ")
    if len(a) != len(b):
        return False
    (name, value), (other_name, other) = a[0].split("=", 1), b[0].split("=", 1)
    values = sessions.same(value, other, slack) if name == "session" else value == other
    if name != other_name or not values:
        return False
    return all(x == y or (x[:8] == y[:8] == "Expires=" and at_once(x[8:], y[8:], slack)) for x, y in zip(a[1:], b[1:]))


def words(values):
    return sorted(word.strip() for value in values for word in value.split(","))


def differences(sessions, flask, carboy, slack):
    """Names of what differs, with both sides; `slack` is how many seconds may lie between them."""
    found = []
    standard = flask.reason == HTTP_STATUS_CODES.get(flask.status, "Unknown").upper()
    if flask.status != carboy.status or not (standard or flask.reason == carboy.reason):
        found.append(("status", f"{flask.status} {flask.reason}", f"{carboy.status} {carboy.reason}"))
    for name in sorted((flask.fields.keys() | carboy.fields.keys()) - OF_THE_SERVER):
        a, b = flask.all(name), carboy.all(name)
        if name in SETS:
            same = words(a) == words(b)
        elif name == "set-cookie":
            same = len(a) == len(b) and all(same_cookie(sessions, x, y, slack) for x, y in zip(a, b))
        else:
            same = a == b or (name == "expires" and len(a) == len(b) == 1 and at_once(a[0], b[0], slack))
        if not same:
            found.append((name, a, b))
    if flask.body != carboy.body:
        found.append(("body", *apart(flask.body, carboy.body)))
    return found


def apart(a, b):
    """Of two JSON objects what differs, to be shown; of other bodies everything."""
    try:
        x, y = json.loads(a), json.loads(b)
        names = [name for name in x.keys() | y.keys() if x.get(name) != y.get(name)]
        return {name: x.get(name) for name in names}, {name: y.get(name) for name in names}
    except (ValueError, AttributeError):
        return a, b
