"""Attacks examples/accounts as it is served to the internet: HARDENED, over TLS, with rate limits off so that nothing is spared.

    python attack.py PROGRAM [wapiti] [sqlmap]

PROGRAM is the example, built. wapiti crawls it and tries all its modules that need no third party, once as a visitor and once as an admin who is
logged in. sqlmap tries what reaches the database: forms, a path, and the API. Everything that was sent stands in the server's access log, from which the
figures come. The run fails when a scanner finds something that is not in EXPLAINED, when an answer was a 500 or worse, and when an attack did not
reach what it was for.
"""

import collections
import contextlib
import json
import os
import pathlib
import re
import secrets
import socket
import ssl
import subprocess
import sys
import tempfile
import time

import httpx

# What wapiti reports and why it is none: (category, reason).
EXPLAINED = {
    "LDAP Injection": "there is no LDAP; the answers differ because tokens are good or not, and attempts are counted",
}

MODULES = (
    "backup cookieflags crlf csp csrf exec file htaccess http_headers ldap methods permanentxss redirect shellshock "
    "spring4shell sql timesql upload xss xxe"
).split()

EMAIL = "ada@example.com"
PASSWORD = "correct horse battery"
BIN = pathlib.Path(sys.executable).parent


class Failure(Exception):
    """A sentence for who runs this."""


class Site:
    """The example, running in a folder of its own."""

    def __init__(self, program, folder):
        self.folder = pathlib.Path(folder)
        self.log = self.folder / "access.log"
        with contextlib.closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"https://127.0.0.1:{self.port}/"
        settings = {
            "INSTANCE": folder,
            "HARDENED": "true",
            "TRUSTED_HOSTS": '["127.0.0.1"]',
            "SECRET_KEY": secrets.token_hex(32),
            "RATELIMIT_ENABLED": "false",
            "SECURITY_CONFIRMABLE": "false",
            "MAIL_BACKEND": "memory",
        }
        self.program = str(pathlib.Path(program).resolve())
        self.env = os.environ | {f"NOTEBOOK_{key}": value for key, value in settings.items()}
        self.command("db", "upgrade")
        output = (self.folder / "server.log").open("w")
        bind = ["--bind", f"127.0.0.1:{self.port}", "--cert", "adhoc"]
        log = ["--access-log", "common", "--access-log-file", str(self.log)]
        self.server = subprocess.Popen(
            [self.program, "run", *bind, *log], env=self.env, cwd=folder, stdout=output, stderr=subprocess.STDOUT
        )
        self.wait()

    def command(self, *args):
        done = subprocess.run([self.program, *args], env=self.env, cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            raise Failure(f"the command {args} failed:\n{done.stdout}{done.stderr}")

    def wait(self):
        end = time.monotonic() + 30
        while time.monotonic() < end and self.server.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.1)
        raise Failure("the example does not start:\n" + self.said())

    def said(self):
        return (self.folder / "server.log").read_text()

    def stop(self):
        self.server.terminate()
        self.server.wait(60)

    def client(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return httpx.Client(base_url=self.url, verify=context, headers={"Referer": self.url}, timeout=60)

    def lines(self):
        return self.log.read_text().splitlines() if self.log.exists() else []


def token_of(page):
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    if not found:
        raise Failure(f"{page.url} has no form with a token")
    return found[1]


def cookies_of(client):
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


def visitor(site):
    """Somebody who has looked at a page."""
    client = site.client()
    client.get("/login")
    return client


class Admin:
    """Somebody who may do everything, and their cookies and token."""

    def __init__(self, site):
        self.client = site.client()
        person = {"email": EMAIL, "password": PASSWORD}
        self.post("/register", person)
        site.command("make-admin", EMAIL)
        self.post("/login", person)
        if self.client.get("/notes/").status_code != 200:
            raise Failure("nobody is logged in after the login")
        self.post("/notes/", {"text": "a note"})
        page = self.post("/tokens/", {})
        self.bearer = re.search(r'class="token"[^>]*>([^<]+)<', page.text)[1]
        self.csrf = token_of(self.client.get("/notes/"))
        self.cookies = cookies_of(self.client)

    def post(self, path, form):
        token = token_of(self.client.get(path))
        answer = self.client.post(path, data=form | {"csrf_token": token})
        if answer.status_code >= 400:
            raise Failure(f"POST {path} was answered with {answer.status_code}: {answer.text[:500]}")
        return answer

    def is_logged_in(self):
        return self.client.get("/notes/").status_code == 200


def run(args, folder, timeout):
    """A scanner's output, which is kept in a file: it is long."""
    path = folder / "output.txt"
    with path.open("w") as output:
        try:
            subprocess.run(
                [str(arg) for arg in args],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                timeout=timeout,
                env=os.environ | {"HOME": str(folder)},
            )
        except subprocess.TimeoutExpired:
            raise Failure(f"{args[0]} did not come to its end in {timeout} seconds") from None
    return path.read_text(errors="replace")


def wapiti(site, who, client, folder):
    """What wapiti finds with the cookies of a client, which it keeps, so that the tokens of its forms stay good: (category, path, parameter, what it says)."""
    folder.mkdir()
    report = folder / "report.json"
    options = [
        BIN / "wapiti", "-u", site.url, "--scope", "folder", "-m", ",".join(MODULES), "--store-session", folder / "session",
        "--store-config", folder / "config", "--flush-session", "--verify-ssl", "0", "--no-bugreport", "-f", "json", "-o", report,
        "-H", f"Referer: {site.url}", "-x", f"{site.url}logout", "--max-attack-time", "300", "-S", "normal", "-v", "1",
        "-C", cookies_of(client),
    ]  # fmt: skip
    output = run(options, folder, 7200)
    if not report.exists():
        raise Failure(f"wapiti has written no report as {who}:\n{output[-3000:]}")
    said = json.loads(report.read_text())
    findings = []
    for kind in ("vulnerabilities", "anomalies"):
        for category, items in said[kind].items():
            findings += [(category, item["path"], item["parameter"], item["info"]) for item in items]
    broken = re.findall(r"^.*(?:Traceback|Unable to|Error: ).*$", output, re.M)
    for line in broken[:5]:
        print(f"    wapiti said: {line.strip()}")
    return findings


def sqlmap(site, admin, folder):
    """What sqlmap finds to be injectable."""
    cookie, csrf = f"--cookie={admin.cookies}", admin.csrf
    bearer = f"--headers=Authorization: Bearer {admin.bearer}\nContent-Type: application/json"
    targets = [
        ("the text of a note", "notes/", [cookie, f"--data=text=milk&csrf_token={csrf}", "-p", "text"]),
        ("the number of a note", "notes/1*/delete", [cookie, f"--data=csrf_token={csrf}"]),
        ("the language", "language", [cookie, f"--data=language=de&next=/&csrf_token={csrf}", "-p", "language,next"]),
        ("an account's number", "admin/people/2*/role", [cookie, f"--data=admin=yes&csrf_token={csrf}"]),
        ("the page after a login", "login?next=/notes/", ["-p", "next"]),
        ("the text of a note of the API", "api/notes", [bearer, '--data={"text":"milk*"}']),
        ("the number of a note of the API", "api/notes/1*", [bearer, "--method=DELETE"]),
    ]
    findings = []
    for number, (what, path, options) in enumerate(targets):
        place = folder / f"sqlmap-{number}"
        place.mkdir()
        before = len(site.lines())
        output = run(
            [
                BIN / "sqlmap", "-u", site.url + path, f"--referer={site.url}", "--batch", "--level=2", "--risk=1", "--flush-session",
                "--disable-coloring", f"--output-dir={place}", "--timeout=30", "--ignore-code=*", *options,
            ],  # fmt: skip
            place,
            3600,
        )
        sent = statuses(site.lines()[before:])
        print(f"  sqlmap, {what}: {sum(sent.values())} requests ({shown(sent)})")
        if "identified the following injection point" in output:
            findings.append(("SQL injection", f"/{path}", what, output[-2000:]))
        elif "do not appear to be injectable" not in output:
            raise Failure(f"sqlmap has not tried {what}:\n{output[-3000:]}")
    return findings


def statuses(lines):
    return collections.Counter(found[1] for line in lines if (found := re.search(r'" (\d{3}) ', line)))


def shown(counter):
    return ", ".join(f"{count} × {status}" for status, count in sorted(counter.items()))


def reached(lines, wanted):
    """Fails unless each of these requests was answered as by a view that took it."""
    for method, path, codes in wanted:
        pattern = re.compile(rf'"{method} {path}[^"]*" ({codes}) ')
        if not any(pattern.search(line) for line in lines):
            raise Failure(f"no {method} {path} came through to its view: the attack has missed it")


def judge(findings):
    """Prints what was found; what has no explanation."""
    wrong = []
    for category, path, parameter, info in sorted(set(findings)):
        reason = EXPLAINED.get(category)
        print(f"    {category} at {path} ({parameter}): {reason or info}")
        if not reason:
            wrong.append(f"{category} at {path} ({parameter})")
    return wrong


def main(program, scanners):
    with tempfile.TemporaryDirectory(prefix="carboy-attack-") as name:
        folder = pathlib.Path(name)
        instance = folder / "instance"
        instance.mkdir()
        site = Site(program, str(instance))
        wrong = []
        try:
            admin = Admin(site)
            if "wapiti" in scanners:
                pages = [("GET", "/login", "200"), ("POST", "/reset", "303"), ("POST", "/language", "302")]
                inside = [("POST", "/notes/", "200|302"), ("POST", "/language", "302"), ("GET", "/admin/people", "200")]
                scans = [("a visitor", visitor(site), pages), ("an admin", admin.client, inside)]
                for who, client, wanted in scans:
                    before = len(site.lines())
                    findings = wapiti(site, who, client, folder / f"wapiti as {who}")
                    lines = site.lines()[before:]
                    sent = statuses(lines)
                    print(f"  wapiti as {who}, {len(MODULES)} modules: {sum(sent.values())} requests ({shown(sent)})")
                    reached(lines, wanted)
                    wrong += judge(findings)
                if not admin.is_logged_in():
                    raise Failure("the login did not outlive the scan, so not all of it was tried from inside")
            if "sqlmap" in scanners:
                wrong += judge(sqlmap(site, admin, folder))
        finally:
            site.stop()
        failed = [line for line in site.lines() if re.search(r'" 5\d\d ', line)]
        wrong += [f"answered with a failure: {line}" for line in failed[:10]]
        if "panicked" in site.said():
            wrong.append("something panicked:\n" + site.said()[-3000:])
        if wrong:
            raise Failure("found:\n  " + "\n  ".join(wrong))


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2:] or ["wapiti", "sqlmap"])
    except Failure as failure:
        sys.exit(f"attack: {failure}")
