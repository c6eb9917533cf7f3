"""Vectors for paths, file names and media types, from Werkzeug and CPython. Usage: python paths.py OUTPUT_FOLDER"""

import json
import mimetypes
import pathlib
import random
import sys
import unicodedata

from werkzeug.datastructures import Headers
from werkzeug.security import safe_join
from werkzeug.utils import get_content_type, secure_filename
from urllib.parse import quote

JOINS = [
    [], [""], ["."], ["a"], ["a/"], ["a//b"], ["/a"], ["//a"], ["///a"], ["../a"], [".."], ["a/.."], ["a/../.."], ["a/../b"], ["a/../../b"], ["./a"],
    ["a/./b"], ["...", "a"], ["a", "b"], ["a", "../b"], ["a", ".."], ["a", "/b"], ["a", ""], ["", "a"], ["a/b/../../c"], ["a/b/../../../c"], ["a\\b"],
    ["..\\a"], ["a\0b"], ["C:/a"], ["C:a"], ["a:b"], ["a:$DATA"], ["CON"], ["con.txt"], ["a/NUL"], ["a/NUL/b"], ["COM1"], ["com1.tar.gz"], ["LPT9.x"], ["COM¹"],
    ["CONIN$"], ["aux "], ["COM0"], ["COM10"], ["CONS"], ["xCON"], ["é/ü"], ["日本.txt"], [".htaccess"], [".a/b"], ["a b"], [" "], ["  /a"], [".. "], ["..  /a"],
    ["..."], ["a/..."], [". ."], ["%2e%2e/a"], ["..%2fa"], ["~"], ["~/a"], ["-a"], ["a\nb"], ["..;/a"], ["a;/../b"], ["\\\\host\\share"], ["//host/share"],
    ["?"], ["*"], ["a?b#c"], ["a" * 300], ["prn."], ["a.", "b "],
]
NAMES = [
    "", "a.txt", "../../../etc/passwd", "i contain cool ümläuts.txt", "日本.txt", ".htaccess", "a/b\\c.txt", "My cool movie.mov", "..", ".", "...", "a..b", "_a_", "__init__.py",
    "a\tb\nc", "a\x0bb\x1cc\x1fd", "ﬁle.txt", "½.txt", "①②.png", "Å.txt", "a\0b", "a:b", "CON", "con.txt", "NUL.tar.gz", "COM1", "lpt9.", "aux", "CONIN$", "a b  c", "  a  ",
    "-rf", "~x", "a'b\"c", "a;b", "a&b", "a|b", "<script>", "a%2Fb", "é", "e\u0301.txt", "a\u00a0b", "a\u2028b", "😀.png", "ß.txt", "…x", "a/../b", "C:\\x\\y.txt", "x" * 300, "a.b.c.d", "._x_.",
]
FILES = [
    "", "a", "a.txt", "a.HTML", "a.tar.gz", "a.tgz", "a.TGZ", "a.svgz", "a.js", "a.mjs", "a.css", "a.json", "a.png", "a.JPG", "a.jpeg", "a.svg", "a.webp", "a.avif", "a.woff2", "a.wasm", "a.xml",
    "a.unknown", ".txt", "..txt", "a.", "a.gz", "a.gz.gz", "a.txt.gz", "a.txt.GZ", "a.txt.bz2", "a.txt.xz", "a.txt.br", "a.txt.Z", "a/b.txt", "a.b/c", "a.txt/", "a.b/.txt", "a.pdf", "a.csv", "a.md", "a.py",
    "a.ico", "a.mp4", "a.mp3", "a.zip", "a.docx", "a.html.txt", "a.webmanifest", "a.map", "a.ts", "a.bin", "a.exe", "a.h", "a.htm", "a.m3u8", "a.tar", "a.tar.bz2", "a.taz", "a.txz", "a.tbz2", "é.txt", "a.é",
]
DOWNLOADS = ["a.txt", "a b.txt", "é ü.txt", "日本.txt", 'a"b.txt', "a\\b.txt", "a;b.txt", "", "ﬁ.txt", "½.txt", "a'b.txt", "é'(1).txt", "a%20b.txt", "é%.txt", "~é!#$&+-.^_`|~*.txt", "a/b.txt", "a=b.txt", "é\"\\.txt"]
TYPES = ["text/html", "text/plain", "application/json", "application/xml", "image/svg+xml", "application/javascript", "text/javascript", "application/ecmascript", "application/sql", "application/xml-dtd",
         "application/xml-external-parsed-entity", "application/xhtml+xml", "image/png", "application/octet-stream", "TEXT/html", "application/atom+xml", "text", ""]


DEVICES = ["con", "nul", "com1", "lpt9", "com¹", "conin$", "aux", "prn"]


def special(parts):
    """What carboy refuses on every system: NUL, backslashes, colons, devices, names of nothing but dots and blanks."""
    for part in parts:
        if any(c in part for c in "\0\\:"):
            return True
        for segment in part.split("/"):
            if segment.split(".")[0].strip().lower() in DEVICES or segment not in ("", ".", "..") and not segment.strip(". "):
                return True
    return False


def device(name):
    return name.split(".")[0].lower() in DEVICES


def joins(rng):
    parts = list(JOINS)
    pieces = ["a", "b", "..", "..", ".", "/", "/", "//", "é", " ", "...", "c.txt"]
    for _ in range(200):
        parts.append(["".join(rng.choices(pieces, k=rng.randint(1, 7))) for _ in range(rng.randint(1, 2))])
    cases = []
    for p in parts:
        for d in ["/srv", "", "/srv/", "rel"] if p in JOINS[:20] else ["/srv"]:
            cases.append({"directory": d, "parts": p, "joined": safe_join(d, *p)})
            if cases[-1]["joined"] is not None and special(p):
                cases[-1]["differs"] = "what is special on any system is refused on all"
    return cases


def names(rng):
    pieces = ["a", "B", "9", ".", "..", "_", "-", " ", "/", "\\", "é", "ﬁ", "日", ":", "\t", "~", "%"]
    texts = NAMES + ["".join(rng.choices(pieces, k=rng.randint(1, 9))) for _ in range(120)]
    cases = [{"name": text, "secure": secure_filename(text)} for text in texts]
    for case in cases:
        if device(case["secure"]):
            case["differs"] = "names of devices are marked on every system, not on Windows only"
    return cases


def disposition(name, attachment):
    # As werkzeug.utils.send_file builds the field.
    headers = Headers()
    if name.isascii():
        names = {"filename": name}
    else:
        simple = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
        names = {"filename": simple, "filename*": f"UTF-8''{quote(name, safe='!#$&+-.^_`|~')}"}
    headers.set("Content-Disposition", "attachment" if attachment else "inline", **names)
    return headers["Content-Disposition"]


def write(folder, name, cases):
    lines = ",\n".join(json.dumps(case) for case in cases)
    (folder / f"{name}.json").write_text(f"[\n{lines}\n]\n")


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(12)
    # The built-in tables, not those of the machine.
    types = mimetypes.MimeTypes()
    write(folder, "safe_join", joins(rng))
    write(folder, "secure_filename", names(rng))
    write(folder, "guess_type", [{"name": name, "guess": list(types.guess_type(name))} for name in FILES])
    write(folder, "content_type", [{"mimetype": t, "content_type": get_content_type(t, "utf-8")} for t in TYPES])
    write(folder, "disposition", [{"name": n, "attachment": a, "header": disposition(n, a)} for n in DOWNLOADS for a in (False, True)])


if __name__ == "__main__":
    main(sys.argv[1])
