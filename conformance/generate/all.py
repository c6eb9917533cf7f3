"""Makes all vectors, or those of the areas named.

Usage: python all.py OUTPUT_FOLDER [AREA ...]

Every script here whose name does not start with an underscore makes the files of one area in OUTPUT_FOLDER/AREA. The area is
the script's name, unless the script says `AREA = "other-name"` at its top level; `AREA = None` makes no vectors and is left out.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def area(script):
    for statement in ast.parse(script.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and [t.id for t in statement.targets if isinstance(t, ast.Name)] == ["AREA"]:
            return ast.literal_eval(statement.value)
    return script.stem


def scripts():
    found = [s for s in HERE.glob("*.py") if s.name != "all.py" and not s.name.startswith("_")]
    return sorted((name, script) for script in found if (name := area(script)) is not None)


def main(output, wanted):
    known = {name for name, _ in scripts()}
    if unknown := sorted(set(wanted) - known):
        sys.exit(f"no script makes {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    # Nothing of the machine or of the moment may reach a vector.
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    fixed = kept | {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    for name, script in scripts():
        if wanted and name not in wanted:
            continue
        folder = Path(output).resolve() / name
        folder.mkdir(parents=True, exist_ok=True)
        print(f"{name}: {script.name}", flush=True)
        done = subprocess.run([sys.executable, str(script), str(folder)], env=fixed, cwd=HERE, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{script.name} failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
