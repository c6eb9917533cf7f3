"""An application under Flask-WTF's CSRFProtect, which shares its key with the carboy app of csrf_flask.rs."""

from flask import Blueprint, Flask, request, session
from flask_wtf.csrf import CSRFProtect, generate_csrf
from werkzeug.middleware.proxy_fix import ProxyFix

app = Flask(__name__)
app.secret_key = "shared"
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)
csrf = CSRFProtect(app)
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@app.get("/token")
def token():
    return generate_csrf()


@app.route("/pay", methods=METHODS)
def pay():
    return request.method


@app.post("/login")
def login():
    session["user_id"] = 1
    return "logged in"


@app.post("/hook")
@csrf.exempt
def hook():
    return "hooked"


api = Blueprint("api", __name__, url_prefix="/api")
inner = Blueprint("inner", __name__, url_prefix="/inner")


@api.route("/pay", methods=METHODS, endpoint="pay")
def pay_api():
    return request.method


@inner.route("/pay", methods=METHODS, endpoint="pay")
def pay_inner():
    return request.method


api.register_blueprint(inner)
csrf.exempt(api)
app.register_blueprint(api)
