"""The playground, mounted beside the application, and what it must know to stand in for the outside world."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from config.settings import Settings
from playground import app as playground
from playground.options import Options


def mount(app: web.Application, settings: Settings) -> None:
    """Serve the playground's page at `/`, and all that belongs to it below `/playground`."""
    options = Options(
        db=settings.playground_path(),
        bot_url=f"http://127.0.0.1:{settings.port}",
        public_url=settings.public_url,
        api_token=settings.api_token.get_secret_value(),
        web_identity_secret=settings.web_identity_secret[0].get_secret_value(),
        acme_api_token=settings.acme_api_token.get_secret_value() if settings.acme_api_token else "",
        twilio_account_sid=settings.twilio_account_sid or "",
        twilio_auth_token=settings.twilio_auth_token[0].get_secret_value(),
        twilio_whatsapp_from=settings.twilio_whatsapp_from or "",
        **_slack(settings),
        **_mail(settings),
    )
    app[playground.OPTIONS] = options
    app.router.add_get("/", playground.page)
    app.add_subapp("/playground", playground.build(options))


def _slack(settings: Settings) -> dict[str, Any]:
    """What the playground's Slack must know, while it stands in for the real one."""
    token, secret = settings.slack_bot_token, settings.slack_signing_secret
    if not settings.slack_emulated or token is None or secret is None:
        return {}
    return {
        "slack_bot_token": token.get_secret_value(),
        "slack_signing_secret": secret.get_secret_value(),
        "slack_support_channel": settings.slack_support_channel or "",
    }


def _mail(settings: Settings) -> dict[str, Any]:
    """What the playground's mail server must know, while it stands in for the world's."""
    smtp, token = settings.smtp_url, settings.email_inbound_token
    if not settings.mail_emulated or smtp is None or token is None:
        return {}
    return {
        "email_address": settings.email_address or "",
        "email_inbound_token": token.get_secret_value(),
        "email_authserv_id": settings.email_authserv_id or "",
        "smtp_port": urlsplit(smtp.get_secret_value()).port or 0,
    }
