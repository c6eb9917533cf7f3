"""Visits made up from a seed: requests that the sink understands, many of them mutated into what it should not trust."""

import json
import string
from urllib.parse import quote, quote_from_bytes

from .scenarios import FORM
from .wire import SPOILED, Request

WORDS = ["a", "x y", "é", "<b>&\"'", "日本", "0", "-1", "1.5", "true", "None", "a/b", "..", "a;b=c", "%", "+", "😀", "\x00", "\n", "a\r\nb", "", "A" * 300]
DATES = [
    "Fri, 02 Jan 2026 03:04:05 GMT", "Fri, 02 Jan 2026 03:04:06 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 2099 23:59:59 GMT",
    "Friday, 02-Jan-26 03:04:05 GMT", "Fri Jan  2 03:04:05 2026", "Fri, 02 Jan 2026 03:04:05 +0100", "2026-01-02", "yesterday", "", "0",
    "Fri, 32 Jan 2026 03:04:05 GMT", "02 Jan 2026 03:04:05", "Fri, 02 Jan 2026", "Fri, 02 Jan 2026 25:04:05 GMT",
]  # fmt: skip
ETAGS = ['"x"', '"y"', 'W/"x"', "x", "*", '"x", "y"', '*, "x"', '"', '""', "W/", 'w/"x"', '"a,b"', "", '"x" "y"', 'W/"x", W/"y"', '"\xe9"']
RANGES = [
    "bytes=0-4", "bytes=-5", "bytes=6-", "bytes=0-0", "bytes=5-2", "bytes=0-1,3-4", "bytes=-0", "bytes=99999999-", "bytes=", "bytes=-", "bytes=a-b",
    "BYTES=0-1", "bytes= 0 - 4 ", "items=0-1", "bytes 0-1", "bytes=0-99999999999999999999", "bytes=0--1", "bytes=+1-2", "=", "", "bytes=0-4;x", "bytes=1_0-2",
]  # fmt: skip
TYPES = [
    FORM, "application/json", "multipart/form-data; boundary=xyz", "text/plain", "application/problem+json", "APPLICATION/JSON", FORM + "; charset=latin-1",
    'application/json; charset="utf-8"', "text/html; charset=utf-8; x", "text", "", ";", "/", 'a/b; c="d;e"; f=g\\"', "a/b; c*=utf-8''%e9; c*1=x", "application/+json",
]  # fmt: skip
FIELDS = {
    "Accept": [
        "*/*", "text/html", "application/json", "text/html;q=0.5, application/json", "text/*;q=0.3, */*;q=0.1", "application/json;q=0", "a/b;q=2", "a/b;q=-1",
        "text/html;level=1;q=0.4, text/html", ",", "text/html;q=", "text/html;q=0.5;x=y", "q=1", '"text/html"', "text/html, text/html;q=0.1", "image/png;q=1e-1",
    ],
    "Accept-Language": ["de", "en-US,en;q=0.9", "*", "zh-Hans-CN, zh;q=0.8", "pt_BR", "de;q=0, en", "x" * 50, "de-", "-", "en;q=0.5,de;q=0.5"],
    "Accept-Charset": ["utf-8", "iso-8859-1;q=0.5, *", "latin1", "UTF8", "x", ""],
    "Accept-Encoding": ["gzip", "br, gzip;q=0.5", "identity;q=0", "*;q=0", "", "gzip;q=1.0001"],
    "Authorization": [
        "Basic dXNlcjpwYXNz", "Basic dXNlcg==", "Basic", "basic dXNlcjpw\xe9", "Bearer token", "Bearer a=b", "Bearer a=b==", "Digest username=\"a\", uri=/x, c",
        "Basic dXNlcjpwYXNz=", "Basic  dXNlcjpwYXNz", "Basic w6k6w7w=", "Basic gIA=", "x", "", "Token =", "Bearer ===", "Custom a, b=\"c\\\"d\"", "Basic dXNl cjpw",
    ],
    "Range": RANGES,
    "If-Range": ETAGS + DATES,
    "If-Match": ETAGS,
    "If-None-Match": ETAGS,
    "If-Modified-Since": DATES,
    "If-Unmodified-Since": DATES,
    "Date": DATES,
    "Cache-Control": ["no-cache", "max-age=0", "max-age=x", "max-age", "no-store, no-cache=\"x\"", "max-stale, min-fresh=5", "=", ",,", "max-age=\"5\"", "NO-CACHE"],
    "Pragma": ["no-cache", "a, b", '"a, b"', ""],
    "User-Agent": ["Mozilla/5.0 (X; Y)", "", "\xe9", "x" * 500],
    "Referer": ["http://sink.example/x", "/x", "\xe9", ""],
    "X-Forwarded-For": ["1.2.3.4", "1.2.3.4, 5.6.7.8", ",", '"a", b', ""],
    "Max-Forwards": ["5", "-1", "x", "", "5.0", "99999999999"],
    "X-Word": ["one", "\xe9", "a,b", '"', "\xc3\xa9", "\t", "a  b"],
    "Content-Type": TYPES,
    "Content-Encoding": ["gzip", "identity", "x, y"],
    "Cookie": [
        "a=1", "a=1; a=2", "a", "=x", "a=", "a=\"b\"", "a=\"\\054\"", "a=\"b", "a=b c", "a=\xe9", "a=\xc3\xa9", ";;", "a = 1", "a=1;b=2", "a=1,b=2", "$Version=1; a=1",
        "session=x", "session=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk", "session=.eJy.x.y", "session=a.b", "a\"=1", "a=b\"c", "a={\"x\":1}",
    ],
    "Origin": ["http://sink.example", "http://evil.example", "null", "", "https://sink.example"],
    "Sec-Fetch-Site": ["same-origin", "cross-site", "none", "same-site", "x"],
    "X-Answer": ["app", "outer", "inner", "x"],
    "X-Limit": ["10", "0", "100000", "x", "-1"],
    "X-HTTP-Method-Override": ["DELETE"],
    "Expect": ["100-continue"],
}  # fmt: skip
PATHS = [
    "/r/string/{w}", "/r/length/{w}", "/r/minmax/{w}", "/r/int/{n}", "/r/signed/{n}", "/r/range/{n}", "/r/fixed/{n}", "/r/float/{f}", "/r/fsigned/{f}", "/r/path/{w}/{w}",
    "/r/path/{w}/edit", "/r/any/{c}", "/r/uuid/{u}", "/r/list/{w}+{w}", "/r/two/{w}-{w}", "/r/ext/{w}.{e}", "/r/static-wins", "/r/{w}", "/s/branch", "/s/branch/", "/s/posted",
    "/s/leaf", "/s/leaf/", "/s/loose", "/s/loose/", "/s/loose-branch", "/s/a/{w}/b", "/s/a/{w}/b/", "/s/unmerged/{w}/y", "/s/unmerged/{w}//y", "/s//leaf", "/d/all/", "/d/all/{n}",
    "/d/old/{w}", "/d/new/{w}", "/d/canon", "/d/alias", "/d/lang/{w}/x", "/m/get", "/m/post", "/m/many", "/m/options", "/m/nooptions", "/m/purge", "/m/split", "/m/{w}", "/m/view/{n}",
    "/w/socket", "/outer", "/outer/", "/outer/leaf", "/outer/inner/{w}/", "/outer/inner/{w}/leaf/{n}", "/l/{l}/hello/{w}", "/l/{l}/link", "/", "/nowhere/{w}",
]  # fmt: skip
GROUPS = [
    (10, "routing"), (8, "target"), (12, "head"), (8, "body"), (6, "json"), (6, "response"), (4, "cookie"), (8, "conditional"), (8, "files"), (6, "errors"), (14, "session"),
    (4, "pages"), (3, "link"), (3, "hooks"),
]  # fmt: skip


def word(rng):
    if rng.random() < 0.7:
        return rng.choice(WORDS)
    return "".join(rng.choice(string.ascii_letters + string.digits + " -._~!$&'()*+,;=:@/?#[]{}|\\^`\"<>%é日") for _ in range(rng.randrange(1, 12)))


def encoded(rng, text):
    """A text in a path or a query: as a browser would write it, or nearly."""
    match rng.randrange(10):
        case 0:
            return quote(text.encode("latin-1", "replace"), safe="")
        case 1:
            return quote(text, safe="").lower()
        case 2:
            return quote(text, safe="/:;=+,@!$'()*~")
        case 3:
            return quote(text) + rng.choice(["%ff", "%", "%zz", "%e2%82", "%C3", "%00", "%0a", "%2F", "%5C", "%25", "%F0%9F%98%80"])
        case _:
            return quote(text, safe="")


def number(rng):
    return rng.choice(["0", "1", "7", "5", "007", "0007", "-5", "42", "10", "123456789012345678901234567890", "x", "", "1_0", "+1", "%EF%BC%93", "5.0", str(rng.randrange(10**6))])


def path(rng, pattern):
    def fill(name):
        match name:
            case "w":
                return encoded(rng, word(rng))
            case "n":
                return number(rng)
            case "f":
                return rng.choice(["1.5", "0.0", "-2.25", "1", "1e5", "1.", ".5", "100000000000000000000.5", "3.14159265358979", "x", "0.1"])
            case "c":
                return rng.choice(["red", "green", "light%20blue", "blue", "RED"])
            case "u":
                return rng.choice(["12345678-1234-5678-1234-567812345678", "ABCDEF12-1234-5678-1234-567812345678", "123", "12345678123456781234567812345678"])
            case "e":
                return rng.choice(["json", "html", "xml", "json2"])
            case "l":
                return rng.choice(["de", "en", "fr"])

    parts = [fill(field) if field else text for text, field in pieces(pattern)]
    made = "".join(parts)
    match rng.randrange(24):
        case 0:
            made += "/"
        case 1:
            made = made.replace("/", "//", 1)
        case 2:
            at = rng.randrange(len(made) + 1)
            made = made[:at] + rng.choice(["//", "/./", "/../", "%2F", "%", "%2e", ";x", ":", "@", "*", "%3F", "~"]) + made[at:]
        case 3:
            made = made.rstrip("/") or "/"
        case 4:
            made = made.upper()
    return made if made.startswith("/") else "/" + made


def pieces(pattern):
    for chunk in pattern.split("{"):
        if len(chunk) > 1 and chunk[1:2] == "}":
            yield "", chunk[0]
            yield chunk[2:], ""
        else:
            yield chunk, ""


def query(rng, **known):
    pairs = [f"{encoded(rng, str(key))}={encoded(rng, str(value))}" if value is not None else key for key, value in known.items()]
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 5])):
        pairs.append(rng.choice(["{k}={v}", "{k}={v}", "{k}={v}", "{k}", "={v}", "{k}={v}={v}", "", "{k}={v};{k}", "{k}[]={v}", "{k}=+{v}"]).format(k=encoded(rng, rng.choice(["a", "k", "n", "é", "x y"])), v=encoded(rng, word(rng))))
    if rng.random() < 0.1:
        rng.shuffle(pairs)
    return "?" + rng.choice(["&", "&", "&", "&", "&&"]).join(pairs) if pairs or rng.random() < 0.05 else ""


def field(rng, name):
    value = rng.choice(FIELDS[name])
    if rng.random() < 0.15 and value:
        at = rng.randrange(len(value) + 1)
        value = value[:at] + rng.choice([" ", ",", ";", "=", '"', "\\", "%", "\xe9", "\xff", "0", "-", "*", "/", "\t", "W/", "a"]) + value[at + rng.randrange(2) :]
    return name, value.strip(" \t").encode("latin-1")


# What may come in several fields, which a WSGI server joins.
LISTS = {"Accept", "Accept-Language", "Accept-Charset", "Accept-Encoding", "Cache-Control", "Pragma", "If-Match", "If-None-Match", "X-Forwarded-For"}


def some_fields(rng, names, most=3):
    fields = []
    for _ in range(rng.randrange(most + 1)):
        name, value = field(rng, rng.choice(names))
        if name in LISTS or all(name != known for known, _ in fields):
            fields.append((name, value))
    return fields


def mutated(rng, body):
    """Bytes with something wrong in them."""
    body = bytearray(body)
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 4])):
        at = rng.randrange(len(body) + 1)
        match rng.randrange(6):
            case 0:
                del body[at : at + rng.randrange(1, 20)]
            case 1:
                body[at:at] = rng.choice([b"\x00", b"\xff", b"\r\n", b"\n", b"--xyz", b"--xyz--", b"&", b"=", b"%", b"%zz", b'"', b"{", b"]", b",", b"\xc3\xa9"])
            case 2:
                if at < len(body):
                    body[at] = rng.randrange(256)
            case 3:
                del body[at:]
            case 4:
                body[at:at] = body[: rng.randrange(1, 40)]
            case 5:
                body = bytearray(bytes(body).replace(b"\r\n", rng.choice([b"\n", b"\r", b"\r\n"])))
    return bytes(body)


def urlencoded(rng):
    pairs = []
    for _ in range(rng.choice([0, 1, 2, 3, 8])):
        pairs.append(f"{encoded(rng, rng.choice(['k', 'a', 'é', 'csrf_token', 'x y']))}={encoded(rng, word(rng))}")
    return "&".join(pairs).encode()


def multipart(rng):
    lines = [rng.choice([b"", b"", b"", b"preamble\r\n"])]
    for _ in range(rng.choice([0, 1, 2, 3, 6])):
        name = rng.choice(['name="k"', "name=a", 'name="\xc3\xa9"', 'name="a\\"b"', 'name=""', "name*=UTF-8''%e2%82%ac", "", 'NAME="k"'])
        extra = rng.choice(["", "", "", '; filename="f.txt"', '; filename=""', "; filename=\"a%22b\"", "; filename*=UTF-8''%e2%82%ac.txt", '; filename="C:\\\\x\\\\y.txt"'])
        kind = rng.choice(["", "", "\r\nContent-Type: text/plain", "\r\nContent-Type: text/plain; charset=iso-8859-1", "\r\nContent-Type: x", "\r\nX-A: b\r\n c", "\r\ncontent-type: image/png"])
        head = rng.choice(["Content-Disposition: form-data; ", "Content-Disposition: form-data; ", "Content-Disposition: form-data; ", "content-disposition: form-data;", "Content-Disposition: attachment; "])
        body = rng.choice([b"value", b"", b"\xc3\xa9", b"\xff\xfe", b"a\r\nb", b"--xyz", b"\r\n", b"x" * rng.randrange(3000), word(rng).encode()])
        lines.append(b"--xyz\r\n" + (head + name + extra + kind).encode("latin-1") + b"\r\n\r\n" + body + b"\r\n")
    lines.append(rng.choice([b"--xyz--\r\n", b"--xyz--\r\n", b"--xyz--\r\n", b"--xyz--", b"--xyz--\r\nepilogue", b""]))
    return b"".join(lines)


def value(rng, depth=0):
    match rng.randrange(9 if depth < 3 else 6):
        case 0:
            return None
        case 1:
            return rng.random() < 0.5
        case 2:
            return rng.choice([0, 1, -1, 2**53, 2**63 - 1, -(2**63), rng.randrange(10**9)])
        case 3:
            return rng.choice([0.0, 1.5, -2.25, 1e16, 1e-7, 0.1, 1e300, 123456789.125])
        case 4 | 5:
            return word(rng)
        case 6:
            return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
        case _:
            return {rng.choice(["a", "b", "é", " t", " b", "k k", ""]): value(rng, depth + 1) for _ in range(rng.randrange(4))}


def json_body(rng):
    return json.dumps(value(rng), ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, None, 1])).encode("utf-8", "surrogatepass")


def method(rng, usual="GET"):
    return usual if rng.random() < 0.8 else rng.choice(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE", "HEAD"])


CONDITIONS = ["Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"]
HEAD = [name for name in FIELDS if name not in ("X-Answer", "X-Limit", "Origin", "Sec-Fetch-Site")]
UNSAFE = ["Origin", "Sec-Fetch-Site"]


def request(rng, group):
    fields = some_fields(rng, [*HEAD, "X-Answer"], 1) if rng.random() < 0.2 else []
    match group:
        case "routing":
            made = Request(method(rng), path(rng, rng.choice(PATHS)) + query(rng), fields)
        case "target":
            made = Request(method(rng), path(rng, rng.choice(["/echo/target", "/echo/at/{w}", "/echo/at/{w}/{w}", "/echo/number", "/echo/key"])) + query(rng, **rng.choice([{}, {"k": word(rng)}, {"n": number(rng)}])), fields)
        case "head":
            made = Request(method(rng), "/echo/head" + query(rng), some_fields(rng, HEAD, 6))
        case "body":
            kind, body = rng.choice([(FORM, urlencoded(rng)), ("multipart/form-data; boundary=xyz", multipart(rng)), ('multipart/form-data; boundary="xyz"', multipart(rng))])
            if rng.random() < 0.1:
                kind = rng.choice(TYPES)
            if rng.random() < 0.4:
                body = mutated(rng, body)
            target = rng.choice(["/echo/body", "/echo/body", "/echo/data", "/echo/field", "/echo/unread", "/session/put"]) + query(rng)
            made = Request(method(rng, rng.choice(["POST", "POST", "PUT"])), target, [("Content-Type", kind.encode("latin-1")), *fields], body, chunked=rng.random() < 0.15)
            if rng.random() < 0.1:
                made.fields.append(field(rng, "X-Limit"))
            if rng.random() < 0.2:
                made.fields.append(field(rng, rng.choice(UNSAFE)))
        case "json":
            body = json_body(rng) if rng.random() < 0.8 else rng.choice([b"", b"nul", b"01", b"1.", b"'a'", b"{", b'{"a":1,}', b'{"a":1,"a":2}', b"\xef\xbb\xbf1", b'"\\x"', b'"\t"', b"[" * 50, b"1 2", "é".encode("utf-16"), b'"\xff"'])
            if rng.random() < 0.25:
                body = mutated(rng, body)
            kind = rng.choice(["application/json"] * 5 + TYPES)
            made = Request(method(rng, "POST"), rng.choice(["/echo/loaded", "/echo/loaded", "/echo/forced", "/echo/silent", "/echo/data"]), [("Content-Type", kind.encode("latin-1")), *fields], body, chunked=rng.random() < 0.1)
        case "response":
            target = rng.choice(["/resp/status/{}", "/resp/kind/{}", "/resp/json/{}", "/resp/headers{}", "/resp/redirect{}", "/resp/line{}", "/resp/stream{}", "/resp/{}"])
            fill = {
                "/resp/status/{}": lambda: str(rng.choice([200, 201, 204, 206, 304, 404, 418, 500, rng.randrange(200, 600)])),
                "/resp/kind/{}": lambda: rng.choice(["text", "bytes", "dict", "list", "empty", "status", "headers", "both", "json", "custom", "octets", "options"]),
                "/resp/json/{}": lambda: rng.choice(["dates", "uuid", "decimal", "floats", "integers", "text", "sorted", "list", "x"]),
                "/resp/headers{}": lambda: query(rng, h=rng.choice(["X-A:", "x-b: ", "Content-Language:", "Cache-Control:"]) + word(rng)),
                "/resp/redirect{}": lambda: query(rng, to=rng.choice(["/", "http://x/", "", "?"]) + word(rng), code=rng.choice([301, 302, 303, 307, 308])),
                "/resp/line{}": lambda: f"?line={quote(rng.choice(['299 Custom', '404 Gone', '200', '201 made it', '418 I am', '503 x']))}",
                "/resp/stream{}": lambda: query(rng, n=rng.choice([0, 1, 5, "x", -1, 20])),
                "/resp/{}": lambda: rng.choice(["fields", "context", "after"]),
            }[target]
            made = Request(method(rng), target.format(fill()), fields)
        case "cookie":
            args = {}
            for name, values in {"name": ["a", "b", "é", "a b", ""], "value": WORDS, "max_age": [0, 60, -1, 10**9], "path": ["/", "/x", "/é;", ""], "domain": ["example.com", ".example.com", "münchen.de", "a b"], "samesite": ["lax", "Strict", "NONE", "x"], "secure": [1], "httponly": [1], "partitioned": [1], "again": [1]}.items():
                if rng.random() < 0.3:
                    args[name] = rng.choice(values)
            made = Request(method(rng), rng.choice(["/resp/cookie", "/resp/cookie", "/resp/uncookie"]) + "?" + "&".join(f"{k}={quote(str(v), safe='')}" for k, v in args.items()), fields)
        case "conditional":
            args = "&".join(rng.sample(["ranges", "lm", "etag=x", "weak", "body=", "body=abc", "etag=", "etag=%C3%A9", "etag=a%22b"], rng.randrange(4)))
            made = Request(method(rng), f"/resp/conditional?{args}", some_fields(rng, CONDITIONS, 3))
        case "files":
            target = rng.choice(["/static/{}", "/files/send/{}", "/files/folder/{}", "/files/memory{}"])
            names = ["a.txt", "page.html", "data.bin", "empty.txt", "e%20u.css"]
            other = ["x.tar.gz", "deep/d.json", "deep", "", "nope", "..", "../Cargo.toml", "%2e%2e/src/main.rs", "./a.txt", "deep/../a.txt", "a.txt/", "/etc/passwd", "%00", "a.txt%00", "deep//d.json", "e%09u", "%ff"]
            name = "" if target.endswith("y{}") else rng.choice(names * 3 + ([] if "send" in target else other))
            args = {}
            if target.startswith("/files/"):
                for key, values in {"attachment": [1], "name": WORDS, "max_age": [0, 60, "x"], "etag": ["no", "x", "é"], "mimetype": ["text/x", "image/png"], "unconditional": [1], "modified": [1]}.items():
                    if rng.random() < 0.15:
                        args[key] = rng.choice(values)
            made = Request(method(rng), target.format(name) + ("?" + "&".join(f"{k}={quote(str(v), safe='')}" for k, v in args.items()) if args else ""), some_fields(rng, CONDITIONS, 2))
        case "errors":
            prefix = rng.choice(["", "/api", "/strict"])
            what = rng.choice([f"/abort/{rng.choice([400, 401, 403, 404, 405, 409, 410, 413, 418, 422, 429, 451, 500, 503, 402, 999])}", f"/raise/{rng.choice(['spilled', 'broken', 'notfound', 'busy', 'login', 'returned', 'x'])}"])
            made = Request(method(rng), prefix + what + query(rng, **rng.choice([{}, {"text": word(rng)}])), fields)
        case "session":
            made = session(rng, fields)
        case "pages":
            name = rng.choice(["page", "page", "plain", "streamed", "missing", "snippet/" + rng.choice(["escape", "request", "loop", "links", "session", "filters", "math"])])
            key = {"page": "item", "streamed": "item"}.get(name, "a")
            made = Request(method(rng), f"/t/{name}" + query(rng, **{key: word(rng)}, **rng.choice([{}, {"title": word(rng)}])), fields)
        case "link":
            endpoint = rng.choice(["string", "int", "fixed", "float", "path", "any", "all", "outer.inner.leaf", "lang.hello", "static", "branch", "two", "index", "post", "nope"])
            args = {"endpoint": endpoint} | {key: rng.choice(["1", "7", "1.5", "red", "x", word(rng)]) for key in rng.sample(["name", "n", "x", "p", "c", "page", "section", "lang", "filename", "a", "b", "extra"], rng.randrange(5))}
            for key, values in {"_external": ["1", "0"], "_anchor": ["a", "é b", ""], "_scheme": ["https"], "_method": ["GET", "POST"]}.items():
                if rng.random() < 0.15:
                    args[key] = rng.choice(values)
            made = Request("GET", "/resp/link?" + "&".join(f"{k}={quote(v, safe='')}" for k, v in args.items()), fields)
        case "hooks":
            made = Request(method(rng), rng.choice(["/outer/inner/x/", "/outer/leaf", "/outer/inner/x/leaf/3", "/outer/nope", "/r/string/x"]), [field(rng, "X-Answer")])
    if rng.random() < 0.02:
        made.host = rng.choice([b"Sink.Example", b"sink.example:80", b"sink.example:8080", b"other.example", b"a.trusted.example", b"trusted.example", b"evil_host", b"[::1]:5", b"sink.example:99999"])
    if rng.random() < 0.03 and made.method not in ("GET", "HEAD", "OPTIONS", "TRACE"):
        made.fields.append(field(rng, rng.choice(UNSAFE)))
    if rng.random() < 0.03:
        made.spoils = rng.choice(list(SPOILED))
    once = {}
    made.fields = [(name, value) for name, value in made.fields if name in LISTS or once.setdefault(name, value) is value]
    made.target = printable(made.target)
    return made


def session(rng, fields):
    match rng.randrange(14):
        case 0 | 1 | 2:
            body = json.dumps({"k": rng.choice(["k", "user", "é", " t"]), "v": value(rng)}).encode()
            return Request("POST", "/session/put", [("Content-Type", b"application/json")], body)
        case 3:
            return Request(method(rng), "/flash/add" + query(rng, m=word(rng), c=rng.choice(["error", "message", "<x>"])), fields)
        case 4:
            return Request(method(rng), rng.choice(["/flash/show", "/t/page", "/t/streamed"]), fields)
        case 5:
            return Request("GET", f"/session/permanent?on={rng.choice('110')}", fields)
        case 6:
            return Request("GET", f"/session/pop?k={rng.choice(['k', 'user', 'count', 't', 'nope'])}", fields)
        case 7:
            return Request("GET", f"/session/big?n={rng.choice([1, 10, 100, 300, 400])}", fields)
        case _:
            name = rng.choice(["show", "show", "tags", "clear", "touch", "count", "default", "nested", "flags"])
            return Request(method(rng), f"/session/{name}", fields)


def printable(target):
    """What cannot stand in a request line is encoded: how servers refuse it is no matter of the application."""
    return "".join(c if c in PRINTABLE else quote_from_bytes(c.encode("utf-8", "surrogatepass")) for c in target)


PRINTABLE = set(string.ascii_letters + string.digits + "!$%&'()*+,-./:;=?@_~")


def visit(rng):
    """A visitor: a few requests that share cookies."""
    groups = [name for weight, name in GROUPS for _ in range(weight)]
    own = rng.choice(groups)
    return [request(rng, own if rng.random() < 0.6 else rng.choice(groups)) for _ in range(rng.randrange(1, 9))]
