"""Tokens for programs: what is sealed is read back, and nothing else is; the command says what is wrong with a wish."""

from __future__ import annotations

import argparse
import base64
import dataclasses
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import mcp_tokens
from bot.mcp_tokens import Token
from config.settings import Settings
from state import errors
from tests.harness.places import Place

KEY = bytes(range(32))
TOKEN = Token(name="reports", scopes=["billing:read"], user="customer:C-1001", expires=2_000)


def read(text: str, *, now: float = 1_000.0) -> Token | None:
    """The token of a text at some time."""
    return mcp_tokens.read(text, KEY, clock=lambda: now)


def test_a_token_is_read_back_until_it_is_over() -> None:
    """With its name, user and scopes; not at its end, nor under another key."""
    text = mcp_tokens.seal(TOKEN, KEY)
    assert read(text) == TOKEN
    assert TOKEN.actor == "mcp:reports"
    assert read(text, now=1_999.9)
    assert read(text, now=2_000.0) is None
    assert mcp_tokens.read(text, bytes(32), clock=lambda: 0.0) is None


@given(place=st.integers(min_value=0), sign=st.characters(codec="ascii"))
def test_no_sign_of_it_may_change(place: int, sign: str) -> None:
    """Whatever stands in the place of one of its signs, or is put in between."""
    text = mcp_tokens.seal(TOKEN, KEY)
    place %= len(text)
    for changed in (text[:place] + sign + text[place + 1 :], text[:place] + sign + text[place:], text[:place]):
        assert changed == text or read(changed) is None


@pytest.mark.parametrize(
    "text", ["", ".", "..", "tl1", "tl1.", "tl1..", "tl2.e30.e30", "tl1.e30.é", "tl1." + "x" * 9_000]
)
def test_what_is_no_token_is_none(text: str) -> None:
    """Also what looks like one."""
    assert read(text) is None


@pytest.mark.parametrize(
    "said", [{}, {"name": "a"}, {**TOKEN.model_dump(), "scopes": "billing:read"}, {**TOKEN.model_dump(), "more": 1}]
)
def test_a_token_of_another_shape_is_none(said: dict[str, object]) -> None:
    """Signed by us once, but not what is read today."""
    body = orjson.dumps(said)
    parts = ("tl1", base64.urlsafe_b64encode(body).rstrip(b"=").decode())
    proof = mcp_tokens._proof(body, KEY)
    assert read(".".join((*parts, base64.urlsafe_b64encode(proof).rstrip(b"=").decode()))) is None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wish(argparse.Namespace):
    """What may be asked of the command."""

    name: str = "reports"
    scopes: str = "billing:read, billing:refund"
    user: str | None = None
    days: int = 30


def test_the_command_makes_one(tmp_path: Path) -> None:
    """Under the key of this deployment; a wish that cannot be granted is refused with the reason."""
    place = Place(home=tmp_path, database_url=f"sqlite:///{tmp_path}/x.db")
    settings = Settings.load(place.environment(), root=tmp_path)
    token = mcp_tokens.read(mcp_tokens.made(Wish(), settings), settings.derive(mcp_tokens.LABEL))
    assert token
    assert ["billing:read", "billing:refund"] == token.scopes
    for wish, problem in (
        (Wish(scopes="billing:read,invented"), "no tool asks for invented"),
        (Wish(name="Not a name"), "--name"),
        (Wish(days=0), "--days"),
        (Wish(days=9_999), "--days"),
    ):
        with pytest.raises(errors.BadInput, match=problem):
            mcp_tokens.made(wish, settings)
