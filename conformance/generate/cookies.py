"""Vectors for cookies, from Werkzeug. Usage: python cookies.py OUTPUT_FOLDER"""

import json
import pathlib
import random
import sys
import warnings
from datetime import datetime, timezone

import werkzeug.http
from werkzeug.http import dump_cookie
from werkzeug.sansio.http import parse_cookie

NOW = 1_700_000_000


class FrozenDatetime(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.fromtimestamp(NOW, timezone.utc)


werkzeug.http.datetime = FrozenDatetime

HEADERS = [
    "", " ", ";", ";;", "a", "a=", "=a", "a=1", "a=1;b=2", "a=1; b=2", "a=1;;b=2", "a=1; a=2", "a; b=1",
    "=v; b=1", "a=b=c", 'a="x;y"; b=2', 'a="\\303\\251"', 'a="\\101"', 'a="\\400"', "a=x y; b=1",
    'a=x"y; b=1', 'a="unterminated; b=1', "a=%20", "a=\\101", "a= 1 ; b", "$Version=1; a=1",
    'a="a\\"b"', 'a="a\\\\b"', 'a="\\"', 'a="\\\\"', 'a=""', 'a="" ; b', 'a="x"y; b=1', "a =1", "a\t=\t1",
    "é=1", "a=é", 'a="é\\303"', 'a="\\377"', 'a="\\303"', 'a="\\18"', "a,b=1", "a=1,b=2", "a='x y'; b",
    "session=eyJhIjoxfQ.ZVPxAA.abc-_", "a=[1]; b={2}", "a=1; Path=/", "a:b=c", "a/b=c", "(a)=b",
    "  a = 1 ;  b  =  2  ", "a;b;c", "a=;b=;c=", '"a"=1; b=2', "a\"=1; b=2", "a=\\", 'a="\\', "a==", "==a",
    "a b=1; c=2", "a=1 b=2; c=3", 'a="1" "2"; c=3', "a=1;\tb=2", "a=1; b", "日本=語", "a=\x7f", "a=\x00b",
]

VALUES = [
    "", "a", "a b", "a,b", "a;b", 'a"b', "a\\b", "é", "日本", "\n", "\r\n", "\t", "a=b", "a%b", "x|y", "{}", "[1]",
    "a@b:c", "\x7f", "\x00", "😀", "a/b", "<b>", "'q'", "`", "~", "!#$%&'()*+-./:<=>?@[]^_`{|}~", " ", '"', "\\",
    '"quoted"', "\x1f", "\x80", "é, ü; \"ö\"", "eyJhIjoxfQ.ZVPxAA.abc-_", "0123456789", "a\u2028b",
]

PATHS = ["/", "", "/a", "/a b", "/a;b", "/é", "/%20", "/a?b", "/a#b", "/a,b", "/a=b", '/a"b', "/~x", "a", "/a\\b", "/'"]
DOMAINS = [
    None, "", "example.com", ".example.com", "example.com:80", "..example.com", "localhost", "münchen.de",
    ".münchen.de:8080", "BÜCHER.example", "日本語.jp", "straße.de", "☃.net", "a.é.b", "EXAMPLE.com", "a..b",
    "x" * 64 + ".de", "日本。jp", "é.",
]
SAME_SITES = [None, "Strict", "lax", "NONE", "strict", "LAX", "none", "bad", ""]


def parsed(header):
    return {"header": header, "cookies": list(parse_cookie(header).items(multi=True))}


def parse_cases(rng):
    pieces = list("aabbc011==;;;  \t\"\"\\\\,é") + ["\\303\\251", "\\101", "\\07", '="', '";', "; ", "a=", "=1"]
    headers = list(HEADERS)
    headers += ["".join(rng.choices(pieces, k=rng.randint(1, 14))) for _ in range(620)]
    return [parsed(header) for header in headers]


def dumped(key, value, **options):
    path = options.get("path", "/")
    case = {"key": key, "value": value, "path": path, **options}
    case = {k: v for k, v in case.items() if v is not None}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            case["line"] = dump_cookie(key, value, **options).encode("latin1").decode()
        except (ValueError, UnicodeError) as error:
            case |= {"line": None, "error": str(error)}
    if any("\x1a" <= c <= "\x1f" for c in value):
        case["differs"] = "controls are escaped; Werkzeug writes these six raw, which no header field may hold"
    if caught:
        case["warning"] = str(caught[0].message)
    return case


def dump_cases(rng):
    cases = [dumped("k", value) for value in VALUES]
    cases += [dumped("k", "v", path=path) for path in [*PATHS, None]]
    cases += [dumped("k", "v", domain=domain) for domain in DOMAINS]
    cases += [dumped("k", "v", samesite=word) for word in SAME_SITES]
    cases += [dumped(key, "v") for key in ["a-b", "é", "日本", "$x", "__Host-session", "a,b", "a.b"]]
    cases += [dumped("k", "v", max_age=age) for age in [0, 1, -1, 3600, 31_536_000, 10**9]]
    cases += [dumped("k", "v", max_age=age, sync_expires=False) for age in [0, 60]]
    cases += [dumped("k", "v", expires=time) for time in [0, 1, NOW, 4_102_444_800, 253_402_300_799]]
    cases += [dumped("session", "x" * 40, max_size=size) for size in [0, 10, 48, 49, 50, 57, 58, 4093]]
    cases += [dumped("session", "é" * 40, max_size=50, secure=True), dumped("é", "x" * 100, max_size=50)]
    cases.append(dumped("k", "x" * 4100))
    for _ in range(400):
        cases.append(
            dumped(
                rng.choice(["session", "a", "remember_token", "x-y"]),
                rng.choice(VALUES) + "".join(rng.choices("ab1 ;,\"\\é=%\n", k=rng.randint(0, 5))),
                max_age=rng.choice([None, None, 0, 60, 86_400]),
                expires=rng.choice([None, None, 0, 1_234_567_890]),
                path=rng.choice([*PATHS, None, "/", "/"]),
                domain=rng.choice(DOMAINS[:13]),
                secure=rng.random() < 0.5,
                httponly=rng.random() < 0.5,
                samesite=rng.choice(SAME_SITES[:7]),
                partitioned=rng.random() < 0.3,
            )
        )
    return cases


def write(folder, name, cases):
    lines = ",\n".join(json.dumps(case, ensure_ascii=True) for case in cases)
    (folder / f"{name}.json").write_text(f"[\n{lines}\n]\n")


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(8)
    write(folder, "parse", parse_cases(rng))
    write(folder, "dump", dump_cases(rng))


if __name__ == "__main__":
    main(sys.argv[1])
