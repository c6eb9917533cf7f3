"""Files, sent by path, by folder and from memory; the static files are served without a view."""

import datetime
import io

from flask import request, send_file, send_from_directory


def sent(name):
    args = request.args
    options = {}
    if "modified" in args:
        options["last_modified"] = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    etag = args.get("etag")
    return send_file(
        f"static/{name}",
        mimetype=args.get("mimetype"),
        as_attachment="attachment" in args,
        download_name=args.get("name"),
        conditional="unconditional" not in args,
        etag=False if etag == "no" else etag or True,
        max_age=args.get("max_age", type=int),
        **options,
    )


def folder(path):
    return send_from_directory("static", path)


def memory():
    return send_file(io.BytesIO(b"0123456789" * 10), download_name=request.args.get("name", "m.txt"), etag=request.args.get("etag", False))


def register(app):
    app.add_url_rule('/files/send/<any("a.txt", "page.html", "data.bin", "empty.txt", "e u.css"):name>', "sent", sent)
    app.add_url_rule("/files/folder/<path:path>", "folder", folder)
    app.add_url_rule("/files/memory", "memory", memory)
