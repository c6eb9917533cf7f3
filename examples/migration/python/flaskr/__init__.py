"""The blog of Flask's tutorial, in Python: the half that has not moved yet.

The instance folder holds the database and the secret key; the Rust half uses the same ones. So are the templates and the
stylesheet the same: they are Jinja's on both sides, and the forms in them are Flask-WTF's here and carboy's there.
"""

import os
import secrets
from pathlib import Path

from flask import Flask

SHARED = Path(__file__).resolve().parents[3] / "flaskr"


def create_app(config=None):
    app = Flask(
        __name__,
        instance_path=os.path.abspath(os.environ.get("FLASKR_INSTANCE", "instance")),
        template_folder=SHARED / "templates",
        static_folder=SHARED / "static",
    )
    instance = Path(app.instance_path)
    instance.mkdir(parents=True, exist_ok=True)
    app.config.from_mapping(DATABASE=instance / "flaskr.sqlite", SECRET_KEY=secret_key(instance / "secret_key"))
    app.config.from_mapping(config or {})

    from . import auth, blog, db

    db.init_app(app)
    app.register_blueprint(auth.bp)
    app.register_blueprint(blog.bp)
    app.add_url_rule("/", endpoint="index")

    @app.get("/hello")
    def hello():
        return "Hello, World!"

    return app


def secret_key(path):
    """The key in a file, made by whichever half starts first."""
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    return path.read_text().strip()
