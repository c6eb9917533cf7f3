"""Query strings and urlencoded bodies as Werkzeug reads them.

    python forms.py OUTPUT_FOLDER

writes query.json and urlencoded.json: each a list of cases with the text and the entries of the MultiDict
that Request.args or Request.form makes of it. A body is written with one character for each byte.
"""

import json
import random
import sys
from io import BytesIO
from pathlib import Path

from werkzeug.wrappers import Request

HAND = [
    "", "&", "&&", "=", "==", "a", "a=", "=a", "a=1", "a=1&b=2", "a=1&a=2", "a=1&b=2&a=3", "a&b&c", "a=1;b=2",
    "a=b=c", "a==b", "a=1&", "&a=1", "a=1&&b=2", "a+b=c+d", "a%20b=c%20d", "a%2Bb=%2B", "+=+", "%", "%%", "a=%",
    "a=%2", "a=%zz", "a=%2z", "a=%z2", "a=%25", "a=%2525", "a=%26&b=%3D", "%61=%62", "%3d=%26", "a=%C3%A9",
    "a=%c3%a9", "%C3%A9=1", "a=%ff", "a=%FF", "a=%fe%ff", "a=%C3", "a=%C3%", "a=%C3x", "a=%C3%C3%A9", "a=%A9%C3%A9",
    "a=%E2%82", "a=%E2%82%AC", "a=%E2%82%ACx", "a=%E2%82x%AC", "a=%F0%9F%98%80", "a=%F0%9F%98", "a=%F0%9F%98x",
    "a=%ED%A0%80", "a=%ED%BF%BF", "a=%C0%80", "a=%C0%AF", "a=%F4%90%80%80", "a=%F5%80%80%80", "a=%80", "a=%BF%BF",
    "a=%00", "%00=a", "a=%0d%0a", "a=%09", "a=%7f", "a=%C2%80", "a=%C2%A0", "a=%EF%BB%BF", "a=%EF%BF%BD", "a=é", "é=é",
    "a=é%A9", "a=%C3é", "a=€%E2%82", "a=😀+😀", "a=1#b", "a=1?b=2", "a[]=1&a[]=2", "a[b]=1", "a.b=1", "a:b=c:d",
    "a='\"<>", "q=%22quoted%22", "a=1&A=2", "a=1&a", "a&a=1", "a=&a=", "a= b", " a =b", "a=\tb", "utf8=%E2%9C%93&commit=Go",
    "next=%2Flogin%3Fa%3D1%26b%3D2", "a=%u00e9", "a=%C3%A9%C3%A9%ff%C3%A9", "%ff=%ff&%FF=2", "%2=%2", "a=+%20+",
    "a=" + "x" * 300, "&".join(f"k{i}={i}" for i in range(60)), "&".join(f"k={i}" for i in range(60)),
]
PIECES = [
    "a", "b", "key", "x1", "=", "=", "&", "&", "+", "%20", "%", "%C3", "%A9", "%c3%a9", "%ff", "%E2%82%AC", "%E2", "%82",
    "%F0%9F%98%80", "%F0%9F", "%00", "%25", "%26", "%3D", "%2B", "%zz", "%4", "é", "€", ";", ".", "[]", "'", '"', "<", "0",
    "%ED%A0%80", "%C0%AF", "%41", "~", "/",
]


def texts(seed, count):
    rng = random.Random(seed)
    for _ in range(count):
        yield "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 14)))


def entries(dictionary):
    return [[key, value] for key, value in dictionary.items(multi=True)]


def args(text):
    # WSGI hands bytes over as Latin-1 text.
    environ = {"QUERY_STRING": text.encode().decode("latin-1"), "REQUEST_METHOD": "GET", "wsgi.url_scheme": "http"}
    return entries(Request(environ).args)


def form(body, content_type="application/x-www-form-urlencoded"):
    environ = {
        "REQUEST_METHOD": "POST", "CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body), "wsgi.url_scheme": "http",
    }
    return entries(Request(environ).form)


def write(path, cases):
    lines = ",\n".join(json.dumps(case, ensure_ascii=True) for case in cases)
    path.write_text(f"[\n{lines}\n]\n")


def main(folder):
    query = [{"query": text, "args": args(text)} for text in dict.fromkeys([*HAND, *texts(1, 620)])]
    write(folder / "query.json", query)

    bodies = [text.encode() for text in dict.fromkeys([*HAND, *texts(2, 420)])]
    bodies += [b"a=\xff", b"\xff=1", b"a=\xc3\xa9", b"a=\xc3", b"a=%ff&b=\xff", b"a=\xed\xa0\x80", b"a=\r\n", b"a=1\r\n&b=2\n"]
    cases = [{"body": body.decode("latin-1"), "form": form(body)} for body in bodies]
    for content_type in [
        "APPLICATION/X-WWW-FORM-URLENCODED", "application/x-www-form-urlencoded; charset=utf-8",
        "application/x-www-form-urlencoded;charset=latin-1", " application/x-www-form-urlencoded ; a=b",
        "application/x-url-encoded", "application/x-www-form-urlencoded-x", "text/plain", "application/json", "",
    ]:
        body = b"a=%E9&b=\xc3\xa9"
        cases.append({"content_type": content_type, "body": body.decode("latin-1"), "form": form(body, content_type)})
    write(folder / "urlencoded.json", cases)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
