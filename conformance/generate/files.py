"""Vectors for sent files, from Flask. Usage: python files.py OUTPUT_FOLDER

Every answer is recorded field by field. Where the folder's name would show (the sum in an entity tag, X-Sendfile) stands
ROOT or SUM, and dates of the moment are left out.
"""

import io
import json
import os
import pathlib
import re
import sys
import tempfile
from datetime import datetime, timezone
from zlib import adler32

from flask import Flask, send_file, send_from_directory

# name, content, time of the last change in nanoseconds
FILES = [
    ("static/a.txt", b"hello world\n", 1_700_000_000_500_000_000),
    ("static/b.css", b"b{}", 1_700_000_000_000_000_000),
    ("static/c.json", b"{}", 1_234_567_890_123_456_789),
    ("static/empty.txt", b"", 0),
    ("static/late.txt", b"x", 1_700_000_000_999_999_990),
    ("static/half.txt", b"x", 1_700_000_000_000_000_500),
    ("static/x.tar.gz", b"gz", 1_600_000_000_100_000_000),
    ("static/x.svgz", b"gz", 1_600_000_000_000_001_000),
    ("static/.hidden", b"dot", 1_700_000_000_000_000_000),
    ("static/noext", b"?", 1_700_000_000_250_000_000),
    ("static/sub/d e.html", b"<p>", 1_700_000_000_750_000_000),
    ("static/\u00e9 \u00fc.txt", b"x", 1_700_000_000_000_000_000),
    ("static/q\"s.txt", b"x", 1_700_000_000_000_000_000),
]

# What /send/<index> does.
SENDS = [
    {"path": "static/a.txt"},
    {"path": "static/a.txt", "as_attachment": True},
    {"path": "static/a.txt", "download_name": "b.pdf"},
    {"path": "static/a.txt", "download_name": "\u65e5\u672c.txt", "as_attachment": True},
    {"path": "static/a.txt", "mimetype": "application/json"},
    {"path": "static/a.txt", "mimetype": "text/x-own"},
    {"path": "static/a.txt", "max_age": 0},
    {"path": "static/a.txt", "max_age": 60},
    {"path": "static/a.txt", "etag": "own"},
    {"path": "static/a.txt", "etag": False},
    {"path": "static/a.txt", "last_modified": 1_000_000_000},
    {"path": "static/a.txt", "conditional": False},
    {"path": "static/x.tar.gz", "as_attachment": True},
    {"path": "static/x.tar.gz"},
    {"path": "./static/../static/b.css"},
    {"bytes": "0123456789", "download_name": "d.txt"},
    {"bytes": "0123456789", "mimetype": "text/plain"},
    {"bytes": "0123456789", "mimetype": "text/plain", "as_attachment": True},
    {"bytes": "0123456789"},
    {"bytes": "", "mimetype": "image/png", "etag": "e"},
    {"bytes": "0123456789", "download_name": "d.svg", "max_age": 5, "last_modified": 1_000_000_000},
    {"reader": "0123456789", "download_name": "d.txt"},
    {"reader": "0123456789", "mimetype": "text/plain", "etag": "r"},
    {"path": "static/nowhere.txt"},
]

REQUEST_HEADERS = [
    {},
    {"Range": "bytes=0-4"},
    {"Range": "bytes=-3"},
    {"Range": "bytes=90-"},
    {"If-Modified-Since": "Tue, 14 Nov 2023 22:13:20 GMT"},
    {"If-None-Match": "*"},
    {"If-Match": '"other"'},
    {"If-None-Match": '"own"'},
    {"Range": "bytes=0-4", "If-Range": '"own"'},
]


def make(root):
    for name, content, changed in FILES:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, ns=(changed, changed))


def app_in(root, **config):
    app = Flask("files", root_path=str(root), static_folder=str(root / "static"))
    app.config.update(config)
    app.logger.disabled = True

    @app.get("/send/<int:index>")
    def send(index):
        options = dict(SENDS[index])
        if "bytes" in options:
            source = io.BytesIO(options.pop("bytes").encode())
        elif "reader" in options:
            source = io.BufferedReader(io.BytesIO(options.pop("reader").encode()))
        else:
            source = options.pop("path")
        if "last_modified" in options:
            options["last_modified"] = datetime.fromtimestamp(options["last_modified"], timezone.utc)
        return send_file(source, **options)

    @app.get("/below/<path:name>")
    def below(name):
        return send_from_directory("static/sub", name)

    return app


def answer(app, root, method, path, headers):
    response = app.test_client().open(path, method=method, headers=headers)
    fields = []
    for name, value in response.headers:
        if name == "Date" or name == "Expires":
            value = None
        elif name == "ETag":
            value = re.sub(r'^("[0-9.e+-]+-[0-9]+-)[0-9]+"$', r'\1SUM"', value)
        elif name == "X-Sendfile":
            value = value.replace(str(root), "ROOT")
        fields.append([name, value])
    failed = response.status_code >= 400 and response.status_code != 412
    return {
        "method": method,
        "path": path,
        "request": headers,
        "status": response.status_code,
        # An error's page is not a file's business, but a 416 says how long the file is.
        "headers": [f for f in fields if f[0] == "Content-Range"] if failed else fields,
        "body": None if failed else response.get_data().decode("latin1"),
    }


def cases(root):
    plain = app_in(root)
    for index in range(len(SENDS)):
        for headers in REQUEST_HEADERS:
            yield "plain", answer(plain, root, "GET", f"/send/{index}", headers)
        yield "plain", answer(plain, root, "HEAD", f"/send/{index}", {})
    for name in [name for name, _, _ in FILES] + ["static/nowhere", "static/sub", "static/sub/", "static/a.txt/", "static/", "static/sub/../a.txt"]:
        for headers in REQUEST_HEADERS[:5]:
            yield "plain", answer(plain, root, "GET", "/" + name, headers)
        yield "plain", answer(plain, root, "HEAD", "/" + name, {"Range": "bytes=0-0"})
    for name in ["d e.html", "d%20e.html", "../a.txt", "nowhere", "d%20e.html/"]:
        yield "plain", answer(plain, root, "GET", "/below/" + name, {})
    aged = app_in(root, SEND_FILE_MAX_AGE_DEFAULT=3600)
    for path in ["/static/a.txt", "/send/0", "/send/6", "/send/15", "/below/d%20e.html"]:
        yield "aged", answer(aged, root, "GET", path, {})
    handed = app_in(root, USE_X_SENDFILE=True)
    for path in ["/static/a.txt", "/send/0", "/send/13", "/send/15", "/below/d%20e.html"]:
        for headers in REQUEST_HEADERS[:6]:
            yield "handed", answer(handed, root, "GET", path, headers)


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as root:
        root = pathlib.Path(root).resolve()
        make(root)
        rows = [json.dumps({"app": app, **case}) for app, case in cases(root)]
    files = [json.dumps([name, content.decode("latin1"), changed]) for name, content, changed in FILES]
    sums = [json.dumps([text, adler32(text.encode())]) for text in ["", "a", "/srv/app/static/a.txt", "/srv/\u00e9", "x" * 6000]]
    parts = {"files": files, "sends": [json.dumps(s) for s in SENDS], "sums": sums, "answers": rows}
    body = ",\n".join(f'"{name}": [\n' + ",\n".join(lines) + "\n]" for name, lines in parts.items())
    (folder / "files.json").write_text("{\n" + body + "\n}\n")


if __name__ == "__main__":
    main(sys.argv[1])
