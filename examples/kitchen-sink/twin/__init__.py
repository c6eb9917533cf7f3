"""The kitchen sink in Flask: the twin of `../src`, module for module. Run it: `python -m twin` in this folder."""

import logging
import pathlib

from flask import Flask, g, request

from . import echo, errors, files, hand, pages, responses, routing, sessions

ROOT = pathlib.Path(__file__).resolve().parent.parent


def create_app():
    app = Flask("kitchen-sink", root_path=str(ROOT))
    app.config.from_mapping(
        SECRET_KEY="kitchen-sink",
        MAX_CONTENT_LENGTH=400_000,
        MAX_FORM_MEMORY_SIZE=100_000,
        MAX_FORM_PARTS=20,
        PROPAGATE_EXCEPTIONS=False,
    )
    app.config.from_prefixed_env("SINK")

    @app.before_request
    def before():
        g.trace = ["before app"]
        if request.headers.get("X-Answer") == "app":
            return "answered by the app", 203
        limit = request.headers.get("X-Limit", type=int)
        if limit is not None and limit >= 0:
            request.max_content_length = limit

    @app.after_request
    def after(response):
        g.trace.append("after app")
        response.headers["X-Trace"] = ", ".join(g.trace)
        return response

    for module in (routing, echo, responses, files, errors, sessions, pages, hand):
        module.register(app)
    app.logger.setLevel(logging.CRITICAL)
    return app
