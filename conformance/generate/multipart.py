"""Multipart bodies as Werkzeug reads them.

    python multipart.py OUTPUT_FOLDER

writes bodies.json: a list of cases with the content type, the body (one character for each byte) and what
FormDataParser makes of it: the fields, the files with their headers, or the name of the error. A key that is null
stands for a part without a name.
"""

import json
import random
import sys
from io import BytesIO
from pathlib import Path

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

CRLF, LF, CR = "\r\n", "\n", "\r"


def field(name, value, eol=CRLF, extra=()):
    lines = [f'Content-Disposition: form-data; name="{name}"', *extra]
    return eol.join(lines) + eol + eol + value


def upload(name, filename, value, eol=CRLF, content_type="text/plain", extra=()):
    lines = [f'Content-Disposition: form-data; name="{name}"; filename="{filename}"']
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    lines += extra
    return eol.join(lines) + eol + eol + value


def body(parts, boundary="b", eol=CRLF, preamble="", epilogue=CRLF, last="--", lead=""):
    text = preamble + lead
    for part in parts:
        text += f"--{boundary}{eol}{part}{eol}"
    return text + f"--{boundary}{last}{epilogue}"


def cases():
    def case(text, content_type="multipart/form-data; boundary=b", **limits):
        data = text if isinstance(text, bytes) else text.encode()
        return content_type, data, limits

    # As browsers and clients send them.
    chrome = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
    firefox = "---------------------------9051914041544843365972754266"
    curl = "------------------------d74496d66958873e"
    for boundary in (chrome, firefox, curl):
        kind = f"multipart/form-data; boundary={boundary}"
        parts = [field("text", "hello"), field("unicode", "żółć é"), field("empty", ""), field("multi", "a\r\nb"),
                 upload("file", "cat é.png", "\x89PNG\r\n\x1a\n", content_type="image/png"),
                 upload("none", "", "", content_type="application/octet-stream"), field("text", "again")]
        yield case(body(parts, boundary), kind)
        yield case(body([], boundary), kind)
        yield case(body(parts[:1], boundary, epilogue=""), kind)
        yield case(body(parts[4:5] * 3, boundary), kind)

    # Every line end, in every place.
    for eol in (CRLF, LF, CR):
        for inner in (CRLF, LF, CR):
            for value in ("", "v", "v\r", "v\n", "v\r\n", "\rv", "\nv", "\r\nv", "\n", "\r", "\r\n", "\r\r", "\n\n", "-", "--", "--b",
                          "\n--", "\r\n--b", "\n--bx", "\r\n--b-", "\r--b -", "a\r\n--c\r\nb"):
                yield case(body([field("a", value, inner), field("z", "1", inner)], eol=eol))
        for filler in ("", "\r", "\n", "\r\n", "text", "text\r\n", "text\n", "--", "--c\r\n", "\r\n\r\n"):
            yield case(body([field("a", "1", eol)], eol=eol, preamble=filler))
            yield case(body([field("a", "1", eol)], eol=eol, epilogue=filler))
    for head_end in ("\r\n\r\n", "\n\n", "\r\r", "\r\n\n", "\n\r\n", "\r\r\n", "\n\r", "\n\r\n\r", "\r\n\r", "\r\n\r\r\n"):
        for value in ("", "v", "\nv", "\r\nv", "\rv"):
            yield case(f'--b\r\nContent-Disposition: form-data; name=a{head_end}{value}\r\n--b--\r\n')
            yield case(f'--b\nContent-Disposition: form-data; name=a{head_end}{value}\n--b--')

    # What follows a boundary.
    for tail in ("", " ", "\t", "  \t ", "\x0b", "\x0c", "x", " x", "-", "-x", "--x", "-- ", "--\t\r\n", "\x00", "\xa0", "--" * 4):
        yield case(body([field("a", "1")]).replace("--b\r\n", f"--b{tail}\r\n", 1))
        yield case(body([field("a", "1"), field("c", "2")]).replace("1\r\n--b\r\n", f"1\r\n--b{tail}\r\n", 1))
        yield case(body([field("a", "1")], last=tail))
        yield case(body([field("a", "1")], last=tail) + "\r\n--b--")

    # Truncated at every byte.
    whole = body([field("a", "1"), upload("f", "x.txt", "data\r\n")])
    for end in range(len(whole)):
        yield case(whole[:end])

    # Boundaries.
    for kind, boundary in [
        ('multipart/form-data; boundary="b"', "b"), ('multipart/form-data; boundary="a b"', "a b"),
        ("multipart/form-data; boundary=", ""), ('multipart/form-data; boundary=""', ""), ("multipart/form-data", "b"),
        ("MULTIPART/FORM-DATA; BOUNDARY=B", "B"), ("multipart/form-data; charset=utf-8; boundary=b", "b"),
        ("multipart/form-data; boundary=b; charset=utf-8", "b"), ("multipart/form-data;boundary=b", "b"),
        ("multipart/form-data; boundary=-", "-"), ("multipart/form-data; boundary=----", "----"),
        ("multipart/form-data; boundary=" + "x" * 70, "x" * 70), ("multipart/form-data; boundary=" + "y" * 200, "y" * 200),
        ("multipart/form-data; boundary=a.b*c", "a.b*c"), ('multipart/form-data; boundary="(b)[c]+?"', "(b)[c]+?"),
        ("multipart/mixed; boundary=b", "b"), ("multipart/form-datax; boundary=b", "b"), ('multipart/form-data; boundary="b', "b"),
        ('multipart/form-data; boundary="a\\"b"', 'a"b'), ("multipart/form-data; boundary=b boundary=c", "b"),
    ]:
        yield case(body([field("a", "1"), upload("f", "x", "2")], boundary), kind)
        yield case(body([field("a", f"1\r\n--{boundary}x"), upload("f", "x", "2")], boundary), kind)

    # Names.
    for disposition in [
        'form-data; name="a"', "form-data; name=a", "form-data; name=", 'form-data; name=""', "form-data", "",
        "form-data; NAME=a", "FORM-DATA; Name=a", 'form-data; name="a"; name="b"', 'form-data; name="a;b"', 'form-data; name="a=b"',
        'form-data; name="a\\"b"', 'form-data; name="a%22b"', 'form-data; name="a\\\\b"', 'form-data; name="a\\b"',
        'form-data; name="a', "form-data; name=a b", "form-data; name='a'", 'form-data; name="\'"', 'form-data; name="é"',
        "form-data; name=é", "form-data; name*=UTF-8''%C3%A9", "form-data; name*=iso-8859-1''%E9", "form-data; name*=x''%E9",
        "form-data; name*=UTF-8''%ff", "form-data; name*0=a; name*1=b", "form-data; name*0*=UTF-8''%C3; name*1*=%A9",
        'form-data; name="a"; filename="x.txt"', 'form-data; name="a"; filename=""', 'form-data; filename="x.txt"',
        'form-data; name="a"; filename*=UTF-8\'\'%e2%82%ac.txt', 'form-data; name="a"; filename="x"; filename*=UTF-8\'\'%e2%82%ac',
        'form-data; name="a"; filename*=UTF-8\'\'%e2%82%ac; filename="x"', 'form-data; name="a"; filename="a\\"b%22c.txt"',
        'form-data; name="a"; filename="C:\\dir\\file.txt"', 'form-data; name="a"; filename="../../etc/passwd"',
        'form-data; name="a"; filename="a;b.txt"', 'form-data; name="a"; filename=" x "', 'form-data; name="a"; filename=x.txt',
        'form-data; name="a"; filename', 'form-data; name="a"; filename=', 'attachment; name="a"; filename="x"', "; name=a",
        'form-data; x; name="a"', 'form-data ; name = "a"', 'form-data;name="a";filename="x"', 'form-data; name="a" ; filename="x"',
        'form-data, name="a"', 'form-data; name="a"trash; filename="x"', 'form-data; name="%41"', 'form-data; name="&#233;"',
        'form-data; name="日本"; filename="日本.txt"', 'form-data; name="a"; filename="\U0001f600"', 'form-data; filename*0="x"; filename*1=".txt"; name=a',
    ]:
        yield case(body([f"Content-Disposition: {disposition}\r\n\r\nv", field("z", "1")]))

    # Heads.
    for head in [
        "Content-Type: text/plain", "", "content-disposition: form-data; name=a", "CONTENT-DISPOSITION:form-data; name=a",
        "Content-Disposition:form-data; name=a", "Content-Disposition : form-data; name=a", " Content-Disposition: form-data; name=a",
        "Content-Disposition: form-data;\r\n name=a", "Content-Disposition: form-data;\r\n\tname=a", "Content-Disposition:\n form-data; name=a",
        "Content-Disposition: form-data; name=a\r\nX: 1\r\n 2\r\nY: 3", "X: 1\r\nContent-Disposition: form-data; name=a",
        "Content-Disposition form-data; name=a", "Content-Disposition: form-data; name=a\r\nno colon", "Content-Disposition: form-data; name=a\r\n: x",
        "Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=c", "Content-Disposition: form-data; name=a\r\nX:y:z",
        "Content-Disposition: form-data; name=a\rX: 1", "Content-Disposition: form-data; name=a\nX: 1", "\r\nContent-Disposition: form-data; name=a",
        "Content-Disposition: form-data; name=a; filename=x\r\nContent-Type: TEXT/HTML; Charset=UTF-8\r\nContent-Length: 5",
        "Content-Disposition: form-data; name=a; filename=x\r\nContent-Type: text/plain\r\nContent-Type: text/html",
        "Content-Disposition: form-data; name=a; filename=x\r\nContent-Transfer-Encoding: base64\r\nX-Custom:  spaced\t",
        "Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64",
    ]:
        yield case(body([f"{head}\r\n\r\ndmFsdWU=", field("z", "1")]))
    yield case(b"--b\r\nContent-Disposition: form-data; name=\xff\r\n\r\nv\r\n--b--\r\n")
    yield case(b"--b\r\nContent-Disposition: form-data; name=a\r\nX: \xe9\r\n\r\nv\r\n--b--\r\n")
    yield case(b"--b\r\nContent-Disposition: form-data; name=a\x00c\r\n\r\nv\r\n--b--\r\n")

    # Charsets.
    values = (b"plain", b"\xc3\xa9", b"\xe9", b"\xff\xfe", b"\xe2\x82", b"\x80abc", b"\xf0\x9f\x98\x80")
    for charset in ("utf-8", "UTF-8", "ascii", "us-ascii", "iso-8859-1", "ISO-8859-1", "latin-1", "utf-16", "windows-1252", '"utf-8"', ""):
        for value in values:
            yield case(b"--b\r\nContent-Disposition: form-data; name=a\r\nContent-Type: text/plain; charset=" + charset.encode()
                       + b"\r\n\r\n" + value + b"\r\n--b--\r\n")
    for value in values:
        yield case(b"--b\r\nContent-Disposition: form-data; name=a; filename=x\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\n"
                   + value + b"\r\n--b--\r\n")

    # Hostile.
    for text in [
        "", "\r\n", "--", "--b", "--b--", "--b-", "--b\r", "--b\n", "--b\r\n--b\r\n--b--", "--b\r\n\r\n--b--", "--b\r\n\r\n\r\n--b--\r\n",
        "--b--\r\n--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--", "--c\r\n--b--", "----b--", "b", "x--b--", "--bb--", "--b --",
        "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n--b--", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n--b\r\n",
        "--b\r\nContent-Disposition: form-data; name=a\r\n--b--", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--b\r\n--b--",
        "\r" * 500 + "--b--", "\n" * 500 + "--b--", "--b\r\n" + "\r\n" * 200 + "--b--",
        body([field("a", "\r" * 1000)]), body([field("a", "\r\n" * 500)]), body([field("a", "\r\n--" * 300)]),
        body([field("a", "\r\n--bx" * 200)]), body([field("a", "-" * 1000)]), body([upload("f", "x", "\n--" * 300)]),
    ]:
        yield case(text)
    yield case(body([field(f"k{i}", str(i)) for i in range(4)]), max_form_parts=4)
    yield case(body([field(f"k{i}", str(i)) for i in range(5)]), max_form_parts=4)
    yield case(body([upload("f", f"{i}", str(i)) for i in range(5)]), max_form_parts=4)

    # Put together at random.
    rng = random.Random(7)
    pieces = ["--b", "--b", "--b--", "\r\n", "\r\n", "\n", "\r", "\r\n\r\n", "Content-Disposition: form-data; name=a",
              'Content-Disposition: form-data; name="f"; filename="x"', "Content-Type: text/plain", "value", "--", "-", " ", "\t", "b", "--bx", ":", "é"]
    for _ in range(150):
        yield case("--b\r\n" + "".join(rng.choice(pieces) for _ in range(rng.randint(2, 16))) + "\r\n--b--\r\n")
    for _ in range(100):
        parts = []
        for _ in range(rng.randint(0, 5)):
            value = "".join(rng.choice(["\r\n", "\n", "\r", "a", "--", "--b", "-", " ", "é", "\x00"]) for _ in range(rng.randint(0, 8)))
            eol = rng.choice([CRLF, LF, CR])
            name = rng.choice(["a", "b", "c"])
            parts.append(upload(name, rng.choice(["", "x"]), value, eol) if rng.random() < 0.4 else field(name, value, eol))
        yield case(body(parts, eol=rng.choice([CRLF, LF, CR])))


def parse(content_type, data, limits):
    mimetype, options = parse_options_header(content_type)
    parser = FormDataParser(silent=False, max_form_memory_size=500_000, **({"max_form_parts": 1000} | limits))
    try:
        _, form, files = parser.parse(BytesIO(data), mimetype.lower(), len(data), options)
    except RequestEntityTooLarge:
        return {"error": "too large"}
    except ValueError:
        return {"error": "malformed"}
    return {
        "form": [[key, value] for key, value in form.items(multi=True)],
        "files": [
            {"key": key, "filename": file.filename, "content_type": file.content_type, "mimetype": file.mimetype,
             "headers": [list(header) for header in file.headers], "data": file.stream.read().decode("latin-1")}
            for key, file in files.items(multi=True)
        ],
    }


def main(folder):
    path = folder / "bodies.json"
    lines, seen = [], set()
    for content_type, data, limits in cases():
        if (content_type, data) in seen and not limits:
            continue
        seen.add((content_type, data))
        result = {"body": data.decode("latin-1")}
        if content_type != "multipart/form-data; boundary=b":
            result["content_type"] = content_type
        lines.append(json.dumps(result | limits | parse(content_type, data, limits)))
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
