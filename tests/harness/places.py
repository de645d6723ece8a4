"""Where one server and its outside world live: ports, secrets, files, and times that fit tests. Starts nothing."""

from __future__ import annotations

import base64
import random
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from config import files

ROOT = Path(__file__).resolve().parents[2]
ROBIN, SAM = "T0ACME0001/U0ROBIN001", "T0ACME0001/U0SAM00001"
ALERTS = "team@acme.example"
PORTS = range(
    10_240, 32_000
)  # below those that the kernel gives to outgoing connections, so that a restart finds its own
API_TOKEN = "operators-token-of-the-tests-4711-xyz"
SECRETS = {
    "SECRET_KEY": "secret-key-of-the-tests-0123456789-abcdef",
    "INDEX_KEY": "index-key-of-the-tests-0123456789-abcdef",
    "AUDIT_KEY": "audit-key-of-the-tests-0123456789-abcdef",
    "ENCRYPTION_KEYS": "k1:" + base64.b64encode(bytes(range(32))).decode(),
    "API_TOKEN": API_TOKEN,
    "WEB_IDENTITY_SECRET": "identity-secret-of-the-tests-0123456789",
    "ACME_API_TOKEN": "acme-token-of-the-tests",
    "TWILIO_ACCOUNT_SID": f"AC{'0' * 24}7e57ed00",
    "TWILIO_AUTH_TOKEN": "0123456789abcdef0123456789abcdef",
    "TWILIO_WHATSAPP_FROM": "whatsapp:+15550100000",
    "SLACK_BOT_TOKEN": "slack-token-of-the-tests",
    "SLACK_SIGNING_SECRET": "slack-signing-secret-of-the-tests",
    "SLACK_SUPPORT_CHANNEL": "C0SUPPORT1",
    "EMAIL_ADDRESS": "support@acme.example",
    "EMAIL_INBOUND_TOKEN": "inbound-token-of-the-tests",
    "EMAIL_AUTHSERV_ID": "mx.acme.example",
}
FAST: dict[str, Any] = {
    "burst_wait_s": {"web": 0.02, "whatsapp": 0.02},
    "burst_idle_s": 0.05,
    "burst_max_s": 2.0,
    "turn_deadline_s": 20.0,
    "model_total_s": 10.0,
    "lease_s": 2.0,
    "renew_s": 0.5,
    "sweep_s": 0.2,
    "claim_s": 3.0,
    "reconcile_wait_s": 0.5,
    "outbox_first_s": 0.2,
    "outbox_longest_s": 2.0,
    "attempt_backoff_s": [0.0, 0.1, 0.2, 0.3, 0.5],
    "poison_window_s": 1.0,
    "unknown_probe_s": [0.3, 0.6, 1.2],
    "system_pause_s": 0.3,
    "rest_wait_s": [0.2, 0.4, 0.8],
    "holding_s": {},  # on a busy machine any turn may be slow; who tests the holding line asks for it
}


def port() -> int:
    """Find a port for a server, which may go away and come back to it."""
    while True:
        found = random.choice(PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", found))
            except OSError:
                continue
            return found


def write_tuning(folder: Path, changes: Mapping[str, Any] | None = None) -> Path:
    """Write a folder for CONFIG_DIR that changes nothing but times, and makes staff of the playground's people."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{name} = {_toml(value)}" for name, value in {**FAST, **(changes or {})}.items()]
    _write(folder / "bot.toml", "\n".join(lines) + "\n")
    policies = files.parsed((ROOT / "config" / "policies.yaml").read_text())
    policies |= {"staff": policies["demo_staff"], "alerts": {"email": ALERTS}}
    _write(folder / "policies.yaml", yaml.safe_dump(policies))
    return folder


def _write(path: Path, text: str) -> None:
    """Put a file in place at once: another process may be reading the one that is there."""
    fresh = path.with_suffix(f".{secrets.token_hex(4)}")
    fresh.write_text(text)
    fresh.replace(path)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One server's place: its address, its data, its outside world. The same for every start."""

    home: Path
    database_url: str
    redis_url: str | None = None
    tuning: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    bot_port: int = field(default_factory=port)
    playground_port: int = field(default_factory=port)
    smtp_port: int = field(default_factory=port)

    @property
    def url(self) -> str:
        """Where the bot is reached, by everybody."""
        return f"http://127.0.0.1:{self.bot_port}"

    @property
    def outside_url(self) -> str:
        """Where the playground is reached."""
        return f"http://127.0.0.1:{self.playground_port}/playground"

    def environment(self) -> dict[str, str]:
        """Everything a process of the bot is told."""
        redis = {"REDIS_URL": self.redis_url} if self.redis_url else {}
        return {
            **SECRETS,
            **redis,
            "HOST": "127.0.0.1",
            "PORT": str(self.bot_port),
            "PUBLIC_URL": self.url,
            "DATABASE_URL": self.database_url,
            "PLAYGROUND": "0",
            "MODEL_BACKEND": "offline",
            "CONFIG_DIR": str(write_tuning(self.home / "config", self.tuning)),
            "ACME_API_BASE": f"{self.outside_url}/acme",
            "TWILIO_API_BASE": f"{self.outside_url}/twilio",
            "SLACK_API_BASE": f"{self.outside_url}/slack/api",
            "SMTP_URL": f"smtp://127.0.0.1:{self.smtp_port}",
            **self.settings,
        }

    def outside(self) -> dict[str, str]:
        """Everything the playground is told."""
        return {
            **SECRETS,
            "PLAYGROUND_PACE_MS": "5",
            "SLACK_API_BASE": f"{self.outside_url}/slack/api",
            "PLAYGROUND_SMTP_PORT": str(self.smtp_port),
        }
