"""Visitor tokens and the host site's identities: what is believed, for how long, and everything that is not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from channels.phone import e164
from channels.tokens import DAY_S, IdentityTokens, VisitorTokens, identity_tokens, visitor_tokens
from state import errors
from state.identity import Claims
from tests.channels.world import IDENTITY_SECRET, PUBLIC, settings

NOW = 1_790_000_000.0
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EDWARDS = ed25519.Ed25519PrivateKey.generate()


def pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> str:
    """A key's public half."""
    return key.public_key().public_bytes(forms.Encoding.PEM, forms.PublicFormat.SubjectPublicKeyInfo).decode()


def b64(data: bytes) -> str:
    """Base64 as tokens have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(header: dict[str, Any], claims: object, secret: str | bytes = IDENTITY_SECRET) -> str:
    """A token signed by HMAC, whatever its header says."""
    head = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
    key = secret.encode() if isinstance(secret, str) else secret
    return f"{head}.{b64(hmac.new(key, head.encode(), hashlib.sha256).digest())}"


def claims(**changes: object) -> dict[str, Any]:
    """Claims that hold, with changes; None takes a claim away."""
    usual = {"sub": "C-1001", "iat": NOW, "exp": NOW + 300, **changes}
    return {name: value for name, value in usual.items() if value is not None}


def signed(**changes: object) -> str:
    """A token by the shared secret."""
    return token({"alg": "HS256", "typ": "JWT"}, claims(**changes))


def verifier(*entries: str) -> IdentityTokens:
    """A verifier at a fixed time."""
    return IdentityTokens(entries or (IDENTITY_SECRET,), audience=PUBLIC, clock=lambda: NOW)


def asymmetric(alg: str, head: dict[str, Any] | None = None) -> str:
    """A token signed with a private key."""
    text = f"{b64(json.dumps({'alg': alg, **(head or {})}).encode())}.{b64(json.dumps(claims()).encode())}"
    sign = RSA.sign(text.encode(), padding.PKCS1v15(), SHA256()) if alg == "RS256" else EDWARDS.sign(text.encode())
    return f"{text}.{b64(sign)}"


# --- identities


def test_a_signed_statement_is_believed() -> None:
    """The customer's id, a name, and the addresses that the site verified, in their normal form."""
    statement = signed(
        name="Kim \u202eL",
        email="kim@example.com",
        email_verified=True,
        phone_number="+1 (555) 010-1001",
        phone_number_verified=True,
    )
    expected = Claims(customer_id="C-1001", name="Kim L", email="kim@example.com", phone="+15550101001")
    assert expected == verifier().verify(statement)


@pytest.mark.parametrize("verified", [None, False, "true", 1, "yes"])
def test_an_address_counts_only_when_the_site_verified_it(verified: object) -> None:
    """Without a true `…_verified` the address is left out; the rest holds."""
    statement = signed(
        email="kim@example.com",
        email_verified=verified,
        phone_number="+15550101001",
        phone_number_verified=verified,
    )
    assert Claims(customer_id="C-1001") == verifier().verify(statement)


@pytest.mark.parametrize(
    "email", ["", "kim", "@example.com", "kim@", "kim@local", 5, "a b@example.com", "x" * 260 + "@a.b"]
)
def test_what_is_no_address_is_left_out(email: object) -> None:
    """A claim that cannot be an address proves nothing."""
    assert verifier().verify(signed(email=email, email_verified=True)).email is None


@pytest.mark.parametrize("aud", [None, PUBLIC, PUBLIC + "/", [PUBLIC], ["https://else.example", PUBLIC]])
def test_the_audience_may_be_absent_or_ours(aud: object) -> None:
    """When there is one, this server must be in it."""
    assert "C-1001" == verifier().verify(signed(aud=aud)).customer_id


@pytest.mark.parametrize("iat", [NOW - 3600, NOW, NOW + 59, NOW + 60])
def test_the_issuers_clock_may_be_a_minute_ahead(iat: float) -> None:
    """Leeway is on `iat` alone."""
    assert "C-1001" == verifier().verify(signed(iat=iat)).customer_id


REFUSED = {
    "expired": signed(exp=NOW),
    "expired by a second": signed(exp=NOW - 1),
    "valid for too long": signed(exp=NOW + 601),
    "huge exp": signed(exp=1e300),
    "issued in the future": signed(iat=NOW + 61),
    "not valid yet": signed(nbf=NOW + 120),
    "no exp": signed(exp=None),
    "no iat": signed(iat=None),
    "exp as text": signed(exp=str(NOW + 300)),
    "exp as a flag": signed(exp=True),
    "exp is nan": token({"alg": "HS256"}, claims(exp=float("nan"))),
    "no sub": signed(sub=None),
    "empty sub": signed(sub=""),
    "sub is a number": signed(sub=1001),
    "sub too long": signed(sub="x" * 256),
    "sub hides something": signed(sub="C-1001\u200b"),
    "another audience": signed(aud="https://evil.example"),
    "an audience that begins like ours": signed(aud=PUBLIC + ".evil.example"),
    "an empty audience": signed(aud=[]),
    "an audience of null": token({"alg": "HS256"}, {**claims(), "aud": None}),
    "alg none": token({"alg": "none"}, claims()).rpartition(".")[0] + ".",
    "alg none with a signature": token({"alg": "none"}, claims()),
    "alg None": token({"alg": "None"}, claims()),
    "no alg": token({"typ": "JWT"}, claims()),
    "another hash": token({"alg": "HS512"}, claims()),
    "another key": token({"alg": "HS256"}, claims(), "another secret that is long enough, surely"),
    "no key": token({"alg": "HS256"}, claims(), ""),
    "its own key": token({"alg": "HS256", "jwk": {"kty": "oct", "k": b64(b"attacker")}}, claims(), "attacker"),
    "its own key with our signature": token({"alg": "HS256", "jwk": {"kty": "oct", "k": "YQ"}}, claims()),
    "a key from elsewhere": token({"alg": "HS256", "jku": "https://evil.example/keys"}, claims()),
    "a certificate from elsewhere": token({"alg": "HS256", "x5u": "https://evil.example/c"}, claims()),
    "a critical extension": token({"alg": "HS256", "crit": ["exp"]}, claims()),
    "claims are a list": token({"alg": "HS256"}, [claims()]),
    "empty": "",
    "not a token": "hello",
    "two parts": "a.b",
    "five parts": "a.b.c.d.e",
    "not ASCII": signed() + "é",
    "altered": signed()[:-2] + ("AA" if not signed().endswith("AA") else "BB"),
    "too long": token({"alg": "HS256"}, claims(pad="x" * 9000)),
}


@pytest.mark.parametrize("why", REFUSED)
def test_everything_else_is_refused(why: str) -> None:
    """One fixed algorithm and known keys; no claim of the token changes how it is checked."""
    with pytest.raises(errors.BadInput):
        verifier().verify(REFUSED[why])


@pytest.mark.parametrize("kid", ["../../dev/null", "' OR 1=1 --", "/etc/passwd", "k1"])
def test_a_key_id_is_never_looked_up(kid: str) -> None:
    """The keys are few and all are tried; a `kid` names nothing here."""
    assert "C-1001" == verifier().verify(token({"alg": "HS256", "kid": kid}, claims())).customer_id


def test_every_listed_secret_verifies() -> None:
    """While secrets are rotated, both the new and the old one hold."""
    both = verifier("the new one, which is long enough too", IDENTITY_SECRET)
    assert "C-1001" == both.verify(signed()).customer_id
    newer = token({"alg": "HS256"}, claims(), "the new one, which is long enough too")
    assert "C-1001" == both.verify(newer).customer_id


@pytest.mark.parametrize("alg, key", [("RS256", RSA), ("EdDSA", EDWARDS)])
@pytest.mark.parametrize("line_ends", ["\n", "\\n"])
def test_public_keys_verify(alg: str, key: Any, line_ends: str) -> None:  # noqa: ANN401
    """A PEM public key decides for its algorithm, also when the environment has it on one line."""
    assert "C-1001" == verifier(pem(key).replace("\n", line_ends)).verify(asymmetric(alg)).customer_id


@pytest.mark.parametrize("key", [RSA, EDWARDS])
@pytest.mark.parametrize("alg", ["HS256", "RS256", "EdDSA", "none"])
def test_a_public_key_is_never_a_shared_secret(key: Any, alg: str) -> None:  # noqa: ANN401
    """The classic confusion: HMAC under the published key."""
    for secret in (pem(key), pem(key).strip()):
        with pytest.raises(errors.BadInput):
            verifier(pem(key)).verify(token({"alg": alg}, claims(), secret))


@pytest.mark.parametrize(
    "entry, alg",
    [(pem(RSA), "EdDSA"), (pem(EDWARDS), "RS256"), (IDENTITY_SECRET, "RS256")],
    ids=["RSA", "Edwards", "shared"],
)
def test_each_key_has_its_own_algorithm(entry: str, alg: str) -> None:
    """A token of another kind is not tried against it."""
    with pytest.raises(errors.BadInput):
        verifier(entry).verify(asymmetric(alg))


def test_without_a_secret_no_identity_is_accepted() -> None:
    """Not configured means refused, never anonymous."""
    with pytest.raises(errors.BadInput, match="not configured"):
        IdentityTokens((), audience=PUBLIC, clock=lambda: NOW).verify(signed())


def test_a_key_that_is_none_is_named() -> None:
    """The operator is told which setting is wrong."""
    with pytest.raises(ValueError, match="WEB_IDENTITY_SECRET"):
        verifier("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----")


def test_the_deployment_has_its_own_keys() -> None:
    """The settings give the verifier and the visitor tokens, under labels of their own."""
    ours, theirs = (
        visitor_tokens(settings()),
        visitor_tokens(settings(SECRET_KEY="another-long-secret-for-tests-012345")),
    )
    visitor = ours.open(None)
    assert visitor.id == ours.read(visitor.token)
    assert theirs.read(visitor.token) is None
    with pytest.raises(errors.BadInput):
        identity_tokens(settings()).verify(visitor.token)


# --- visitors


class Clock:
    """A clock that the test moves."""

    now = NOW

    def __call__(self) -> float:
        """The time."""
        return self.now


def test_a_visitor_is_random_and_known_again() -> None:
    """128 bits of chance; the same token gives the same visitor and is kept."""
    tokens = VisitorTokens(b"k" * 32)
    first, second = tokens.open(None), tokens.open(None)
    assert first.id != second.id
    assert 32 == len(first.id)
    assert first == tokens.open(first.token)


def test_tokens_are_rotated_at_half_life_and_the_old_one_holds_to_its_end() -> None:
    """From day 15 a client gets a new token for the same visitor; both work until day 30."""
    clock = Clock()
    tokens = VisitorTokens(b"k" * 32, clock=clock)
    first = tokens.open(None)
    clock.now += 14 * DAY_S
    assert first.token == tokens.open(first.token).token
    clock.now += 2 * DAY_S
    renewed = tokens.open(first.token)
    assert (first.id, True) == (renewed.id, renewed.token != first.token)
    clock.now += 13 * DAY_S
    assert first.id == tokens.read(first.token)
    clock.now += 2 * DAY_S
    assert tokens.read(first.token) is None
    assert tokens.read(renewed.token) == first.id
    assert tokens.open(first.token).id != first.id


@pytest.mark.parametrize(
    "changes",
    [{"aud": "admin"}, {"aud": None}, {"sub": 5}, {"exp": None}, {"iat": None}, {"exp": "never"}, {"exp": NOW - 1}],
)
def test_a_token_of_another_purpose_is_nobody(changes: dict[str, Any]) -> None:
    """Even under our own key."""
    tokens = VisitorTokens(b"k" * 32, clock=lambda: NOW)
    made = {"sub": "a" * 32, "aud": "visitor", "iat": NOW, "exp": NOW + DAY_S, **changes}
    made = {name: value for name, value in made.items() if value is not None}
    assert tokens.read(token({"alg": "HS256"}, made, b"k" * 32)) is None


def test_the_fixture_above_would_hold_unchanged() -> None:
    """The same token without a change is taken, so the refusals are for the right reason."""
    tokens = VisitorTokens(b"k" * 32, clock=lambda: NOW)
    made = {"sub": "a" * 32, "aud": "visitor", "iat": NOW, "exp": NOW + DAY_S}
    assert "a" * 32 == tokens.read(token({"alg": "HS256"}, made, b"k" * 32))


@pytest.mark.parametrize(
    "given, expected",
    [
        ("+15550101001", "+15550101001"),
        ("+1 555-010-1001", "+15550101001"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("15550101001", None),
        ("555 0101001", None),
        ("+", None),
        ("+1", None),
        ("+999999999999999999999", None),
        (None, None),
        (15550101001, None),
    ],
)
def test_telephone_numbers_are_normalised(given: object, expected: str | None) -> None:
    """Only the international form, since nobody knows the country of another."""
    assert expected == e164(given)
