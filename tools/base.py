"""What a tool is: its declaration and the checks on it, its context, its outcome. Sends nothing by itself."""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, TypedDict, Unpack

from pydantic import BaseModel

from state import errors
from state.identity import Assurance
from tools import failures, schema, signature
from tools.request import SAFE, Request

Kind = Literal["lookup", "transform", "transact"]
Effect = Literal["keyed", "probeable", "transactional"]

SYSTEM = "system"
"""The actor of the engine's own calls. Internal tools exist for it alone."""

MAX_CACHE_S = 3_600
MOST_IN = 32_768
MOST_OUT: dict[Kind, int] = {"lookup": 256_000, "transform": 65_536, "transact": 65_536}

OPERATOR = "operator"
"""The actor of calls by the operators' API. How often is their own affair; what money may move is not."""

SESSION_FACTS = frozenset({"customer_id", "user_id", "session_id", "channel", "senders"})


@dataclass(frozen=True, slots=True)
class FromSession:
    """Marks an argument (`Annotated[str, FromSession("customer_id")]`) that the gateway fills, unseen by models."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """On whose behalf a call is made; built by code from the session, never from text.

    `tools`: the names the workflow's step may use, None where no workflow narrows them. `wrote`: the place in the
    session's log of the last news of a write; what was looked up before it is not taken from the cache any more.
    `senders`: their addresses that a channel has authenticated (`email:sam@initech.example`), for the tools that ask.
    """

    actor: str
    session_id: str
    user_id: str
    channel: str
    assurance: Assurance
    customer_id: str | None = None
    scopes: frozenset[str] = frozenset()
    workflow: str | None = None
    step: str | None = None
    tools: frozenset[str] | None = None
    wrote: int = 0
    senders: tuple[str, ...] = ()


class System(Protocol):
    """One outside API. Every failure it raises is one of `tools.failures` or an `AskHuman`."""

    async def get(self, path: str, *, params: Mapping[str, str] | None = None, timeout: float) -> Any:  # noqa: ANN401
        """Read; answers the parsed JSON."""
        ...

    async def post(self, path: str, body: Mapping[str, Any], *, key: str | None, timeout: float) -> Any:  # noqa: ANN401
        """Write, once; answers the parsed JSON."""
        ...

    async def request(self, request: Request, *, timeout: float) -> Any:  # noqa: ANN401
        """Send one request of any kind, once; answers the parsed JSON."""
        ...


class Systems(Protocol):
    """The outside APIs by name."""

    def __getitem__(self, name: str, /) -> System:
        """Answer one API; raises AskHuman when it is not configured."""
        ...


class Mail(Protocol):
    """Letters to the caller themselves, for a transactional tool alone: one leaves with the commit of its outcome."""

    async def post(self, *, to: str, subject: str, text: str) -> str | None:
        """Have a letter sent to an address of theirs; its id, None when the address is not known to be theirs."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a tool's function gets beside its arguments. `key` is the idempotency key of a transact call.

    `mail` is there for transactional tools, within a turn. `left`: the APIs to which a write left.
    """

    caller: Caller
    systems: Systems
    timeout: float
    key: str | None = None
    mail: Mail | None = None
    started: float = field(default_factory=time.monotonic)
    left: list[str] = field(default_factory=list)

    @property
    def remaining(self) -> float:
        """Seconds left of `timeout`."""
        return self.timeout - (time.monotonic() - self.started)

    async def get(self, system: str, path: str, params: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401
        """Read from an outside API within the time that is left."""
        return await self._read(self.systems[system].get(path, params=params, timeout=self.remaining))

    async def post(self, system: str, path: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """Write to an outside API with this call's idempotency key."""
        self.left.append(system)
        return await self.systems[system].post(path, body, key=self.key, timeout=self.remaining)

    async def request(self, system: str, request: Request) -> Any:  # noqa: ANN401
        """Send a request of any kind to an outside API within the time that is left."""
        sent = self.systems[system].request(request, timeout=self.remaining)
        if request.method in SAFE:
            return await self._read(sent)
        self.left.append(system)
        return await sent

    async def _read(self, answer: Awaitable[Any]) -> Any:  # noqa: ANN401
        """The answer to a read. What is read in vain before a write leaves proves that the write has not left."""
        try:
            return await answer
        except failures.Unavailable as error:
            if self.key is None or self.left or isinstance(error, failures.NotSent | failures.Throttled):
                raise
            raise failures.NotSent(str(error), after=error.after, reason=error.reason) from error


Run = Callable[[Any, Context], Awaitable[BaseModel]]
Probe = Callable[[Any, Context], Awaitable[BaseModel | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A versioned function behind the gateway; made by `@tool` or `declare`, which check it.

    effect    how a transact call is made certain; `probe` reads it back by key, None when there is no trace of it
    internal  for the engine alone, no model ever hears of it
    inside    for the steps of workflows alone, which no model hears of either
    deprecated  what to use in its place; tasks that began with it still end with it
    identity  argument → session fact, for the arguments the gateway fills
    cache_s   how long a lookup's answer may be given again, 0: never
    most_in   how long its arguments may be as JSON, `most_out` its result (0: as its kind has it)
    schema    what a provider is told (OpenAI's strict subset); `notes` say what is lost by it and what looks unwise
    gives     the schema of its result, for programs that call it
    """

    name: str
    kind: Kind
    description: str
    arguments: type[BaseModel]
    result: type[BaseModel]
    run: Run
    version: int = 1
    scopes: frozenset[str] = frozenset()
    assurance: Assurance = Assurance.CHANNEL
    needs_customer: bool = False
    effect: Effect | None = None
    probe: Probe | None = None
    internal: bool = False
    inside: bool = False
    deprecated: str = ""
    cache_s: float = 0.0
    most_in: int = MOST_IN
    most_out: int = 0
    identity: Mapping[str, str] = field(default_factory=dict)
    schema: dict[str, Any] = field(default_factory=dict)
    gives: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt of a call: its number, `ok` or the reason it failed, its time. `verb`: call, or probe (read back)."""

    n: int
    reason: str
    ms: int
    verb: Literal["call", "probe"] = "call"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """One line of the audit trail: who did what for whom, with which result and why it was allowed.

    `cached`: the answer was had before; nobody was asked. `policy`: the version of the policies that this rests on.
    """

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
    attempts: tuple[Attempt, ...] = ()
    cached: bool = False
    policy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a call ended. `state`: succeeded, failed (without effect) or unknown (a write that may have happened).

    `reason`: one word: not_found, rejected, invalid, unavailable, timeout, busy, denied, schema, defect, policy, scope,
    step, assurance, customer, unknown_tool, changed, rate, off, version, hours, limit, approval. `code`: the other
    system's own word for a rejection. `message`: for people and models. `result`: declared fields only, plain JSON.
    `attempts`: every call made for it, none when the answer was `cached`. `after`: the seconds after which another try
    may do better, if that is known.
    """

    tool: str
    version: int
    state: Literal["succeeded", "failed", "unknown"]
    arguments: dict[str, Any] = field(default_factory=dict)
    result: Any = None
    reason: str = ""
    message: str = ""
    code: str = ""
    ms: int = 0
    attempts: tuple[Attempt, ...] = ()
    after: float | None = None
    cached: bool = False
    audit: tuple[Audit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRule:
    """That staff with `scope` must agree to a call, and why. `above`: the limit it is over, where there is one."""

    scope: str
    why: str
    above: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A write worked out in full: validated arguments, their hash, ready to be shown for consent.

    `amount`: the money it moves, by the argument that the tool's limits name; `approval`: what it needs besides.
    """

    tool: str
    version: int
    arguments: dict[str, Any]
    args_hash: str
    amount: str | None = None
    approval: ApprovalRule | None = None
    audit: tuple[Audit, ...] = ()


class Options(TypedDict, total=False):
    """What `@tool` may say besides, as `Tool` explains it."""

    version: int
    assurance: Assurance
    needs_customer: bool
    effect: Effect
    probe: Probe
    internal: bool
    inside: bool
    cache_s: float
    most_in: int
    most_out: int
    deprecated: str


def tool(
    *, kind: Kind, scopes: tuple[str, ...] = (), **more: Unpack[Options]
) -> Callable[[Callable[..., Awaitable[BaseModel]]], Tool]:
    """Turn `async def name(arguments: Model, context: Context) -> Model` into a tool; models read its docstring.

    Typed parameters may stand in the place of the model. It registers nothing: a pack lists its tools in `TOOLS`.
    Raises BadInput naming the tool and what is wrong with it.
    """

    def made(run: Callable[..., Awaitable[BaseModel]]) -> Tool:
        found = signature.read(run, Context)
        return declare(
            Tool(
                name=getattr(run, "__name__", "?"),
                kind=kind,
                description=inspect.getdoc(run) or "",
                arguments=found.arguments,
                result=found.result,
                run=found.run,
                scopes=frozenset(scopes),
                **more,
            )
        )

    return made


def declare(given: Tool) -> Tool:
    """Check a tool and work out its schema, identity arguments and notes. Raises BadInput naming tool and reason."""
    try:
        _check_shape(given)
        identity = _identity(given.arguments)
        strict = schema.strict(given.arguments, hidden=identity.keys())
        gives = schema.strict(given.result, mode="serialization").schema
    except errors.BadInput as error:
        raise errors.BadInput(f"tool {given.id}: {error}") from error
    return replace(
        given,
        identity=identity,
        most_out=given.most_out or MOST_OUT[given.kind],
        needs_customer=given.needs_customer or "customer_id" in identity.values(),
        schema=strict.schema,
        gives=gives,
        notes=tuple(f"{given.id}: {note}" for note in _notes(given, strict.notes)),
    )


def _notes(given: Tool, found: tuple[str, ...]) -> tuple[str, ...]:
    old = (f"deprecated, {given.deprecated}",) if given.deprecated else ()
    return old if given.internal or given.inside else (*old, *found)


def _check_shape(given: Tool) -> None:
    if not (given.name.isidentifier() and given.name.isascii() and given.name.islower() and len(given.name) <= 64):
        raise errors.BadInput("a name has at most 64 small letters, digits and underscores")
    if given.cache_s and (given.kind != "lookup" or not 0 < given.cache_s <= MAX_CACHE_S):
        raise errors.BadInput(f"cache_s is for lookups, at most {MAX_CACHE_S} seconds")
    if given.version < 1:
        raise errors.BadInput("versions count from 1")
    if not given.description:
        raise errors.BadInput("it needs a docstring: that is what the model reads")
    if given.kind == "transact":
        _check_effect(given)
    elif given.effect or given.probe:
        raise errors.BadInput(f"a {given.kind} has no effect to declare; only a transact tool has")


def _check_effect(given: Tool) -> None:
    if given.effect is None:
        raise errors.BadInput(
            "a transact tool must declare effect=: keyed (the API takes an idempotency key), probeable (it can be"
            " read back, give probe=) or transactional (our own database)"
        )
    if given.effect == "probeable" and given.probe is None:
        raise errors.BadInput("effect='probeable' needs probe=, a function that reads the effect back")


def _identity(model: type[BaseModel]) -> dict[str, str]:
    """Which arguments the gateway fills from which fact of the session."""
    found = _marked(model)
    if unknown := set(found.values()) - SESSION_FACTS:
        raise errors.BadInput(f"FromSession({min(unknown)!r}): a session knows {', '.join(sorted(SESSION_FACTS))}")
    for nested in schema.nested_models(model):
        if _marked(nested):
            raise errors.BadInput(f"{nested.__name__}: FromSession works for the outermost arguments only")
    return found


def _marked(model: type[BaseModel]) -> dict[str, str]:
    return {
        name: mark.name
        for name, info in model.model_fields.items()
        for mark in info.metadata
        if isinstance(mark, FromSession)
    }
