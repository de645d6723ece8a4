"""Signed tokens of the web chat: our own for visitors, the host site's for identities. Stores and logs nothing."""

from __future__ import annotations

import secrets
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jwk, jwt
from joserfc.errors import JoseError, SecurityWarning

from channels import phone, render
from config.settings import Settings
from state import errors
from state.identity import Claims

DAY_S = 86_400
VISITOR_LIFE_S = 30 * DAY_S
VISITOR_AUDIENCE = "visitor"
VISITOR_LABEL = "web/visitor-token"
LONGEST_TOKEN = 8_192
IDENTITY_LIFE_S = 600
ISSUED_LEEWAY_S = 60

# A token that brings its own key, or asks for an extension, is refused before any signature is checked.
_FOREIGN_HEADERS = frozenset({"jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256", "crit", "b64", "zip"})

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A browser, and the token it should keep from now on."""

    id: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _TrustedKey:
    """A key with the only algorithms it may be used for."""

    key: jwk.Key
    algorithms: tuple[str, ...]


class VisitorTokens:
    """Mints and reads the tokens by which an anonymous browser is known again."""

    def __init__(self, key: bytes, *, clock: Clock = time.time) -> None:
        """`key`: derived from SECRET_KEY for this purpose alone."""
        self._key = jwk.OctKey.import_key(key)
        self._clock = clock

    def open(self, token: str | None) -> Visitor:
        """Give the visitor of a token, with a fresh token after its half-life; without a valid one, a new visitor."""
        claims = self._claims(token)
        if claims is None:
            return self.mint(secrets.token_hex(16))
        if self._clock() > (claims["iat"] + claims["exp"]) / 2:
            return self.mint(claims["sub"])
        return Visitor(id=claims["sub"], token=token or "")

    def read(self, token: str | None) -> str | None:
        """Give the visitor id of a valid token, else None."""
        claims = self._claims(token)
        return None if claims is None else str(claims["sub"])

    def mint(self, visitor: str) -> Visitor:
        """Make a token for a visitor."""
        now = int(self._clock())
        claims = {"sub": visitor, "aud": VISITOR_AUDIENCE, "iat": now, "exp": now + VISITOR_LIFE_S}
        return Visitor(id=visitor, token=jwt.encode({"alg": "HS256"}, claims, self._key))

    def _claims(self, token: str | None) -> dict[str, Any] | None:
        claims = _decode(token or "", _TrustedKey(key=self._key, algorithms=("HS256",)))
        if claims is None or claims.get("aud") != VISITOR_AUDIENCE or not isinstance(claims.get("sub"), str):
            return None
        expires = _time(claims, "exp")
        return claims if _time(claims, "iat") is not None and expires is not None and expires > self._clock() else None


class IdentityTokens:
    """Verifies the host site's statement of who its visitor is. The keys decide the algorithm, never the token."""

    def __init__(self, entries: Sequence[str], *, audience: str, clock: Clock = time.time) -> None:
        """`entries`: shared secrets (HS256) or PEM public keys (RS256, EdDSA); all verify."""
        self._keys = tuple(_trust(entry) for entry in entries)
        self._audience = audience.rstrip("/")
        self._clock = clock

    def verify(self, token: str) -> Claims:
        """Give what a token states; raises BadInput with the reason, in words for the host site's developer."""
        if not self._keys:
            raise errors.BadInput("signed identities are not configured on this server")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # joserfc prefers Ed25519's newer name to EdDSA
            found = (claims for key in self._keys if (claims := _decode(token, key)) is not None)
            claims = next(found, None)
        if claims is None:
            raise errors.BadInput("the token is malformed or its signature is not from a known key")
        self._check_times(claims)
        self._check_audience(claims)
        return _statements(claims)

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now, issued, expires = self._clock(), _time(claims, "iat"), _time(claims, "exp")
        begins = _time(claims, "nbf") if "nbf" in claims else issued
        if issued is None or expires is None or begins is None:
            raise errors.BadInput("the token needs iat and exp as numbers")
        if expires <= now:
            raise errors.BadInput("the token has expired")
        if expires > now + IDENTITY_LIFE_S:
            raise errors.BadInput("the token's exp is more than 10 minutes ahead")
        if max(issued, begins) > now + ISSUED_LEEWAY_S:
            raise errors.BadInput("the token is dated in the future")

    def _check_audience(self, claims: Mapping[str, Any]) -> None:
        if "aud" not in claims:
            return
        audience = claims["aud"]
        named = audience if isinstance(audience, list) else [audience]
        if self._audience not in [entry.rstrip("/") for entry in named if isinstance(entry, str)]:
            raise errors.BadInput("the token is meant for another audience")


def visitor_tokens(settings: Settings) -> VisitorTokens:
    """Build the visitor tokens of this deployment."""
    return VisitorTokens(settings.derive(VISITOR_LABEL))


def identity_tokens(settings: Settings) -> IdentityTokens:
    """Build the verifier of the host site's tokens."""
    entries = [secret.get_secret_value() for secret in settings.web_identity_secret]
    return IdentityTokens(entries, audience=settings.public_url)


def _trust(entry: str) -> _TrustedKey:
    """Read a shared secret or a PEM public key."""
    text = entry.strip().replace("\\n", "\n")  # environment variables often hold PEM on one line
    if not text.startswith("-----BEGIN"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # the settings refuse short secrets in production
            return _TrustedKey(key=jwk.OctKey.import_key(entry.encode()), algorithms=("HS256",))
    for kind, algorithms in ((jwk.RSAKey, ("RS256",)), (jwk.OKPKey, ("EdDSA", "Ed25519"))):
        try:
            return _TrustedKey(key=_public(kind, text), algorithms=algorithms)
        except (ValueError, TypeError, AttributeError, JoseError):
            continue
    raise ValueError("WEB_IDENTITY_SECRET: the PEM text is no RSA or Ed25519 public key")


def _public(kind: type[jwk.RSAKey | jwk.OKPKey], pem: str) -> jwk.Key:
    key = kind.import_key(pem)
    return kind.import_key(key.as_pem(private=False))


def _decode(token: str, trusted: _TrustedKey) -> dict[str, Any] | None:
    """Give the claims when the signature is from this key by one of its algorithms."""
    if not token or len(token) > LONGEST_TOKEN or not token.isascii():
        return None
    try:
        decoded = jwt.decode(token, trusted.key, algorithms=list(trusted.algorithms))
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        return None
    foreign = _FOREIGN_HEADERS.intersection(decoded.header)
    return None if foreign or not isinstance(decoded.claims, dict) else decoded.claims


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value < 1 << 40 else None


def _statements(claims: Mapping[str, Any]) -> Claims:
    """Keep what the site vouches for: its customer id, a name, and the addresses it says are verified."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or render.clean(subject).strip() != subject:
        raise errors.BadInput("the token needs the customer's id as sub")
    return Claims(
        customer_id=subject,
        name=_text(claims.get("name"), 200),
        email=_email(claims.get("email")) if claims.get("email_verified") is True else None,
        phone=phone.e164(claims.get("phone_number")) if claims.get("phone_number_verified") is True else None,
    )


def _text(value: object, longest: int) -> str | None:
    return render.clean(value).strip()[:longest] or None if isinstance(value, str) else None


def _email(value: object) -> str | None:
    text = _text(value, 255)
    local, at, domain = (text or "").rpartition("@")
    return text if at and local and "." in domain and len(text or "") <= 254 and " " not in (text or "") else None
