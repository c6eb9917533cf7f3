"""Errors, and who answers them: by status, by type, in a blueprint, for the whole app."""

from flask import Blueprint, abort, jsonify, request
from werkzeug.exceptions import HTTPException, NotFound, TooManyRequests, Unauthorized
from werkzeug.datastructures import WWWAuthenticate


class Spilled(Exception):
    pass


class Broken(Exception):
    pass


def aborted(code):
    text = request.args.get("text")
    abort(code) if text is None else abort(code, description=text)


def raised(kind):
    match kind:
        case "spilled":
            raise Spilled("milk")
        case "broken":
            raise Broken("glass")
        case "notfound":
            raise NotFound(description="no such <thing>")
        case "busy":
            raise TooManyRequests(retry_after=30)
        case "login":
            raise Unauthorized(www_authenticate=WWWAuthenticate("basic", {"realm": "sink"}))
        case "returned":
            return NotFound()
    raise RuntimeError(kind)


def register(app):
    def add(scaffold):
        scaffold.add_url_rule("/abort/<int:code>", "abort", aborted, methods=["GET", "POST"])
        scaffold.add_url_rule("/raise/<kind>", "raise", raised, methods=["GET", "POST"])

    add(app)

    @app.errorhandler(418)
    def teapot(error):
        return f"app teapot: {error.description}", 418, {"X-Handler": "app 418"}

    @app.errorhandler(Spilled)
    def spilled(error):
        return f"app mopped up {error}"

    api = Blueprint("api", __name__, url_prefix="/api")
    add(api)

    @api.errorhandler(HTTPException)
    def as_json(error):
        return jsonify(code=error.code, name=error.name, description=error.description), error.code

    @api.errorhandler(404)
    def api_missing(error):
        return jsonify(missing=error.description), 404

    @api.errorhandler(Broken)
    def api_broken(error):
        return f"api fixed {error}", 200

    app.register_blueprint(api)

    strict = Blueprint("strict", __name__, url_prefix="/strict")
    add(strict)

    @strict.errorhandler(Exception)
    def anything(error):
        return f"strict answers {getattr(error, 'code', 'none')}", 500

    @strict.errorhandler(403)
    def forbidden(error):
        raise Broken("in the handler")

    app.register_blueprint(strict)
