"""The differences that are wanted. Each names the line of COMPATIBILITY.md that says why; each must occur in every run."""

import dataclasses
import pathlib
import typing

COMPATIBILITY = pathlib.Path(__file__).resolve().parents[3] / "COMPATIBILITY.md"


@dataclasses.dataclass
class Known:
    # Words of the line in COMPATIBILITY.md.
    entry: str
    # Whether this is the difference: given the request, Flask's and carboy's answer, the names of what differs, and the run.
    applies: typing.Callable
    # In which runs it must occur.
    runs: typing.Callable = lambda run: True
    count: int = 0


def refused(request, flask, carboy, names, run):
    return carboy.status == 403 and b"sent by a page of another site" in carboy.body


def relative(request, flask, carboy, names, run):
    """The same redirect, without scheme and host."""
    origin = f"http://{request.host.decode('latin-1')}"
    location = flask.one("location") or ""
    return (
        not run.trusted
        and flask.status == carboy.status == 308
        and location.removeprefix(origin) == carboy.one("location")
        and flask.body.replace(origin.encode(), b"") == carboy.body
        and names <= {"location", "body", "content-length"}
    )


def traced(request, flask, carboy, names, run):
    return request.method in ("TRACE", "CONNECT") and carboy.body == b"This server does not answer TRACE and CONNECT.\n"


KNOWN = [
    Known("TRACE and CONNECT are refused", traced),
    Known("Unsafe methods from other sites are refused with 403", refused, lambda run: run.csrf),
    Known("Redirects of the URL map are relative", relative, lambda run: not run.trusted),
]


def check_entries():
    text = COMPATIBILITY.read_text(encoding="utf-8")
    for known in KNOWN:
        if known.entry not in text:
            raise SystemExit(f"COMPATIBILITY.md has no line with the words '{known.entry}', which driver/known.py refers to")
