"""What a tool is: its declaration, its context, its outcome. Calls nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from state.identity import Assurance

Kind = Literal["lookup", "transform", "transact"]
Effect = Literal["keyed", "probeable", "transactional"]


@dataclass(frozen=True, slots=True)
class FromSession:
    """Marks an argument (`Annotated[str, FromSession("customer_id")]`) that the gateway fills and no model ever sees."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """On whose behalf a call is made; built by code from the session, never from text."""

    actor: str
    session_id: str
    user_id: str
    channel: str
    assurance: Assurance
    customer_id: str | None = None
    scopes: frozenset[str] = frozenset()
    workflow: str | None = None
    step: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a tool's function gets beside its arguments. `key` is the idempotency key of a transact call."""

    caller: Caller
    systems: Any
    timeout: float
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A versioned function behind the gateway. `effect`: how a transact call is made certain; `probe` reads it back by key."""

    name: str
    version: int
    kind: Kind
    description: str
    arguments: type[BaseModel]
    result: type[BaseModel]
    run: Callable[[Any, Context], Awaitable[BaseModel]]
    scopes: tuple[str, ...] = ()
    assurance: Assurance = Assurance.CHANNEL
    needs_customer: bool = False
    effect: Effect | None = None
    probe: Callable[[Any, Context], Awaitable[BaseModel | None]] | None = None

    @property
    def id(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """One line of the audit trail: who did what for whom, with which result and why it was allowed."""

    actor: str
    user_id: str
    session_id: str
    tool: str
    arguments: dict[str, Any]
    verdict: str
    result: Any = None
    confirmation: str | None = None
    action: str | None = None
    ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a call ended. `state`: succeeded, failed (it had no effect) or unknown (a write that may have happened).

    `reason`: one word: not_found, rejected, invalid, unavailable, timeout, policy, scope, assurance, customer, unknown_tool, …;
    `message`: for people. `result`: declared fields only, plain JSON.
    """

    tool: str
    version: int
    state: Literal["succeeded", "failed", "unknown"]
    arguments: dict[str, Any] = field(default_factory=dict)
    result: Any = None
    reason: str = ""
    message: str = ""
    ms: int = 0
    audit: tuple[Audit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A write worked out in full: validated arguments, their hash, ready to be shown for consent."""

    tool: str
    version: int
    arguments: dict[str, Any]
    args_hash: str
