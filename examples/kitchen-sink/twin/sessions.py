"""The session, its flags, its types, and flashed messages."""

import datetime
import uuid

from flask import flash, get_flashed_messages, jsonify, request, session
from markupsafe import Markup
from werkzeug.http import http_date


def shown(value):
    match value:
        case tuple():
            return {"tuple": [shown(item) for item in value]}
        case list():
            return [shown(item) for item in value]
        case dict():
            return {"dict": {key: shown(item) for key, item in value.items()}}
        case bytes():
            return {"bytes": value.hex()}
        case Markup():
            return {"markup": str(value)}
        case uuid.UUID():
            return {"uuid": str(value)}
        case datetime.datetime():
            return {"datetime": http_date(value)}
    return value


def show():
    return jsonify({key: shown(session[key]) for key in session})


def put():
    item = request.get_json()
    session[item["k"]] = item["v"]
    return "put"


def tags():
    session["t"] = (1, ["a", (None,)], {"k": b"\x00\xff"})
    session["b"] = b"bytes"
    session["m"] = Markup("<b>bold</b>")
    session["u"] = uuid.UUID("12345678-1234-5678-1234-567812345678")
    session["d"] = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    session["clash"] = {" t": [1]}
    session["e"] = "é😀"
    session["f"] = [1.0, 1e16, -0.5]
    return "tagged"


def pop():
    return jsonify(shown(session.pop(request.args.get("k", "k"), None)))


def clear():
    session.clear()
    return "cleared"


def permanent():
    session.permanent = request.args.get("on", "1") == "1"
    return "permanent"


def touch():
    return "touched" if "user" in session else "untouched"


def count():
    session["count"] = session.get("count", 0) + 1
    return str(session["count"])


def default():
    return str(session.setdefault("default", "first"))


def nested():
    session.setdefault("nested", {"list": []})
    session["nested"]["list"].append(len(session["nested"]["list"]))
    session.modified = True
    return jsonify(session["nested"])


def flags():
    return jsonify(new=session.new, permanent=session.permanent, modified=session.modified)


def flashing():
    for message in request.args.getlist("m"):
        flash(message, request.args.get("c", "message"))
    return "flashed"


def flashed():
    return jsonify(get_flashed_messages(with_categories=True))


def big():
    session["big"] = "0123456789abcdef" * min(request.args.get("n", 10, type=int), 400)
    return "big"


def register(app):
    for view in (show, tags, pop, clear, permanent, touch, count, default, nested, flags, big):
        app.add_url_rule(f"/session/{view.__name__}", f"session_{view.__name__}", view)
    app.add_url_rule("/session/put", "session_put", put, methods=["POST"])
    app.add_url_rule("/flash/add", "flash_add", flashing)
    app.add_url_rule("/flash/show", "flash_show", flashed)
