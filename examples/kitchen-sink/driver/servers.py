"""The two servers under comparison."""

import os
import pathlib
import re
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent.parent


class Server:
    def __init__(self, command, settings):
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("SINK_", "FLASK_"))}
        environment |= {f"SINK_{name}": value for name, value in settings.items()} | {"RUST_LOG": "off"}
        self.process = subprocess.Popen(command, cwd=FOLDER, env=environment, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if found := re.search(r"Running on http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
                return
        raise SystemExit(f"{command[0]} ended without saying where it listens")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def flask(settings):
    return Server([sys.executable, "-m", "twin"], settings)


def carboy(binary, settings):
    return Server([binary, "run", "--port", "0", "--workers", "1"], settings)
