"""What must hold between settings: complete channels, and production without weak, shared or made-up secrets."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.config.given import PRODUCTION, TWILIO, Load, problems


@pytest.mark.parametrize(
    "env,missing",
    [
        ({"TWILIO_AUTH_TOKEN": "t"}, "TWILIO_ACCOUNT_SID and TWILIO_WHATSAPP_FROM"),
        ({"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t"}, "TWILIO_WHATSAPP_FROM"),
        ({"TWILIO_SIGNING_KEYS": "a:b"}, "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_WHATSAPP_FROM"),
        ({"SLACK_BOT_TOKEN": "t"}, "SLACK_SUPPORT_CHANNEL and one of SLACK_SIGNING_SECRET, SLACK_APP_TOKEN"),
        ({"SLACK_BOT_TOKEN": "t", "SLACK_APP_TOKEN": "t"}, "SLACK_SUPPORT_CHANNEL"),
        ({"EMAIL_ADDRESS": "a@b"}, "one of EMAIL_INBOUND_TOKEN, EMAIL_SMTP_LISTEN, IMAP_URL"),
    ],
)
@pytest.mark.parametrize("playground", ["0", "1"])
def test_half_a_channel_is_an_error_by_name(load: Load, env: dict[str, str], missing: str, playground: str) -> None:
    """Some settings of a channel but not a complete set refuse to start, with the playground on or off."""
    (line,) = problems(load, **(PRODUCTION | env | {"PLAYGROUND": playground}))
    assert f"{missing}: missing" in line


def test_mail_needs_a_way_out_unless_the_playground_is_on(load: Load) -> None:
    """The playground's mailbox takes the place of SMTP_URL."""
    env = {"EMAIL_ADDRESS": "a@b.example", "EMAIL_INBOUND_TOKEN": "an-inbound-token-of-ours"}
    assert problems(load, **PRODUCTION, **env)[0].startswith("SMTP_URL: missing")
    assert load(PLAYGROUND="1", **env).email_address == "a@b.example"
    ways = {"EMAIL_SMTP_LISTEN": "127.0.0.1:2525", "IMAP_URL": "imaps://u:p@h", "SMTP_URL": "smtps://u:word@h:465"}
    assert "word" in load(**PRODUCTION, **env, **ways).secret_texts()


@pytest.mark.parametrize("secret", ["short", "x" * 64])
@pytest.mark.parametrize("name", ["EMAIL_INBOUND_TOKEN", "EMAIL_SIGNING_KEY"])
def test_production_refuses_weak_doors_for_mail(load: Load, name: str, secret: str) -> None:
    """Whoever guesses one can post mails in anybody's name."""
    mail = {
        "EMAIL_ADDRESS": "a@b.example",
        "EMAIL_INBOUND_TOKEN": "an-inbound-token-of-ours",
        "SMTP_URL": "smtp://mail.example.com",
    }
    (line,) = problems(load, **(PRODUCTION | mail | {name: secret}))
    assert line.startswith(f"{name}: too short or too easy to guess")


@pytest.mark.parametrize(
    "env,playground",
    [
        ({}, True),
        ({"PORT": "9000"}, True),
        ({"MODEL_BACKEND": "offline"}, True),
        (PRODUCTION | {"PLAYGROUND": "", "OPENAI_API_KEY": "k"}, False),
        (PRODUCTION | {"PLAYGROUND": ""} | TWILIO, False),
        ({"PLAYGROUND": "1", "OPENAI_API_KEY": "k"}, True),
        (PRODUCTION, False),
    ],
)
def test_a_providers_key_turns_the_playground_off(load: Load, env: dict[str, str], playground: bool) -> None:
    """Unless somebody asks for it: a server with real keys must not show a page that signs anybody in."""
    assert load(**env).playground is playground


def test_a_backend_needs_somebody_to_talk_to(load: Load) -> None:
    """An OpenAI backend with neither key nor server is refused."""
    assert problems(load, MODEL_BACKEND="openai_chat")[0].startswith("OPENAI_API_KEY: missing, while MODEL_BACKEND")


@pytest.mark.parametrize(
    "secret", ["", "short", "x" * 64, "ab" * 32, "changeme", "please-Change-Me-before-you-go-live-2026"]
)
@pytest.mark.parametrize("name", ["SECRET_KEY", "API_TOKEN", "INDEX_KEY"])
def test_production_refuses_weak_secrets(load: Load, name: str, secret: str) -> None:
    """Missing, short and guessable secrets refuse to start, with the command that makes a good one."""
    (line,) = problems(load, **(PRODUCTION | {name: secret}))
    assert line.startswith(f"{name}: ")
    assert "secrets.token_urlsafe" in line


def test_production_refuses_one_secret_for_two_purposes(load: Load) -> None:
    """Whoever learns one must not hold the other."""
    (line,) = problems(load, **(PRODUCTION | {"INDEX_KEY": PRODUCTION["SECRET_KEY"]}))
    assert line.startswith("INDEX_KEY: is the same as SECRET_KEY")


def test_production_checks_every_identity_secret(load: Load) -> None:
    """A list with one weak entry is weak."""
    (line,) = problems(load, **PRODUCTION, WEB_IDENTITY_SECRET=f"{'0123456789abcdef' * 3},weak")
    assert line.startswith("WEB_IDENTITY_SECRET: too short")


@pytest.mark.parametrize("material", [bytes(32), b"k" * 32, b"abab" * 8])
def test_production_refuses_worthless_keys(load: Load, material: bytes) -> None:
    """A key of the right length may still be none."""
    weak = "k2:" + base64.b64encode(material).decode()
    for keys in (weak, f"{PRODUCTION['ENCRYPTION_KEYS']},{weak}"):
        (line,) = problems(load, **(PRODUCTION | {"ENCRYPTION_KEYS": keys}))
        assert line.startswith("ENCRYPTION_KEYS: too easy to guess")
        assert "openssl rand" in line


def test_production_derives_nothing(load: Load, tmp_path: Path) -> None:
    """Without the playground nothing is made up and no file is written."""
    found = load(**PRODUCTION)
    assert not found.twilio_account_sid
    assert not found.web_identity_secret
    assert found.acme_api_base is None
    assert not list(tmp_path.iterdir())


def test_half_of_acme_is_an_error_in_production(load: Load) -> None:
    """The billing tools need the address and the token."""
    assert problems(load, **PRODUCTION, ACME_API_BASE="https://acme.example")[0].startswith("ACME_API_TOKEN: missing")
