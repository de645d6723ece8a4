"""What a log line may show: fields on a list, without secrets, addresses, numbers and control characters. Pure."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

import re2

HIDDEN = "[hidden]"
LONGEST = 400
DEEPEST = 3
SHORTEST_SECRET = 6

# Fields whose words are ours: names of things, ids, reasons. What a person or a model may have written is not here.
SHOWN = frozenset({
    "event", "level", "timestamp", "logger", "error", "cause", "where", "request", "turn", "session", "user", "channel",
    "method", "route", "path", "status", "code", "tool", "action", "outcome", "reason", "verdict", "state", "kind",
    "backend", "model", "prompt_version", "step", "steps", "intent", "workflow", "task", "attempt", "point", "policy",
    "problem", "setting", "file", "version", "revision", "worker", "owner", "provider", "provider_id", "outbox",
    "delivery", "mode", "role", "signal", "database", "host", "url", "ticket", "why", "missing", "python", "ids",
    "channels", "backends", "playground", "inbound", "identity", "question", "effect", "from_state", "to_state",
})  # fmt: skip

# Ids of ours and of providers may be all digits, and are then no telephone number.
IDS = frozenset({"request", "turn", "session", "user", "action", "outbox", "delivery", "provider_id", "task"})

# Errors whose text is ours or the system's, never a customer's.
TELLING = frozenset({"RetryLater", "Conflict", "LeaseLost", "KeyMissing", "SettingsError"})

_EMAIL = re2.compile(r"[\p{L}\p{N}_.!#$%&'*+/=?^`{|}~-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*")
_PHONE = re2.compile(r"\+\d[\d ().-]{5,18}\d")
_NUMBER = re2.compile(r"\b\d(?:[ -]?\d){9,}\b")


class Redactor:
    """Cleans log lines; it knows the secrets that were loaded at start."""

    def __init__(self, secrets: Iterable[str] = (), *, messages: bool = False) -> None:
        """`messages`: show the text of every error, cleaned, for somebody who debugs."""
        self._secrets = sorted((s for s in secrets if len(s) >= SHORTEST_SECRET), key=len, reverse=True)
        self._messages = messages

    def clean(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Give the line as it may be shown."""
        found = dict(event)
        error = _error_of(found.pop("exc_info", None))
        shown = {
            name if name in SHOWN else self.text(str(name)): self._field(str(name), value)
            for name, value in found.items()
        }
        return shown | (self._describe(error) if error else {})

    def text(self, value: str) -> str:
        """Take out secrets, addresses and long numbers, escape what does not print, cut what is long."""
        value = self._cleared(value)
        if len(value) >= 8 and not value.isalpha():
            value = _NUMBER.sub("[number]", value)
        return value if len(value) <= LONGEST else f"{value[:LONGEST]}…"

    def _cleared(self, value: str) -> str:
        for secret in self._secrets:
            if secret in value:
                value = value.replace(secret, "[secret]")
        value = _printable(value[: 4 * LONGEST])
        if "@" in value:
            value = _EMAIL.sub("[email]", value)
        return _PHONE.sub("[phone]", value) if "+" in value else value

    def _field(self, name: str, value: object, depth: int = 0) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        if depth > DEEPEST or (name not in SHOWN and not isinstance(value, Mapping)):
            return HIDDEN
        if isinstance(value, Mapping):
            inner = {self.text(str(key)): (str(key), entry) for key, entry in value.items()}
            return {key: self._field(own, entry, depth + 1) for key, (own, entry) in inner.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._field(name, entry, depth + 1) for entry in list(value)[:20]]
        words = value if isinstance(value, str) else str(value)
        return self._cleared(words)[:LONGEST] if name in IDS else self.text(words)

    def _describe(self, error: BaseException) -> dict[str, Any]:
        """Name an error, its place and its causes; the text only where it cannot hold a customer's words."""
        told = [self._name(error)]
        cause = error.__cause__ or error.__context__
        while cause is not None and len(told) < 5:
            told.append(self._name(cause))
            cause = cause.__cause__ or cause.__context__
        return {"error": told[0], "where": _frames(error.__traceback__)} | ({"cause": told[1:]} if told[1:] else {})

    def _name(self, error: BaseException) -> str:
        kind = type(error).__name__
        if self._messages or isinstance(error, OSError) or kind in TELLING:
            return f"{kind}: {self.text(str(error))}"
        return kind


def _error_of(found: object) -> BaseException | None:
    if isinstance(found, BaseException):
        return found
    if isinstance(found, tuple):
        return found[1] if isinstance(found[1], BaseException) else None
    return sys.exception() if found else None


def _frames(trace: TracebackType | None) -> list[str]:
    """The innermost places, outermost first: file, line and function, without any source text or value."""
    return [
        f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(trace)[-8:]
    ]


def _printable(text: str) -> str:
    """Escape control, direction and surrogate characters, which could forge a line or break the encoding."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
