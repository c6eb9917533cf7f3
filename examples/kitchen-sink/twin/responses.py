"""Answers of every kind."""

import datetime
import decimal
import uuid

from flask import Response, after_this_request, jsonify, make_response, redirect, request, stream_with_context, url_for
from werkzeug.routing import BuildError

VALUES = {
    "dates": {
        "datetime": datetime.datetime(2026, 1, 2, 3, 4, 5, 678),
        "aware": datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
    },
    "uuid": uuid.UUID("12345678-1234-5678-1234-567812345678"),
    "decimal": [decimal.Decimal("1.50"), decimal.Decimal("1E+3")],
    "floats": [0.1, 1e16, 1e-7, 1.0, -0.0, 123456789012345680.0, 5e-324, 1.7976931348623157e308],
    "integers": [0, -1, 2**53 + 1, 2**63 - 1, -(2**63)],
    "text": "é\u2028</script>\U0001f600\x00\x7f\"\\/",
    "sorted": {"b": 1, "a": {"d": 2, "c": 3}, "C": None, "é": True},
    "list": [1, [2, [3]], {}, [], "", None, False],
}


def status(code):
    return f"status {code}", code


def line():
    return "line", request.args.get("line", "299 Custom")


def headers():
    fields = [tuple(field.split(":", 1)) for field in request.args.getlist("h") if ":" in field]
    return "headers", fields


def moved():
    return redirect(request.args.get("to", "/"), code=request.args.get("code", 302, type=int))


def cookie():
    args = request.args
    response = Response("cookie")
    response.set_cookie(
        args.get("name", "a"),
        args.get("value", ""),
        max_age=args.get("max_age", type=int),
        path=args.get("path", "/"),
        domain=args.get("domain"),
        secure="secure" in args,
        httponly="httponly" in args,
        samesite=args.get("samesite"),
        partitioned="partitioned" in args,
    )
    if "again" in args:
        response.set_cookie("again", "1")
    return response


def uncookie():
    response = make_response("no cookie")
    response.delete_cookie(request.args.get("name", "a"), path=request.args.get("path", "/"))
    return response


def value(kind):
    return jsonify(VALUES[kind])


def conditional():
    args = request.args
    response = Response(args.get("body", "0123456789ab"), mimetype="text/plain")
    if "lm" in args:
        response.last_modified = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    if "etag" in args:
        response.set_etag(args["etag"], weak="weak" in args)
    else:
        response.add_etag()
    length = len(response.get_data())
    return response.make_conditional(request, accept_ranges="ranges" in args, complete_length=length)


def fields():
    response = Response("fields", mimetype="text/css")
    response.cache_control.public = True
    response.cache_control.max_age = 60
    response.vary.update(["Accept", "Cookie"])
    response.content_language.add("de")
    response.headers.add("X-Many", "1")
    response.headers.add("X-Many", "2")
    response.age = 5
    response.retry_after = 120
    return response


def stream():
    count = request.args.get("n", 3, type=int)
    return (f"chunk {n}\n" for n in range(min(count, 20)))


def context():
    @stream_with_context
    def lines():
        for n in range(3):
            yield f"{n} for {request.path}\n"

    return Response(lines(), mimetype="text/plain")


def after():
    @after_this_request
    def first(response):
        response.headers["X-This"] = "first"
        return response

    @after_this_request
    def second(response):
        response.headers["X-This"] += ", second"
        return response

    return "after"


def kind(name):
    match name:
        case "text":
            return "text é"
        case "bytes":
            return b"\x00\xff bytes"
        case "dict":
            return {"b": 1, "a": "é"}
        case "list":
            return [1, "two", None]
        case "empty":
            return ""
        case "status":
            return "made", 201
        case "headers":
            return "made", {"X-Made": "1", "Content-Type": "text/plain"}
        case "both":
            return "made", 202, [("X-Made", "1"), ("x-made", "2")]
        case "json":
            return {"made": True}, 201
        case "custom":
            return Response("<x/>", mimetype="application/xml")
        case "octets":
            return Response(b"raw", content_type="application/octet-stream")
        case "length":
            return Response("abc", headers={"Content-Length": "3"})
        case "options":
            response = make_response("o")
            response.allow.update(["GET", "BREW"])
            return response
    return "unknown", 404


def link():
    values = request.args.to_dict()
    endpoint = values.pop("endpoint", "string")
    if "_external" in values:
        values["_external"] = values["_external"] == "1"
    try:
        return url_for(endpoint, **values)
    except (BuildError, ValueError):
        return "cannot be built", 409


def register(app):
    app.add_url_rule("/resp/status/<int:code>", "status", status)
    app.add_url_rule("/resp/line", "line", line)
    app.add_url_rule("/resp/headers", "headers", headers)
    app.add_url_rule("/resp/redirect", "redirect", moved, methods=["GET", "POST"])
    app.add_url_rule("/resp/cookie", "cookie", cookie)
    app.add_url_rule("/resp/uncookie", "uncookie", uncookie)
    app.add_url_rule(f"/resp/json/<any({', '.join(VALUES)}):kind>", "value", value)
    app.add_url_rule("/resp/conditional", "conditional", conditional, methods=["GET", "POST"])
    app.add_url_rule("/resp/fields", "fields", fields)
    app.add_url_rule("/resp/stream", "stream", stream)
    app.add_url_rule("/resp/context", "context", context)
    app.add_url_rule("/resp/after", "after", after)
    app.add_url_rule("/resp/kind/<name>", "kind", kind)
    app.add_url_rule("/resp/link", "link", link)
