"""Errors, their pages, redirects and status lines as Werkzeug and Flask make them.

    python http_errors.py OUTPUT_FOLDER

writes errors.json (every code: name, description, page, header fields, text), redirects.json
and responses.json (status forms, content types, what is sent for a status and a method).
"""

import json
import sys
from pathlib import Path

from flask import Response
from werkzeug import exceptions
from werkzeug.exceptions import default_exceptions
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.test import EnvironBuilder
from werkzeug.utils import redirect

AREA = "http-errors"

DESCRIPTIONS = ["", "plain", "<b>&\"'</b>", "two\nlines", "\n", "a\n\nb\r\nc", "é ☃", "a" * 300, "{{ 7*7 }}", "&amp;"]


def page(error):
    response = error.get_response()
    return {"body": response.get_data(as_text=True), "status": response.status_code, "headers": [list(h) for h in response.headers if h[0] != "Content-Length"]}


def errors():
    for code in range(100, 600):
        if code in default_exceptions:
            error = default_exceptions[code]()
            yield {"code": code, "name": error.name, "description": error.description, "str": str(error), **page(error)}
        else:
            yield {"code": code, "lookup_error": True, "status_name": HTTP_STATUS_CODES.get(code)}
    for code in (400, 404, 418, 500):
        for description in DESCRIPTIONS:
            error = default_exceptions[code](description)
            yield {"code": code, "given": description, "name": error.name, "description": error.description, "str": str(error), **page(error)}
    for methods in ([], ["GET"], ["POST", "GET"], ["OPTIONS", "HEAD", "GET"]):
        # Sorted here, because the order of a set is not Flask's to promise.
        error = exceptions.MethodNotAllowed(sorted(methods))
        yield {"code": 405, "methods": methods, "name": error.name, "description": error.description, "str": str(error), **page(error)}
    for length in (0, 12, 2**40):
        error = exceptions.RequestedRangeNotSatisfiable(length)
        yield {"code": 416, "length": length, "name": error.name, "description": error.description, "str": str(error), **page(error)}
    for code, cls in ((429, exceptions.TooManyRequests), (503, exceptions.ServiceUnavailable)):
        for seconds in (0, 1, 3600):
            error = cls(retry_after=seconds)
            yield {"code": code, "retry_after": seconds, "name": error.name, "description": error.description, "str": str(error), **page(error)}
    for key in ("name", "it's", 'a "b"', "both ' and \"", "é", "a\nb", "tab\t", "\\", "\x00\x7f", ""):
        error = exceptions.BadRequestKeyError(key)
        shown = exceptions.BadRequestKeyError(key)
        shown.show_exception = True
        yield {"code": 400, "key": key, "name": error.name, "description": error.description, "debug_description": shown.description,
               "str": str(error), **page(error)}


LOCATIONS = ["/", "/a?b=c&d=e", "http://example.com/", "/é?x=1 2", "/%C3%A9", "/a b", "//evil.example/", "", "?page=2", "#top", "../up",
             "/<script>\"'", "/a%20b%zz", "/\\x", "https://user:pw@example.com:8443/p;a?q=1#f", "/☃", "http://☃.net/é", "/q?x=%ff&y=+",
             "mailto:a@example.com", "/a|b^c`d{e}", "/[x]", "http://[::1]:5000/", "/a?x=[1]", "/é#é", "javascript:alert(1)"]


def redirects():
    for location in LOCATIONS:
        yield {"location": location, "code": 302, **sent_redirect(location, 302)}
    for code in (301, 303, 305, 307, 308):
        yield {"location": "/x", "code": code, **sent_redirect("/x", code)}


def sent_redirect(location, code):
    response = redirect(location, code, Response)
    environ = EnvironBuilder("/").get_environ()
    _, status, headers = response.get_wsgi_response(environ)
    return {"status": status, "body": response.get_data(as_text=True), "headers": [list(h) for h in headers]}


def responses():
    for value in [*range(100, 600), 600, 999, "200", "200 OK", "404", "299 Custom", "299", "418 I'm", " 204 ", "204  two", "500 x y z"]:
        response = Response(status=value)
        yield {"status_form": value, "line": response.status, "code": response.status_code}
    for mimetype in ["text/html", "text/plain", "text/x", "application/json", "application/xml", "application/javascript", "application/ecmascript",
                     "application/sql", "application/xml-dtd", "application/xml-external-parsed-entity", "image/svg+xml", "application/rss+xml",
                     "image/png", "application/octet-stream", "TEXT/HTML", "application/x-javascript", "+xml", ""]:
        response = Response()
        response.mimetype = mimetype
        yield {"mimetype": mimetype, "content_type": response.content_type, "read_back": response.mimetype}
    fields = [("Allow", "GET"), ("Content-Encoding", "gzip"), ("Content-Language", "en"), ("Content-Location", "/x"), ("Content-MD5", "x"),
              ("Content-Range", "bytes 0-1/2"), ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT"), ("Last-Modified", "Thu, 01 Jan 1970 00:00:00 GMT"),
              ("ETag", '"a"'), ("Content-Disposition", "inline"), ("Cache-Control", "no-cache"), ("X-Y", "1")]
    for method in ("GET", "HEAD", "POST"):
        for status in (100, 101, 103, 200, 201, 204, 205, 206, 301, 304, 400, 404, 412, 500):
            for body in ("", "hello", None):
                for length in (None, "99"):
                    response = Response(iter([b"streamed"]) if body is None else body, status)
                    if body is not None:
                        # As a view's text: the length is worked out when the response is sent.
                        response = Response([body.encode()] if body else [], status)
                    for name, value in fields:
                        response.headers[name] = value
                    if length:
                        response.headers["Content-Length"] = length
                    environ = EnvironBuilder("/", method=method).get_environ()
                    chunks, _, headers = response.get_wsgi_response(environ)
                    yield {"method": method, "status": status, "body": body, "length": length,
                           "sent": b"".join(chunks).decode(), "headers": sorted([k.lower(), v] for k, v in headers)}


def write(path, cases):
    path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


def main(folder):
    write(folder / "errors.json", errors())
    write(folder / "redirects.json", redirects())
    write(folder / "responses.json", responses())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
