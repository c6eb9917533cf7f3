"""Users: registering, logging in and out, and the user of a request."""

import functools
import sqlite3

from flask import Blueprint, flash, g, redirect, render_template, session, url_for
from flask_wtf import FlaskForm
from werkzeug.security import check_password_hash, generate_password_hash
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired

from .db import get_db

bp = Blueprint("auth", __name__, url_prefix="/auth")


@bp.before_app_request
def load_logged_in_user():
    g.user = None
    if (user_id := session.get("user_id")) is not None:
        g.user = get_db().execute("SELECT id, username FROM user WHERE id = ?", (user_id,)).fetchone()


def login_required(view):
    """Sends everybody who is not logged in to the login page."""

    @functools.wraps(view)
    def wrapped(**values):
        if g.user is None:
            return redirect(url_for("auth.login"))
        return view(**values)

    return wrapped


class Credentials(FlaskForm):
    class Meta:
        csrf = False

    username = StringField(
        validators=[InputRequired("Username is required.")],
        render_kw={"autocomplete": "username", "autofocus": True},
    )
    password = PasswordField(validators=[InputRequired("Password is required.")])


@bp.route("/register", methods=["GET", "POST"])
def register():
    form = Credentials()
    if form.validate_on_submit():
        try:
            with get_db() as db:
                db.execute(
                    "INSERT INTO user (username, password) VALUES (?, ?)",
                    (form.username.data, generate_password_hash(form.password.data)),
                )
            return redirect(url_for("auth.login"))
        except sqlite3.IntegrityError:
            form.username.errors.append(f"User {form.username.data} is already registered.")
    return render_template("auth/register.html", form=form)


@bp.route("/login", methods=["GET", "POST"])
def login():
    form = Credentials()
    if form.validate_on_submit():
        user = get_db().execute("SELECT * FROM user WHERE username = ?", (form.username.data,)).fetchone()
        if user is None:
            form.username.errors.append("Incorrect username.")
        elif not check_password_hash(user["password"], form.password.data):
            form.password.errors.append("Incorrect password.")
        else:
            session.clear()
            session["user_id"] = user["id"]
            flash("Welcome back.")
            return redirect(url_for("index"))
    return render_template("auth/login.html", form=form)


@bp.route("/logout")
def logout():
    session.clear()
    return redirect(url_for("index"))
