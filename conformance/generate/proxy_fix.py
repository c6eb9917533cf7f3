"""What a request is behind Werkzeug's ProxyFix: client, scheme, host, prefix.

    python proxy_fix.py OUTPUT_FOLDER

writes proxy-fix.json: how many proxies each field is counted for, the fields, and the answers of the Request behind the middleware.
"""

import ipaddress
import json
import sys
from pathlib import Path

from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Request

AREA = "proxy-fix"

FOR = [
    "1.2.3.4", "1.2.3.4, 5.6.7.8", "1.2.3.4,5.6.7.8,9.10.11.12", " 1.2.3.4 ", "", ",", ", ,", "1.2.3.4,", ",1.2.3.4", "::1", "2001:db8::1, ::2", "\"1.2.3.4\"", "\"1.2.3.4, 5.6.7.8\"", "\"1.2.3.4",
    "1.2.3.4:5678", "[2001:db8::1]", "[2001:db8::1]:443", "unknown", "_hidden", "client.example", "1.2.3.4.5", "1.2.3.4 5.6.7.8", "evil, 1.2.3.4", "1.2.3.4, evil", "::ffff:1.2.3.4", "0x7f.1", "01.2.3.4",
]
PROTO = ["https", "http", "http, https", "https, http", "https,https,http", "", ",", "HTTPS", "wss", "ws", "ftp", "\"https\"", " https ", "javascript", "https;q=1"]
HOST = [
    "shop.example", "shop.example:8443", "shop.example:443", "shop.example:80", "a.example, b.example", "a.example:1, b.example", "", ",", "[::1]", "[::1]:8080", "[2001:db8::1]:443", "::1", "a b", "a_b",
    "SHOP.example", "evil.example/x", "user@evil.example", "127.0.0.1:5000", "a:b", "a:", ":80", "\"quoted.example\"", "a.example:99999", "xn--n3h.example",
]
PORT = ["8443", "443", "80", "1, 2", "2,1,3", "", ",", "abc", "0", "65536", "-1", " 8080 ", "08080"]
PREFIX = ["/app", "/app/", "/a/b", "/a, /b", "", ",", "app", "//evil.example", "/\\evil.example", "/", "/%C3%A9", "/a b", "\"/a\"", "/a;b=c", "/../x"]
NAMES = {"x_for": ("X-Forwarded-For", FOR), "x_proto": ("X-Forwarded-Proto", PROTO), "x_host": ("X-Forwarded-Host", HOST), "x_port": ("X-Forwarded-Port", PORT), "x_prefix": ("X-Forwarded-Prefix", PREFIX)}
NONE = dict.fromkeys(NAMES, 0)


def answers(counts, fields, host="example.com", scheme="http", root=""):
    environ = {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": root, "PATH_INFO": "/x", "QUERY_STRING": "a=b", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8000", "REMOTE_ADDR": "10.0.0.1", "wsgi.url_scheme": scheme,
    }
    if host is not None:
        environ["HTTP_HOST"] = host
    for name, value in fields:
        key = "HTTP_" + name.upper().replace("-", "_")
        environ[key] = environ[key] + "," + value if key in environ else value
    seen = {}

    def app(environ, start_response):
        request = Request(environ)
        for name in ["remote_addr", "scheme", "is_secure", "host", "root_path", "url"]:
            try:
                seen[name] = getattr(request, name)
            except ValueError:
                pass
        return []

    ProxyFix(app, **counts)(environ, None)
    return seen


def case(counts, fields, host="example.com", scheme="http", root=""):
    seen = answers(counts, fields, host, scheme, root)
    made = {"counts": counts, "fields": fields, "host_header": host, "scheme_before": scheme, "root_before": root, **seen}
    if reason := difference(seen):
        made["differs"] = reason
    return made


def difference(seen):
    try:
        if str(ipaddress.ip_address(seen["remote_addr"])) != seen["remote_addr"] or seen["remote_addr"].startswith("::ffff:"):
            raise ValueError
    except ValueError:
        return "a client is an address, without its port, or it is the proxy"
    if seen["scheme"] not in ("http", "https"):
        return "a scheme is http or https"
    root = seen["root_path"]
    if root and (not root.startswith("/") or root.startswith("//") or "\\" in root):
        return "a prefix is a path"
    if "url" not in seen:
        return "the URL of a host that is none does not fail"
    return None


def cases():
    for which, (name, values) in NAMES.items():
        for value in values:
            for count in (0, 1, 2, 3):
                yield case(NONE | {which: count}, [[name, value]])
        # Two lines are one list.
        yield case(NONE | {which: 2}, [[name, values[0]], [name, values[1]]])
        yield case(NONE | {which: 1}, [])
    for host in ["example.com", "example.com:5000", "[::1]", "[::1]:5000", None, ""]:
        for scheme in ["http", "https"]:
            yield case(NONE | {"x_port": 1}, [["X-Forwarded-Port", "8443"]], host, scheme)
            yield case(NONE | {"x_host": 1, "x_port": 1}, [["X-Forwarded-Host", "shop.example:1"], ["X-Forwarded-Port", "443"]], host, scheme)
            yield case(NONE | {"x_host": 1, "x_port": 1}, [["X-Forwarded-Host", "[::1]"], ["X-Forwarded-Port", "8443"]], host, scheme)
            yield case(NONE | {"x_proto": 1}, [["X-Forwarded-Proto", "https"]], host, scheme)
            yield case(NONE | {"x_host": 1, "x_proto": 1}, [["X-Forwarded-Host", "shop.example:443"], ["X-Forwarded-Proto", "https"]], host, scheme)
    everything = [
        ["X-Forwarded-For", "203.0.113.9, 198.51.100.1"], ["X-Forwarded-Proto", "http, https"], ["X-Forwarded-Host", "a.example, shop.example"], ["X-Forwarded-Port", "1, 8443"], ["X-Forwarded-Prefix", "/out, /app"],
    ]
    for counts in ({}, {"x_host": 1}, {"x_host": 1, "x_port": 1}, {"x_host": 1, "x_port": 1, "x_prefix": 1}, dict.fromkeys(NAMES, 1), dict.fromkeys(NAMES, 2), dict.fromkeys(NAMES, 3), NONE):
        for root in ("", "/mounted"):
            full = {"x_for": 1, "x_proto": 1, "x_host": 0, "x_port": 0, "x_prefix": 0} | counts
            yield case(full, everything, root=root)
            yield case(full, [], root=root)


def main(output):
    lines = ",\n".join(json.dumps(made) for made in cases())
    Path(output, "proxy-fix.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
