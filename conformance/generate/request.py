"""What a request says about where it was sent and by whom, as Werkzeug's Request answers.

    python request.py OUTPUT_FOLDER

writes request.json: targets, hosts and header fields, each with the answers of a Request that a WSGI server would have made of it.
"""

import json
import sys
from pathlib import Path
from urllib.parse import unquote_to_bytes

from werkzeug.wrappers import Request

TARGETS = [
    "/", "/a", "/a/b/", "//a", "///a//b", "/a?b=c", "/a?", "/?", "/%C3%A9", "/%c3%a9?x=%c3%a9", "/%ff", "/%C3", "/%E2%82%ACx%E2%82", "/%F0%9F%98%80",
    "/a%20b", "/a+b", "/a%2Bb", "/%2F", "/%2Fa", "/a%2Fb", "/a%3Fb", "/a%23b", "/a%25b", "/a%2525", "/%", "/%zz", "/%4", "/a;b=c", "/a:b@c", "/~a",
    "/a%00b", "/a%0Ab", "/a%7Fb", "/.", "/..", "/a/../b", "/%2e%2e/a", "/a'b", "/a(b)", "/a!b$c&d*e,f", "/a[b]", "/a|b", "/a^b", "/a{b}",
    "/x?a=%26&b=%3D&c=%2B&d=%23", "/x?a=+", "/x?a=%20", "/x?%C3%A9=%ff", "/x?a?b/c", "/x?a=%zz", "/x?a=%", "/x?'\"", "/x?[]=1", "/x?a%2Fb", "/x?a=%25",
    "/x?a=%E2%82", "/x?a=%7F%00", "/%ED%A0%80", "/%C0%AF", "/%EF%BB%BF", "/%C2%A0", "/%41%5A", "/a%5Cb", "/a%22b", "/a%3Cb%3E", "/x?a=%22%3C%3E",
]
HOSTS = [
    "example.com", "example.com:80", "example.com:443", "example.com:8080", "EXAMPLE.com", "example.com:0", "example.com:99999", "example.com:65535", "example.com:08",
    "127.0.0.1", "127.0.0.1:5000", "[::1]", "[::1]:80", "[::1]:5000", "::1", "[::g]", "[1.2.3.4]", "a_b", "a b", "", "a..b", "-a-", ".", "a:b", "a:", ":80", "xn--n3h.net",
    "xn--zz.net", "a@b", "a/b", "a?b", "a#b", "localhost", "localhost:", "LOCALHOST:80", "a.b.c.d.e", "[fe80::1%25eth0]", "[::ffff:1.2.3.4]:443",
]
HEADERS = [
    ("Content-Type", ["text/html", "Text/HTML; Charset=\"UTF-8\"", "application/json", "application/vnd.api+json; a=b", "", ";", "a/b;c", "a/b ; c=d", "multipart/form-data; boundary=x"]),
    ("X-Forwarded-For", ["1.2.3.4", "1.2.3.4, 5.6.7.8", " a , \"b, c\" ", "", ","]),
    ("User-Agent", ["curl/8", ""]),
    ("Referer", ["http://a/", "é"]),
    ("Content-Length", ["5", "0", "-1", "+1", "abc", "1_0", " 5", "5 ", "05", ""]),
]


def answers(request):
    """The attributes; null for one that raises, such as the URL of a host that is no domain name."""
    names = ["path", "full_path", "script_root", "url", "base_url", "url_root", "host_url", "host", "scheme", "is_secure"]
    return {name: answer(request, name) for name in names}


def answer(request, name):
    try:
        return getattr(request, name)
    except ValueError:
        return None


def request(target, host="example.com", scheme="http", script_root="", **fields):
    path, _, query = target.partition("?")
    environ = {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": script_root.encode().decode("latin-1"), "PATH_INFO": unquote_to_bytes(path).decode("latin-1"), "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8000", "REMOTE_ADDR": "10.0.0.1", "wsgi.url_scheme": scheme, **fields,
    }
    if host is not None:
        environ["HTTP_HOST"] = host
    return Request(environ)


def cases():
    for target in TARGETS:
        case = {"target": target, "host_header": "example.com", **answers(request(target))}
        if '"' in target:
            case["differs"] = "a quotation mark in the target is refused before there is a request"
        yield case
    for host in [*HOSTS, None]:
        for scheme in ("http", "https"):
            case = {"target": "/a?b", "host_header": host, **answers(request("/a?b", host, scheme))}
            if case["url"] is None:
                case["differs"] = "a host that is no domain name, or whose port is none, does not fail"
            yield case
    for root in ("/app", "/app/", "/é", "/a b/c", "//", "/a%20b"):
        for target in ("/", "/x?y", "/%C3%A9"):
            yield {"target": target, "host_header": "example.com", "root": root, **answers(request(target, script_root=root))}
    for name, values in HEADERS:
        for value in values:
            key = name.upper().replace("-", "_")
            made = request("/", **{key if key.startswith("CONTENT") else f"HTTP_{key}": value})
            yield {
                "header": name, "value": value, "mimetype": made.mimetype, "mimetype_params": made.mimetype_params, "is_json": made.is_json, "access_route": list(made.access_route),
                "user_agent": made.user_agent.string, "referrer": made.referrer, "content_length": made.content_length,
            }


def main(folder):
    lines = ",\n".join(json.dumps(case) for case in cases())
    (folder / "request.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
