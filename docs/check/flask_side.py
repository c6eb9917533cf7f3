"""Runs a module of the guide: the answers of its Flask application, as JSON on standard output.

Standard input says what to do: ``folder`` is where the module ``app.py`` and its files lie, ``asks`` is what to ask. Functions whose names begin with
``test_`` are called.
"""

import importlib
import io
import json
import os
import sys

from flask.cli import load_dotenv


def body(content, last):
    kind, value = content["kind"], content.get("text")
    if kind == "json":
        return {"data": value, "content_type": "application/json"}
    if kind == "form":
        return {"data": value.replace("…", last), "content_type": "application/x-www-form-urlencoded"}
    if kind == "multipart":
        data = {name: value for name, value in content["fields"]}
        for name, filename, text in content["files"]:
            data[name] = (io.BytesIO(text.encode()), filename, "text/plain")
        return {"data": data}
    return {}


def main():
    task = json.load(sys.stdin)
    os.chdir(task["folder"])
    sys.path.insert(0, task["folder"])
    # As `flask run` does.
    load_dotenv()
    module = importlib.import_module("app")
    answers = []
    if hasattr(module, "create_app") or hasattr(module, "app"):
        app = module.create_app() if hasattr(module, "create_app") else module.app
        client = app.test_client()
        last = ""
        for ask in task["asks"]:
            if "command" in ask:
                result = app.test_cli_runner().invoke(args=ask["command"])
                answers.append({"status": None, "headers": [], "body": result.output})
                continue
            response = client.open(
                ask["target"], method=ask["method"], headers=ask["headers"], **body(ask["content"], last)
            )
            headers = [[name.lower(), value] for name, value in response.headers.items()]
            answers.append({"status": response.status_code, "headers": headers, "body": response.text})
            last = response.text
            response.close()
    for name in dir(module):
        if name.startswith("test_"):
            getattr(module, name)()
    json.dump(answers, sys.stdout)


main()
