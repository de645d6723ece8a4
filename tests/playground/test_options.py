"""What the playground must be told, and what it says when it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from playground.options import SECRETS, Missing, Options, address, every, first, from_environment

COMPLETE = {name: f"value-of-{name}" for name in SECRETS}


def made(environ: dict[str, str], public_url: str = "") -> Options:
    """Read options from an environment."""
    return from_environment(environ, db="p.db", bot_url="http://127.0.0.1:8080/", public_url=public_url)


def test_a_complete_environment() -> None:
    """The public address defaults to the bot's own, and the widget comes from there."""
    options = made(COMPLETE)
    assert (Path("p.db"), "http://127.0.0.1:8080") == (options.db, options.public_url)
    assert "http://127.0.0.1:8080/chat/widget.js" == options.widget_url
    assert "https://bot.example/whatsapp/webhook#rc=3&rp=all" == made(COMPLETE, "https://bot.example/").webhook_url


@pytest.mark.parametrize("name", SECRETS)
def test_every_missing_secret_is_named(name: str) -> None:
    """One line says which value is not there."""
    with pytest.raises(Missing, match=name):
        made({**COMPLETE, name: ""})


def test_secrets_are_not_printed() -> None:
    """The options can be logged."""
    options = made({**COMPLETE, "API_TOKEN": "canary", "TWILIO_AUTH_TOKEN": "canary"})
    assert "canary" not in repr(options)


def test_lists_of_secrets_and_addresses() -> None:
    """The first secret signs, all are taken; an address is without its scheme."""
    assert ("a", ["a", "b"]) == (first(" a, b"), every("a, b,"))
    assert "+15550100000" == address("whatsapp:+15550100000")
