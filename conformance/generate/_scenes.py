"""Scenes: small pieces of a Flask application, each with what it came to.

A script marks functions with `@scene("K3", ...)`: the rows that the scene proves. Its name is that of the scene, what it returns the
expected value. The test of the same area plays the same scene in carboy.
"""

import json
import logging
import sys
import tempfile
from pathlib import Path

import flask

logging.disable(logging.CRITICAL)

SCENES = []


def scene(*rows, differs=None):
    def play(function):
        case = {"case": function.__name__.replace("_", " "), "rows": list(rows), "expect": function()}
        if differs:
            case["differs"] = differs
        SCENES.append(case)
        return function

    return play


def make(name="scene", **config):
    """An app without a static folder, whose errors become responses."""
    app = flask.Flask(name, static_folder=None, root_path=folder())
    app.config.update({"SECRET_KEY": "dev", "PROPAGATE_EXCEPTIONS": False} | config)
    return app


def folder(**files):
    """A new folder with files; `__` in a name is a slash, `_dot_` a dot."""
    top = Path(tempfile.mkdtemp())
    for name, text in files.items():
        path = top / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(top)


def seen(response, *names):
    """Status, body, and the header fields that are asked for."""
    answer = [response.status_code, response.get_data(as_text=True)]
    return answer + [", ".join(response.headers.getlist(name)) or None for name in names]


def raised(function):
    """The first line of what an exception says; None without one."""
    try:
        function()
    except Exception as error:
        return str(error).split("\n")[0]
    return None


def write(area):
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in SCENES)
    (Path(sys.argv[1]) / "scenes.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
