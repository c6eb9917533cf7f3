"""Compares the kitchen sink with its twin: `python -m driver --carboy BINARY --requests N --seed S`, in the folder above."""

import argparse
import collections
import dataclasses
import itertools
import random
import signal
import sys
import time

from . import generate, hand, known, scenarios, servers
from .compare import Sessions, differences
from .wire import Answer, Broken, Client

KEY = "kitchen-sink"
# Examples shown in full, one of each kind.
SHOWN = 90


@dataclasses.dataclass(frozen=True)
class Run:
    trusted: bool
    csrf: bool
    # Other settings than the defaults.
    other: bool = False

    def settings(self):
        settings = {"CSRF_CHECK": "true" if self.csrf else "false"} | (OTHER if self.other else {})
        if self.trusted:
            settings["TRUSTED_HOSTS"] = '["sink.example", ".trusted.example"]'
        return settings

    def __str__(self):
        other = ", other settings" if self.other else ""
        return f"host {'trusted' if self.trusted else 'not trusted'}, CSRF check {'on' if self.csrf else 'off'}{other}"


# Settings of Flask's, away from their defaults.
OTHER = {
    "SESSION_COOKIE_SAMESITE": "Lax",
    "SESSION_COOKIE_SECURE": "true",
    "SESSION_COOKIE_HTTPONLY": "false",
    "SESSION_REFRESH_EACH_REQUEST": "false",
    "PERMANENT_SESSION_LIFETIME": "3600",
    "SEND_FILE_MAX_AGE_DEFAULT": "60",
    "PROVIDE_AUTOMATIC_OPTIONS": "false",
    "TRAP_BAD_REQUEST_ERRORS": "true",
    "MAX_COOKIE_SIZE": "500",
    "MAX_FORM_PARTS": "5",
}
RUNS = [Run(True, True), Run(False, False), Run(True, False), Run(False, True), Run(True, False, other=True)]


class Comparison:
    def __init__(self, run, flask, carboy, sessions, verbose):
        self.run, self.flask, self.carboy, self.sessions, self.verbose = run, flask, carboy, sessions, verbose
        self.count = self.bad = 0
        self.statuses = collections.Counter()
        self.seen = collections.Counter()
        self.kinds = collections.Counter()

    def visitor(self, requests, keeps):
        """One visitor's requests to both sides, each with the cookies that it was given there."""
        flask, carboy = Client(self.flask.port, False), Client(self.carboy.port, keeps)
        for request in requests:
            self.request(request, flask, carboy)
        flask.close()
        carboy.close()

    def request(self, request, flask, carboy):
        self.count += 1
        started = time.time()
        theirs, ours = self.ask(flask, request), self.ask(carboy, request)
        self.statuses[theirs.status] += 1
        found = differences(self.sessions, theirs, ours, time.time() - started + 1)
        if not found:
            return
        names = {name for name, _, _ in found}
        case = known.Case(request, theirs, ours, names, self.run)
        for entry in known.KNOWN:
            if entry.applies(case):
                self.seen[entry.entry] += 1
                # What the two sides now remember may differ for a good reason: from here on they go the same way.
                carboy.cookies = dict(flask.cookies)
                return
        self.report(request, found)

    def ask(self, client, request):
        """The answer; one with status 0 when the connection broke instead."""
        try:
            return client.ask(request)
        except (Broken, OSError) as error:
            return Answer(0, "", {}, str(error).encode())

    def report(self, request, found):
        self.bad += 1
        folder = "/".join(request.target.split("?")[0].split("/")[1:3])
        kind = f"{request.method} {folder}: {', '.join(name for name, _, _ in found)}"
        self.kinds[kind] += 1
        if self.verbose or (self.kinds[kind] == 1 and len(self.kinds) <= SHOWN):
            print(f"\n{request.shown()}")
            for name, theirs, ours in found:
                print(f"  {name}\n    flask  {str(theirs)[:1500]}\n    carboy {str(ours)[:1500]}")
            sys.stdout.flush()


def compare(run, binary, planted, count, seed, verbose):
    settings = run.settings()
    with servers.flask(settings) as flask, servers.carboy(binary, settings | planted) as carboy:
        comparison = Comparison(run, flask, carboy, Sessions(KEY), verbose)
        started = time.monotonic()
        for requests in scenarios.all():
            for keeps in (False, True):
                comparison.visitor(requests, keeps)
        written = comparison.count
        for number in itertools.count():
            if comparison.count >= count:
                break
            rng = random.Random(f"{seed} {run} {number}")
            comparison.visitor(generate.visit(rng), rng.random() < 0.7)
        seconds = time.monotonic() - started
    missing = [k.entry for k in known.KNOWN if k.runs(run) and not comparison.seen[k.entry]]
    statuses = " ".join(f"{status}:{n}" for status, n in sorted(comparison.statuses.items()))
    print(f"{run}: {comparison.count} requests ({written} of them written), {comparison.bad} unexplained, {seconds:.0f} s")
    print(f"  statuses {statuses}")
    for kind, times in comparison.kinds.most_common():
        print(f"  {times} unexplained: {kind}")
    for entry, times in comparison.seen.most_common():
        print(f"  {times} times: {entry}")
    for entry in missing:
        print(f"  LISTED BUT NOT SEEN: {entry}")
    return comparison.bad + len(missing)


def main():
    # So that the servers end with us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    parser = argparse.ArgumentParser(prog="differential")
    parser.add_argument("--carboy", required=True, help="the kitchen sink's binary")
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--run", type=int, help="one of the runs only: 0 to 4")
    parser.add_argument("--hand", action="store_true", help="what is handed across, instead of comparing")
    parser.add_argument("--plant", metavar="NAME=VALUE", action="append", default=[], help="a setting for carboy alone, which must show")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    known.check_entries()
    if args.hand:
        hand.all(args.carboy)
        return
    planted = dict(setting.split("=", 1) for setting in args.plant)
    runs = RUNS if args.run is None else [RUNS[args.run]]
    bad = sum(compare(run, args.carboy, planted, args.requests // len(runs), args.seed, args.verbose) for run in runs)
    if bad:
        sys.exit(f"{bad} differences: mend them, or list them in COMPATIBILITY.md and driver/known.py")


if __name__ == "__main__":
    main()
