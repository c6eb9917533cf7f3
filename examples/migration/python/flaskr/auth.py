"""Users: registering, logging in and out, and the user of a request."""

import functools
import sqlite3

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from werkzeug.security import check_password_hash, generate_password_hash

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


@bp.route("/register", methods=["GET", "POST"])
def register():
    if request.method == "POST":
        username, password = request.form["username"], request.form["password"]
        if not username:
            error = "Username is required."
        elif not password:
            error = "Password is required."
        else:
            try:
                with get_db() as db:
                    db.execute(
                        "INSERT INTO user (username, password) VALUES (?, ?)",
                        (username, generate_password_hash(password)),
                    )
                return redirect(url_for("auth.login"))
            except sqlite3.IntegrityError:
                error = f"User {username} is already registered."
        flash(error, "error")
    return render_template("auth/register.html")


@bp.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "POST":
        user = get_db().execute("SELECT * FROM user WHERE username = ?", (request.form["username"],)).fetchone()
        if user is None:
            flash("Incorrect username.", "error")
        elif not check_password_hash(user["password"], request.form["password"]):
            flash("Incorrect password.", "error")
        else:
            session.clear()
            session["user_id"] = user["id"]
            flash("Welcome back.")
            return redirect(url_for("index"))
    return render_template("auth/login.html")


@bp.route("/logout")
def logout():
    session.clear()
    return redirect(url_for("index"))
