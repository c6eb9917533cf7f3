"""Vectors for header families, dates and URLs, from Werkzeug. Usage: python headers.py OUTPUT_FOLDER"""

import base64
import json
import pathlib
import random
import sys
from datetime import datetime, timezone

from werkzeug import http
from werkzeug.datastructures import (
    Accept,
    Authorization,
    CharsetAccept,
    LanguageAccept,
    MIMEAccept,
    ResponseCacheControl,
    WWWAuthenticate,
)
from werkzeug.sansio.utils import get_current_url, get_host
from werkzeug.urls import _urlencode, iri_to_uri, uri_to_iri
from werkzeug.exceptions import SecurityError


def mix(rng, pieces, count, longest):
    return ["".join(rng.choices(pieces, k=rng.randint(1, longest))) for _ in range(count)]


def quoting(rng):
    values = ["", "a", "a b", 'a"b', "a\\b", "é", "a;b", "a=b", "a,b", "a/b", "{a}", "a\tb", "日本", '"', "\\", '""']
    values += mix(rng, list('ab"\\ ;,=é/'), 50, 6)
    quoted = [{"value": v, "quoted": http.quote_header_value(v), "always": http.quote_header_value(v, allow_token=False)}
              for v in values]
    texts = ['"a"', '"a', 'a"', '"', '""', '"a\\"b"', '"a\\\\b"', '"a\\b"', "a", '"\\"', '"a\\', '"\\\\"', '"é"']
    texts += mix(rng, ['"', '"', "\\", "a", " ", "é"], 50, 7)
    unquoted = [{"value": t, "unquoted": http.unquote_header_value(t)} for t in texts]
    return {"quote": quoted, "unquote": unquoted}


OPTIONS = [
    "", "text/html", "text/html; charset=utf-8", "text/html;charset=utf-8", "text/html ; CHARSET = utf-8", " text/html ",
    'form-data; name="a"', 'form-data; name="a"; filename="b.txt"', 'form-data; name="a;b"', 'form-data; name="a\\"b"',
    'form-data; name="a\\\\b"', 'form-data; name="a%22b"', "a; b*=UTF-8''%C3%A9", "a; b*=utf-8'en'x%20y",
    "a; b*=iso-8859-1''%E9", "a; b*=us-ascii''%41%C3", "a; b*=utf-16''%41", "a; b*=%C3%A9", "a; b*0=x; b*1=y",
    'a; b*0="x "; b*1="y"', "a; b*0*=UTF-8''%C3; b*1*=%A9", "a; b*0*=UTF-8''%C3%A9; b*1=z; b*2*=%C3%A8",
    "a; b=1; b*0=2; b*1=3", "a; b*0=2; b=1", "a; b*0=2; b=1; b*0=3", "a; b", "a; b=", "a; =b", "a; b=c d", "a;;b=c",
    "a; b=c;", "; b=c", 'a; b="c', 'a; b="c; d=e', 'a; b="c"x; d=e', "a; b=c; b=d", "a; B=c", "a; b =c", 'a; "b"=c',
    "a; b='c'", "a; b=c, d=e", "a, b; c=d", "multipart/form-data; boundary=----x", "a; b*=UTF-8''", "a; b*=''x",
    "a; b*=UTF-8'x", "a; *=x", "a; b**=x", "a; *0=x", "a; b*x=y", "a; b=é", 'a; b="é"', "attachment; filename=\"a b.txt\"",
    "attachment; filename=\"e.txt\"; filename*=UTF-8''%c3%a9.txt", "a; b=\\", 'a; b="\\', "a;b=c;d=e ;f=g",
    "a; b*1=y; b*0=x", "a; b*01=x", "a; b*0*=iso-8859-1''%E9; b*1*=%E8", 'a; b*="x%20y"', "a; b*0*=''x; b*1*=y",
]


def options(rng):
    pieces = ["a", "b", "c", "=", ";", "; ", '"', '"', "\\", "*", "*0", "*1", "UTF-8''", "%C3%A9", "%22", " ", "é", "x=y", '="v"', ","]
    texts = OPTIONS + ["v; " + t for t in mix(rng, pieces, 400, 12)]
    parsed = []
    for text in texts:
        value, found = http.parse_options_header(text)
        parsed.append({"header": text, "value": value, "options": list(found.items())})
    dumps = []
    for value, found in [
        ("a", {}), ("a", {"b": "c"}), ("a", {"b": "c d"}), ("a", {"b": ""}), ("a", {"b": 'x"y'}), ("a", {"b*": "UTF-8''%20"}),
        ("form-data", {"name": "é b", "filename": "a;b"}), ("a", {"b": "\\"}), ("text/html", {"charset": "UTF-8", "q": "0.5"}),
    ]:
        dumps.append({"value": value, "options": list(found.items()), "header": http.dump_options_header(value, found)})
    return {"parse": parsed, "dump": dumps}


def lists(rng):
    texts = [
        "", ",", "a", "a,b", "a, b", 'a, "b, c"', '"a"', '"a", b', 'a "b" c', 'a="b, c", d', '"a', 'a"', 'a"b,c"d', "a,,b", " a , b ",
        '"a\\"b", c', '"a\\\\", b', '"", a', "é, ü", "a;q=1, b;q=0.5", '"a" "b"', "\ta\t", "a=b", "a=b, c=d, e", "a=, b", "=a, b",
        'a="b"', 'a = "b"', "a*=UTF-8''%C3%A9", "a*=utf-8''x%20y, b", "a*=foo''%20", "a*=%20", "*=a", "a=b=c", 'a="b=c"', "a=b, a=c",
        'realm="x", nonce="y"', '"a=b"', "a b=c", 'a="b\\"c"', "a*='x", "no-cache, max-age=0",
    ]
    texts += mix(rng, ["a", "b", ",", ", ", '"', '"', "\\", "=", " ", "*=", "UTF-8''%C3", "é"], 160, 10)
    out = []
    for text in texts:
        items = http.parse_list_header(text)
        found = http.parse_dict_header(text)
        out.append({
            "header": text,
            "list": items,
            "dict": list(found.items()),
            "dump_list": http.dump_header(items),
            "dump_dict": http.dump_header(found),
        })
    return out


MIME_HEADERS = [
    "", "*/*", "text/html", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json",
    "application/json;q=0", "text/*", "text/*;q=0.5, text/html", "text/html;level=1, text/html;q=0.7", "*", "*/html",
    "text/html;q=2", "text/html;q=-1", "text/html;q=x", "text/html; q=0.5, application/json", "TEXT/HTML", "a/b;c=d;q=0.1",
    "text/html;q=0.5;level=1", "text/plain;q=0.5, text/html;q=0.5", "image/*, */*;q=0.1", "text/html;q=\"0.5\"", "text/html;q=.5",
    "text/html;q=1.", "text/html;q=0.00001", "text/html;q=0.333", "text/html;charset=utf-8", "text/html; charset=utf-8 ; q=0.2",
    ",,", "text/html;level=1;a=2, text/html;a=2;level=1;q=0.3", "application/vnd.api+json", "text/html;q=0.0, */*", "text/html;q=-0",
]
MIME_SERVERS = [
    ["text/html"], ["application/json"], ["text/html", "application/json"], ["application/json", "text/html"],
    ["text/plain", "text/html", "image/png"], ["text/html;level=1", "text/html"], ["application/xml", "text/html"], [],
    ["text/html;a=2;level=1"], ["*/*"], ["text/*"],
]
LANGUAGE_HEADERS = [
    "", "en", "en-US", "en_US", "en-US,en;q=0.5", "de,en;q=0.7", "*", "de;q=0", "en;q=0.5, *;q=0.1", "zh-Hans-CN, zh;q=0.8", "EN",
    "de-AT, en-GB;q=0.9", "fr;q=0.3, de;q=0.3", "*;q=0.5, de;q=0", "en-US;q=0, en", "pt-BR,pt;q=0.9,en;q=0.1", "x",
]
LANGUAGE_SERVERS = [["en"], ["en-US"], ["en_GB", "en"], ["de", "en"], ["zh", "zh-Hans"], ["fr", "de"], ["zh-Hant-TW", "zh-Hans-CN"], [], ["pt_BR", "pt"], ["EN-us"]]
CHARSET_HEADERS = ["", "utf-8", "UTF8", "iso-8859-1", "latin1;q=0.5, utf-8", "*", "us-ascii", "cp1252", "unknown", "utf-8;q=0", "ISO_8859-1:1987"]
CHARSET_SERVERS = [["utf-8"], ["latin-1", "utf8"], ["ascii"], ["windows-1252"], ["Unknown"], ["utf_8", "l1"], []]
ENCODING_HEADERS = ["", "gzip", "gzip, deflate, br", "gzip;q=0", "*", "identity;q=0.5, *;q=0", "GZIP;q=0.8, br;q=0.9", "gzip;q=1.0"]
ENCODING_SERVERS = [["gzip"], ["br", "gzip"], ["identity"], ["zstd"], ["deflate", "gzip"], []]


def accepts(rng):
    out = []
    kinds = [
        ("mime", MIMEAccept, MIME_HEADERS, MIME_SERVERS, ["text/html", "application/json", "a/b", "text/plain"]),
        ("language", LanguageAccept, LANGUAGE_HEADERS, LANGUAGE_SERVERS, ["en", "en-us", "de", "zh_hans_cn"]),
        ("charset", CharsetAccept, CHARSET_HEADERS, CHARSET_SERVERS, ["utf8", "latin1", "ascii"]),
        ("plain", Accept, ENCODING_HEADERS, ENCODING_SERVERS, ["gzip", "BR", "x"]),
    ]
    for kind, cls, headers, servers, probes in kinds:
        headers = list(headers)
        for _ in range(60):
            some = rng.sample([h for h in headers if h and "," not in h], rng.randint(1, 3))
            headers.append(", ".join(h.split(";q=")[0] + rng.choice(["", ";q=0.9", ";q=0.5", ";q=0", ";q=0.05"]) for h in some))
        for header in headers:
            accept = http.parse_accept_header(header, cls)
            out.append({
                "kind": kind,
                "header": header,
                "items": [list(item) for item in accept],
                "to_header": accept.to_header(),
                "best": accept.best,
                "quality": [[probe, accept.quality(probe), probe in accept] for probe in probes],
                "best_match": [[server, accept.best_match(server)] for server in servers],
            })
            if kind == "mime":
                out[-1]["flags"] = [accept.accept_json, accept.accept_html, accept.accept_xhtml]
    return out


def auth(rng):
    texts = [
        "", "Basic", "Basic ", "Basic dXNlcjpwYXNz", "basic dXNlcjpwYXNz", "BASIC dXNlcjpwYXNz", "Basic dXNlcg==", "Basic OnBhc3M=",
        "Basic dTpwOnc=", "Basic w6k6w7w=", "Basic 6Q==", "Basic ???", "Basic dXNlcjpwYXNz=", "Basic dXNlcg", "Basic dXNlcg=",
        "Basic  dXNlcjpwYXNz ", "Basic dXNl cjpw", "Basic YQ==YQ==", "Basic YR==", "Basic YWI6Yx==", "Basic -_-_", "Bearer abc",
        "Bearer abc.def==", "Bearer a=b", "Bearer", "Bearer ", "bearer  x ", "Token a", 'Digest username="x", realm="y", nonce=z',
        "Digest a", "X-Foo-Bar abc", "x-foo a=b", "Bearer =", "Bearer a=b=", "Bearer a, b", 'Custom a="b, c", d', "Digest qop=auth",
        "Custom é=1", "Basic =", "Basic ====",
    ]
    pieces = ["a", "b=c", 'd="e, f"', "g=", "=", ",", ", ", " ", "é", '"', "QWxhZGRpbjpvcGVu"]
    texts += [rng.choice(["Bearer ", "Digest ", "Custom ", "x-y "]) + "".join(rng.choices(pieces, k=rng.randint(1, 6))) for _ in range(90)]
    for _ in range(40):
        pair = "".join(rng.choices("aB9 :é-/", k=rng.randint(0, 9)))
        texts.append("Basic " + base64.b64encode(pair.encode()).decode())
    requests = []
    for text in texts:
        found = Authorization.from_header(text)
        requests.append({
            "header": text,
            "auth": found and {
                "type": found.type, "parameters": list(found.parameters.items()), "token": found.token, "to_header": found.to_header(),
            },
        })
        if text == "Basic dXNlcjpwYXNz=":
            requests[-1]["differs"] = "base64 has one spelling; Python lets one sign of padding too many pass"
    challenges = []
    for text in [*texts, 'Basic realm="a b"', 'Digest realm=x, qop="auth", algorithm=MD5', 'Bearer error="invalid_token"']:
        found = WWWAuthenticate.from_header(text)
        challenges.append({
            "header": text,
            "auth": found and {
                "type": found.type, "parameters": list(found.parameters.items()), "token": found.token,
                # A digest parameter without a value is written as the word None.
                "to_header": found.to_header() if None not in found.parameters.values() or found.type != "digest" else None,
            },
        })
    return {"authorization": requests, "www_authenticate": challenges}


def cache_control(rng):
    words = ["no-cache", "no-store", "max-age=60", "max-age=0", "max-age", "max-age=x", "max-age=-5", "no-transform", "only-if-cached",
             "max-stale", "max-stale=9", "max-stale=x", "min-fresh=3", "min-fresh", "stale-if-error=1", 'no-cache="a, b"', "private",
             'private="x"', "public", "s-maxage=7", "must-revalidate", "immutable", "stale-while-revalidate=30", "must-understand",
             "proxy-revalidate", "x-own=1", "MAX-AGE=5"]
    texts = ["", *words] + [", ".join(rng.sample(words, rng.randint(2, 5))) for _ in range(200)]
    out = []
    for text in texts:
        request = http.parse_cache_control_header(text)
        response = http.parse_cache_control_header(text, cls=ResponseCacheControl)
        names = ["no_cache", "no_store", "no_transform", "only_if_cached", "max_age", "max_stale", "min_fresh", "stale_if_error"]
        response_names = ["no_cache", "private", "no_store", "public", "max_age", "s_maxage", "must_revalidate", "proxy_revalidate",
                          "immutable", "must_understand", "no_transform", "stale_while_revalidate", "stale_if_error"]
        out.append({
            "header": text,
            "request": {name: getattr(request, name) for name in names},
            "response": {name: getattr(response, name) for name in response_names},
            "to_header": response.to_header(),
        })
    return out


def csp(rng):
    texts = ["", "default-src 'self'", "default-src 'self'; img-src *", "a", "a b; c", " a  b ; c d ", ";;", "a b;a c", "upgrade-insecure-requests; a b",
             "script-src 'self' 'nonce-x' https://a.b", "a\tb", "é ü"]
    texts += mix(rng, ["a", "b", " ", ";", "; ", "'self'", "x y"], 40, 8)
    return [{"header": t, "policy": list(http.parse_csp_header(t).items()), "to_header": http.parse_csp_header(t).to_header()} for t in texts]


def etags(rng):
    texts = ["", "*", '"a"', 'W/"a"', 'w/"a"', "a", "W/a", "W/", '"a", "b"', '"a", W/"b", c', '"a" "b"', '"a', 'a"', '""', 'W/""', "*, a", '"a",',
             ',"a"', '"a b"', '"a,b", c', 'W/ "a"', '"é"', "a b, c", '"*"', '"a"x, "b"', "W/W/a"]
    texts += mix(rng, ['"', '"', "W/", "a", "b", ",", ", ", " ", "*"], 220, 9)
    out = []
    for text in texts:
        tags = http.parse_etags(text)
        probes = ["a", "b", "c", "a b", "*", 'W/"a"', '"b"']
        out.append({
            "header": text,
            "strong": sorted(tag for tag in tags._strong if tag is not None),
            "weak": sorted(tag for tag in tags._weak if tag is not None),
            "star": tags.star_tag,
            "truth": bool(tags),
            "contains": [[p, tags.contains(p), tags.contains_weak(p), tags.is_strong(p), tags.is_weak(p), tags.contains_raw(p)] for p in probes],
        })
    unquoted = []
    for text in ['"a"', 'W/"a"', "w/a", "a", '"', '""', 'W/"', 'a"', '"a', "W/", 'W/""']:
        unquoted.append({"etag": text, "unquoted": list(http.unquote_etag(text))})
    return {"parse": out, "unquote": unquoted}


def ranges(rng):
    texts = ["", "bytes", "bytes=", "bytes=0-4", "bytes=6-", "bytes=-5", "bytes=0-100", "BYTES=0-1", "bytes= 0 - 4 ", "bytes=12-", "bytes=100-200",
             "bytes=5-2", "bytes=0-1,3-4", "bytes=-0", "bytes=-100", "items=0-1", "bytes 0-1", "bytes=a-b", "bytes=+1-2", "bytes=0-0", "bytes=11-11",
             "bytes=-12", "bytes=-13", "bytes=0-1,", ",", "bytes=0-1,1-2", "bytes=0-,1-2", "bytes=-1,-2", "bytes=1-,-2", "bytes=--1", "bytes=1--2",
             "bytes=0-18446744073709551616", "bytes=99999999999999999999-", "bytes=1_0-2_0", "bytes = 0-1", "bytes=0-1;x", "=0-1", "bytes=-", "bytes==0-1",
             "bytes=٠-١", "bytes=0-1, 5-6, 8-"]
    texts += ["bytes=" + t for t in mix(rng, ["0", "1", "5", "12", "-", "-", ",", " "], 240, 6)]
    out = []
    for text in texts:
        found = http.parse_range_header(text)
        case = {"header": text, "ok": found is not None}
        if found is not None:
            case["to_header"] = found.to_header()
            if any(n and abs(n) >= 2**64 for pair in found.ranges for n in pair):
                case["differs"] = "no file has more than 64 bits of bytes: larger numbers count as the largest"
            case["units"] = found.units
            case["for_length"] = [[n, found.range_for_length(n), found.to_content_range_header(n)] for n in [0, 1, 6, 12, 1000, None]]
        out.append(case)
    content = []
    for text in ["", "bytes 0-4/12", "bytes */12", "bytes 0-4/*", "bytes */*", "bytes 5-2/12", "bytes 12-13/12", "bytes 0-20/12", "bytes", "bytes 0-4",
                 "bytes a-b/12", "bytes 0-4/x", " bytes 0-4/12 ", "items 0-1/2", "bytes -1-4/12", "bytes 4/12", "bytes 0-4/-1", "bytes 0-4/12/3",
                 "bytes 0 - 4 / 12", "bytes  0-4/12"]:
        found = http.parse_content_range_header(text)
        content.append({"header": text, "range": found and [found.units, found.start, found.stop, found.length], "to_header": found and found.to_header()})
    if_range = []
    texts = ["", '"a"', 'W/"a"', "a", "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "*"]
    texts += mix(rng, ['"', "W/", "a", "b", " ", ",", "*"], 50, 5) + DATES[1:40]
    for text in texts:
        found = http.parse_if_range_header(text)
        if found.etag and '"' in found.etag:
            continue  # Werkzeug reads it and cannot write it
        if_range.append({"header": text, "etag": found.etag, "date": found.date and int(found.date.timestamp()), "to_header": found.to_header()})
    return {"range": out, "content_range": content, "if_range": if_range}


def sets(rng):
    out = []
    for text in ["", "Cookie", "cookie, Accept", "a, b, c", "*", '"a b", c', "GET, HEAD", "Accept-Encoding,Cookie", "en-US, de", "a, A, b"]:
        for word in ["Cookie", "a", "X Y", "get"]:
            words = http.parse_set_header(text)
            before = words.to_header()
            contains = word in words
            words.add(word)
            out.append({"header": text, "word": word, "to_header": before, "contains": contains, "added": words.to_header()})
    return out


DATES = [
    "", "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 +0200", "Sun, 06 Nov 1994 08:49:37 -0730", "Sun, 06 Nov 1994 08:49:37 EST",
    "Sun, 06 Nov 1994 08:49:37 pdt", "Sun, 06 Nov 1994 08:49:37 Z", "Sun, 06 Nov 1994 08:49:37 XYZ", "Sun, 06 Nov 1994 08:49 GMT",
    "Sun, 06 November 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 29 Feb 1996 08:49:37 GMT", "Sun, 29 Feb 1900 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 23:60:00 GMT", "Sun, 06 Nov 1994 23:59:60 GMT", "Mon, 06 Nov 1994 08:49:37 GMT",
    "yesterday", "0", "-1", "784111777", "Sun, 06 Nov 0000 08:49:37 GMT", "Sun, 06 Nov 0094 08:49:37 GMT", "Sun, 06 Nov 99 08:49:37 GMT",
    "Sun, 06 Nov 68 08:49:37 GMT", "Sun, 06 Nov 69 08:49:37 GMT", "Sun, 06 Nov 9999 23:59:59 GMT", "Sun, 06 Nov 10000 08:49:37 GMT",
    "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 1999 23:59:59 GMT", "sun, 06 nov 1994 08:49:37 gmt", "Sun,06 Nov 1994 08:49:37 GMT",
    "Sun 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 8:9:7 GMT", "Sun, 06 Nov 1994 08.49.37 GMT", "Sun, 06 Nov 1994 08.49 GMT",
    "Sun, Nov 06 1994 08:49:37 GMT", "Sun, 06 Nov 08:49:37 1994", "Sun, 06, Nov, 1994, 08:49:37, GMT", "Sun, 06 Nov 1994 08:49:37 +9900",
    "Sun, 06 Nov 1994 08:49:37 +2400", "Sun, 06 Nov 1994 08:49:37 -0000", "Sun, 06 Nov 1994 08:49:37 GMT; x", "1994-11-06T08:49:37Z",
    "06-Nov-94 08:49:37 GMT", "06-Nov-94 08:49:37", "  Sun,  06  Nov  1994  08:49:37  GMT  ", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 -1:49:37 GMT", "Sun, 06 Nov 1994 08:49:37GMT", "Sun, 06 Nov 1994 08:49:37+0100", "Sun, 06 Nov 1994 aa:bb:cc GMT",
    "Sun, 06 Nov 1994 08:49:37:11 GMT", "Sun, 06 Nov 1_994 08:49:37 GMT", "Sun, +6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 19940 08:49:37 GMT", "Sun", "Sun,", ",",
]


def dates(rng):
    parsed = []
    pieces = ["Sun,", "06", "Nov", "1994", "08:49:37", "GMT", "+0100", "94", "6", "x", "Sunday,", "06-Nov-94", "08.49", "1994,", "EST"]
    texts = DATES + [" ".join(rng.choices(pieces, k=rng.randint(3, 6))) for _ in range(200)]
    for text in texts:
        try:
            found = http.parse_date(text)
        except IndexError:
            continue  # a crash of Python's parser
        parsed.append({"text": text, "seconds": None if found is None else int(found.timestamp())})
    written = [-62135596800, -1, 0, 1, 951_782_400, 951_868_799, 1_700_000_000, 4_102_444_800, 253_402_300_799]
    written += [rng.randint(-62_000_000_000, 253_000_000_000) for _ in range(40)]
    dumped = [{"seconds": s, "text": http.http_date(datetime.fromtimestamp(s, timezone.utc))} for s in written]
    return {"parse": parsed, "dump": dumped}


URLS = [
    "", "/", "/a", "/a b", "/é", "/%C3%A9", "/%c3%a9", "/%FF", "/a%2Fb", "/a?b=c", "/a?b=é&c=%26", "/a#b", "/a#é b", "http://example.com", "http://example.com/",
    "http://example.com:80/x", "http://example.com:0/", "HTTP://EXAMPLE.com/A", "http://☃.net/påth?q=èry%DF", "http://xn--n3h.net/p%C3%A5th?q=%C3%A8ry%DF",
    "http://münchen.de/", "http://xn--mnchen-3ya.de/", "http://user:pw@example.com/", "http://üser:pä@example.com/", "http://%C3%BC:%40@example.com/", "http://user@example.com/",
    "http://@example.com/", "http://:@example.com/", "http://[::1]:8080/", "http://[::1]/", "http://[::G]/", "http://[::1/", "http://::1]/", "http://example.com:x/", "http://example.com:99999/",
    "//example.com/x", "///x", "mailto:é@example.com", "javascript:alert(1)", "itms-services://?action=x", "a:b", "1a:b", "a b:c", "?q", "#f", "x?", "x#", "http:///x", "http:x",
    "/a%20b", "/a%0Ab", "/%25", "/a+b", "/a&b;c=d@e:f,g", "/?a=b+c%2B&d=%23", "/a\\b", "/a\tb\nc", "  /a", "/a ", "/<>\"{}|^`", "/'()*!$", "http://a_b.c/", "http://EXÄMPLE.com/", "file:///é",
    "http://example.com?é", "http://example.com#é", "/%zz%", "/%C3", "/%C3é", "/é%A9", "/%E6%97%A5%E6%9C%AC", "/%F0%9F%98%80", "/%ED%A0%80", "http://xn--999999999.de/", "http://a..b/",
    "http://[fe80::1%25Eth0]/", "http://[fe80::1%Eth0]/", "http://[v1.x]/", "http://straße.de/",
]


def urls(rng):
    def either(function, text):
        try:
            return function(text)
        except (ValueError, UnicodeError):
            return None

    pieces = ["/", "a", "é", "%C3%A9", "%20", "%2F", "%FF", "?", "#", "&", "=", "+", " ", ":", "@", "%", "%3", ";", "日"]
    texts = URLS + mix(rng, ["/x" + p for p in pieces] + pieces, 120, 7)
    texts = [t for t in texts if not t.lstrip().startswith("//") or t in URLS]
    converted = [{"url": t, "uri": either(iri_to_uri, t), "iri": either(uri_to_iri, t)} for t in texts]
    for case in converted:
        if case["url"] == "http://xn--999999999.de/":
            case["differs"] = "a label that is no punycode stays as it is; Werkzeug fails"
    current = []
    for host in ["localhost", "example.com:8080", "", "xn--mnchen-3ya.de", "[::1]:80"]:
        for arguments in [(), ("",), ("/app",), ("/app/", "/"), ("", "/"), ("", "/é x"), ("", "/a%20b", b"x=1&y=%C3%A9"), ("/ä", "//b", b"\xff?#"), ("", "/a?b#c", b"")]:
            current.append({
                "host": host,
                "root": arguments[0] if arguments else None,
                "path": arguments[1] if len(arguments) > 1 else None,
                "query": arguments[2].decode("latin1") if len(arguments) > 2 else None,
                "url": get_current_url("http", host, *arguments),
            })
    encoded = []
    for pairs in [[], [("a", "b")], [("a b", "c&d")], [("é", "ü")], [("a", "1/2"), ("a", "x;y,z:@?!$'()*")], [("a", "+ %~_-.")], [("a", "#<>[]\\^`{|}\"=")]]:
        encoded.append({"pairs": pairs, "text": _urlencode(pairs)})
    return {"convert": converted, "current": current, "urlencode": encoded}


def hosts(rng):
    names = [
        None, "", "localhost", "localhost:80", "localhost:443", "localhost:5000", "example.com", "EXAMPLE.com", "www.example.com", "evil.com", "notexample.com",
        "example.com.evil.com", "a b", "a_b", "é.com", "example.com:", "example.com:0", "example.com:080", "example.com:65535", "example.com:65536",
        "example.com:123456", "[::1]", "[::1]:8080", "[::1]:80", "[::G]", "[::1", "::1", "a:b:c", "user@example.com", "example.com/", ".example.com",
        "example.com.", "127.0.0.1:443", "[1]", "[:]", "[::ffff:1.2.3.4]", "a,b", "xn--mnchen-3ya.de",
    ]
    trusted = [[], ["example.com"], [".example.com"], ["localhost", "127.0.0.1"], ["example.com:80"], ["münchen.de"], ["[::1]"]]
    servers = [None, ("127.0.0.1", 5000), ("::1", 80), ("/run/x.sock", None)]
    out = []
    for name in names:
        for names_trusted in trusted:
            for scheme in ["http", "https"] if not names_trusted else ["http"]:
                for server in servers if name is None else [None]:
                    try:
                        found = get_host(scheme, name, server, names_trusted)
                    except SecurityError:
                        found = None
                    out.append({"scheme": scheme, "host": name, "server": server, "trusted": names_trusted, "found": found})
                    if name == "EXAMPLE.com" and any("example.com" in trusted_name for trusted_name in names_trusted):
                        out[-1]["differs"] = "names of hosts have no case"
                    elif "[::1]" in names_trusted and (name or "").startswith("[::1]") or names_trusted == ["[::1]"] and server == ("::1", 80):
                        out[-1]["differs"] = "an IPv6 address can be trusted; Werkzeug cuts it at its first colon"
    return out


def write(folder, name, value):
    if isinstance(value, dict):
        parts = ",\n".join(
            f"{json.dumps(key)}: [\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]" for key, cases in value.items()
        )
        text = "{\n" + parts + "\n}\n"
    else:
        text = "[\n" + ",\n".join(json.dumps(case) for case in value) + "\n]\n"
    (folder / f"{name}.json").write_text(text)


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    families = [quoting, options, lists, accepts, auth, cache_control, csp, etags, ranges, sets, dates, urls, hosts]
    for family in families:
        write(folder, family.__name__, family(random.Random(family.__name__)))


if __name__ == "__main__":
    main(sys.argv[1])
