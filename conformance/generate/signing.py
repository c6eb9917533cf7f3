"""Vectors for carboy-signing, from ItsDangerous. Usage: python signing.py OUTPUT_FOLDER"""

import base64
import hashlib
import json
import pathlib
import random
import re
import sys

import itsdangerous
from itsdangerous.encoding import base64_decode, base64_encode

NOW = 1_700_000_000
DIGESTS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha512": hashlib.sha512}
DERIVATIONS = ["concat", "django-concat", "hmac", "none"]


def b64(data):
    return None if data is None else base64.b64encode(data).decode()


class FrozenSigner(itsdangerous.TimestampSigner):
    now = NOW

    def get_timestamp(self):
        return type(self).now


class Frozen(itsdangerous.URLSafeTimedSerializer):
    default_signer = FrozenSigner


class FrozenPlain(itsdangerous.TimedSerializer):
    default_signer = FrozenSigner


def outcome(load):
    """What Python says to a token."""
    try:
        result = load()
    except itsdangerous.BadData as error:
        signed = getattr(error, "date_signed", None)
        payload = getattr(error, "payload", None)
        return {
            "error": type(error).__name__,
            "message": str(error),
            "payload": b64(payload),
            "date_signed": None if signed is None else int(signed.timestamp()),
        }
    if isinstance(result, bytes):
        return {"value": b64(result)}
    return {"value": result}


def signers():
    values = [b"", b"hello", b"a.b.c", b"\x00\xff binary", "grüße 😀".encode(), b"x" * 300]
    salts = [b"itsdangerous.Signer", b"salt", b"", "sälz".encode()]
    secrets = [b"secret-key", b"", b"\x00\x01\xfe", b"k" * 200]
    rows = []
    for digest, function in DIGESTS.items():
        for derivation in DERIVATIONS:
            for number, value in enumerate(values):
                salt = salts[number % len(salts)]
                secret = secrets[(number + len(rows)) % len(secrets)]
                signer = itsdangerous.Signer(
                    secret, salt=salt, key_derivation=derivation, digest_method=function
                )
                rows.append(
                    {
                        "digest": digest,
                        "derivation": derivation,
                        "salt": b64(salt),
                        "secret": b64(secret),
                        "separator": ".",
                        "value": b64(value),
                        "derived": b64(signer.derive_key()),
                        "signed": b64(signer.sign(value)),
                    }
                )
    for separator in [":", "/", "::", "~", "a!", "§"]:
        signer = itsdangerous.Signer("secret-key", salt="salt", sep=separator)
        rows.append(
            {
                "digest": "sha1",
                "derivation": "django-concat",
                "salt": b64(b"salt"),
                "secret": b64(b"secret-key"),
                "separator": separator,
                "value": b64(b"hello"),
                "derived": b64(signer.derive_key()),
                "signed": b64(signer.sign(b"hello")),
            }
        )
    return rows


VALUES = [
    None,
    True,
    0,
    -1,
    2**53,
    -(2**63),
    2**64 - 1,
    1.5,
    1.0,
    -0.0,
    0.1,
    1e16,
    1e-07,
    123456789012345680.0,
    5e-324,
    1.7976931348623157e308,
    0.0001,
    0.00001,
    1e15,
    9999999999999998.0,
    "",
    "text",
    "é",
    "日本語 😀 \u2028 \x7f \x00 \" \\ / <script>",
    "\b\f\n\r\t\x1f",
    [],
    {},
    [1, 2, 3],
    [[], {}, [[]]],
    {"id": 5},
    {"id": 5, "name": "itsdangerous"},
    {"name": "é"},
    {"b": 1, "a": {"d": [1.5, None], "c": ""}},
    {"a": "x" * 100},
    {"list": list(range(60))},
    {"words": ["alpha", "beta", "gamma"] * 20},
    "a" * 10,
    "a" * 11,
    "a" * 12,
    "a" * 13,
    "a" * 14,
    "ab" * 7,
    "user@example.org",
    {"a": {"b": {"c": {"d": {"e": "f"}}}}},
]


def random_value(rng, depth=0):
    kind = rng.randrange(8 if depth < 3 else 6)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind == 1:
        return rng.randint(-(2**40), 2**40)
    if kind == 2:
        return rng.uniform(-1e6, 1e6)
    if kind < 6:
        return "".join(rng.choices("abcxyz 09-_./<>é日😀\"\\\n", k=rng.randint(0, 24)))
    if kind == 6:
        return [random_value(rng, depth + 1) for _ in range(rng.randint(0, 5))]
    return {rng.choice(["id", "name", "next", "é", "roles", "x"]) + str(n): random_value(rng, depth + 1) for n in range(rng.randint(0, 4))}


def serializers():
    """Tokens that Python made; ours must read them, and make the same ones unless they are compressed."""
    rows = []
    rng = random.Random(77)
    for number, value in enumerate(VALUES + [random_value(rng) for _ in range(40)]):
        for kind in ("plain", "plain-timed", "url-safe", "url-safe-timed"):
            salt = [None, "activate", "cookie-session"][number % 3]
            secret = ["secret-key", "dev", "schlüssel"][(number // 3) % 3]
            digest = list(DIGESTS)[(number // 2) % 3]
            derivation = DERIVATIONS[(number // 5) % 4]
            cls = {
                "plain": itsdangerous.Serializer,
                "plain-timed": FrozenPlain,
                "url-safe": itsdangerous.URLSafeSerializer,
                "url-safe-timed": Frozen,
            }[kind]
            serializer = cls(
                secret,
                salt=salt or b"itsdangerous",
                signer_kwargs={"digest_method": DIGESTS[digest], "key_derivation": derivation},
            )
            token = serializer.dumps(value)
            assert serializer.loads(token) == value
            rows.append(
                {
                    "kind": kind,
                    "secret": secret,
                    "salt": salt,
                    "digest": digest,
                    "derivation": derivation,
                    "value": value,
                    "token": token,
                    "compressed": kind.startswith("url") and token.startswith("."),
                }
            )
    return rows


def timestamps():
    """Signed at `signed`, read at `now` with `max_age`."""
    rows = []
    for signed in [0, 1, 255, 256, 65535, 65536, NOW, 2**32, 2**33 + 7, 253402300799]:
        for offset in [-86400, -10, -1, 0, 1, 99, 100, 101, 86400]:
            for max_age in [None, 0, 100]:
                now = signed + offset
                if now < 0:
                    continue
                FrozenSigner.now = signed
                token = FrozenSigner("secret-key").sign(b"hello")
                FrozenSigner.now = now
                rows.append(
                    {
                        "signed": signed,
                        "now": now,
                        "max_age": max_age,
                        "token": token.decode(),
                        "outcome": outcome(
                            lambda: FrozenSigner("secret-key").unsign(token, max_age=max_age)
                        ),
                    }
                )
    FrozenSigner.now = NOW
    return rows


def rotation():
    keys = ["oldest", "older", "old", "current"]
    rows = []
    for signing in keys + ["stranger"]:
        token = Frozen(signing).dumps({"by": signing})
        for count in range(1, len(keys) + 1):
            accepted = keys[-count:]
            serializer = Frozen(accepted)
            rows.append(
                {
                    "keys": accepted,
                    "token": token,
                    "outcome": outcome(lambda: serializer.loads(token)),
                    "signs": serializer.dumps({"x": 1}),
                }
            )
    return rows


def canonical_timestamp(token):
    """Whether what stands where the timestamp should is base64 as Python writes it, or no base64 for Python either."""
    parts = token.encode().rsplit(b".", 2)
    if len(parts) < 3:
        return True
    try:
        return base64_encode(base64_decode(parts[1])) == parts[1]
    except itsdangerous.BadData:
        return True


def hostile():
    """Tokens that were tampered with."""
    rng = random.Random(20231114)
    alphabet = "ABab01-_.=+/ é\n%"
    originals = [
        Frozen("secret-key").dumps({"id": 5}),
        Frozen("secret-key").dumps({"a": "x" * 100}),
        Frozen("secret-key").dumps("é"),
        Frozen("secret-key").dumps([1, 2, {"k": None}]),
    ]
    tokens = list(originals)
    for original in originals:
        for cut in range(0, len(original), 7):
            tokens.append(original[:cut])
        tokens += [original + "=", original + "==", original + ".", "." + original, original + "\n"]
        tokens += [original.replace(".", "", 1), original.replace(".", "..", 1), original.upper()]
        tokens += [original.replace("-", "+").replace("_", "/"), original + "é"]
        for _ in range(60):
            at = rng.randrange(len(original))
            how = rng.randrange(3)
            char = rng.choice(alphabet)
            if how == 0:
                tokens.append(original[:at] + char + original[at + 1 :])
            elif how == 1:
                tokens.append(original[:at] + char + original[at:])
            else:
                tokens.append(original[:at] + original[at + 1 :])
        # The last character of a signature carries two bits that say nothing.
        for char in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
            if rng.randrange(3) == 0:
                tokens.append(original[:-1] + char)
    tokens += ["", ".", "..", "...", "a", "a.b", "a.b.c", "=", "💥", "a." * 50]

    # A right signature around something wrong.
    signer = FrozenSigner("secret-key", salt=b"itsdangerous")
    plain = itsdangerous.Signer("secret-key", salt=b"itsdangerous")
    for payload in [
        b"",
        b".",
        b"!",
        b"A",
        b"eyJ",
        base64_encode(b"{"),
        base64_encode(b"\xff"),
        base64_encode(b"[1,]"),
        base64_encode(b"{}trailing"),
        b"." + base64_encode(b"{}"),
        b"." + base64_encode(b"x\x9c"),
        b".eJyrVkpUslKqoANQqgUAPCcw",
        b".eJyrVkpUslKqoANQqgUAPCcw_A",
    ]:
        tokens.append(signer.sign(payload).decode())
        tokens.append(plain.sign(payload).decode())
    for stamp in [b"", b"!", b"AAAAAAAAAAAA", b"ZVPxAA", b"ZVPxA"]:
        tokens.append(plain.sign(base64_encode(b"{}") + b"." + stamp).decode())
    # Its signature is wrong and its timestamp lies beyond the year 9999.
    tokens.append("e30." + base64_encode(b"\xff" * 8).decode() + ".AAAA")
    tokens.append("e30." + base64_encode((253402300800).to_bytes(8, "big").lstrip(b"\0")).decode() + ".AAAA")

    rows = []
    serializer = Frozen("secret-key")
    for token in dict.fromkeys(tokens):
        result = outcome(lambda: serializer.loads(token, max_age=3600))
        canonical = False
        if "value" in result:
            payload = serializer.make_signer().unsign(token)
            canonical = serializer.make_signer().sign(payload).decode() == re.sub("={1,2}$", "", token)
            canonical = canonical and not set(payload.decode()) & set("+/=")
        try:
            unsafe = list(serializer.loads_unsafe(token))
        except itsdangerous.BadPayload:
            unsafe = None  # "never fails", says its documentation, and yet
        row = {"token": token, "outcome": result, "unsafe": unsafe}
        if result.get("error") == "BadPayload":
            # The words are those of Python's JSON and zlib.
            del result["message"]
        if "value" in result and not canonical:
            row["differs"] = "a token has one spelling; Python's base64 looks over what it does not know"
        elif not canonical_timestamp(token):
            row["differs"] = "a timestamp has one spelling; Python reads something into it"
        rows.append(row)
    return rows


def write(folder, name, rows):
    text = "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"
    (folder / f"{name}.json").write_text(text)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    write(folder, "signers", signers())
    write(folder, "serializers", serializers())
    write(folder, "timestamps", timestamps())
    write(folder, "rotation", rotation())
    write(folder, "hostile", hostile())


if __name__ == "__main__":
    main()
