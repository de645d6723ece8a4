"""Prompts, functions and settings that the tests of models share. Holds no test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot.models.base import Function, Line, Prompt
from config.settings import Settings

INVOICE = {
    "type": "object",
    "properties": {"invoice_id": {"type": ["string", "null"], "description": "The invoice's number"}},
    "required": ["invoice_id"],
    "additionalProperties": False,
}
REFUND = {
    "type": "object",
    "properties": {
        "invoice_id": {"type": ["string", "null"]},
        "refund_reason": {"anyOf": [{"type": "string", "enum": ["duplicate", "not_needed"]}, {"type": "null"}]},
    },
    "required": ["invoice_id", "refund_reason"],
    "additionalProperties": False,
}
NOTHING: dict[str, Any] = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
FUNCTIONS = (
    Function(name="invoice_status", description="Look up an invoice.", schema=INVOICE),
    Function(name="refund", description="Refund an invoice.", schema=REFUND),
    Function(name="talk_to_person", description="Bring in a person.", schema=NOTHING),
)
INSTRUCTIONS = "You are the first point of contact."
SITUATION = "No task is open."


def user(text: str) -> Line:
    """Write what the customer says."""
    return Line(role="user", text=text)


def bot(text: str) -> Line:
    """Write what the bot has answered."""
    return Line(role="assistant", text=text)


def prompt_of(*lines: Line, **changes: Any) -> Prompt:  # any field of Prompt
    """Make a prompt over these lines; any other field can be changed by name."""
    told: dict[str, Any] = {
        "version": "plan@1",
        "instructions": INSTRUCTIONS,
        "situation": SITUATION,
        "lines": lines,
        "texts": tuple(line.text for line in lines[-1:]),
        "functions": FUNCTIONS,
    }
    return Prompt(**(told | changes))


def settings_for(url: str, root: Path, **env: str) -> Settings:
    """Make settings that point at a server on loopback; more are given by their names in lower case."""
    named = {name.upper(): text for name, text in env.items()}
    secrets = {"SECRET_KEY": "test-" * 8, "API_TOKEN": "token-" * 8}
    base = {"PLAYGROUND": "1", "MODEL_BACKEND": "openai_chat", "OPENAI_BASE_URL": url, "OPENAI_API_KEY": "sk-test"}
    return Settings.load({**secrets, **base, **named}, root=root)
