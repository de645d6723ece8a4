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


def test_slack_and_mail_are_there_when_they_are_named() -> None:
    """Without a token or an address the part is off; with it, it is told the bot's own values."""
    bare = made(COMPLETE)
    assert (False, False, 0) == (bare.has_slack, bare.has_mail, bare.smtp_port)
    names = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN", "SLACK_SUPPORT_CHANNEL", "SLACK_API_BASE")
    mail = {"EMAIL_ADDRESS": "a@b.example", "EMAIL_INBOUND_TOKEN": "canary", "EMAIL_AUTHSERV_ID": "mx"}
    ports = {"PLAYGROUND_SMTP_PORT": "2525", "BOT_SMTP": "h:25"}
    full = made({**COMPLETE, **{name: f"canary {name}" for name in names}, **mail, **ports})
    assert (True, True) == (full.has_slack, full.has_mail)
    assert [f"canary {name}" for name in names] == [getattr(full, name.lower()) for name in names]
    assert ("a@b.example", "canary", "mx", 2525, "h:25") == (
        full.email_address,
        full.email_inbound_token,
        full.email_authserv_id,
        full.smtp_port,
        full.bot_smtp,
    )
    shown = repr(full)
    assert (3, 8) == (len(full.slack_retries_s), len(full.mail_retries_s))
    quick = made({**COMPLETE, "PLAYGROUND_RETRIES_S": "0.1, 0.2,0.3,4"})
    assert ((0.1, 0.2, 0.3), (0.1, 0.2, 0.3, 4.0)) == (quick.slack_retries_s, quick.mail_retries_s)
    assert [] == [name for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN") if name in shown]


def test_lists_of_secrets_and_addresses() -> None:
    """The first secret signs, all are taken; an address is without its scheme."""
    assert ("a", ["a", "b"]) == (first(" a, b"), every("a, b,"))
    assert "+15550100000" == address("whatsapp:+15550100000")
