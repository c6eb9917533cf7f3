"""Vectors for JSON Web Tokens: attacks, and what PyJWT and joserfc answer. Usage: python json_web_tokens.py OUTPUT_FOLDER"""

import base64
import hashlib
import hmac
import json
import pathlib
import sys
import warnings

import jwt
import jwt.api_jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, utils
from joserfc import errors as jose_errors
from joserfc import jwt as jose
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

AREA = "jwt"
NOW = 1_700_000_000
# A key that signs nothing but this.
RSA_PEM = """-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC9Tar/6rkl9bVd
Hj2aOnnJoRutbo3CD5lovQVU9Hhk73R18QKNvAPnvSrHVhHlpKpvBraI0ojLoL0w
ziMZT7SINuwAeS9juFM20g6kKIp26f/AukWQKcDVnpdNzajinBg5QLsj4ez+Xag4
AUI04lKQ74YPDHk60d0hT2GH6vpQTRPvEt+sUCRwSBQ+tExn2ut4p3FmPYEYdThs
WeKf+zC7jXSssH1Vp4diQrR8TXg75/bsPFieCccHC7jB7Pm+NQiVf/uqOE+xoUGr
1jdH1ld2AQIX77hBWa60wTEYWwtQcSjpZoc/Ls5KmUQSdEVDZq9VLyScHYeHgTVp
C6Hnda2RAgMBAAECggEAECDurZTCVxte6zLhJUOPrk/pc4ackdjx5WRbcLBOlKz5
M3ZIFSrce1FY9HhfGH2F3uVHxpMHgC/vBpo9j9HEbCmfxG+Oy9R/1Icjo7VnjLel
qHZGaIDCMwEq24Bm//20K6aZ+zXr0wVISJNE4Iwa5EngFmal6o7IZCbnBKVO0+oD
szWTvSpVac4gWO2FaiLYc71O6IlTanx5Z1KjIP6+ExIS8mCufT8Yez9VdW344NAW
hziyLIk+psxaiA/2pRaigWpsZdEV7rUB95wzlyVKu0dcHqW6ZKSAvc8HLw0KBiit
+YVPNNKJlSJMQHwP1Lul+X75htQfUeuW4c9FzbR2sQKBgQDo2aPbURMd0E5ve5Ao
WEZDU+BfXEckIhpXP7YHULLc9imDPjNLpIPL5uWpFyA0PBTirdlIcniWYAAEees3
H2pqDjcWjASWInSD2LFA55EswenjgtMkWZ9o/FQPOj/+lgCpS8fIGvLH/qRy0YyA
c9/wZxyoYnCsEAlwJb3CbkkZmQKBgQDQH7PEd+97pNJbXqNuhWtYJcwYbiakfiX6
ETui7zFDSTqiRFaHKocnPeQCdFIxaBgnxZ1lsA7lEjyNB0Jcb4hyH31aVqzdbs8u
mpKQDUTc65WVHtIwSO3As/psMab1+pra9RKDHxDCsswfJYsEQuQAUCdGpnbO1XKT
cWWGZJxeuQKBgFr3Y5czpjc4gNv2tsu8KL72zqoSf8xy8j1xq2hSM341QOR/8UQ0
4jRPYRtc6Hzfl/0yk7dE2S1OFdOp2aVwRX9nTEgnrUcF8OTtS9oiXUnR+9Cg9GG4
DZnTMfe89vE7osiAzWy0cnKFXbNpf+1S14KwlbaGtqPRpA5HAEosEazJAoGBALfh
eqP4T3fPvSeLKxxn9tqPso5XK/8jkYwqk6U2bjEDzzE07bpIodbTANQGT+RlEwp4
t8LzVYWgoiz8H+6pgEVMeyVI9TxDPfvwB9QMVS5XWvbAn3aXyK/8lCHpkJk9zHnu
E2gUF2veKyjNs9CVBPsd1kW+p7PAtJV+l/OwitPJAoGAAqYbfK1GVML9k2V0Jzhr
2/idk/q4RuDp3rBIqdqSbtRO84Kxwj0ff9JObuJOPT9XGMFNs2gqW+adfplmORjr
UBnkAHdtkazw8+a3grkoebyiVbrgcvEchkx0ZZbTG++bDRDcXTESfc9rVHSLzWfC
3gG6UfX0wwXffHdGxKnU2b0=
-----END PRIVATE KEY-----
"""

ED = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_ED = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
EC = ec.derive_private_key(12345678901234567890, ec.SECP256R1())
RSA = serialization.load_pem_private_key(RSA_PEM.encode(), None)
SECRET = b"a secret of more than thirty-two bytes, for HS256"


def private_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def public_pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


PUBLIC = {"EdDSA": public_pem(ED), "ES256": public_pem(EC), "RS256": public_pem(RSA), "HS256": SECRET.decode()}
JOSE = {
    "EdDSA": OKPKey.import_key(PUBLIC["EdDSA"]),
    "ES256": ECKey.import_key(PUBLIC["ES256"]),
    "RS256": RSAKey.import_key(PUBLIC["RS256"]),
}
KIDS = {name: key.thumbprint() for name, key in JOSE.items()}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signature(alg, message, key=None):
    """Deterministic, so that the same bytes are written every time."""
    match alg:
        case "EdDSA":
            return (key or ED).sign(message)
        case "ES256":
            r, s = utils.decode_dss_signature((key or EC).sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
            return r.to_bytes(32) + s.to_bytes(32)
        case "RS256":
            return (key or RSA).sign(message, padding.PKCS1v15(), hashes.SHA256())
        case "HS256":
            return hmac.digest(key or SECRET, message, hashlib.sha256)


def dumps(value):
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def token(claims, alg="EdDSA", header=None, key=None, sign_as=None):
    """Signs whatever it is given: texts are taken as they are."""
    header = {"alg": alg, "typ": "JWT"} if header is None else header
    signed = f"{b64(dumps(header).encode())}.{b64(dumps(claims).encode())}"
    return f"{signed}.{b64(signature(sign_as or alg, signed.encode(), key))}"


GOOD = {"sub": "7", "exp": NOW + 60, "iat": NOW}


class Clock(jwt.api_jwt.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(NOW, tz)


jwt.api_jwt.datetime = Clock


def pyjwt(text, alg, options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return {
                "claims": jwt.decode(
                    text,
                    PUBLIC[alg],
                    algorithms=[alg],
                    issuer=options.get("issuer"),
                    audience=options.get("audience"),
                    leeway=options.get("leeway", 0),
                    options={"require": ["exp"]},
                )
            }
        except jwt.PyJWTError as error:
            return {"error": type(error).__name__}
        except (UnicodeError, ValueError, RecursionError) as error:
            return {"error": type(error).__name__}


def attacks():
    g = GOOD
    for alg in PUBLIC:
        yield f"good {alg}", token(g, alg), alg, {}, None
    for alg in PUBLIC:
        yield f"good {alg} with what nobody knows", token({**g, "x": {"y": [1, 2.5, None, True, "é"]}}, alg), alg, {}, None
    # The signature.
    for alg in PUBLIC:
        good = token(g, alg)
        head, payload, mark = good.split(".")
        other = "A" if mark[5] != "A" else "B"
        yield f"a changed signature of {alg}", f"{head}.{payload}.{mark[:5]}{other}{mark[6:]}", alg, {}, None
        yield f"no signature of {alg}", f"{head}.{payload}.", alg, {}, None
        yield f"half a signature of {alg}", f"{head}.{payload}.{mark[: len(mark) // 8 * 4]}", alg, {}, None
        yield f"other claims under a signature of {alg}", f"{head}.{b64(dumps({**g, 'sub': '1'}).encode())}.{mark}", alg, {}, None
        yield f"another header over a signature of {alg}", f"{b64(dumps({'alg': alg}).encode())}.{payload}.{mark}", alg, {}, None
    yield "signed by another key", token(g, key=OTHER_ED), "EdDSA", {}, None
    yield "ES256 of zeros", token(g, "ES256").rsplit(".", 1)[0] + "." + b64(bytes(64)), "ES256", {}, None
    r, s = (token(g, "ES256").rsplit(".", 1)[1], None)
    raw = base64.urlsafe_b64decode(r + "==")
    der = utils.encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    yield "ES256 in DER", token(g, "ES256").rsplit(".", 1)[0] + "." + b64(der), "ES256", {}, None
    # The algorithm.
    for none in ["none", "None", "NONE", "nOnE", "", None]:
        for alg in ["EdDSA", "HS256"]:
            head = {"typ": "JWT"} if none is None else {"alg": none, "typ": "JWT"}
            text = f"{b64(dumps(head).encode())}.{b64(dumps(g).encode())}."
            yield f"alg {none} for a key of {alg}", text, alg, {}, None
    for alg in ["EdDSA", "ES256", "RS256"]:
        yield f"HS256 with the public key of {alg}", token(g, alg, {"alg": "HS256"}, PUBLIC[alg].encode(), "HS256"), alg, {}, None
        yield f"HS256 with the public key of {alg}, without its last newline", token(g, alg, {"alg": "HS256"}, PUBLIC[alg].strip().encode(), "HS256"), alg, {}, None
    yield "RS256 for a secret", token(g, "RS256"), "HS256", {}, None
    yield "EdDSA for an RSA key", token(g, "EdDSA"), "RS256", {}, None
    for other in ["RS512", "PS256", "HS512", "ES384", "ES256K", "eddsa", "EdDSA ", "Ed25519", "HS256,none", "A128KW", "dir"]:
        yield f"alg {other}", token(g, "EdDSA", {"alg": other}, None, "EdDSA"), "EdDSA", {}, None
    for odd in [5, ["EdDSA"], {"alg": "EdDSA"}, True]:
        yield f"alg {odd!r}", token(g, "EdDSA", {"alg": odd}, None, "EdDSA"), "EdDSA", {}, None
    # The header.
    header = {"alg": "EdDSA", "typ": "JWT"}
    theirs = {"kty": "OKP", "crv": "Ed25519", "x": b64(OTHER_ED.public_key().public_bytes_raw())}
    yield "an embedded jwk", token(g, header={**header, "jwk": theirs}, key=OTHER_ED), "EdDSA", {}, None
    yield "an embedded jku", token(g, header={**header, "jku": "http://127.0.0.1:9/keys"}, key=OTHER_ED), "EdDSA", {}, None
    yield "an embedded x5u", token(g, header={**header, "x5u": "http://127.0.0.1:9/chain"}, key=OTHER_ED), "EdDSA", {}, None
    yield "an embedded jwk beside a good signature", token(g, header={**header, "jwk": theirs}), "EdDSA", {}, None
    for critical in [["exp"], ["b64"], ["x"], [], "x", None, [5]]:
        yield f"crit {critical!r}", token(g, header={**header, "crit": critical, "x": 1}), "EdDSA", {}, None
    yield "b64 false", token(g, header={**header, "b64": False}), "EdDSA", {}, None
    for kid in [5, None, ["a"], {"a": 1}]:
        yield f"kid {kid!r}", token(g, header={**header, "kid": kid}), "EdDSA", {}, None
    for kid in ["../../dev/null", "' or 1=1 --", "", "\u0000", "x" * 1000]:
        yield f"kid {kid[:20]!r}", token(g, header={**header, "kid": kid}), "EdDSA", {}, "A token that names a key is verified with that key alone; PyJWT leaves the choice of the key to its caller."
    for typ in ["jwt", "application/jwt", "at+jwt", "application/at+jwt"]:
        yield f"typ {typ}", token(g, header={"alg": "EdDSA", "typ": typ}), "EdDSA", {}, None
    for typ in ["refresh+jwt", "logout+jwt", "dpop+jwt", "JOSE"]:
        yield f"typ {typ}", token(g, header={"alg": "EdDSA", "typ": typ}), "EdDSA", {}, "A token for something else is refused by its `typ`."
    yield "no typ", token(g, header={"alg": "EdDSA"}), "EdDSA", {}, None
    yield "alg twice", token(g, header='{"alg":"none","alg":"EdDSA"}'), "EdDSA", {}, "A name that stands in a token twice makes it malformed."
    yield "alg twice, none last", token(g, header='{"alg":"EdDSA","alg":"none"}'), "EdDSA", {}, None
    yield "a huge header", token(g, header={**header, "x": "y" * 20_000}), "EdDSA", {}, "A token has 8192 bytes at most, and its header 2048."
    for head in ["[]", '"x"', "5", "null", "", "{", '{"alg":"EdDSA"}x', "\ufeff" + '{"alg":"EdDSA"}']:
        differs = "JSON begins without a byte order mark (RFC 8259 section 8.1)." if head.startswith("\ufeff") else None
        yield f"a header that is {head!r}", token(g, header=head if head else " "), "EdDSA", {}, differs
    # The claims.
    for payload in ["[]", '"x"', "5", "null", " ", "{", '{"exp":1800000000}x', "NaN", '{"exp":NaN}', '{"exp":Infinity}', '{"exp":1e999}']:
        yield f"claims that are {payload!r}", token(payload), "EdDSA", {}, None
    yield "a token in a token", token(json.dumps(token(g)), header={**header, "cty": "JWT"}), "EdDSA", {}, None
    yield "exp twice", token('{"exp":1,"exp":1700000060}'), "EdDSA", {}, "A name that stands in a token twice makes it malformed."
    yield "a name twice further inside", token('{"exp":1700000060,"x":{"a":1,"a":2}}'), "EdDSA", {}, "A name that stands in a token twice makes it malformed."
    yield "nested a hundred deep", token('{"exp":1700000060,"x":' + "[" * 100 + "]" * 100 + "}"), "EdDSA", {}, None
    yield "nested two thousand deep", token('{"exp":1700000060,"x":' + "[" * 2000 + "]" * 2000 + "}"), "EdDSA", {}, None
    yield "nested a million deep", token('{"exp":1700000060,"x":' + "[" * 3000), "EdDSA", {}, None
    yield "huge claims", token({**g, "x": "y" * 20_000}), "EdDSA", {}, "A token has 8192 bytes at most, and its header 2048."
    for exp in [NOW + 1, NOW, NOW - 1, 0, -1, NOW + 0.5, NOW - 0.5, 1e300, "1800000000", "x", None, True, [NOW + 60], {}]:
        differs = "A date is a number, as RFC 7519 says; PyJWT takes whatever `int()` does." if exp == "1800000000" or exp is True else None
        yield f"exp {exp!r}", token({"exp": exp}), "EdDSA", {}, differs
    yield "no exp", token({"sub": "7"}), "EdDSA", {}, None
    for leeway in [0, 1, 2]:
        for off in [-2, -1, 0]:
            yield f"exp {off} with a leeway of {leeway}", token({"exp": NOW + off}), "EdDSA", {"leeway": leeway}, None
        for off in [0, 1, 2]:
            for name in ["nbf", "iat"]:
                yield f"{name} +{off} with a leeway of {leeway}", token({**g, name: NOW + off}), "EdDSA", {"leeway": leeway}, None
    for name in ["nbf", "iat"]:
        for date in [NOW + 0.9, "x", None, [1], {}]:
            yield f"{name} {date!r}", token({**g, name: date}), "EdDSA", {}, None
    for name in ["sub", "jti"]:
        for value in [7, None, ["7"], ""]:
            yield f"{name} {value!r}", token({**g, name: value}), "EdDSA", {}, None
    issuers = ["https://a.example", ["https://a.example", "https://b.example"]]
    for expected in issuers:
        for said in ["https://a.example", "https://b.example", "https://a.example/", "HTTPS://A.EXAMPLE", "", 5, ["https://a.example"], None]:
            claims = g if said is None else {**g, "iss": said}
            yield f"iss {said!r} for {expected!r}", token(claims), "EdDSA", {"issuer": expected}, None
    for expected in [None, "shop", ["shop", "api"]]:
        for said in ["shop", "api", "Shop", "shop ", ["shop"], ["other", "api"], ["other"], [], "", ["shop", 5], 5, {"shop": 1}, None, "nothing"]:
            claims = g if said == "nothing" else {**g, "aud": said}
            yield f"aud {said!r} for {expected!r}", token(claims), "EdDSA", {"audience": expected}, None
    # The form.
    good = token(g)
    head, payload, mark = good.split(".")
    for name, text in {
        "nothing": "",
        "a word": "x",
        "two dots": "..",
        "two parts": f"{head}.{payload}",
        "four parts": f"{good}.x",
        "five parts": f"{head}.{payload}.{mark}.{mark}.{mark}",
        "a part in front": f"x.{good}",
        "a space in front": f" {good}",
        "a newline behind": f"{good}\n",
        "a null byte": f"{good}\0",
        "letters of no alphabet": f"{head}.{payload}.{mark[:-3]}é!x",
        "one letter too many": f"{head}.{payload}.{mark}A",
        "the JSON serialization": json.dumps({"payload": payload, "protected": head, "signature": mark}),
        "brackets": f"[{good}]",
        "half a letter": f"{head}.{payload}.{mark[:-2]}",
    }.items():
        yield name, text, "EdDSA", {}, None
    strict = "Base64url is read as RFC 7515 writes it, without padding."
    yield "padding behind the signature", good + "==", "EdDSA", {}, strict
    yield "padding behind the header", f"{head}==.{payload}.{mark}", "EdDSA", {}, None
    yield "a newline in the signature", f"{head}.{payload}.{mark[:10]}\n{mark[10:]}", "EdDSA", {}, None
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    loose = mark[:-1] + alphabet[alphabet.index(mark[-1]) ^ 1]
    yield "loose bits at the end of the signature", f"{head}.{payload}.{loose}", "EdDSA", {}, None


def key_sets():
    """Tokens and the key that they name, among three."""
    for alg, kid in KIDS.items():
        header = {"alg": alg, "typ": "JWT"}
        yield f"{alg} with its kid", token(GOOD, alg, {**header, "kid": kid}), None
        yield f"{alg} without a kid", token(GOOD, alg, header), "A token that names no key is tried with every key of its algorithm; joserfc picks one."
        yield f"{alg} with an unknown kid", token(GOOD, alg, {**header, "kid": "nobody"}), None
        for other, wrong in KIDS.items():
            if other != alg:
                yield f"{alg} with the kid of {other}", token(GOOD, alg, {**header, "kid": wrong}), None
        yield f"HS256 with the kid of {alg}", token(GOOD, alg, {"alg": "HS256", "kid": kid}, PUBLIC[alg].encode(), "HS256"), None
    yield "signed by another key under the kid", token(GOOD, "EdDSA", {"alg": "EdDSA", "kid": KIDS["EdDSA"]}, OTHER_ED), None


def joserfc(text):
    keys = KeySet([RSAKey.import_key(PUBLIC["RS256"]), ECKey.import_key(PUBLIC["ES256"]), OKPKey.import_key(PUBLIC["EdDSA"])])
    for key in keys:
        key.ensure_kid()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return {"claims": jose.decode(text, keys, algorithms=["RS256", "ES256", "EdDSA"]).claims}
        except (jose_errors.JoseError, ValueError) as error:
            return {"error": type(error).__name__}


def case(name, text, expected, differs, **more):
    made = {"case": name, "token": text, **more, **expected}
    if differs:
        made["differs"] = differs
    return made


def main():
    folder = pathlib.Path(sys.argv[1])
    vectors = {
        "now": NOW,
        "keys": {
            "private": {"EdDSA": private_pem(ED), "ES256": private_pem(EC), "RS256": private_pem(RSA)},
            "pkcs1": RSA_PEM,
            "public": PUBLIC,
            "jwk": {name: {**key.as_dict(private=False)} for name, key in JOSE.items()},
            "thumbprint": KIDS,
        },
        "tokens": [case(name, text, pyjwt(text, alg, options), differs, key=alg, options=options) for name, text, alg, options, differs in attacks()],
        "key_sets": [case(name, text, joserfc(text), differs) for name, text, differs in key_sets()],
    }
    (folder / "tokens.json").write_text(json.dumps(vectors, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
