"""Writes the tables that carboy-http takes over from CPython as Rust source.

    python conformance/generate/tables.py crates/carboy-http/src
"""

import codecs
import encodings.aliases
import mimetypes
import os
import pkgutil
import sys

# Source, not vectors: made by hand when the Python version changes.
AREA = None


def write(folder, name, origin, tables):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(f"// Made by conformance/generate/tables.py from CPython's `{origin}`.\n")
        for constant, comment, pairs in tables:
            file.write(f"\n/// {comment}\n#[rustfmt::skip]\n")
            file.write(f"static {constant}: &[(&str, &str)] = &[\n")
            for key, value in sorted(pairs.items()):
                file.write(f'    ("{key}", "{value}"),\n')
            file.write("];\n")


def charsets():
    names = set(encodings.aliases.aliases)
    names.update(module.name for module in pkgutil.iter_modules(encodings.__path__))
    found = {}
    for name in names:
        try:
            found[encodings.normalize_encoding(name).lower()] = codecs.lookup(name).name
        except LookupError:
            pass  # exists on another operating system only
    return found


def main(folder):
    # The built-in tables, not those of the machine.
    types = mimetypes.MimeTypes()
    write(
        folder,
        "mime_table.rs",
        "mimetypes",
        [
            ("TYPES", "Media types by extension in lower case, sorted.", types.types_map[True]),
            ("ENCODINGS", "Content encodings by extension, sorted.", types.encodings_map),
            ("SUFFIXES", "Short extensions and what they stand for, sorted.", types.suffix_map),
        ],
    )
    write(
        os.path.join(folder, "headers"),
        "charset_aliases.rs",
        "codecs",
        [("CHARSET_ALIASES", "Canonical names of charsets by every name, sorted.", charsets())],
    )


if __name__ == "__main__":
    main(sys.argv[1])
