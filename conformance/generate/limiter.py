"""What limits and Flask-Limiter do.

    python limiter.py OUTPUT_FOLDER

writes rates.json (texts and the rates that limits reads in them), memory.json (what each strategy of limits answers at given times) and
apps.json (apps with limits of all kinds, requests to each, and what Flask-Limiter answered).
"""

import json
import logging
import random
import sys
import time
from pathlib import Path

import flask
from flask_limiter import ExemptionScope, Limiter
from flask_limiter._limits import ApplicationLimit, Limit, MetaLimit
from limits import parse_many
from limits.storage import MemoryStorage
from limits.strategies import STRATEGIES

AREA = "limiter"

logging.disable(logging.CRITICAL)

TEXTS = [
    "1/second", "1 / second", "1 per second", "1 PER Second", "10/minutes", "10 per 5 minutes", "10/5minute", "10 per5 hours", "10per5hours", "1perday", "2 per month", "3/year", "3/years", "3/YEARS",
    "1/second;5/minute", "1/second, 5 per 2 hours | 7/day", "1/second;;5/minute", ";1/second", "1/second;", "1/second:;5/minute", "1/second:5/minute", "1/second: ;2/day", " 1/second ", "\t1/second\n", "1/second ; 2/day",
    "", " ", "1", "second", "1/", "/second", "1/secondss", "1/sec", "1/fortnight", "1 second", "1 per", "-1/second", "1.5/second", "1/-2 seconds", "0/second", "1/0 seconds", "1/00002 seconds", "007/minute",
    "1 per 2 3 seconds", "1//second", "1/per second", "1 per per second", "1/second 2/day", "1/second&2/day", "1/day,2/day,3/day", "\u0661/second", "1/seco\u006ed", "1/m\u0131nute", "1000000/hour", "1/12 months", "1\u00a0per\u00a0hour",
    "10 per hour; 5/minute", "100/day|10/hour", "5/2 minute", "1/seconds", "1/Day,2/HOUR",
]
GRANULARITIES = ["second", "minute", "hour", "day", "month", "year"]


def rates():
    for text in TEXTS:
        try:
            items = parse_many(text)
            read = [{"amount": i.amount, "multiples": i.multiples, "granularity": i.GRANULARITY.name, "window": i.get_expiry(), "text": repr(i), "key": i.key_for("127.0.0.1", "index")} for i in items]
        except ValueError:
            read = None
        yield {"text": text, "rates": read}


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Storage(MemoryStorage):
    """Expires when it is told to, not by a timer of its own."""

    def _MemoryStorage__schedule_expiry(self):
        pass

    def expire(self):
        self._MemoryStorage__expire_events()


def memory():
    rng = random.Random(5)
    real, clock = time.time, Clock()
    for strategy in ["fixed-window", "moving-window", "sliding-window-counter"]:
        for _ in range(30):
            clock.now = 1_800_000_000 + rng.random() * 1000
            time.time = clock
            try:
                storage = Storage()
                storage.timer.cancel()
                limiter = STRATEGIES[strategy](storage)
                text = f"{rng.choice([1, 2, 3, 5, 10, 40])} per {rng.choice([1, 1, 2, 7])} {rng.choice(['second', 'minute', 'hour'])}"
                item = parse_many(text)[0]
                steps = []
                for _ in range(40):
                    clock.now += rng.choice([0.001, 0.01, 0.1, 0.1, 0.5, 1.5]) * item.get_expiry() / rng.choice([1, 3, item.amount]) * rng.random()
                    storage.expire()
                    do, cost = rng.choice(["hit", "hit", "hit", "test", "window"]), rng.choice([1, 1, 1, 1, 2, 3, 50])
                    key = rng.choice(["a", "a", "a", "b"])
                    step = {"at": clock.now, "do": do, "key": key}
                    if do == "window":
                        window = limiter.get_window_stats(item, key)
                        step["answer"] = {"reset": window.reset_time, "remaining": window.remaining}
                    else:
                        step["cost"] = cost
                        step["answer"] = bool(getattr(limiter, do)(item, key, cost=cost))
                    steps.append(step)
                yield {"strategy": strategy, "rate": text, "steps": steps}
            finally:
                time.time = real


FLAGS = {"application": ExemptionScope.APPLICATION, "meta": ExemptionScope.META, "default": ExemptionScope.DEFAULT, "descendents": ExemptionScope.DESCENDENTS, "ancestors": ExemptionScope.ANCESTORS}


def flags(names):
    combined = ExemptionScope.NONE
    for name in names:
        combined |= FLAGS[name]
    return combined


def header(name):
    return lambda: flask.request.headers.get(name, "")


def arguments(told):
    """The keyword arguments of a limit, from how it is written down."""
    known = {}
    for name, value in told.items():
        if name == "key":
            known["key_func"] = header(value)
        elif name == "exempt_when":
            known["exempt_when"] = lambda value=value: value in flask.request.headers
        elif name == "deduct_when":
            known["deduct_when"] = lambda response, value=value: response.status_code == value
        elif name == "cost_by":
            known["cost"] = lambda value=value: int(flask.request.headers.get(value, 1))
        elif name == "scope_by":
            known["scope"] = lambda endpoint, value=value: value + endpoint
        elif name == "dynamic":
            known["limit_value"] = lambda value=value: flask.request.headers.get(value, "")
        elif name == "on_breach":
            known["on_breach"] = lambda limit, value=value: flask.Response(value, status=420)
        elif name == "rates":
            known["limit_value"] = value
        elif name != "shared":
            known[name] = value
    return known


def definition(kind, told):
    known = arguments(told)
    if "key_func" in known:
        known["key_function"] = known.pop("key_func")
    known["limit_provider"] = known.pop("limit_value")
    known.pop("override_defaults", None)
    return kind(**known)


def make(told):
    app = flask.Flask("limiter", static_folder="static", static_url_path="/static")
    app.config.update({"PROPAGATE_EXCEPTIONS": False, "RATELIMIT_HEADERS_ENABLED": True, "RATELIMIT_STORAGE_URI": "memory://"} | told["config"])
    limiter = Limiter(
        header("X-Who"),
        default_limits=[definition(Limit, limit) for limit in told["default"]],
        application_limits=[definition(ApplicationLimit, limit) for limit in told["application"]],
        meta_limits=[definition(MetaLimit, limit) for limit in told["meta"]],
        fail_on_first_breach=told["fail_on_first_breach"],
        key_prefix=told["key_prefix"],
    )

    def status():
        return "text", int(flask.request.headers.get("X-Status", 200))

    def view(name):
        function = lambda: status()
        function.__name__ = name
        function.__qualname__ = name
        for limit in told["views"].get(name, []):
            known = arguments(limit)
            scope = known.get("scope")
            if limit.get("shared"):
                function = limiter.shared_limit(known.pop("limit_value"), known.pop("scope"), **known)(function)
            else:
                function = limiter.limit(known.pop("limit_value"), **known)(function)
        if name in told["exempt"]:
            limiter.exempt(function, flags=flags(told["exempt"][name]))
        return function

    for name in ["index", "one", "two"]:
        app.add_url_rule(f"/{name}", name, view(name), methods=["GET", "POST"])
    outer = flask.Blueprint("outer", "outer", url_prefix="/outer")
    inner = flask.Blueprint("inner", "inner", url_prefix="/inner")
    for blueprint, name in [(outer, "x"), (outer, "y"), (inner, "z"), (inner, "w")]:
        blueprint.add_url_rule(f"/{name}", name, view(name))
    for blueprint in [outer, inner]:
        for limit in told["blueprints"].get(blueprint.name, []):
            known = arguments(limit)
            limiter.limit(known.pop("limit_value"), **known)(blueprint)
        if blueprint.name in told["exempt_blueprints"]:
            limiter.exempt(blueprint, flags=flags(told["exempt_blueprints"][blueprint.name]))
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    limiter.init_app(app)
    return app


PATHS = ["/index", "/one", "/two", "/outer/x", "/outer/y", "/outer/inner/z", "/outer/inner/w", "/missing", "/static/none"]


def ask(app, request):
    answer = app.test_client().open(request["path"], method=request["method"], headers=request["headers"])
    fields = {name.lower(): answer.headers[name] for name in ["X-RateLimit-Limit", "X-RateLimit-Remaining"] if name in answer.headers}
    told = {"status": answer.status_code, "fields": fields, "retry": "Retry-After" in answer.headers}
    if answer.status_code in (420, 429):
        told["text"] = answer.text
    return told


class Rates:
    """Rates of which no two have the same granularity: their order would be that of a set of Python's."""

    def __init__(self, rng):
        self.rng = rng
        self.left = [g for g in GRANULARITIES if g not in ("second", "minute")] + ["minute"]
        rng.shuffle(self.left)

    def one(self):
        return f"{self.rng.choice([1, 2, 3, 4, 6])} per {self.rng.choice([30, 60]) if self.left[-1] == 'minute' else 1} {self.left.pop()}"

    def some(self):
        return "; ".join(self.one() for _ in range(min(len(self.left), self.rng.choice([1, 1, 2])) or 1)) if self.left else None


def conditions(rng, many):
    made = {}
    for _ in range(rng.choice([0, 0, 1, 2]) if many else rng.choice([0, 0, 1])):
        made |= rng.choice([
            {"per_method": True}, {"methods": ["POST"]}, {"methods": ["get", "POST"]}, {"key": "X-Other"}, {"exempt_when": "X-Free"}, {"deduct_when": 200}, {"deduct_when": 403}, {"cost": 2}, {"cost_by": "X-Cost"},
            {"error_message": "slow down"}, {"on_breach": "breached"},
        ])
    return made


def apps():
    rng = random.Random(4)
    for _ in range(150):
        rates = Rates(rng)
        limit = lambda many=True: {"rates": text} | conditions(rng, many) if (text := rates.some()) else None
        told = {
            "config": {}, "default": [], "application": [], "meta": [], "views": {}, "exempt": {}, "blueprints": {}, "exempt_blueprints": {}, "fail_on_first_breach": rng.random() < 0.7, "key_prefix": rng.choice(["", "", "app"]),
        }
        kinds = ["default", "view", "view", "blueprint", "blueprint", "application", "inner"]
        rng.shuffle(kinds)
        for kind in kinds[: rng.choice([1, 2, 3, 4])]:
            made = limit()
            if not made:
                break
            if kind in ("default", "application"):
                if rng.random() < 0.3:
                    key = "RATELIMIT_DEFAULT" if kind == "default" else "RATELIMIT_APPLICATION"
                    told["config"][key] = made["rates"]
                    if rng.random() < 0.5:
                        told["config"][key + ("S_PER_METHOD" if kind == "default" else "_PER_METHOD")] = True
                    if rng.random() < 0.3:
                        told["config"][key + ("S_COST" if kind == "default" else "_COST")] = 2
                else:
                    made.pop("on_breach", None)
                    told[kind].append(made)
            elif kind == "view":
                made |= rng.choice([{}, {}, {"scope": "own"}, {"scope": "both", "shared": True}, {"scope_by": "by-"}, {"override_defaults": False}, {"override_defaults": False}])
                if rng.random() < 0.1:
                    made.pop("rates")
                    made["dynamic"] = "X-Rate"
                for view in rng.sample(["index", "one", "x", "z"], rng.choice([1, 2])):
                    told["views"].setdefault(view, []).append(made)
            else:
                made |= rng.choice([{}, {}, {"override_defaults": False}])
                made.pop("deduct_when", None)
                told["blueprints"].setdefault("inner" if kind == "inner" else "outer", []).append(made)
        if rng.random() < 0.15:
            told["meta"].append({"rates": "2 per 2 days"})
        if rng.random() < 0.3:
            view = rng.choice(["index", "two", "y", "z"])
            told["exempt"][view] = rng.choice([["application", "default", "meta"], ["application"], ["default"], ["meta"]])
        if rng.random() < 0.3:
            names = ["application", "default", "meta", "descendents", "ancestors"]
            told["exempt_blueprints"][rng.choice(["outer", "inner"])] = rng.sample(names, rng.choice([1, 2, 3]))
        app = make(told)
        paths = rng.sample(PATHS[:7], 3) + [rng.choice(PATHS)]
        asked = []
        for _ in range(22):
            headers = {"X-Who": rng.choice(["ann", "ann", "ann", "bob", ""])}
            for name, values in [("X-Other", ["k"]), ("X-Free", ["1"]), ("X-Status", ["200", "403"]), ("X-Cost", ["1", "3"]), ("X-Rate", ["2/day", "", "nonsense"])]:
                if rng.random() < (0.8 if name in ("X-Other", "X-Rate") else 0.25):
                    headers[name] = rng.choice(values)
            request = {"method": rng.choice(["GET", "GET", "GET", "POST", "HEAD"]), "path": rng.choice(paths), "headers": headers}
            asked.append(request | {"expect": ask(app, request)})
        yield told | {"requests": asked}


def write(path, cases):
    lines = ",\n".join(json.dumps(case) for case in cases)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def main(output):
    write(Path(output, "rates.json"), rates())
    write(Path(output, "memory.json"), memory())
    made = list(apps())
    write(Path(output, "apps-1.json"), made[:75])
    write(Path(output, "apps-2.json"), made[75:])


if __name__ == "__main__":
    main(sys.argv[1])
