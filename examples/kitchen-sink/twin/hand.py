"""What one side makes and the other takes: tokens, cookies, hashes. With the real Flask-WTF and Flask-Login."""

import flask_wtf.csrf
from flask import Blueprint, current_app, jsonify, request, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer
from werkzeug.security import check_password_hash, generate_password_hash
from wtforms import ValidationError


class User(UserMixin):
    def __init__(self, id):
        self.id = id


def serializer():
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="password-reset")


def register(app):
    # Flask-Login looks into the session of every request, which shows in `Vary`: only where it is wanted.
    if not app.config.get("LOGIN"):
        return
    LoginManager(app).user_loader(User)
    hand = Blueprint("hand", __name__, url_prefix="/hand")

    @hand.get("/csrf")
    def form():
        return flask_wtf.csrf.generate_csrf()

    @hand.post("/csrf")
    def submitted():
        try:
            flask_wtf.csrf.validate_csrf(request.form.get("csrf_token"))
        except ValidationError as error:
            return str(error), 400
        return "valid"

    @hand.get("/login/<id>")
    def login(id):
        login_user(User(id), remember=True)
        return "welcome"

    @hand.get("/logout")
    def logout():
        logout_user()
        return "bye"

    @hand.get("/who")
    def who():
        id = current_user.id if current_user.is_authenticated else None
        return jsonify(id=id, fresh=session.get("_fresh"))

    @hand.get("/reset/<int:user>")
    def reset(user):
        return serializer().dumps({"user": user})

    @hand.post("/reset")
    def resetting():
        try:
            return jsonify(serializer().loads(request.form["token"], max_age=600))
        except SignatureExpired:
            return "expired", 410
        except BadData:
            return "bad", 400

    @hand.post("/hash")
    def hashed():
        return generate_password_hash(request.form["password"], method=request.form["method"])

    @hand.post("/check")
    def check():
        return str(check_password_hash(request.form["hash"], request.form["password"])).lower()

    app.register_blueprint(hand)
