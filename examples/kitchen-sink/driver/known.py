"""The differences that are wanted. Each names the line of COMPATIBILITY.md that says why; each must occur in every run."""

import dataclasses
import json
import pathlib
import re
import typing
from urllib.parse import parse_qs

FORM = "application/x-www-form-urlencoded"
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
        return parse_qs(self.request.target.partition("?")[2], keep_blank_values=True).get(name, [None])[0]

    @property
    def path(self):
        return "/" + self.request.target.split("?")[0].lstrip("/")


@dataclasses.dataclass
class Known:
    # Words of the line in COMPATIBILITY.md.
    entry: str
    # Whether this is the difference.
    applies: typing.Callable
    # In which runs it must occur.
    runs: typing.Callable = lambda run: True


def given(case, name):
    return case.request.field(name) or ""


def foreign(case):
    """Refused before the app's own functions ran; who handles 403 makes of it what it likes."""
    ran = ["before app" in (answer.one("x-trace") or "") for answer in (case.flask, case.carboy)]
    return case.run.csrf and ran == [True, False] and case.carboy.status in (403, 500)


def relative(case):
    """The same redirect, without scheme and host; in an answer to HEAD there is no page to look at."""
    location = case.flask.one("location") or ""
    origin = re.match("(http://[^/]*)?", location)[0]
    return (
        not case.run.trusted
        and case.flask.status == case.carboy.status == 308
        and location.lower().removeprefix(origin.lower()) == (case.carboy.one("location") or "").lower()
        and case.flask.body.lower().replace(origin.lower().encode(), b"") == case.carboy.body.lower()
        and case.names <= {"location", "body", "content-length"}
    )


def unread(case):
    """carboy reads the body before the view, which in Flask did not look at it."""
    reads = case.path in ("/echo/body", "/echo/data", "/echo/field", "/echo/forced")
    reads = reads or (case.path in ("/echo/loaded", "/echo/silent", "/session/put") and case.flask.status == 200)
    return case.carboy.status == 413 and case.flask.status != 413 and not reads


def many_fields(case):
    count = case.request.body.count(b"&") + 1
    return case.carboy.status == 413 and given(case, "content-type").lower().startswith(FORM) and count > (5 if case.run.other else 20)


def fields_together(case):
    return case.carboy.status == 413 and given(case, "content-type").lower().startswith("multipart/form-data") and len(case.request.body) > 100_000


def refused_as_bad(case, answer):
    """With the page about bad requests; with TRAP_BAD_REQUEST_ERRORS it is the one about errors."""
    if case.run.other:
        return answer.status == 500
    return answer.status == 400 and (PAGE_400 in answer.body or case.request.method == "HEAD")


def malformed(case):
    kind = (case.request.field("content-type") or "").lower()
    return kind.startswith("multipart/form-data") and refused_as_bad(case, case.carboy)


def cookie_name(case):
    if not case.path.startswith(("/resp/cookie", "/resp/uncookie")) or case.carboy.status != 500:
        return False
    name, domain = case.query("name"), case.query("domain") or ""
    return (name is not None and not re.fullmatch(r"[^\s\x00-\x1f\"=;\x7f]+", name)) or bool(re.search(r"[\s;,]", domain))


def number(case):
    """A number that Python takes and Rust does not: `1_0`, ` 5`, more than 64 bits, and `-0` where none is negative."""
    if python_only(given(case, "x-limit")) and 413 in (case.flask.status, case.carboy.status):
        return True
    views = ("/echo/number", "/resp/redirect", "/resp/stream", "/resp/cookie", "/files/send/", "/session/big")
    return case.path.startswith(views) and any(python_only(case.query(name) or "") for name in ("n", "code", "max_age"))


def python_only(text):
    try:
        int(text)
    except ValueError:
        return False
    return not re.fullmatch(r"\+?[0-9]{1,18}|-[1-9][0-9]{0,17}", text)


def control(case):
    name = bool(re.search(r"[\x00-\x1f\x7f]", case.query("name") or ""))
    return name and case.path.startswith("/files/") and ("content-disposition" in case.names or case.flask.status == 500)


def upper_host(case):
    """A trusted host in other letters: to Flask it is another host."""
    trusted = case.run.trusted and case.request.host.lower().split(b":")[0] in (b"sink.example", b"a.trusted.example")
    return trusted and case.request.host != case.request.host.lower() and (case.flask.status in (400, 500) or case.names == {"x-trace"})


def unrepeated(case):
    """The page of Flask's that names the host, and ours without."""
    refused = case.carboy.status == case.flask.status == 400 and case.names <= {"content-length", "body"}
    return refused and (b"not trusted" in case.flask.body or case.request.method == "HEAD")


# Why a key of what `/echo/head` tells may differ.
HEAD = {
    "cookies": lambda case: b"\\u" in case.flask.body or case.request.method == "HEAD",
    "charsets": lambda case: not given(case, "accept-charset").isascii(),
    "max_forwards": lambda case: given(case, "max-forwards").startswith("-") or len(given(case, "max-forwards")) > 9,
    "range": lambda case: bool(re.search("[0-9]{19}", given(case, "range"))),
    "authorization": lambda case: given(case, "authorization").lower().startswith("basic") and given(case, "authorization").endswith("="),
    "x": lambda case: sum(name == "X-Word" for name, _ in case.request.fields) > 1,
}


def head(key):
    """A difference in this key, and in no key that has no reason to differ."""

    def applies(case):
        if case.path != "/echo/head" or not case.names <= {"body", "content-length"}:
            return False
        if case.request.method == "HEAD":
            return HEAD[key](case)
        try:
            flask, carboy = json.loads(case.flask.body), json.loads(case.carboy.body)
        except ValueError:
            return False
        differing = [name for name in flask.keys() | carboy.keys() if flask.get(name) != carboy.get(name)]
        return key in differing and all(name in HEAD and HEAD[name](case) for name in differing)

    return applies


def large(case):
    """A whole number in JSON that has more than 64 bits, or is -0."""
    reads = case.path in ("/echo/loaded", "/echo/forced", "/echo/silent", "/session/put")
    return reads and bool(re.search(rb"[0-9]{19}|-0", case.request.body)) and case.names <= {"body", "content-length", "set-cookie"}


def no_json(case):
    """NaN, Infinity, 1e999 and half a surrogate pair are JSON to Python."""
    reads = case.path in ("/echo/loaded", "/echo/forced", "/echo/silent", "/session/put")
    return reads and bool(re.search(rb"NaN|Infinity|[0-9][eE]\+?[0-9]{3}|\\u[dD][89a-fA-F]|[0-9]{300}", case.request.body)) and case.flask.status == 200


def unmeasured(case):
    return case.request.chunked and 413 in (case.flask.status, case.carboy.status)


def empty_parameter(case):
    return case.path.startswith("/d/old/") and case.path.lower().endswith(("%3b", ";")) and case.names <= {"location", "body", "content-length"}


def nameless(case):
    """Parts without a name and parts with an empty one are the same field."""
    if not is_form(case):
        return False
    try:
        return flattened(json.loads(case.flask.body)) == flattened(json.loads(case.carboy.body))
    except ValueError:
        return False


def is_form(case):
    return (case.request.field("content-type") or "").lower().startswith("multipart/form-data") and case.names == {"body"}


def flattened(answer):
    """The fields and files of the empty name in any order."""
    return json.dumps({key: sorted(map(json.dumps, value)) if isinstance(value, list) else {k: sorted(v) for k, v in value.items()} if isinstance(value, dict) else value for key, value in answer.items()}, sort_keys=True)


def raw_credentials(case):
    return case.path == "/echo/head" and case.flask.status == 500 and given(case, "authorization").lower().startswith("basic") and not given(case, "authorization").isascii()


def two_sessions(case):
    """A bad session cookie before a good one."""
    return "session=" in (case.request.field("cookie") or "") and not case.request.bare and case.flask.status == case.carboy.status


def controls(case):
    """Controls in a field that a view sets."""
    return bool(re.search(r"[\x00-\x08\x0b-\x1f\x7f]", case.query("h") or "")) and case.carboy.status == 500 and case.path == "/resp/headers"


def static_options(case):
    """Flask's rule for static files is there before the configuration is."""
    return case.run.other and case.path.startswith("/static/") and ("allow" in case.names or case.request.method == "OPTIONS")


def no_rust_text(case):
    """A page of Flask's that shows a text loop."""
    return case.path == "/t/snippet/loop" and (case.carboy.body == case.flask.body + b"," or (case.request.method == "HEAD" and case.names == {"content-length"}))


KNOWN = [
    Known("TRACE and CONNECT are refused", lambda c: c.carboy.body == b"This server does not answer TRACE and CONNECT.\n" or (c.request.method == "TRACE" and c.carboy.status == 405)),
    Known("a `Host` field that is no host", lambda c: c.carboy.body == b"Invalid Host header.\n"),
    Known("a `Host` field that contradicts the request target", lambda c: c.carboy.body == b"The Host header is not the host of the request target.\n"),
    Known("Unsafe methods from other sites are refused with 403", foreign, lambda run: run.csrf),
    Known("Redirects of the URL map are relative", relative, lambda run: not run.trusted),
    Known("a body without a length that passes the limit is 413", unmeasured),
    Known("`MAX_FORM_PARTS` also limits the fields of an urlencoded form", many_fields),
    Known("`MAX_FORM_MEMORY_SIZE` also limits all fields together", fields_together),
    Known("The body is read after the `before_request` functions and before the view", unread),
    Known("malformed or truncated multipart, or a boundary that is missing, is 400", malformed),
    Known("a cookie's name must not be empty nor hold blanks", cookie_name),
    Known("values are converted by Rust's rules", number),
    Known("a download name with controls is sent encoded", control),
    Known("The page about a host that is not trusted does not repeat it", unrepeated, lambda run: run.trusted and not run.other),
    Known("trusted hosts compare without case", upper_host, lambda run: run.trusted),
    Known("bytes of a `Cookie` field are UTF-8", head("cookies")),
    Known("a loop over the characters of a text", no_rust_text),
    Known("of a field that is sent several times", head("x")),
    Known("a part without a name has the empty name", nameless),
    Known("a charset whose name is not ASCII is unknown", head("charsets")),
    Known("`NaN`, the infinities, numbers beyond the range of a float and lone surrogates are errors when read", no_json),
    Known("whole numbers beyond 64 bits, and `-0`, are read as floats into a JSON value", large),
    Known("an empty parameter at the end of a `redirect_to`", empty_parameter),
    Known("a negative `Max-Forwards`, and one beyond 32 bits, is none", head("max_forwards")),
    Known("a range's numbers beyond 64 bits count as the largest number", head("range")),
    Known("of several cookies of the session's name the one good one counts", two_sessions),
    Known("`Basic` credentials with too much padding, or characters that are not ASCII, are refused", lambda c: raw_credentials(c) or head("authorization")(c)),
    Known("control characters in a header field are an error", controls),
    Known("PROVIDE_AUTOMATIC_OPTIONS holds for every rule", static_options, lambda run: run.other),
    Known("text beyond Latin-1 in a header field is an error", lambda c: c.path == "/resp/headers" and c.flask.status == 0 and c.carboy.status == 500),
]


def check_entries():
    text = COMPATIBILITY.read_text(encoding="utf-8")
    for known in KNOWN:
        if known.entry not in text:
            raise SystemExit(f"COMPATIBILITY.md has no line with the words '{known.entry}', which driver/known.py refers to")
