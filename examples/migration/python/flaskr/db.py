"""The database: a connection for each request, and the command that makes the tables."""

import sqlite3

import click
from flask import current_app, g


def get_db():
    if "db" not in g:
        g.db = sqlite3.connect(current_app.config["DATABASE"], timeout=5)
        g.db.row_factory = sqlite3.Row
        g.db.execute("PRAGMA foreign_keys = ON")
    return g.db


def close_db(error=None):
    if (db := g.pop("db", None)) is not None:
        db.close()


@click.command("init-db")
def init_db_command():
    """Clears existing data and creates new tables."""
    from . import SHARED

    get_db().executescript((SHARED / "schema.sql").read_text())
    click.echo("Initialized the database.")


def init_app(app):
    app.teardown_appcontext(close_db)
    app.cli.add_command(init_db_command)
