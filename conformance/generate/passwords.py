"""Vectors for password hashes, from Werkzeug. Usage: python passwords.py OUTPUT_FOLDER"""

import json
import pathlib
import random
import sys

import werkzeug.security
from werkzeug.security import check_password_hash, generate_password_hash

PASSWORDS = ["correct horse", "", "pässwörd 😀", "with $ and : inside", "x" * 200, "\x00nul"]
METHODS = [
    "scrypt",
    "scrypt:16384:8:1",
    "scrypt:1024:8:1",
    "scrypt:1024:2:4",
    "scrypt:64:8:3",
    "scrypt:512:16:2",
    "scrypt:4096:4:2",
    "pbkdf2:sha256:1000",
    "pbkdf2:sha512:1000",
    "pbkdf2:sha1:10",
    "pbkdf2:sha1:1",
    "pbkdf2:sha224:7",
    "pbkdf2:sha384:7",
    "pbkdf2:sha256:50000",
]


def verdict(stored, password):
    try:
        return check_password_hash(stored, password)
    except (ValueError, TypeError, OverflowError) as error:
        # Beside Werkzeug's own sentences there are those of Python and of OpenSSL.
        ours = "'" in str(error) and "int()" not in str(error)
        return {"error": str(error) if ours else "parameters that cannot be used"}


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(27)
    # The salts come from a seeded source, so that the file is the same every time.
    werkzeug.security.secrets.choice = rng.choice

    rows = []
    for number, method in enumerate(METHODS):
        for password in PASSWORDS:
            if method in ("scrypt", "scrypt:16384:8:1", "pbkdf2:sha256:50000") and len(rows) % 3:
                password = PASSWORDS[0]
            stored = generate_password_hash(password, method, salt_length=1 + (number * 5) % 32)
            rows.append([stored, password])
    rows.append([generate_password_hash("default", "pbkdf2"), "default"])
    rows.append(
        [
            "pbkdf2:sha256:50000$TCI4GzcX$0de171a4f4dac32e3364c7ddc7c14f3e2fa61f2d17574483f7ffbb431b4acb2f",
            "test",
        ]
    )
    good = [row for row in rows if row[0].startswith(("scrypt:64:", "pbkdf2:sha1:10$"))]
    for stored, password in good:
        rows += [
            [stored, password + "x"],
            [stored, password.upper() + "!"],
            [stored.upper(), password],
            [stored[:-1], password],
            [stored + "0", password],
            [stored.rpartition("$")[0] + "$" + stored.rpartition("$")[2].upper(), password],
            [stored.rpartition("$")[0], password],
            [stored.replace("$", "$$", 1), password],
        ]
    one = good[0][0].partition("$")[2]
    for method in [
        "plain",
        "md5",
        "sha256",
        "",
        "argon2",
        "scrypt:1:2",
        "scrypt:a:b:c",
        "scrypt:16:2:3:4",
        "scrypt:15:8:1",
        "scrypt:0:8:1",
        "scrypt:1:8:1",
        "scrypt:16:0:1",
        "scrypt:16:8:0",
        "scrypt:-16:8:1",
        "pbkdf2:sha256:0",
        "pbkdf2:sha256:-1",
        "pbkdf2:sha256:x",
        "pbkdf2:sha256:1:2",
        "pbkdf2:nonsense:10",
    ]:
        rows.append([f"{method}${one}", "correct horse"])
    for stored in ["", "$", "$$", "plain", "scrypt", "scrypt$salt"]:
        rows.append([stored, ""])

    out = [{"hash": h, "password": p, "check": verdict(h, p)} for h, p in dict.fromkeys(map(tuple, rows))]
    text = "[\n" + ",\n".join(json.dumps(row) for row in out) + "\n]\n"
    (folder / "checks.json").write_text(text)


if __name__ == "__main__":
    main()
