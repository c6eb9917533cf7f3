"""Written visits: what a reader would try first, and one occasion for each listed difference."""

import json
from urllib.parse import quote, urlencode

from .wire import SPOILED, Request

FORM = "application/x-www-form-urlencoded"


def get(target, *fields, **options):
    return Request("GET", target, [(name, value.encode("latin-1")) for name, value in fields], **options)


def send(method, target, body=b"", kind=FORM, *fields, **options):
    head = [("Content-Type", kind.encode("latin-1"))] if kind else []
    return Request(method, target, head + [(name, value.encode("latin-1")) for name, value in fields], body, **options)


def post(target, body=b"", kind=FORM, *fields, **options):
    return send("POST", target, body, kind, *fields, **options)


def put_session(key, value):
    return post("/session/put", json.dumps({"k": key, "v": value}).encode(), "application/json")


def multipart(*parts, boundary="xyz", end=True):
    lines = []
    for head, body in parts:
        lines.append(f"--{boundary}\r\n{head}\r\n\r\n".encode() + body + b"\r\n")
    return b"".join(lines) + (f"--{boundary}--\r\n".encode() if end else b"")


MULTIPART = "multipart/form-data; boundary=xyz"


def routing():
    for path in [
        "/r/string/abc", "/r/string/a%20b", "/r/string/a%2Fb", "/r/string/%C3%A9", "/r/length/ab", "/r/length/abc", "/r/minmax/abcde",
        "/r/int/007", "/r/int/x", "/r/int/-1", "/r/signed/-5", "/r/range/3", "/r/range/10", "/r/fixed/0007", "/r/fixed/7", "/r/float/1.50",
        "/r/float/1", "/r/fsigned/-0.5", "/r/path/a/b/c", "/r/path/a/edit", "/r/path//a", "/r/any/red", "/r/any/light%20blue",
        "/r/any/blue", "/r/uuid/12345678-1234-5678-1234-567812345678", "/r/uuid/1234", "/r/list/a+b+c", "/r/two/a-b-c", "/r/ext/a.b.json",
        "/r/static-wins", "/r/other", "/r", "/", "", "/nowhere", "/s/branch", "/s/branch/", "/s/branch?a=%C3%A9&b", "/s/leaf", "/s/leaf/",
        "/s/loose", "/s/loose/", "/s/loose-branch", "/s//leaf", "/s///branch", "/s/a/x/b", "/s/a//x/b/", "/s/unmerged/x//y",
        "/d/all/", "/d/all", "/d/all/1", "/d/all/2", "/d/old/a%20b", "/d/alias", "/d/canon", "/d/lang/de/x", "/w/socket",
        "/outer", "/outer/", "/outer/leaf", "/outer/inner/x/", "/outer/inner/x", "/outer/inner/x/leaf/7", "/outer/inner/x/leaf/y",
        "/l/de/hello/you", "/l/fr/hello/you", "/l/de/link", "/m/view/3", "/%2e%2e/x", "/r/string/%00", "/r/string/%ff", "/r/path/%2F",
    ]:  # fmt: skip
        yield get(path or "/")
        yield Request("HEAD", path or "/")
        yield Request("OPTIONS", path or "/")
        yield Request("POST", path or "/")
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE", "BREW", "get"]:
        for path in ["/m/get", "/m/post", "/m/many", "/m/options", "/m/nooptions", "/m/purge", "/m/split", "/m/other", "/m/view/3", "/s/posted"]:
            yield Request(method, path)


def echo():
    yield get("/echo/target?a=1&a=2&b&=c&d=%ff&e=%zz&f=a+b&g=%C3%A9&h=a;b&&i=%00")
    yield get("/echo/at/%C3%A9/%20x%25?q=%C3%A9")
    yield get("/echo/key")
    yield get("/echo/key?k=v")
    yield post("/echo/field", b"k=v")
    yield post("/echo/field", b"x=v")
    for n in ["5", "-5", "x", "", "5.0", "05"]:
        yield get(f"/echo/number?n={n}&n=6")
    for fields in [
        [("Cookie", "a=1; b=2; a=3; c; =d; e=f=g; h=\"x;y\"; i=\"\\303\\251\"; j=a b; k=\"open")],
        [("Accept", "text/html;q=0.8, application/json;q=0.9, */*;q=0.1")], [("Accept", "text/*, image/png;q=x")], [("Accept", "")],
        [("Accept-Language", "de-AT, en;q=0.5, pt_BR")], [("Accept-Encoding", "gzip, br;q=0, *")], [("Accept-Charset", "utf-8;q=.5")],
        [("Authorization", "Basic dXNlcjpwYXNzOndvcmQ=")], [("Authorization", "Bearer abc.def==")], [("Authorization", "Basic !!")],
        [("Authorization", 'Digest username="u", realm="r, s", uri=/')], [("Authorization", "Basic ")],
        [("Range", "bytes=0-4, 6-")], [("Range", "bytes=-5")], [("Range", "items 1")], [("If-Range", '"a"')],
        [("If-Range", "Fri, 02 Jan 2026 03:04:05 GMT")], [("If-Match", '"a", W/"b", c')], [("If-None-Match", "*")],
        [("If-Modified-Since", "Fri, 02 Jan 2026 03:04:05 GMT")], [("If-Unmodified-Since", "Fri, 02-Jan-26 03:04:05 GMT")],
        [("Date", "Fri Jan  2 03:04:05 2026")], [("Cache-Control", "no-cache, max-age=5, min-fresh=x")], [("Pragma", "no-cache, x")],
        [("User-Agent", "A/1 (x; y)")], [("Referer", "http://x/y?z")], [("X-Forwarded-For", "1.2.3.4, 5.6.7.8")], [("Max-Forwards", "5")],
        [("Content-Type", 'text/plain; charset="utf-8"; x=y')], [("Content-Type", "TEXT/HTML")], [("Content-Encoding", "gzip")],
        [("X-Word", "one"), ("X-Word", "two")], [("X-Word", "\xe9")],
    ]:  # fmt: skip
        yield get("/echo/head", *fields)
    for path in ["/echo/body", "/echo/data", "/echo/field", "/echo/loaded", "/echo/forced", "/echo/silent", "/echo/unread"]:
        yield post(path, b"k=v&k=w&x=%C3%A9+%ff&y&=z")
        yield post(path, b'{"k": [1, 2.5, null, "\xc3\xa9"]}', "application/json")
        yield post(path, b"[1", "application/json")
        yield post(path, b"", "application/json")
        yield post(path, b'{"a": 1}', "application/problem+json; charset=utf-8")
        yield post(path, b'{"a": 1}', "text/json")
        yield post(path, b"plain", "")
        yield post(path, b"k=v", FORM, chunked=True)
        yield Request("GET", path, [("Content-Type", FORM.encode())], b"k=v")
        yield post(
            path + "?k=q",
            multipart(
                ('Content-Disposition: form-data; name="k"', b"v"),
                ('Content-Disposition: form-data; name="f"; filename="a b.txt"\r\nContent-Type: text/plain; charset=utf-8', b"\x00\xffdata"),
                ('Content-Disposition: form-data; name="g"; filename=""', b""),
                ("Content-Disposition: form-data; name=h; filename*=UTF-8''%e2%82%ac.txt", b"euro"),
            ),
            MULTIPART,
        )


def limits():
    for size in [10, 11, 400_000, 400_001]:
        yield post("/echo/body", b"k=" + b"x" * (size - 2), FORM, *([("X-Limit", "10")] if size < 100 else []))
        yield post("/echo/unread", b"x" * size, "text/plain", *([("X-Limit", "10")] if size < 100 else []))
    for size in [100_000, 100_001]:
        yield post("/echo/body", multipart(('Content-Disposition: form-data; name="k"', b"x" * size)), MULTIPART)
        yield post("/echo/data", multipart(('Content-Disposition: form-data; name="k"; filename="f"', b"x" * size)), MULTIPART)
    for count in [20, 21]:
        parts = [(f'Content-Disposition: form-data; name="k{n}"', b"v") for n in range(count)]
        yield post("/echo/body", multipart(*parts), MULTIPART)
    yield post("/echo/body", b"&".join(b"k=%d" % n for n in range(20)))


def responses():
    for code in [200, 201, 202, 204, 206, 299, 300, 304, 400, 404, 418, 451, 500, 503, 599]:
        yield get(f"/resp/status/{code}")
        yield Request("HEAD", f"/resp/status/{code}")
    for line in ["299 Custom", "404", "404 Gone astray", "200 ok then"]:
        yield get(f"/resp/line?{urlencode({'line': line})}")
    for fields in [["X-A:1", "x-a:2"], ["Content-Type:text/plain"], ["X-A:a\nb"], ["Content-Length:3"], ["Vary:X"], ["X-A:\xe9"]]:
        yield get(f"/resp/headers?{urlencode({'h': fields}, doseq=True)}")
    for to in ["/there", "/é?x=1 2", "http://elsewhere.example/ü", "//x", "", "?q=<b>", "/a\nb", "mailto:x"]:
        yield get(f"/resp/redirect?{urlencode({'to': to})}")
    for code in [301, 302, 303, 305, 307, 308, 200]:
        yield get(f"/resp/redirect?to=/x&code={code}")
    for args in [
        {}, {"value": "a b"}, {"value": 'é,;"\\'}, {"max_age": 60}, {"max_age": 0}, {"path": "/x;y z"}, {"domain": "example.com"},
        {"domain": ".münchen.de:80"}, {"secure": 1, "httponly": 1, "samesite": "lax"}, {"samesite": "bad"}, {"partitioned": 1},
        {"name": "b", "again": 1},
    ]:  # fmt: skip
        yield get(f"/resp/cookie?{urlencode(args)}")
    yield get("/echo/head")
    yield get("/resp/uncookie")
    yield get("/resp/uncookie?name=b&path=/x")
    yield get("/echo/head")
    for kind in ["dates", "uuid", "decimal", "floats", "integers", "text", "sorted", "list"]:
        yield get(f"/resp/json/{kind}")
    for args in ["", "?ranges", "?ranges&lm", "?etag=x&weak&lm", "?etag=x&ranges", "?body="]:
        for fields in [
            [], [("Range", "bytes=0-4")], [("Range", "bytes=-3")], [("Range", "bytes=20-")], [("Range", "bytes=0-1,3-4")],
            [("If-None-Match", '"x"')], [("If-None-Match", "*")], [("If-Match", '"x"')], [("If-Match", '"y"')], [("If-Match", "*")],
            [("If-Modified-Since", "Fri, 02 Jan 2026 03:04:05 GMT")], [("If-Modified-Since", "Fri, 02 Jan 2026 03:04:04 GMT")],
            [("If-Range", '"x"'), ("Range", "bytes=2-3")], [("If-Range", '"y"'), ("Range", "bytes=2-3")],
            [("If-None-Match", '"x"'), ("Range", "bytes=2-3")],
        ]:  # fmt: skip
            yield get(f"/resp/conditional{args}", *fields)
            yield Request("HEAD", f"/resp/conditional{args}", get("", *fields).fields)
    for path in ["fields", "stream", "stream?n=0", "context", "after", "link", "link?name=a/b c&x=é", "link?endpoint=static&filename=a.txt&_external=1"]:
        yield get("/resp/" + quote(path, safe="/?&=_"))
        yield Request("HEAD", "/resp/" + quote(path, safe="/?&=_"))
    for args in [
        {"endpoint": "all", "page": "1"}, {"endpoint": "all", "page": "2"}, {"endpoint": "nope"}, {"name": "a", "_anchor": "é b"},
        {"name": "a", "_scheme": "https"}, {"endpoint": "fixed", "n": "7"}, {"endpoint": "any", "c": "blue"}, {"endpoint": "int", "n": "x"},
        {"endpoint": "outer.inner.leaf", "section": "s", "n": "1"}, {"endpoint": "lang.hello", "name": "x"}, {"endpoint": "path", "p": "a//b/?#"},
    ]:  # fmt: skip
        yield get(f"/resp/link?{urlencode(args)}")
    for kind in ["text", "bytes", "dict", "list", "empty", "status", "headers", "both", "json", "custom", "octets", "length", "options", "x"]:
        yield get(f"/resp/kind/{kind}")


def files():
    for path in [
        "/static/a.txt", "/static/page.html", "/static/empty.txt", "/static/e%20u.css", "/static/x.tar.gz", "/static/deep/d.json", "/static/nope",
        "/static/../app.py", "/static/%2e%2e/Cargo.toml", "/static/deep", "/static/", "/static", "/files/send/a.txt", "/files/send/data.bin",
        "/files/send/a.txt?attachment&name=%C3%A9%20%C3%BC.txt", "/files/send/a.txt?max_age=60", "/files/send/a.txt?max_age=0",
        "/files/send/a.txt?etag=no&modified", "/files/send/a.txt?etag=x", "/files/send/page.html?mimetype=text/x", "/files/send/a.txt?unconditional",
        "/files/folder/a.txt", "/files/folder/../Cargo.toml", "/files/folder/%2e%2e/%2e%2e/etc/passwd", "/files/folder/a.txt/", "/files/folder/%00",
        "/files/memory", "/files/memory?etag=x", "/files/memory?name=x.json",
    ]:  # fmt: skip
        for fields in [[], [("Range", "bytes=2-5")], [("Range", "bytes=99999-")], [("If-None-Match", '"x"')], [("If-Modified-Since", "Fri, 02 Jan 2032 03:04:05 GMT")]]:
            yield get(path, *fields)
        yield Request("HEAD", path)
        yield Request("POST", path)


def errors():
    codes = [400, 401, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 428, 429, 431, 451]
    for prefix in ["", "/api", "/strict"]:
        for code in [*codes, 500, 501, 502, 503, 504, 505, 402, 999, 200, 302]:
            yield get(f"{prefix}/abort/{code}")
        yield get(f"{prefix}/abort/404?text=no+%3Cb%3E%0A%C3%A9")
        yield get(f"{prefix}/abort/418?text=short")
        for kind in ["spilled", "broken", "notfound", "busy", "login", "returned", "other"]:
            yield get(f"{prefix}/raise/{kind}")
        yield get(f"{prefix}/none")
        yield Request("DELETE", f"{prefix}/abort/404")


def hooks():
    for path in ["/outer/inner/x/", "/outer/leaf", "/r/string/x", "/nowhere", "/outer/none"]:
        for answers in ["app", "outer", "inner", "nobody"]:
            yield get(path, ("X-Answer", answers))


def sessions():
    yield get("/session/show")
    yield get("/session/clear")
    yield put_session("user", "Ada")
    yield get("/session/show")
    yield get("/session/touch")
    yield get("/session/flags")
    yield get("/session/permanent")
    yield get("/session/flags")
    yield get("/r/string/untouched")
    yield get("/session/permanent?on=0")
    for _ in range(3):
        yield get("/session/count")
        yield get("/session/nested")
        yield get("/session/default")
    yield get("/session/tags")
    yield get("/session/show")
    yield get("/session/pop?k=t")
    yield get("/session/pop?k=nothing")
    yield get("/t/snippet/session")
    yield get("/session/big?n=400")
    yield get("/session/big?n=5")
    for value in [None, True, 1, -1.5, "é\u2028", [], {}, {"a": [1, {"b": None}]}, {" t": 1}]:
        yield put_session("k", value)
        yield get("/session/pop")
    yield get("/session/clear")
    yield get("/session/show")
    yield get("/abort/404")
    for spoils in SPOILED:
        yield get("/session/count")
        yield get("/session/show", spoils=spoils)
        yield get("/session/clear")
    for cookie in ["session=x", "session=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk", "session=", "session=a.b.c", "session=..", "session=\xff"]:
        yield get("/session/show", ("Cookie", cookie), bare=True)
        yield get("/session/count", ("Cookie", cookie), bare=True)


def flashes():
    yield get("/flash/add?m=one&m=%3Cb%3Etwo&c=error")
    yield get("/flash/add?m=three")
    yield get("/t/page")
    yield get("/flash/show")
    yield get("/flash/add?m=four")
    yield get("/flash/show")
    yield get("/flash/show")


def pages():
    yield get("/t/page?title=%3CA%3E&item=a&item=%3Cb%3E%27&item=%C3%A9%E2%80%A8")
    yield get("/t/plain")
    yield get("/t/plain?a=abc")
    yield get("/t/streamed?item=x")
    yield get("/t/missing")
    for name in ["escape", "request", "loop", "links", "session", "filters", "math"]:
        yield get(f"/t/snippet/{name}")
        yield get(f"/t/snippet/{name}?a=")
        yield get(f"/t/snippet/{name}?a=a%20b%26%C3%A9%0Ac")


def hosts():
    for host in [b"Sink.Example", b"sink.example:80", b"sink.example:8080", b"other.example", b"a.trusted.example", b"evil_host", b"[::1]:5", b"x y"]:
        yield get("/echo/target", host=host)
        yield get("/s/branch", host=host)
        yield get("/nowhere", host=host)
    yield get("http://absolute.example/echo/target?a=b")


def origins():
    for fields in [
        [("Origin", "http://sink.example")], [("Origin", "http://evil.example")], [("Origin", "null")], [("Sec-Fetch-Site", "same-origin")],
        [("Sec-Fetch-Site", "cross-site")], [("Sec-Fetch-Site", "same-site")], [("Sec-Fetch-Site", "none")],
    ]:  # fmt: skip
        for method in ["GET", "POST", "DELETE"]:
            yield Request(method, "/echo/unread", get("", *fields).fields)
            yield Request(method, "/nowhere", get("", *fields).fields)
            yield Request(method, "/strict/abort/404", get("", *fields).fields)
            yield Request(method, "/api/abort/404", get("", *fields).fields)


def wanted():
    """An occasion for each difference that is listed and that no other visit shows."""
    yield post("/echo/body", b"--xyz\r\nContent-Disposition: form-data; name=k\r\n\r\nv", MULTIPART)
    yield get("/resp/cookie?name=a%20b")
    yield get("/resp/uncookie?name=")
    yield get("/echo/number?n=1_0")
    yield get("/files/memory?name=a%00.txt")
    yield get("/echo/head", ("Cookie", "a=\xc3\xa9"))
    yield get("/resp/headers?h=X-A:%F0%9F%98%80")
    yield get("/t/snippet/loop?a=abc")
    parts = ["form-data", 'form-data; name=""', "form-data"]
    yield post("/echo/body", multipart(*((f"Content-Disposition: {part}", b"%d" % n) for n, part in enumerate(parts))), MULTIPART)
    yield get("/echo/head", ("Max-Forwards", "-1"))
    yield get("/echo/head", ("Authorization", "Basic dXNlcjpw\xe9"))
    yield get("/resp/headers?h=X-A:%00")
    yield get("/echo/head", ("Range", "bytes=0-99999999999999999999"))
    yield get("/echo/head", ("Accept-Charset", "utf\xe9-8"))
    yield post("/echo/loaded", b"12345678901234567890123", "application/json")
    yield get("/d/old/x;")
    yield post("/echo/body", b"&".join(b"k=%d" % n for n in range(21)))
    yield post("/echo/body", multipart(*((f'Content-Disposition: form-data; name="{name}"', b"x" * 60_000) for name in "ab")), MULTIPART)
    for text in [b"NaN", b"1e999", b'"\\ud83d"']:
        yield post("/echo/loaded", text, "application/json")
    yield post("/echo/body", b"k=0123456789", FORM, ("X-Limit", "10"), chunked=True)
    yield post("/echo/body", b"k=01234567", FORM, ("X-Limit", "10"), chunked=True)
    yield get("/session/count")
    yield get("/session/count", ("Cookie", "session=bad"))


def all():
    """Every visit: a list of requests that share cookies."""
    for visit in (routing, echo, limits, responses, files, errors, hooks, sessions, flashes, pages, hosts, origins, wanted):
        yield list(visit())
