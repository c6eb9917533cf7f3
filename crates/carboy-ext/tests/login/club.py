"""The club of the tests, in Flask: PROTECTION in the environment is its session protection."""

import os

import flask
import flask_login

app = flask.Flask("club", static_folder=None)
app.config["SECRET_KEY"] = "dev"
manager = flask_login.LoginManager(app)
manager.session_protection = os.environ["PROTECTION"]


class Member(flask_login.UserMixin):
    def __init__(self, id):
        self.id = id


manager.user_loader(Member)


@app.route("/login/<path:id>")
def log_in(id):
    return str(flask_login.login_user(Member(id), remember="remember" in flask.request.args)).lower()


@app.route("/logout")
def log_out():
    flask_login.logout_user()
    return "out"


@app.route("/who")
def who():
    user = flask_login.current_user
    return f"{user.id} {'fresh' if flask_login.login_fresh() else 'stale'}" if user.is_authenticated else "nobody"


@app.route("/cellar")
@flask_login.login_required
def cellar():
    return "wine"
