"""Facts of tools: what was looked up, and what became of every write.

They belong to `state.events`, which is where everybody finds them; they hold no rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSucceeded:
    """A lookup or transform answered. Only declared result fields are here.

    `attempts`: [{n, reason, ms, verb}], every call made for it; none when the answer was `cached`.
    """

    tool: str
    version: int
    arguments: JSON
    result: Any
    ms: int = 0
    attempts: list[JSON] = field(default_factory=list)
    cached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFailed:
    """A lookup or transform did not answer. `reason`: one word for who must react."""

    tool: str
    version: int
    arguments: JSON
    reason: str
    message: str = ""
    ms: int = 0
    attempts: list[JSON] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRefused:
    """A proposed call never happened: unknown tool, bad arguments, policy, repetition."""

    tool: str
    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Something was not let through. `what`: answer (to a question), words (a model's) or act (of staff, `by` whom)."""

    what: str
    reason: str
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionProposed:
    """A write was worked out and waits for consent. `terms`: the exact text shown; `actor`: who asks, by `scopes`.

    `amount`: the money it moves, such as `49.00 USD`, where a limit asks for it.
    `step`: the step that asks for it; `batch`: shared by those that are asked for together.
    """

    action: str
    task: str
    tool: str
    version: int
    arguments: JSON
    args_hash: str
    terms: str
    reason: str = ""
    amount: str | None = None
    actor: str = "customer"
    scopes: list[str] = field(default_factory=list)
    step: str = ""
    batch: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionMoved:
    """An action changed state; `state.reducers.ACTION_ORDER` says which state may follow which.

    `attempts`: [{n, reason, ms, verb}], the calls (`call`) and readings back (`probe`) that led there.
    """

    action: str
    state: str
    by: str = "bot"
    source: int | None = None
    result: Any = None
    reason: str | None = None
    attempts: list[JSON] = field(default_factory=list)
