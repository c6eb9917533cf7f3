"""Writes WTForms' own translations as Rust source.

    python conformance/generate/catalogues.py crates/carboy-ext/src/validation/catalogues.rs
"""

import gettext
import re
import sys
from pathlib import Path

import wtforms

# Source, not vectors: made by hand when the version of WTForms changes.
AREA = None


def rust(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def plural(rule):
    """The expression of a Plural-Forms header as the Rust body of a function."""
    rule = rule.strip().rstrip(";").strip()
    while rule.startswith("(") and rule.endswith(")") and balanced(rule[1:-1]):
        rule = rule[1:-1].strip()
    depth = 0
    for at, c in enumerate(rule):
        depth += {"(": 1, ")": -1}.get(c, 0)
        if c == "?" and depth == 0:
            test, rest = rule[:at].strip(), rule[at + 1:]
            depth = nested = 0
            for split, c in enumerate(rest):
                depth += {"(": 1, ")": -1}.get(c, 0)
                if depth == 0 and c == "?":
                    nested += 1
                elif depth == 0 and c == ":":
                    if nested == 0:
                        break
                    nested -= 1
            return f"if {condition(test)} {{ {plural(rest[:split])} }} else {{ {plural(rest[split + 1:])} }}"
    return rule if rule.isdigit() else f"usize::from({condition(rule)})"


def balanced(text):
    depth = 0
    for c in text:
        depth += {"(": 1, ")": -1}.get(c, 0)
        if depth < 0:
            return False
    return depth == 0


def condition(text):
    text = text.strip()
    while text.startswith("(") and text.endswith(")") and balanced(text[1:-1]):
        text = text[1:-1].strip()
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s*(==|!=|>=|<=|&&|\|\||(?<![<>=!])[<>](?!=)|%)\s*", r" \1 ", text)
    return re.sub(r"\b(n|n % \d+) >= (\d+) && \1 <= (\d+)", r"(\2..=\3).contains(&(\1))", text).replace("(&(n))", "(&n)")


def main(target):
    folder = Path(wtforms.__file__).parent / "locale"
    lines = [
        "// Made by conformance/generate/catalogues.py from the catalogues of WTForms.",
        "",
        "use super::messages::Catalogue;",
        "",
        "/// Locale, which form stands for a number, and the messages with their forms, sorted.",
        "#[rustfmt::skip]",
        "pub(super) static CATALOGUES: &[Catalogue] = &[",
    ]
    for path in sorted(folder.glob("*/LC_MESSAGES/wtforms.mo")):
        locale = path.parent.parent.name
        with path.open("rb") as file:
            catalogue = gettext.GNUTranslations(file)
        forms = {}
        for key, value in catalogue._catalog.items():
            message, form = key if isinstance(key, tuple) else (key, 0)
            if message and value:
                forms.setdefault(message, {})[form] = value
        if not forms:
            continue
        header = catalogue._info.get("plural-forms", "plural=(n != 1)")
        rule = plural(header.split("plural=", 1)[1])
        name = "_" if "n" not in rule.replace("usize::from", "") else "n"
        lines.append(f"    ({rust(locale)}, |{name}| {rule}, &[")
        for message in sorted(forms, key=lambda text: text.encode()):
            values = ", ".join(rust(forms[message][form]) for form in sorted(forms[message]))
            lines.append(f"        ({rust(message)}, &[{values}]),")
        lines.append("    ]),")
    lines.append("];")
    Path(target).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
