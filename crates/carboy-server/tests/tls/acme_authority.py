"""An authority that speaks as much ACME (RFC 8555) as a test needs.

It looks at the proofs as a real one does: by `openssl s_client -alpn acme-tls/1` (RFC 8737), or by a request of plain HTTP. It
does not verify the signatures of its client, and signs with `openssl`.

    acme_authority.py FOLDER TLS_PORT HTTP_PORT CHALLENGE…

FOLDER holds ca.pem and ca.key, server.pem and server.key. While the file `broken` is there, orders are answered with the status in it.
Prints its port.
"""

import base64
import hashlib
import http.server
import json
import pathlib
import ssl
import subprocess
import sys
import urllib.request

FOLDER = pathlib.Path(sys.argv[1])
TLS_PORT, HTTP_PORT = sys.argv[2:4]
CHALLENGES = sys.argv[4:]


def unpadded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def padded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class State:
    thumbprint = None
    names = []
    valid = set()
    failed = {}
    chain = None


def openssl(*args, **kwargs):
    return subprocess.run(["openssl", *args], capture_output=True, timeout=20, **kwargs).stdout


def proves(kind, name, token):
    proof = f"{token}.{State.thumbprint}"
    if kind == "http-01":
        url = f"http://127.0.0.1:{HTTP_PORT}/.well-known/acme-challenge/{token}"
        request = urllib.request.Request(url, headers={"Host": name})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode() == proof
    shown = openssl(
        "s_client", "-connect", f"127.0.0.1:{TLS_PORT}", "-servername", name, "-alpn", "acme-tls/1", input=b""
    )
    assert b"ALPN protocol: acme-tls/1" in shown, shown
    pem = shown[shown.index(b"-----BEGIN") : shown.index(b"-----END")].decode() + "-----END CERTIFICATE-----\n"
    text = openssl("x509", "-noout", "-ext", "subjectAltName", input=pem.encode()).decode()
    assert text.split()[-1] == f"DNS:{name}", text
    # The extension acmeIdentifier, critical, an octet string in an octet string.
    digest = hashlib.sha256(proof.encode()).digest()
    extension = bytes.fromhex("06082b0601050507011f0101ff04220420") + digest
    return extension in ssl.PEM_cert_to_DER_cert(pem)


def sign(csr):
    (FOLDER / "csr.der").write_bytes(csr)
    names = ",".join(f"DNS:{name}" for name in State.names)
    (FOLDER / "ext").write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
    leaf = openssl(
        "x509", "-req", "-inform", "DER", "-in", FOLDER / "csr.der", "-CA", FOLDER / "ca.pem", "-CAkey", FOLDER / "ca.key",
        "-CAcreateserial", "-days", "90", "-extfile", FOLDER / "ext",
    )  # fmt: skip
    return leaf.decode() + (FOLDER / "ca.pem").read_text()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=None, content_type="application/json", **fields):
        body = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Replay-Nonce", unpadded(hashlib.sha256(str(id(body)).encode()).digest()))
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def url(self, path):
        return f"https://localhost:{self.server.server_port}/{path}"

    def do_GET(self):
        self.answer(200, {name: self.url(name) for name in ["newNonce", "newAccount", "newOrder", "revokeCert", "keyChange"]})

    def do_HEAD(self):
        self.answer(200)

    def order(self):
        if State.chain:
            status = "valid"
        elif State.failed:
            status = "invalid"
        else:
            status = "ready" if State.valid.issuperset(State.names) else "pending"
        order = {
            "status": status,
            "identifiers": [{"type": "dns", "value": name} for name in State.names],
            "authorizations": [self.url(f"authorization/{name}") for name in State.names],
            "finalize": self.url("finalize"),
        }
        if State.chain:
            order["certificate"] = self.url("certificate")
        return order

    def authorization(self, name):
        token = unpadded(hashlib.sha256(name.encode()).digest())
        problem = State.failed.get(name)
        status = "valid" if name in State.valid else "invalid" if problem else "pending"
        challenges = [
            {"type": kind, "url": self.url(f"challenge/{kind}/{name}"), "token": token, "status": status}
            | ({"error": problem} if problem else {})
            for kind in CHALLENGES
        ]
        return {"identifier": {"type": "dns", "value": name}, "status": status, "challenges": challenges}

    def do_POST(self):
        jws = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        protected = json.loads(padded(jws["protected"]))
        payload = json.loads(padded(jws["payload"]) or b"null")
        path = self.path.removeprefix("/")
        if path == "newAccount":
            # RFC 7638 section 3.2: of these members alone.
            key = {name: protected["jwk"][name] for name in ["crv", "kty", "x", "y"]}
            key = json.dumps(key, separators=(",", ":"))
            State.thumbprint = unpadded(hashlib.sha256(key.encode()).digest())
            self.answer(201, {"status": "valid"}, Location=self.url("account"))
        elif path == "newOrder":
            broken = FOLDER / "broken"
            if broken.exists():
                problem = {"type": "urn:ietf:params:acme:error:rateLimited", "detail": "come back later"}
                self.answer(int(broken.read_text()), problem, "application/problem+json")
                return
            State.names = [name["value"] for name in payload["identifiers"]]
            State.valid, State.failed, State.chain = set(), {}, None
            self.answer(201, self.order(), Location=self.url("order"))
        elif path == "order":
            self.answer(200, self.order())
        elif path.startswith("authorization/"):
            self.answer(200, self.authorization(path.split("/")[1]))
        elif path.startswith("challenge/"):
            _, kind, name = path.split("/")
            token = self.authorization(name)["challenges"][0]["token"]
            why = "the wrong text"
            try:
                proved = proves(kind, name, token)
            except Exception as error:
                proved, why = False, repr(error)
            if proved:
                State.valid.add(name)
                print("proved", kind, name, flush=True)
            else:
                State.failed[name] = {"type": "urn:ietf:params:acme:error:unauthorized", "detail": why}
            self.answer(200, {"type": kind, "url": self.url(path), "token": token, "status": "processing"})
        elif path == "finalize":
            State.chain = sign(padded(payload["csr"]))
            self.answer(200, self.order(), Location=self.url("order"))
        elif path == "certificate":
            self.answer(200, State.chain, "application/pem-certificate-chain")
        else:
            self.answer(404)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(FOLDER / "server.pem", FOLDER / "server.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
print("port", server.server_port, flush=True)
server.serve_forever()
