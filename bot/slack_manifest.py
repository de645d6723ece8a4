"""`python -m bot slack-manifest`: the app's manifest with this deployment's addresses in it. Asks nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from config import files
from config.settings import Settings

FILE = Path(__file__).resolve().parent.parent / "docs" / "slack-manifest.yaml"
PLACEHOLDER = "https://bot.example.com"


def manifest(settings: Settings) -> str:
    """Give the manifest as YAML; for Socket Mode it has no addresses, since Slack then calls none."""
    text = FILE.read_text(encoding="utf-8").replace(PLACEHOLDER, settings.public_url)
    if settings.slack_app_token is None:
        return text
    found: dict[str, Any] = files.parsed(text)
    found["settings"]["socket_mode_enabled"] = True
    for part in (*found["features"]["slash_commands"], found["settings"]["interactivity"]):
        part.pop("url", None)
        part.pop("request_url", None)
    del found["settings"]["event_subscriptions"]["request_url"]
    return yaml.safe_dump(found, sort_keys=False, allow_unicode=True)
