"""The one interface every model backend fulfils, and the values that cross it. Knows no provider."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from state import errors


class ModelDown(errors.RetryLater):
    """The model did not answer in time, or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one call as the provider counted them."""

    tokens_in: int = 0
    tokens_out: int = 0
    cached: int = 0


class ModelWrong(errors.AskModel):
    """The model answered with something that cannot be used."""

    def __init__(self, detail: str | None = None, *, again: bool = True, usage: Usage | None = None) -> None:
        """`again`: whether the same question may get a better answer. `usage`: what the useless answer cost."""
        super().__init__(detail)
        self.again = again
        self.usage = usage or Usage()


class ModelRefused(errors.AskHuman):
    """The model, or the account behind it, refuses; trying again does not help."""

    def __init__(self, detail: str | None = None, *, usage: Usage | None = None) -> None:
        """`usage`: what the refusal cost."""
        super().__init__(detail)
        self.usage = usage or Usage()


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function the model may call: a tool, or a workflow with its slots. `schema` is a strict JSON schema object.

    The list given to a model is constant for its deployment; which are allowed now is in `Prompt.allowed`.
    """

    name: str
    description: str
    schema: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call the model proposes. `arguments`: what it said, parsed; `raw`: its text when that is no JSON object."""

    id: str
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    raw: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the conversation as the model sees it, oldest first.

    role `user` / `assistant`: `text`. role `call`: the model's own earlier `call` of this turn. role `result`: the
    answer to `call` as JSON text (also an error, said in words). `items`: the provider's raw output items, reasoning
    among them, to pass along, opaque; they may stand on the call's own line or on one before it.
    """

    role: Literal["user", "assistant", "call", "result"]
    text: str = ""
    call: Call | None = None
    items: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """The active task as a model may know it: workflow, slots that are set, the slot that was asked for."""

    workflow: str
    slots: dict[str, Any]
    asked: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What one model call gets. `instructions` is stable text (prompt cache), `situation` what changes (task, profile).

    `texts`: the messages of this burst alone, for backends that do not read prose. `allowed`: names of functions that
    may be called now (None: all of `functions`). `recent`: the task that ended last, where none is active. `user_hash`:
    a pseudonym of the customer.
    """

    version: str
    instructions: str
    situation: str
    lines: tuple[Line, ...]
    texts: tuple[str, ...]
    functions: tuple[Function, ...] = ()
    allowed: tuple[str, ...] | None = None
    task: TaskView | None = None
    recent: TaskView | None = None
    max_tokens: int = 800
    user_hash: str | None = None
    cache_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a model answered: calls, or text. `confidence` and `runners_up` where a backend knows them.

    `none`: the backend understood that nothing it can do is wanted (offline's "none of these").
    """

    model: str
    text: str = ""
    calls: tuple[Call, ...] = ()
    items: tuple[dict[str, Any], ...] = ()
    usage: Usage = Usage()
    confidence: float = 1.0
    runners_up: tuple[tuple[str, float], ...] = ()
    none: bool = False


class Model(Protocol):
    """A model backend. Raises ModelDown, ModelWrong or ModelRefused; never retries; obeys `timeout` (seconds)."""

    name: str
    """The row in MODELS."""

    async def plan(self, prompt: Prompt, *, timeout: float) -> Reply:
        """Choose: call functions, or answer in text."""
        ...

    async def generate(self, prompt: Prompt, *, timeout: float) -> Reply:
        """Answer in text; functions are not offered."""
        ...

    async def close(self) -> None:
        """Close connections."""
