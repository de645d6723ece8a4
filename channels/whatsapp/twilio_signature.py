"""Twilio's two ways to sign a webhook, checked over exactly what arrived. Pure; trusts no header but the signature."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

SIGNATURE = "X-Twilio-Signature"
SETTINGS = "X-Twilio-Webhooks-Signature-Settings"
FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 2_000  # Twilio sends some thirty
_DEFAULT_PORTS = {"https": 443, "http": 80}

Fields = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What Twilio may have signed with: the account's tokens (HMAC-SHA1), and shared keys by id (HMAC-SHA256)."""

    tokens: tuple[str, ...] = field(repr=False)
    keys: Mapping[str, str] = field(repr=False)


def fields_of(body: bytes) -> Fields:
    """Read a form with every field as it came: blank, repeated, unknown, or not UTF-8.

    Raises ValueError when there are more fields than Twilio would ever send.
    """
    text = body.decode("utf-8", "surrogateescape")
    return parse_qsl(text, keep_blank_values=True, errors="surrogateescape", max_num_fields=MOST_FIELDS)


def sign(url: str, fields: Iterable[tuple[str, str]], *, secret: str, digest: Callable[..., Any]) -> str:
    """Sign a URL and its form fields, sorted, as Twilio does."""
    text = url + "".join(name + value for name, value in sorted(set(fields)))
    mac = hmac.new(secret.encode(), text.encode("utf-8", "surrogateescape"), digest)
    return base64.b64encode(mac.digest()).decode()


def is_genuine(
    secrets: Secrets, *, url: str, content_type: str, body: bytes, fields: Fields, headers: Mapping[str, str]
) -> bool:
    """Say whether Twilio sent this. `url`: the public one, query included; `fields`: those of a form, else none."""
    if content_type != FORM and not _hash_matches(url, body):
        return False
    given = headers.get(SIGNATURE, "").encode("utf-8", "surrogateescape")
    candidates = _candidates(secrets, headers.get(SETTINGS, ""))
    # Every candidate is computed, and compared in constant time.
    matches = [
        hmac.compare_digest(sign(form, fields, secret=secret, digest=digest).encode(), given)
        for secret, digest in candidates
        for form in _url_forms(url)
    ]
    return any(matches)


def _candidates(secrets: Secrets, settings: str) -> list[tuple[str, Callable[..., Any]]]:
    """Choose by the settings header; without an algorithm in it, the older scheme is meant."""
    named = dict(part.strip().partition("=")[::2] for part in settings.split(","))
    algorithm = named.get("algorithm", "HMAC_SHA1")
    if algorithm == "HMAC_SHA1":
        return [(token, hashlib.sha1) for token in secrets.tokens]
    if algorithm == "HMAC_SHA256" and (secret := secrets.keys.get(named.get("key", ""))):
        return [(secret, hashlib.sha256)]
    return []


def _hash_matches(url: str, body: bytes) -> bool:
    """Compare a body that is no form with the hash in the signed URL; without the hash nothing vouches for it."""
    query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    hashes = [value for name, value in query if name == "bodySHA256"]
    actual = hashlib.sha256(body).hexdigest()
    return len(hashes) == 1 and hmac.compare_digest(hashes[0].lower().encode(), actual.encode())


def _url_forms(url: str) -> tuple[str, ...]:
    """Give the URL with and without its scheme's port: Twilio has signed either."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    host, colon, port = authority.rpartition(":")
    if colon and port.isdigit():
        return url, f"{scheme}://{host}{slash}{path}"
    return url, f"{scheme}://{authority}:{_DEFAULT_PORTS.get(scheme, 443)}{slash}{path}"
