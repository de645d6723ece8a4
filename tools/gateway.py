"""The one door to every tool: validates, asks policy, calls, checks the answer, audits. Decides no flow."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, Protocol

import orjson
from pydantic import BaseModel

from state import errors
from state.session import Action
from tools import attempts, cache, policy, schema
from tools.attempts import Proof, Tried
from tools.base import Audit, Caller, Context, Outcome, Proposal, Systems, Tool
from tools.catalog import Catalog
from tools.rates import Rates, TooOften

JSON = dict[str, Any]
State = Literal["succeeded", "failed", "unknown"]

MAX_ARGUMENTS = 32_768
KEY_LIFE_MS = 23 * 3_600_000  # keys may be forgotten after 24 h (Stripe does)


class Described(NamedTuple):
    """A tool as a model is told of it."""

    name: str
    description: str
    schema: JSON


class Eligible(NamedTuple):
    """Whether a caller may use a tool now, and why not."""

    name: str
    ok: bool
    why: str


class Count(Protocol):
    """Counts `call` (`ok` when it succeeded), `schema` (arguments or results), `policy` (blocks), `cache`."""

    def __call__(self, event: Literal["call", "schema", "policy", "cache"], *, tool: str, reason: str, ms: int) -> None:
        """Count one."""
        ...


def _count_nothing(event: str, *, tool: str, reason: str, ms: int) -> None:
    """The counter of tests and scripts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """What every outcome and audit line of one call shares."""

    tool: str
    version: int
    caller: Caller
    action: str | None = None
    confirmation: str | None = None
    started: float = field(default_factory=time.monotonic)

    def end(
        self,
        state: State,
        tried: Tried,
        *,
        arguments: JSON,
        shown: JSON | None = None,
        verdict: str = "allowed",
        cached: bool = False,
    ) -> Outcome:
        """The outcome with its audit line. `shown`: the arguments without those that came from the session."""
        ms = round((time.monotonic() - self.started) * 1000)
        said = tried.result if state == "succeeded" else tried.reason
        line = self.audit(arguments, verdict=verdict, result=said)
        line = replace(line, ms=ms, attempts=tried.attempts, cached=cached)
        return Outcome(
            tool=self.tool,
            version=self.version,
            state=state,
            arguments=arguments if shown is None else shown,
            result=tried.result if state == "succeeded" else None,
            reason="" if state == "succeeded" else tried.reason,
            message=tried.message,
            code=tried.code,
            ms=ms,
            attempts=tried.attempts,
            after=tried.after,
            cached=cached,
            audit=(line,),
        )

    def audit(self, arguments: JSON, *, verdict: str, result: Any = None) -> Audit:  # noqa: ANN401  JSON
        """One line of the audit trail."""
        return Audit(
            actor=self.caller.actor,
            user_id=self.caller.user_id,
            session_id=self.caller.session_id,
            tool=f"{self.tool}@{self.version}",
            arguments=arguments,
            verdict=verdict,
            result=result,
            confirmation=self.confirmation,
            action=self.action,
        )


class Gateway:
    """Every call of a tool goes through here, whoever proposed it."""

    def __init__(
        self,
        catalog: Catalog,
        systems: Systems,
        count: Count = _count_nothing,
        *,
        rates: Rates | None = None,
        policy_version: str = "",
    ) -> None:
        """Take the tools, the outside APIs they may use, where to count, and which version of the policy decides.

        `rates`: how often a user may use them; without it, as often as they like.
        """
        self.catalog = catalog
        self._systems = systems
        self._count = count
        self._policy = policy_version
        self._cache = cache.Cache()
        self._rates = rates or Rates()

    def functions(self, names: Iterable[str] | None = None) -> list[Described]:
        """What a model is told about these tools (None: all), in the catalog's order; internal ones never."""
        wanted = None if names is None else frozenset(names)
        return [
            Described(tool.name, tool.description, tool.schema)
            for tool in self.catalog
            if not tool.internal and (wanted is None or tool.name in wanted)
        ]

    def eligible(self, caller: Caller) -> list[Eligible]:
        """Every tool a model could hear of, with the verdict for this caller now."""
        verdicts = ((tool.name, policy.allow(tool, caller)) for tool in self.catalog if not tool.internal)
        return [Eligible(name, verdict.allowed, verdict.message) for name, verdict in verdicts]

    async def look_up(
        self,
        name: str,
        arguments: object,
        *,
        caller: Caller,
        timeout: float,
        version: int | None = None,
        fresh: bool = False,
    ) -> Outcome:
        """Run a lookup or transform. Never raises for a fault outside; repeats within `timeout` where that helps.

        `fresh`: the other system is asked, whatever it answered a moment ago.
        """
        tool = self.catalog.get(name, version)
        call = _begin(name, version, tool, caller)
        try:
            tool, checked = self._checked(tool, name, arguments, caller)
            if tool.kind == "transact":
                raise errors.Rejected(f"{name} writes; that needs consent to its exact terms first", reason="policy")
            plain = _plain(checked)
            kept = self._kept(tool, plain, caller, fresh=fresh)
            if kept is None:
                await self._rates.check(tool, caller)
        except (errors.Rejected, errors.AskModel) as error:
            return self._refuse(call, error, arguments)
        shown = _without_identity(tool, plain)
        if kept is not None:
            return self._counted(call.end("succeeded", kept, arguments=plain, shown=shown, cached=True))
        tried = await attempts.read(tool, checked, self._context(caller, timeout))
        if tried.proof is not Proof.DONE:
            return self._counted(call.end("failed", tried, arguments=plain, shown=shown))
        if tool.cache_s and is_whole(tried.result):
            self._cache.put(self._key(tool, plain, caller), tried.result, seconds=tool.cache_s)
        return self._counted(call.end("succeeded", tried, arguments=plain, shown=shown))

    def _key(self, tool: Tool, plain: JSON, caller: Caller) -> cache.Key:
        return cache.key_of(tool, plain, caller, self._policy)

    def _kept(self, tool: Tool, plain: JSON, caller: Caller, *, fresh: bool) -> Tried | None:
        """What the same question was answered a moment ago, if that may still be said."""
        if not tool.cache_s or fresh:
            return None
        body = self._cache.get(self._key(tool, plain, caller))
        self._count("cache", tool=tool.name, reason="miss" if body is None else "hit", ms=0)
        return None if body is None else Tried(proof=Proof.DONE, result=orjson.loads(body))

    def propose(
        self, name: str, arguments: object, *, caller: Caller, version: int | None = None
    ) -> Proposal | Outcome:
        """Work a write out in full, to be shown for consent; a failed Outcome says why it cannot be proposed."""
        tool = self.catalog.get(name, version)
        call = _begin(name, version, tool, caller)
        try:
            tool, checked = self._checked(tool, name, arguments, caller)
            if tool.kind != "transact":
                raise errors.Rejected(f"{name} only reads; there is nothing to consent to", reason="policy")
        except (errors.Rejected, errors.AskModel) as error:
            return self._refuse(call, error, arguments)
        plain = _plain(checked)
        return Proposal(
            tool=tool.name,
            version=tool.version,
            arguments=plain,
            args_hash=hash_of(tool, plain),
            audit=(call.audit(plain, verdict="proposed"),),
        )

    async def perform(self, action: Action, *, caller: Caller, timeout: float, confirmation: str | None) -> Outcome:
        """Carry out a confirmed write under the key `action.id`. Its step to `dispatched` must be committed before.

        Policy and hash are checked again on fresh data. Never raises for a fault outside.
        """
        call = _Call(
            tool=action.tool, version=action.version, caller=caller, action=action.id, confirmation=confirmation
        )
        try:
            tool, checked = self._rechecked(action, caller)
            await self._rates.check(tool, caller)
        except (errors.Rejected, errors.AskModel) as error:
            return self._refuse(call, error, action.arguments)
        self._cache.forget(caller)
        state, tried = await attempts.write(tool, checked, self._context(caller, timeout, action.id))
        self._cache.forget(caller)
        return self._counted(call.end(state, tried, arguments=action.arguments))

    async def settle(
        self,
        action: Action,
        *,
        dispatched_ms_ago: int,
        caller: Caller,
        timeout: float,
        confirmation: str | None = None,
    ) -> Outcome:
        """Find out what became of a write that was dispatched and never answered; never repeats one without a key.

        Read back first. With a key that the other side still remembers it is then repeated; otherwise it stays unknown,
        which is for a person to decide.
        """
        call = _Call(
            tool=action.tool, version=action.version, caller=caller, action=action.id, confirmation=confirmation
        )
        try:
            state, tried = await self._settled(action, dispatched_ms_ago, self._context(caller, timeout, action.id))
        except (errors.Rejected, errors.AskModel) as error:
            return self._refuse(call, error, action.arguments, state="unknown")
        finally:
            self._cache.forget(caller)
        return self._counted(call.end(state, tried, arguments=action.arguments))

    async def _settled(self, action: Action, dispatched_ms_ago: int, context: Context) -> tuple[State, Tried]:
        tool, checked = _as_stored(self.catalog.get(action.tool, action.version), action)
        found = await attempts.probe(tool, checked, context)
        if found.proof is Proof.DONE:
            return "succeeded", found
        if not _repeatable(tool, dispatched_ms_ago):
            message = "it is not known whether it took effect"
            return "unknown", Tried(proof=Proof.DOUBT, reason=found.reason, message=message, attempts=found.attempts)
        tool, checked = self._rechecked(action, context.caller)
        state, tried = await attempts.write(tool, checked, context, doubt=True)
        return state, attempts.after(found, tried)

    def _checked(self, tool: Tool | None, name: str, arguments: object, caller: Caller) -> tuple[Tool, BaseModel]:
        """A tool the caller may use and its validated arguments; raises Rejected or AskModel."""
        verdict = policy.allow(tool, caller) if tool else policy.unknown(name)
        if tool is None or not verdict.allowed:
            raise errors.Rejected(verdict.message, reason=verdict.reason)
        return tool, schema.validate(tool.arguments, _as_json(arguments), filled=_identity(tool, caller))

    def _rechecked(self, action: Action, caller: Caller) -> tuple[Tool, BaseModel]:
        """The same on fresh data for what was consented to: identity is filled in anew and the hash must still hold."""
        tool = self.catalog.get(action.tool, action.version)
        given = _without_identity(tool, action.arguments) if tool else {}
        tool, checked = self._checked(tool, action.tool, given, caller)
        if tool.kind != "transact" or not action.args_hash == hash_of(tool, _plain(checked)) == hash_of(
            tool, action.arguments
        ):
            raise errors.Rejected("the terms are no longer those that were agreed to", reason="changed")
        return tool, checked

    def _context(self, caller: Caller, timeout: float, key: str | None = None) -> Context:
        return Context(caller=caller, systems=self._systems, timeout=timeout, key=key)

    def _refuse(
        self, call: _Call, error: errors.Rejected | errors.AskModel, arguments: object, *, state: State = "failed"
    ) -> Outcome:
        """The outcome of a call that was never made."""
        reason = error.reason if isinstance(error, errors.Rejected) else "invalid"
        event: Literal["schema", "policy"] = "policy" if isinstance(error, errors.Rejected) else "schema"
        known = self.catalog.get(call.tool) is not None
        self._count(event, tool=call.tool if known else "unknown", reason=reason, ms=0)
        after = error.seconds if isinstance(error, TooOften) else None
        tried = Tried(proof=Proof.NOT_NOW, reason=reason, message=str(error), after=after)
        return call.end(state, tried, arguments=_presentable(arguments), shown={}, verdict=reason)

    def _counted(self, outcome: Outcome) -> Outcome:
        if outcome.reason in {"schema", "too_large"}:
            self._count("schema", tool=outcome.tool, reason="result", ms=outcome.ms)
        self._count("call", tool=outcome.tool, reason=outcome.reason or "ok", ms=outcome.ms)
        return outcome


def _begin(name: str, version: int | None, tool: Tool | None, caller: Caller) -> _Call:
    """A call of a tool that may not exist; an invented name is cut to a bearable length."""
    if tool is None:
        return _Call(tool=name[:64], version=version or 0, caller=caller)
    return _Call(tool=tool.name, version=tool.version, caller=caller)


def is_whole(result: object) -> bool:
    """Whether a result says nothing of parts that are missing."""
    return not (isinstance(result, dict) and result.get("complete") is False)


def hash_of(tool: Tool, arguments: JSON) -> str:
    """SHA-256 over the canonical JSON of the tool's id and all arguments, those from the session included."""
    body = orjson.dumps({"arguments": arguments, "tool": tool.id}, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(body).hexdigest()


def _as_stored(tool: Tool | None, action: Action) -> tuple[Tool, BaseModel]:
    """The arguments as they were sent; raises Rejected when they cannot be trusted or read any more."""
    if tool is None:
        raise errors.Rejected(f"{action.tool}@{action.version} is not here any more", reason="unknown_tool")
    if tool.kind != "transact" or hash_of(tool, action.arguments) != action.args_hash:
        raise errors.Rejected("the stored arguments are not those that were agreed to", reason="changed")
    return tool, schema.validate(tool.arguments, action.arguments)


def _repeatable(tool: Tool, dispatched_ms_ago: int) -> bool:
    if tool.effect == "transactional":
        return True
    return tool.effect == "keyed" and 0 <= dispatched_ms_ago < KEY_LIFE_MS


def _identity(tool: Tool, caller: Caller) -> JSON:
    return {argument: getattr(caller, fact) for argument, fact in tool.identity.items()}


def _without_identity(tool: Tool, arguments: JSON) -> JSON:
    return {name: value for name, value in arguments.items() if name not in tool.identity}


def _plain(checked: BaseModel) -> JSON:
    return checked.model_dump(mode="json")


def _as_json(arguments: object) -> object:
    """The arguments as plain JSON of a bearable size, without what JSON has no word for (NaN becomes null)."""
    try:
        body = orjson.dumps(arguments)
    except TypeError as error:  # orjson's own error is one, for text or numbers that JSON cannot carry
        raise errors.AskModel("the arguments cannot be written as JSON") from error
    if len(body) > MAX_ARGUMENTS:
        raise errors.AskModel(f"the arguments are {len(body)} bytes long; at most {MAX_ARGUMENTS} are taken")
    return orjson.loads(body)


def _presentable(arguments: object) -> JSON:
    """Refused arguments for the audit, unless they are too large or no object at all."""
    try:
        plain = _as_json(arguments)
    except errors.AskModel:
        return {}
    return plain if isinstance(plain, dict) else {}
