"""What the scripted OpenAI-compatible server is told to answer, and what it was asked. Speaks no HTTP itself."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Api = Literal["chat", "responses"]
Fault = Literal[
    "rate_limit", "quota", "status", "hang", "stall", "truncate", "disconnect", "not_json", "not_object",
    "empty", "refusal", "incomplete", "filtered", "failed",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One answer: text, calls (arguments as an object, or as text to be sent as it is), or a fault."""

    text: str = ""
    calls: tuple[tuple[str, dict[str, Any] | str], ...] = ()
    fault: Fault | None = None
    status: int = 500
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def say(text: str) -> Step:
    """Answer in text."""
    return Step(text=text)


def call(name: str, /, **arguments: Any) -> Step:  # any JSON values
    """Call one function."""
    return Step(calls=((name, arguments),))


def call_badly(name: str, arguments: str) -> Step:
    """Call a function with arguments that are just this text."""
    return Step(calls=((name, arguments),))


def fault(kind: Fault, *, status: int = 500, code: str | None = None, **headers: str) -> Step:
    """Fail in one way; headers are given with underscores (`retry_after="1"`)."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Step(fault=kind, status=status, code=code, headers=named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it came in (`at`: when, in seconds), with the few questions that a rule asks of it."""

    api: Api
    body: dict[str, Any]
    headers: Mapping[str, str]
    at: float = field(default_factory=time.monotonic)

    @property
    def items(self) -> list[dict[str, Any]]:
        """The messages, or input items, in order."""
        found: list[dict[str, Any]] = self.body.get("messages" if self.api == "chat" else "input", [])
        return found

    @property
    def tools(self) -> list[dict[str, Any]]:
        """Every function offered, in order, in one shape for both APIs."""
        return [tool["function"] if self.api == "chat" else tool for tool in self.body.get("tools", [])]

    @property
    def functions(self) -> list[dict[str, Any]]:
        """The functions that may be called now."""
        names = self.allowed
        return [tool for tool in self.tools if names is None or tool["name"] in names]

    @property
    def allowed(self) -> list[str] | None:
        """The names that the tool choice leaves; None when it leaves all."""
        choice = self.body.get("tool_choice", "auto")
        if choice == "none":
            return []
        if not isinstance(choice, dict):
            return None
        inner = choice["allowed_tools"] if self.api == "chat" else choice
        return [tool["function"]["name"] if self.api == "chat" else tool["name"] for tool in inner["tools"]]

    @property
    def said(self) -> list[str]:
        """What the customer said, oldest first."""
        return [str(item["content"]) for item in self.items if item.get("role") == "user"]

    @property
    def replied(self) -> list[str]:
        """What the bot has answered, oldest first."""
        return [str(item["content"]) for item in self.items if item.get("role") == "assistant" and item.get("content")]

    @property
    def situation(self) -> dict[str, Any]:
        """The changing part of the prompt, when it is JSON under its own head."""
        for item in reversed(self.items):
            head, _, text = str(item.get("content")).partition("\n")
            if item.get("role") in {"system", "developer"} and head == "Situation:":
                found: dict[str, Any] = json.loads(text) if text.startswith("{") else {}
                return found
        return {}

    @property
    def results(self) -> list[str]:
        """The results of functions since the customer last spoke, oldest first."""
        found: list[str] = []
        for item in self.items:
            if item.get("role") == "user":
                found = []
            elif item.get("role") == "tool":
                found.append(str(item["content"]))
            elif item.get("type") == "function_call_output":
                found.append(str(item["output"]))
        return found

    def text(self) -> str:
        """The whole body as text, to look for what must not be in it."""
        return json.dumps(self.body)


Rule = Callable[[Request], Step]
