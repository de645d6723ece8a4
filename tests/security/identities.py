"""Identity tokens that the host site did not give, or not to this visitor, by what is wrong with them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from tests.harness.outside import KIM, KIMS_PHONE
from tests.harness.places import SECRETS

FRESH_S = 30
SHARED = SECRETS["WEB_IDENTITY_SECRET"]
_PRIVATE = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
_STRANGER = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
PEM = _PRIVATE.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
ONE_LINE = PEM.decode().strip().replace("\n", "\\n")


def claims(**changes: Any) -> dict[str, Any]:  # JSON values
    """What the host site says of Kim, changed; a value of None takes a claim out."""
    now = int(time.time())
    found: dict[str, Any] = {
        "sub": KIM,
        "iat": now,
        "exp": now + 300,
        "name": "Kim Berger",
        "email": "kim@example.com",
        "email_verified": True,
        "phone_number": KIMS_PHONE,
        "phone_number_verified": True,
        **changes,
    }
    return {name: value for name, value in found.items() if value is not None}


def by_hand(header: object, body: object, *, key: bytes = SHARED.encode(), digest: str = "sha256") -> str:
    """A token signed by HMAC, whatever stands in it."""
    parts = [_packed(part if isinstance(part, bytes) else json.dumps(part).encode()) for part in (header, body)]
    text = ".".join(parts)
    return f"{text}.{_packed(hmac.new(key, text.encode(), digest).digest())}"


def _packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def shared(**changes: Any) -> str:
    """A token under the shared secret."""
    return by_hand({"alg": "HS256", "typ": "JWT"}, claims(**changes))


def public(private: rsa.RSAPrivateKey = _PRIVATE, algorithm: str = "RS256", **header: Any) -> str:
    """A token under a private key."""
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    named = {"alg": algorithm, **header}
    return jwt.encode(named, claims(), RSAKey.import_key(pem), algorithms=[algorithm])


def forgeries() -> dict[str, str]:
    """Everything that must be refused, by what is wrong with it; fresh, lest they are refused for their age alone."""
    return _forged(int(time.time()) // FRESH_S)


@lru_cache(maxsize=1)
def _forged(_: int) -> dict[str, str]:
    return _altered() | _keys() | _shapes() | _times() | _statements()


def _keys() -> dict[str, str]:
    """Keys that are not ours, or that the token brings along."""
    jwk = RSAKey.import_key(
        _STRANGER.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    ).as_dict(private=False)
    oct_jwk = OctKey.import_key(b"x" * 32).as_dict()
    return {
        "another secret": by_hand({"alg": "HS256"}, claims(), key=b"y" * 40),
        "empty secret": by_hand({"alg": "HS256"}, claims(), key=b""),
        "SECRET_KEY": by_hand({"alg": "HS256"}, claims(), key=SECRETS["SECRET_KEY"].encode()),
        "stranger's private key": public(_STRANGER),
        "brings its own key": public(_STRANGER, jwk=jwk),
        "brings its own secret": by_hand({"alg": "HS256", "jwk": oct_jwk}, claims(), key=b"x" * 32),
        "right, and brings a key": by_hand({"alg": "HS256", "jwk": oct_jwk}, claims()),
        "names a key's address": by_hand({"alg": "HS256", "jku": "https://evil.example/keys"}, claims()),
        "names a certificate's address": by_hand({"alg": "HS256", "x5u": "https://evil.example/x"}, claims()),
        "brings a certificate": by_hand({"alg": "HS256", "x5c": ["AAAA"]}, claims()),
        "asks for an extension": by_hand({"alg": "HS256", "crit": ["b64"], "b64": False}, claims()),
        "is packed": by_hand({"alg": "HS256", "zip": "DEF"}, claims()),
        "names a path as key": by_hand({"alg": "HS256", "kid": "../../../../dev/null"}, claims(), key=b""),
        "names a query as key": by_hand({"alg": "HS256", "kid": "x' UNION SELECT 'k'--"}, claims(), key=b"k"),
        "names numbers as key": by_hand({"alg": "HS256", "kid": 0}, claims(), key=b"0"),
    }


def _altered() -> dict[str, str]:
    """A right token, taken apart and put together otherwise."""
    right = shared()
    head, body, seal = right.split(".")
    return {
        **_wrong_algorithm(body, seal),
        "altered claims": f"{head}.{_packed(json.dumps(claims(sub='C-1002')).encode())}.{seal}",
        "altered signature": f"{head}.{body}.{seal[:-6]}AAAAAA",
        "no signature": f"{head}.{body}.",
        "two parts": f"{head}.{body}",
        "four parts": f"{right}.x",
        "of five parts": f"{head}.{body}.{seal}.x.y",
        "no token": "nonsense",
        "a visitor's token": "a.b.c",
        "with a line end": f"{right}\n",
        "with a NUL": f"{right}\0",
        "of other letters": right.replace(".", "\u3002"),
        "of half letters": f"{right}\ud83d",
    }


def _shapes() -> dict[str, str]:
    """Parts that are not what they should be."""
    return {
        "header is a list": by_hand([], claims()),
        "header is no JSON": by_hand(b"{", claims()),
        "claims are a list": by_hand({"alg": "HS256"}, [claims()]),
        "claims are a text": by_hand({"alg": "HS256"}, b'"C-1001"'),
        "claims are no JSON": by_hand({"alg": "HS256"}, b"{"),
        "claims are bytes": by_hand({"alg": "HS256"}, b"\xff\xfe"),
        "claims are deep": by_hand({"alg": "HS256"}, b"[" * 4_000),
    }


def _times() -> dict[str, str]:
    """Times that do not hold."""
    now = int(time.time())
    return {
        "expired": shared(iat=now - 400, exp=now - 1),
        "expires now": shared(exp=now),
        "expired as a text": shared(exp=str(now + 300)),
        "no end": shared(exp=None),
        "end is a truth": shared(exp=True),
        "end is a list": shared(exp=[now + 300]),
        "too far an end": shared(exp=now + 3_600),
        "end beyond everything": shared(exp=10**30),
        "endless": by_hand({"alg": "HS256"}, json.dumps(claims(exp=float("inf"))).encode()),
        "never": by_hand({"alg": "HS256"}, json.dumps(claims(exp=float("nan"))).encode()),
        "below zero": shared(exp=-1),
        "no beginning": shared(iat=None),
        "of tomorrow": shared(iat=now + 120),
        "not yet": shared(nbf=now + 120),
    }


def _statements() -> dict[str, str]:
    """Statements about somebody else, or about nobody."""
    return {
        "another audience": shared(aud="https://evil.example"),
        "other audiences": shared(aud=["https://evil.example", "visitor"]),
        "empty audience": shared(aud=""),
        "audience is an object": shared(aud={"x": 1}),
        "audience begins like ours": shared(aud="http://127.0.0.1"),
        "no subject": shared(sub=None),
        "empty subject": shared(sub=""),
        "blank subject": shared(sub=" "),
        "subject is a list": shared(sub=[KIM]),
        "subject is a number": shared(sub=1_001),
        "subject is an object": shared(sub={"$ne": None}),
        "subject too long": shared(sub="C" * 300),
        "subject with a zero-width sign": shared(sub=f"{KIM}\u200b"),
        "subject with NUL": shared(sub=f"{KIM}\0"),
        "subject with a blank": shared(sub=f" {KIM}"),
    }


def _wrong_algorithm(body: str, seal: str) -> dict[str, str]:
    """Confusions of the algorithm."""
    found = {}
    for name in ("none", "None", "NONE", "nOnE", ""):
        head = _packed(json.dumps({"alg": name}).encode())
        found[f"algorithm {name!r}"] = f"{head}.{body}."
        found[f"algorithm {name!r}, signed"] = f"{head}.{body}.{seal}"
    for kind, pem in {"with its end": PEM, "without": PEM.strip(), "on one line": ONE_LINE.encode()}.items():
        found[f"public key as secret, {kind}"] = by_hand({"alg": "HS256"}, claims(), key=pem)
    digest = hashlib.sha256(PEM).digest()
    return found | {
        "no algorithm": by_hand({"typ": "JWT"}, claims()),
        "algorithm is a list": by_hand({"alg": ["HS256"]}, claims()),
        "HS384": by_hand({"alg": "HS384"}, claims(), digest="sha384"),
        "HS512": by_hand({"alg": "HS512"}, claims(), digest="sha512"),
        "HS256 by another digest": by_hand({"alg": "HS256"}, claims(), digest="sha1"),
        "said to be RS256": by_hand({"alg": "RS256"}, claims()),
        "said to be EdDSA": by_hand({"alg": "EdDSA"}, claims()),
        "RS512": public(algorithm="RS512"),
        "PS256": public(algorithm="PS256"),
        "key's print as secret": by_hand({"alg": "HS256"}, claims(), key=digest),
    }
