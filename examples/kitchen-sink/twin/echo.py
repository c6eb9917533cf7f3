"""What Flask's request says, as JSON."""

import json

from flask import Response, jsonify, request
from werkzeug.http import http_date

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def pairs(items):
    return [[key, value] for key, value in items]


def lists(items):
    """A part of a form without a name has None for its key, which JSON cannot sort among texts."""
    found = {}
    for key, value in items:
        found.setdefault(key or "", []).append(value)
    return found


def grouped(items):
    return [[key, value] for key, values in lists(items).items() for value in values]


def accepts(accept, offered):
    return {"list": [[value, float(quality)] for value, quality in accept], "best": accept.best_match(offered)}


def tags(etags):
    # Werkzeug takes an empty tag for None.
    return {name: sorted(tag or "" for tag in part) for name, part in [("strong", etags._strong), ("weak", etags._weak)]} | {"star": etags.star_tag}


def when(date):
    return None if date is None else http_date(date)


def credentials(authorization):
    if authorization is None:
        return None
    return {
        "type": authorization.type,
        "token": authorization.token,
        "username": authorization.parameters.get("username"),
        "password": authorization.parameters.get("password"),
        "parameters": sorted(authorization.parameters.items(), key=lambda pair: pair[0]),
    }


def target():
    return {
        "method": request.method,
        "path": request.path,
        "full_path": request.full_path,
        "url": request.url,
        "base_url": request.base_url,
        "url_root": request.url_root,
        "host_url": request.host_url,
        "host": request.host,
        "script_root": request.script_root,
        "scheme": request.scheme,
        "is_secure": request.is_secure,
        "query_string": request.query_string.decode("latin-1"),
        "args": pairs(request.args.items(multi=True)),
        "endpoint": request.endpoint,
        "rule": request.url_rule.rule,
        "view_args": request.view_args,
        "blueprint": request.blueprint,
    }


def head():
    cache_control = request.cache_control
    asked, if_range = request.range, request.if_range
    return {
        # Each side signs sessions with its own clock.
        "cookies": pairs(cookie for cookie in request.cookies.items(multi=True) if cookie[0] != "session"),
        "content_type": request.content_type,
        "mimetype": request.mimetype,
        "mimetype_params": pairs(request.mimetype_params.items()),
        "content_length": request.content_length,
        "content_encoding": request.content_encoding,
        "is_json": request.is_json,
        "user_agent": request.user_agent.string,
        "referrer": request.referrer,
        "origin": request.origin,
        "remote_addr": request.remote_addr,
        "access_route": list(request.access_route),
        "types": accepts(request.accept_mimetypes, ["text/html", "application/json", "application/xhtml+xml", "image/png"]),
        "accept_json": request.accept_mimetypes.accept_json,
        "accept_html": request.accept_mimetypes.accept_html,
        "accept_xhtml": request.accept_mimetypes.accept_xhtml,
        "languages": accepts(request.accept_languages, ["en", "de", "pt-BR", "zh_Hans"]),
        "charsets": accepts(request.accept_charsets, ["utf-8", "iso-8859-1"]),
        "encodings": accepts(request.accept_encodings, ["gzip", "br", "identity"]),
        "authorization": credentials(request.authorization),
        "range": None if asked is None else {"units": asked.units, "ranges": [list(r) for r in asked.ranges]},
        "if_range": {"etag": if_range.etag, "date": when(if_range.date)},
        "if_match": tags(request.if_match),
        "if_none_match": tags(request.if_none_match),
        "if_modified_since": when(request.if_modified_since),
        "if_unmodified_since": when(request.if_unmodified_since),
        "date": when(request.date),
        "max_age": cache_control.max_age,
        "no_cache": bool(cache_control.no_cache),
        "no_store": cache_control.no_store,
        "only_if_cached": cache_control.only_if_cached,
        "min_fresh": cache_control.min_fresh,
        "pragma": list(request.pragma),
        "max_forwards": request.max_forwards,
        "x": request.headers.get("X-Word"),
    }


def file(storage):
    return {
        "filename": storage.filename,
        "content_type": storage.content_type,
        "mimetype": storage.mimetype,
        "body": storage.read().decode("latin-1"),
        "headers": pairs(storage.headers.items()),
    }


def body():
    return {
        "form": grouped(request.form.items(multi=True)),
        "files": grouped((key, file(storage)) for key, storage in request.files.items(multi=True)),
        "values": lists(request.values.items(multi=True)),
    }


def data():
    return {"data": request.data.decode("latin-1"), "form": grouped(request.form.items(multi=True))}


def loaded():
    return jsonify(request.json)


def forced():
    return jsonify(request.get_json(force=True, silent=True))


def silent():
    return jsonify(request.get_json(silent=True))


def key():
    return request.args["k"]


def field():
    return request.form["k"]


def number():
    return {"n": request.args.get("n", 7, type=int), "all": request.args.getlist("n")}


def unread():
    return Response(json.dumps({"read": False}), mimetype="application/json")


def register(app):
    for view in (target, head, body, data, loaded, forced, silent, key, field, number, unread):
        app.add_url_rule(f"/echo/{view.__name__}", f"echo_{view.__name__}", view, methods=METHODS)
    app.add_url_rule("/echo/at/<path:rest>", "echo_at", lambda rest: target(), methods=METHODS)
