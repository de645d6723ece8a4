"""Slack's signature: its published example, the window, junk in every part, and what was answered before."""

from __future__ import annotations

import pytest
from slack_sdk.signature import Clock, SignatureVerifier

from channels.slack import slack_verify
from channels.slack.slack_verify import Answered, is_genuine, sign
from tests.channels.slack.slack import SECRET

AT = 1531420618
BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
    b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121."
    b"803a0bc887a14d10d2c447fce8b6703c"
)
SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


def genuine(
    *, raw: bytes = BODY, timestamp: str = str(AT), signature: str = SIGNATURE, now: float = AT, secret: str = SECRET
) -> bool:
    """Whether the example is genuine, with changes."""
    return is_genuine(secret, raw=raw, timestamp=timestamp, signature=signature, now=now)


def test_the_published_example_is_genuine() -> None:
    """Also by the SDK's own verifier, which says the same of what we sign."""
    assert genuine()
    assert SIGNATURE == sign(SECRET, raw=BODY, timestamp=str(AT))
    clock = type("Then", (Clock,), {"now": lambda _: float(AT)})()
    verifier = SignatureVerifier(SECRET, clock)
    assert verifier.is_valid(BODY, str(AT), SIGNATURE)
    assert verifier.is_valid("é 👋".encode(), str(AT), sign(SECRET, raw="é 👋".encode(), timestamp=str(AT)))


@pytest.mark.parametrize("off, fine", [(0, True), (299, True), (-299, True), (300, True), (301, False), (-301, False)])
def test_the_window_is_five_minutes_either_way(off: int, fine: bool) -> None:
    """A recorded request is good for no longer."""
    assert fine == genuine(now=AT + off)


@pytest.mark.parametrize(
    "changes",
    [
        {"raw": BODY + b" "},
        {"raw": BODY.replace(b"roadrunner", b"roadrunneR")},
        {"raw": b"\xff\xfe"},
        {"timestamp": str(AT + 1)},
        {"timestamp": f"0{AT}"},
        {"timestamp": f"+{AT}"},
        {"timestamp": f" {AT}"},
        {"timestamp": "١٥٣١٤٢٠٦١٨"},
        {"timestamp": "abc"},
        {"timestamp": ""},
        {"timestamp": "nan"},
        {"timestamp": "9" * 5_000},
        {"timestamp": "1e9"},
        {"signature": ""},
        {"signature": SIGNATURE[3:]},
        {"signature": SIGNATURE.replace("v0", "v1")},
        {"signature": SIGNATURE.upper()},
        {"signature": SIGNATURE[:-1]},
        {"signature": "v0=é\udcff"},
        {"secret": SECRET + "x"},
    ],
    ids=str,
)
def test_anything_else_is_refused_without_an_error(changes: dict[str, str]) -> None:
    """One byte is enough, and no header makes it raise."""
    assert not genuine(**changes)  # type: ignore[arg-type]  # the bytes of a body among them


def test_answered_signatures_are_kept_as_long_as_they_could_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no longer, and not without end."""
    monkeypatch.setattr(slack_verify, "MOST", 3)
    answered = Answered()
    for at, name in enumerate("abcd"):
        answered.keep(name, now=at)
    assert [False, True, True, True] == [name in answered for name in "abcd"]
    answered.keep("e", now=slack_verify.REMEMBER_S + 2.5)
    assert [False, False, True, True] == [name in answered for name in "bcde"]
