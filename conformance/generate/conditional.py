"""Vectors for conditional requests and ranges, from Werkzeug. Usage: python conditional.py OUTPUT_FOLDER"""

import itertools
import json
import pathlib
import random
import sys

from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import is_resource_modified
from werkzeug.test import create_environ
from werkzeug.wrappers import Response

BODY = b"0123456789ab"
OLD = "Sat, 05 Nov 1994 08:49:37 GMT"
SAME = "Sun, 06 Nov 1994 08:49:37 GMT"
NEW = "Mon, 07 Nov 1994 08:49:37 GMT"

RANGES = [
    "bytes=0-4", "bytes=6-", "bytes=-5", "bytes=0-100", "BYTES=0-1", "bytes= 0 - 4 ", "bytes=12-", "bytes=100-200", "bytes=5-2", "bytes=0-1,3-4", "bytes=-0",
    "bytes=-100", "items=0-1", "bytes 0-1", "bytes=a-b", "bytes=+1-2", "bytes=0-11", "bytes=11-", "bytes=-12", "", "bytes=", "bytes=0-,", "bytes=3-3",
]
FIELDS = {
    "Range": [None, "bytes=0-4", "bytes=99-"],
    "If-Range": [None, '"a"', 'W/"a"', '"b"', OLD, SAME, NEW, "x"],
    "If-Modified-Since": [None, OLD, SAME, NEW, "junk"],
    "If-None-Match": [None, '"a"', 'W/"a"', '"b"', "*", '"b", "a"', ""],
    "If-Match": [None, '"a"', 'W/"a"', '"b"', "*"],
}
VALIDATORS = [(None, None), ('"a"', None), (None, SAME), ('"a"', SAME), ('W/"a"', SAME)]


def case(method, fields, etag, last_modified, accept_ranges=True, body=BODY):
    environ = create_environ(method=method, headers=[(k, v) for k, v in fields.items() if v is not None])
    response = Response(body)
    if etag:
        response.headers["ETag"] = etag
    if last_modified:
        response.headers["Last-Modified"] = last_modified
    out = {
        "method": method,
        "fields": {k: v for k, v in fields.items() if v is not None},
        "etag": etag,
        "last_modified": last_modified,
        "length": len(body) if accept_ranges else None,
        "modified": is_resource_modified(environ, etag, last_modified=last_modified),
        "modified_if_range": is_resource_modified(environ, etag, last_modified=last_modified, ignore_if_range=False),
    }
    try:
        response.make_conditional(environ, accept_ranges=accept_ranges, complete_length=len(body) if accept_ranges else None)
        out["status"] = response.status_code
        if response.status_code == 206:
            out["content_range"] = response.headers["Content-Range"]
            out["content_length"] = response.content_length
    except RequestedRangeNotSatisfiable as error:
        out["status"] = 416
        out["content_range"] = dict(error.get_headers())["Content-Range"]
    return out


def cases():
    rng = random.Random(10)
    for text in RANGES:
        for method in ["GET", "HEAD", "POST"]:
            yield case(method, {"Range": text}, '"a"', SAME)
        yield case("GET", {"Range": text}, '"a"', SAME, accept_ranges=False)
        yield case("GET", {"Range": text}, '"a"', SAME, body=b"")
    for name, values in FIELDS.items():
        for value in values[1:]:
            for etag, last_modified in VALIDATORS:
                yield case("GET", {name: value}, etag, last_modified)
    for if_range, validators in itertools.product(FIELDS["If-Range"], VALIDATORS):
        yield case("GET", {"Range": "bytes=0-4", "If-Range": if_range}, *validators)
    for _ in range(260):
        fields = {name: rng.choice(values) for name, values in FIELDS.items()}
        yield case(rng.choice(["GET", "GET", "HEAD", "PUT"]), fields, *rng.choice(VALIDATORS))


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(c) for c in cases())
    (folder / "conditional.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main(sys.argv[1])
