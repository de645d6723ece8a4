"""What the playground must be told: where the bot is and which secrets they share. It reads no files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECRETS = ("API_TOKEN", "WEB_IDENTITY_SECRET", "ACME_API_TOKEN", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Everything that differs between two playgrounds.

    `public_url` is the address that Twilio's signature covers; `bot_url` is where the bot is really reached.
    Lists of secrets are comma-separated: the first signs, all are taken.
    """

    db: Path
    bot_url: str
    public_url: str
    api_token: str = field(repr=False)
    web_identity_secret: str = field(repr=False)
    acme_api_token: str = field(repr=False)
    twilio_account_sid: str
    twilio_auth_token: str = field(repr=False)
    twilio_whatsapp_from: str = "whatsapp:+15550100000"
    widget_url: str = "/chat/widget.js"
    pace_ms: int = 250  # between two states of a sent message
    rate: int = 200  # requests a second that Acme takes
    webhook_overrides: str = "rc=3&rp=all"  # as our documentation tells operators to configure it
    slack_bot_token: str = field(default="", repr=False)  # nothing: there is no Slack
    slack_signing_secret: str = field(default="", repr=False)
    slack_app_token: str = field(default="", repr=False)  # with it the bot may use Socket Mode
    slack_support_channel: str = ""  # nothing: C0SUPPORT1
    slack_api_base: str = ""  # where the bot reaches Slack's API; nothing: where the page is reached
    slack_retries_s: tuple[float, ...] = (0.3, 3.0, 10.0)  # before each retry; Slack: at once, 1 min, 5 min
    slack_patience_s: float = 3.0  # within which an answer must come, and a trigger be used
    email_address: str = ""  # nothing: there are no mailboxes
    email_inbound_token: str = field(default="", repr=False)
    email_authserv_id: str = "mx.acme.example"
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 0  # 0: no SMTP server
    bot_smtp: str = ""  # host:port of the bot's own SMTP listener; nothing: mail is posted to its webhook
    mail_retries_s: tuple[float, ...] = (0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0)  # of a mail that was put off

    @property
    def has_slack(self) -> bool:
        """Tell whether Slack is pretended."""
        return bool(self.slack_bot_token)

    @property
    def has_mail(self) -> bool:
        """Tell whether mailboxes are pretended."""
        return bool(self.email_address)

    @property
    def webhook_url(self) -> str:
        """Return the webhook as an operator enters it at Twilio."""
        return f"{self.public_url}/whatsapp/webhook#{self.webhook_overrides}"


class Missing(Exception):
    """A setting without which the playground cannot work."""


def from_environment(environ: Mapping[str, str], *, db: str, bot_url: str, public_url: str) -> Options:
    """Build the options of a playground that runs as a process of its own."""
    for name in SECRETS:
        if not environ.get(name):
            raise Missing(f"{name} is not set; give the playground the same value as the bot")
    return Options(
        db=Path(db),
        bot_url=bot_url.rstrip("/"),
        public_url=(public_url or bot_url).rstrip("/"),
        api_token=environ["API_TOKEN"],
        web_identity_secret=environ["WEB_IDENTITY_SECRET"],
        acme_api_token=environ["ACME_API_TOKEN"],
        twilio_account_sid=environ["TWILIO_ACCOUNT_SID"],
        twilio_auth_token=environ["TWILIO_AUTH_TOKEN"],
        twilio_whatsapp_from=environ.get("TWILIO_WHATSAPP_FROM") or "whatsapp:+15550100000",
        widget_url=f"{(public_url or bot_url).rstrip('/')}/chat/widget.js",
        pace_ms=int(environ.get("PLAYGROUND_PACE_MS") or 250),
        **_slack(environ),
        **_mail(environ),
        **_pace(environ),
    )


def _slack(environ: Mapping[str, str]) -> dict[str, Any]:
    names = ("BOT_TOKEN", "SIGNING_SECRET", "APP_TOKEN", "SUPPORT_CHANNEL", "API_BASE")
    return {f"slack_{name.lower()}": environ.get(f"SLACK_{name}", "") for name in names}


def _pace(environ: Mapping[str, str]) -> dict[str, Any]:
    given = environ.get("PLAYGROUND_RETRIES_S", "")
    pauses = tuple(float(part) for part in every(given))
    return {"slack_retries_s": pauses[:3], "mail_retries_s": pauses} if pauses else {}


def _mail(environ: Mapping[str, str]) -> dict[str, Any]:
    return {
        "email_address": environ.get("EMAIL_ADDRESS", ""),
        "email_inbound_token": environ.get("EMAIL_INBOUND_TOKEN", ""),
        "email_authserv_id": environ.get("EMAIL_AUTHSERV_ID") or "mx.acme.example",
        "smtp_port": int(environ.get("PLAYGROUND_SMTP_PORT") or 0),
        "bot_smtp": environ.get("BOT_SMTP", ""),
    }


def first(secrets: str) -> str:
    """Return the secret that signs."""
    return secrets.split(",", maxsplit=1)[0].strip()


def every(secrets: str) -> list[str]:
    """Return all secrets that are taken."""
    return [secret.strip() for secret in secrets.split(",") if secret.strip()]


def address(sender: str) -> str:
    """Return a WhatsApp address without its scheme."""
    return sender.removeprefix("whatsapp:")
