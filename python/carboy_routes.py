"""The URL rules of a Flask application as JSON, for ``App::external_routes`` of carboy.

A carboy app that takes over from a Flask application a view at a time reads this file, so that its ``url_for`` builds the
URLs of the views that are still in Python. One file, nothing but Flask needed; put it beside the application.

Without a change to the application::

    python carboy_routes.py --app flaskr > routes.json

As a command of the application::

    import carboy_routes
    carboy_routes.init_app(app)

    flask --app flaskr carboy-routes > routes.json

Write the file again when rules change. What is not in it: functions of ``url_defaults``, and the code of converters of the
application's own; register both in carboy too.
"""

from __future__ import annotations

import json
import typing as t

import click
from flask import Flask, current_app
from flask.cli import ScriptInfo, with_appcontext
from werkzeug.routing import Rule

FORMAT = 1


def export(app: Flask) -> dict[str, t.Any]:
    """The rules of an application, as plain values.

    Raises ``ValueError`` for a rule whose defaults are no plain values.
    """
    app.url_map.update()
    return {
        "carboy_routes": FORMAT,
        "application": app.name,
        "host_matching": app.url_map.host_matching,
        "rules": [_rule(rule) for rule in app.url_map.iter_rules()],
    }


def dumps(app: Flask) -> str:
    """The rules of an application as the text of a file, a rule on each line."""
    exported = export(app)
    rules = exported.pop("rules")
    head = json.dumps(exported)[:-1]
    lines = ",\n  ".join(json.dumps(rule) for rule in rules)
    return f'{head}, "rules": [\n  {lines}\n]}}\n'


def init_app(app: Flask) -> None:
    """Adds the command ``carboy-routes`` to an application."""
    app.cli.add_command(_command)


def _rule(rule: Rule) -> dict[str, t.Any]:
    exported: dict[str, t.Any] = {"rule": rule.rule, "endpoint": rule.endpoint}
    if rule.methods is not None:
        exported["methods"] = sorted(rule.methods)
    if rule.defaults:
        for name, value in rule.defaults.items():
            if not (value is None or isinstance(value, (str, int, float, bool))):
                raise ValueError(
                    f"the rule {rule.rule!r} of {rule.endpoint!r} has a default that JSON cannot hold: {name}={value!r}"
                )
        exported["defaults"] = dict(rule.defaults)
    if rule.map.host_matching:
        if rule.host:
            exported["host"] = rule.host
    elif rule.subdomain:
        exported["subdomain"] = rule.subdomain
    if not rule.merge_slashes:
        exported["merge_slashes"] = False
    if rule.alias:
        exported["alias"] = True
    if rule.websocket:
        exported["websocket"] = True
    return exported


@click.command("carboy-routes")
@with_appcontext
def _command() -> None:
    """Writes the URL rules as JSON, for carboy."""
    try:
        click.echo(dumps(current_app._get_current_object()), nl=False)
    except ValueError as error:
        raise click.ClickException(str(error)) from None


@click.command()
@click.option("--app", "app", required=True, metavar="IMPORT", help="The application, as `flask --app` takes it.")
def _main(app: str) -> None:
    """Writes the URL rules of a Flask application as JSON, for carboy."""
    try:
        click.echo(dumps(ScriptInfo(app_import_path=app).load_app()), nl=False)
    except ValueError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    import sys

    # As `flask` does: the application is imported from the current folder.
    sys.path.insert(0, "")
    _main()
