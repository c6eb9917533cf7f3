"""The differences that are wanted. Each names the line of COMPATIBILITY.md that says why; each must occur in every run."""

import dataclasses
import pathlib
import re
import typing

COMPATIBILITY = pathlib.Path(__file__).resolve().parents[3] / "COMPATIBILITY.md"
PAGE_400 = b"<p>The browser (or proxy) sent a request that this server could not understand.</p>"


@dataclasses.dataclass
class Case:
    """A request, both answers, the names of what differs, and the run."""

    request: object
    flask: object
    carboy: object
    names: set
    run: object

    def query(self, name):
        from urllib.parse import parse_qs, urlsplit

        return parse_qs(urlsplit(self.request.target).query, keep_blank_values=True).get(name, [None])[0]

    @property
    def path(self):
        return self.request.target.split("?")[0]


@dataclasses.dataclass
class Known:
    # Words of the line in COMPATIBILITY.md.
    entry: str
    # Whether this is the difference.
    applies: typing.Callable
    # In which runs it must occur.
    runs: typing.Callable = lambda run: True


def relative(case):
    """The same redirect, without scheme and host; in an answer to HEAD there is no page to look at."""
    origin = f"http://{case.request.host.decode('latin-1')}"
    location = case.flask.one("location") or ""
    return (
        not case.run.trusted
        and case.flask.status == case.carboy.status == 308
        and location.lower().removeprefix(origin.lower()) == (case.carboy.one("location") or "").lower()
        and case.flask.body.lower().replace(origin.lower().encode(), b"") == case.carboy.body.lower()
        and case.names <= {"location", "body", "content-length"}
    )


def unread(case):
    """carboy reads the body before the view, which in Flask might not have looked at it."""
    return case.carboy.status == 413 and case.flask.status != 413 and case.request.body


def malformed(case):
    kind = (case.request.field("content-type") or "").lower()
    return kind.startswith("multipart/form-data") and case.carboy.status == 400 and (PAGE_400 in case.carboy.body or case.request.method == "HEAD")


def cookie_name(case):
    if not case.path.startswith(("/resp/cookie", "/resp/uncookie")) or case.carboy.status != 500:
        return False
    name, domain = case.query("name"), case.query("domain") or ""
    return (name is not None and not re.fullmatch(r"[^\s\x00-\x1f\"=;\x7f]+", name)) or bool(re.search(r"[\s;,]", domain))


def number(case):
    value = case.query("n")
    return case.path.startswith("/echo/number") and case.names <= {"body", "content-length"} and not re.fullmatch(r"[+-]?[0-9]{1,18}", value or "")


def control(case):
    return bool(re.search(r"[\x00-\x1f\x7f]", case.query("name") or "")) and case.path.startswith("/files/") and "content-disposition" in case.names


def upper_host(case):
    """A trusted host in other letters: to Flask it is another host."""
    page = f"Host &#39;{case.request.host.decode('latin-1')}&#39; is not trusted.".encode()
    trusted = case.request.host.lower().split(b":")[0] in (b"sink.example", b"a.trusted.example")
    return trusted and case.request.host != case.request.host.lower() and case.flask.status == 400 and (page in case.flask.body or case.request.method == "HEAD")


def cookie_bytes(case):
    given = case.request.field("cookie") or ""
    return not given.isascii() and case.path == "/echo/head" and case.names <= {"body", "content-length"}


def nameless(case):
    """A part of a form without a name: the key is None, or the empty text."""
    if not (case.path.startswith("/echo/") and case.names <= {"body", "content-length"}):
        return False
    return b"[null," in case.flask.body and case.flask.body.replace(b"[null,", b'["",') == case.carboy.body or case.request.method == "HEAD"


def backwards(case):
    return (case.request.field("max-forwards") or "").startswith("-") and case.path == "/echo/head" and case.names <= {"body", "content-length"}


def raw_credentials(case):
    given = case.request.field("authorization") or ""
    return not given.isascii() and given.lower().startswith("basic") and case.flask.status == 500 and case.path == "/echo/head"


def controls(case):
    """Controls in a field that a view sets."""
    return bool(re.search(r"[\x00-\x08\x0b-\x1f\x7f]", case.query("h") or "")) and case.carboy.status == 500


def no_rust_text(case):
    """A page of Flask's that shows a text loop."""
    return case.path == "/t/snippet/loop" and case.carboy.body == case.flask.body + b","


KNOWN = [
    Known("TRACE and CONNECT are refused", lambda c: c.carboy.body == b"This server does not answer TRACE and CONNECT.\n" or c.request.method == "TRACE"),
    Known("a `Host` field that is no host", lambda c: c.carboy.body == b"Invalid Host header.\n"),
    Known("a `Host` field that contradicts the request target", lambda c: c.carboy.body == b"The Host header is not the host of the request target.\n"),
    Known("Unsafe methods from other sites are refused with 403", lambda c: c.carboy.status == 403 and b"sent by a page of another site" in c.carboy.body, lambda run: run.csrf),
    Known("Redirects of the URL map are relative", relative, lambda run: not run.trusted),
    Known("The body is read after the `before_request` functions and before the view", unread),
    Known("malformed or truncated multipart, or a boundary that is missing, is 400", malformed),
    Known("a cookie's name must not be empty nor hold blanks", cookie_name),
    Known("values are converted by Rust's rules", number),
    Known("a download name with controls is sent encoded", control),
    Known("trusted hosts compare without case", upper_host, lambda run: run.trusted),
    Known("bytes of a `Cookie` field are UTF-8", cookie_bytes),
    Known("a loop over the characters of a text", no_rust_text),
    Known("of a field that is sent several times", lambda c: len([1 for name, _ in c.request.fields if name == "X-Word"]) > 1 and c.names <= {"body", "content-length"}),
    Known("a part without a name has the empty name", nameless),
    Known("a negative `Max-Forwards` is none", backwards),
    Known("`Basic` credentials with too much padding, or characters that are not ASCII, are refused", raw_credentials),
    Known("control characters in a header field are an error", controls),
    Known("text beyond Latin-1 in a header field is an error", lambda c: c.flask.status == 0 and c.carboy.status == 500),
]


def check_entries():
    text = COMPATIBILITY.read_text(encoding="utf-8")
    for known in KNOWN:
        if known.entry not in text:
            raise SystemExit(f"COMPATIBILITY.md has no line with the words '{known.entry}', which driver/known.py refers to")
