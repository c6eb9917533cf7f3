"""The header fields of Flask-Talisman. Usage: python talisman.py OUTPUT_FOLDER

Each case has the options of the extension, the options of a view, and what that view and another answer by HTTP and by HTTPS: status, place, the
fields that Talisman sets, the flags of the session cookie, and whether the page was given a nonce. Nonces are written as NONCE.
"""

import itertools
import json
import pathlib
import random
import re
import sys

from flask import Flask, render_template_string, session
from flask_talisman import Talisman

rng = random.Random(20_261_129)
FIELDS = [
    "Content-Security-Policy", "Content-Security-Policy-Report-Only", "Strict-Transport-Security", "X-Frame-Options", "X-Content-Type-Options", "X-XSS-Protection", "X-Download-Options",
    "Referrer-Policy", "Permissions-Policy", "Document-Policy", "Feature-Policy",
]
POLICIES = [
    None, False, "", {}, "default-src 'self'", "default-src 'self'; img-src *", "default-src 'self';script-src 'self' cdn.example", {"default-src": "'self'"},
    {"default-src": ["'self'", "*.example"], "script-src": "'self'", "img-src": ["*", "data:"]}, {"script-src": ["'self'", "'unsafe-inline'"], "upgrade-insecure-requests": "x"},
    {"default-src": "'self'", "report-uri": "/own"}, "script-src 'self'; style-src 'self' 'unsafe-inline'",
]
CHOICES = {
    "force_https": [True, False],
    "force_https_permanent": [True, False],
    "frame_options": ["SAMEORIGIN", "DENY", None, ""],
    "strict_transport_security": [True, False],
    "strict_transport_security_max_age": [0, 3600, 63072000],
    "strict_transport_security_include_subdomains": [True, False],
    "strict_transport_security_preload": [True, False],
    "content_security_policy": POLICIES,
    "content_security_policy_report_uri": [None, "/report", "https://reports.example/csp"],
    "content_security_policy_nonce_in": [None, [], ["script-src"], ["default-src", "script-src"], ["style-src"]],
    "referrer_policy": ["no-referrer", "same-origin", "strict-origin"],
    "permissions_policy": [None, "", {}, "geolocation=()", {"geolocation": "()", "camera": "(self)"}],
    "document_policy": [None, "oversized-images=?0", {"oversized-images": "?0", "unsized-media": "?0"}],
    "feature_policy": [None, "geolocation 'none'", {"geolocation": "'none'", "camera": ["'self'", "https://a.example"]}],
    "session_cookie_samesite": ["Lax", "Strict"],
    "x_content_type_options": [True, False],
    "x_xss_protection": [True, False],
    "force_file_save": [True, False],
}
OF_VIEWS = ["force_https", "frame_options", "content_security_policy", "content_security_policy_nonce_in", "permissions_policy", "document_policy", "feature_policy"]


def answers(options, own):
    app = Flask("talisman")
    app.secret_key = "dev"
    talisman = Talisman(app, **options)

    def view():
        session["a"] = 1
        return render_template_string("{{ csp_nonce() }}")

    app.add_url_rule("/", "index", view)
    app.add_url_rule("/own", "own", talisman(**dict(own))(lambda: view()))
    asked = []
    for path, scheme in itertools.product(["/", "/own", "/missing"], ["http", "https"]):
        answer = app.test_client().get(path, base_url=f"{scheme}://localhost")
        nonce = answer.text if answer.status_code == 200 else ""
        fields = {name: answer.headers[name] for name in FIELDS if name in answer.headers}
        if nonce:
            assert len(nonce) == 32
        cookie = answer.headers.get("Set-Cookie", "")
        asked.append({
            "path": path, "scheme": scheme, "status": answer.status_code, "location": answer.headers.get("Location"), "nonce": bool(nonce),
            "fields": {name: re.sub(r"'nonce-[\w-]{32}'", "'nonce-NONCE'", value) for name, value in fields.items()},
            "flags": cookie.partition("; ")[2],
        })
    return asked


def case(options, own):
    return {"options": options, "own": own, "answers": answers(options, own)}


def cases():
    yield case({}, {})
    for name, values in CHOICES.items():
        for value in values:
            yield case({name: value}, {})
            if name in OF_VIEWS:
                yield case({}, {name: value})
    for _ in range(200):
        options = {name: rng.choice(CHOICES[name]) for name in rng.sample(sorted(CHOICES), rng.randrange(1, 9))}
        if options.get("content_security_policy_report_uri"):
            options["content_security_policy_report_only"] = rng.choice([True, False])
        own = {name: rng.choice(CHOICES[name]) for name in rng.sample(OF_VIEWS, rng.randrange(0, 4))}
        yield case(options, own)


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(made) for made in cases())
    pathlib.Path(sys.argv[1], "talisman.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
