"""Tokens for programs that call our tools by MCP: signed, for one user, with scopes and an end. Nothing is stored.

A token is `tl1.` and two parts of base64url: what it says as JSON, and its HMAC-SHA256 under a key derived from
SECRET_KEY for this purpose alone. Its name can be revoked in policies.yaml.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Annotated

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.settings import Settings
from state import errors
from tools.catalog import Catalog

LABEL = "mcp/token"
KIND = "tl1"
LONGEST = 4_096
LONGEST_DAYS = 366
DAY_S = 86_400
WORDS = {"name": "must be 1 to 40 small letters, digits and dashes, and begin with no dash"}


class Token(BaseModel):
    """What a token says. `user`: the id or identity it acts for (None: nobody's account); `expires`: seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    scopes: Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=64)]
    user: Annotated[str, Field(min_length=1, max_length=400)] | None = None
    expires: int

    @property
    def actor(self) -> str:
        """Who the audit says it was."""
        return f"mcp:{self.name}"


def seal(token: Token, key: bytes) -> str:
    """The token as its bearer gets it."""
    body = orjson.dumps(token.model_dump(), option=orjson.OPT_SORT_KEYS)
    return ".".join((KIND, _text(body), _text(_proof(body, key))))


def read(text: str, key: bytes, *, clock: Callable[[], float] = time.time) -> Token | None:
    """The token of a text; None when it is not one of ours, was changed, or is over."""
    kind, _, rest = text.partition(".")
    said, _, proof = rest.partition(".")
    if len(text) > LONGEST or kind != KIND:
        return None
    try:
        body, given = _bytes(said), _bytes(proof)
    except (binascii.Error, ValueError):
        return None
    if not hmac.compare_digest(given, _proof(body, key)):
        return None
    try:
        token = Token.model_validate_json(body)
    except ValidationError:
        return None
    return token if clock() < token.expires else None


def _proof(body: bytes, key: bytes) -> bytes:
    return hmac.digest(key, f"{KIND}.".encode() + body, hashlib.sha256)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """Read base64url in its one canonical form, so that no second text is the same token."""
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _text(raw) != text:
        raise ValueError("not canonical")
    return raw


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `python -m bot token` may be asked."""
    parser.add_argument("--name", required=True, help="small letters, digits and dashes; the audit and policies use it")
    parser.add_argument("--scopes", required=True, help="what it may do, comma-separated, such as billing:read")
    parser.add_argument("--user", help="the id or identity of the one user it acts for; without it, nobody's account")
    parser.add_argument("--days", type=int, default=30, help=f"how long it counts, at most {LONGEST_DAYS}")


def made(asked: argparse.Namespace, settings: Settings) -> str:
    """Make the token that was asked for. Raises BadInput naming what is wrong."""
    scopes = sorted({scope.strip() for scope in asked.scopes.split(",") if scope.strip()})
    known = frozenset().union(*(tool.scopes for tool in Catalog.of(settings)))
    if unknown := [scope for scope in scopes if scope not in known]:
        raise errors.BadInput(f"token: no tool asks for {', '.join(unknown)} (they ask for {', '.join(sorted(known))})")
    if not 1 <= asked.days <= LONGEST_DAYS:
        raise errors.BadInput(f"token: --days is from 1 to {LONGEST_DAYS}")
    try:
        token = Token(name=asked.name, scopes=scopes, user=asked.user, expires=int(time.time()) + asked.days * DAY_S)
    except ValidationError as error:
        first = error.errors()[0]
        name = first["loc"][0]
        words = WORDS.get(str(name), first["msg"])
        raise errors.BadInput(f"token: --{name}: {words}") from error
    return seal(token, settings.derive(LABEL))
