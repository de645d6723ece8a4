"""The one door to every tool: validates, asks policy, calls, checks the answer, audits. Decides no flow."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, Protocol

import orjson
from pydantic import BaseModel

from state import errors
from state.ledger import NOTHING, Spent
from state.session import Action
from tools import arguments as args
from tools import attempts, cache, limits, policy, record, schema
from tools.attempts import Proof, Tried
from tools.base import Caller, Context, Mail, Outcome, Proposal, Systems, Tool
from tools.catalog import Catalog
from tools.limits import NO_LIMITS, Limits
from tools.policy import Decision
from tools.rates import Rates, TooOften
from tools.record import Record, State

JSON = dict[str, Any]

REMEMBERED_S = 5.0
MOST_KINDS = 512


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


class Ledger(Protocol):
    """What was done lately, read from the database: what guards money rests on nothing that may be lost."""

    async def spent(self, session_id: str, tool: str, *, besides: Collection[str] = ()) -> Spent:
        """What a session's user did with a tool in the last 24 hours, leaving out the actions `besides`."""
        ...


class _NoLedger:
    """The ledger of tests and scripts."""

    async def spent(self, session_id: str, tool: str, *, besides: Collection[str] = ()) -> Spent:
        """Nothing was ever done."""
        del session_id, tool, besides
        return NOTHING


class Gateway:
    """Every call of a tool goes through here, whoever proposed it."""

    def __init__(
        self,
        catalog: Catalog,
        systems: Systems,
        count: Count = _count_nothing,
        *,
        rates: Rates | None = None,
        limits: Limits = NO_LIMITS,
        ledger: Ledger | None = None,
    ) -> None:
        """Take the tools, the outside APIs they may use, where to count, what limits them and what was done lately.

        `rates`: how often a user may use them; without it, as often as they like.
        """
        self.catalog = catalog
        self.limits = limits
        self._systems = systems
        self._count = count
        self._ledger = ledger or _NoLedger()
        self._cache = cache.Cache()
        self._rates = rates or Rates()
        self._usable: dict[Caller, tuple[float, frozenset[str]]] = {}

    def functions(self, names: Iterable[str] | None = None) -> list[Described]:
        """What a model is told about these tools (None: all), in the catalog's order; not internal and inside ones."""
        wanted = None if names is None else frozenset(names)
        return [
            Described(tool.name, tool.description, tool.schema)
            for tool in self.catalog
            if not (tool.internal or tool.inside) and (wanted is None or tool.name in wanted)
        ]

    def eligible(self, caller: Caller) -> list[Eligible]:
        """Every tool a model could hear of, with the verdict for this caller now."""
        now = datetime.now(UTC)
        told = [tool for tool in self.catalog if not tool.internal]
        verdicts = [policy.decide(tool, caller, rules=self.limits.of(tool), now=now) for tool in told]
        return [Eligible(tool.name, it.allowed, it.message) for tool, it in zip(told, verdicts, strict=True)]

    def usable(self, caller: Caller) -> frozenset[str]:
        """The names of the tools a model may hear of for this caller now.

        Remembered for a moment per kind of caller, so that many registered tools slow no turn; the door asks anew.
        """
        kind = replace(caller, session_id="", user_id="", customer_id="known" if caller.customer_id else None, wrote=0)
        now = time.monotonic()
        known = self._usable.get(kind)
        if known is None or known[0] <= now:
            if len(self._usable) >= MOST_KINDS:
                self._usable.clear()
            known = (now + REMEMBERED_S, frozenset(each.name for each in self.eligible(caller) if each.ok))
            self._usable[kind] = known
        return known[1]

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
        call = record.begin(name, version, tool, caller, self.limits.version)
        try:
            tool, checked = self._checked(tool, name, arguments, caller)
            if tool.kind == "transact":
                raise errors.Rejected(f"{name} writes; that needs consent to its exact terms first", reason="policy")
            plain = args.plain(checked)
            kept = self._kept(tool, plain, caller, fresh=fresh)
            if kept is None:
                await self._rates.check(tool, caller)
        except (errors.Rejected, errors.AskModel) as error:
            return self._refuse(call, error, arguments)
        shown = args.without_identity(tool, plain)
        if kept is not None:
            return self._counted(call.end("succeeded", kept, arguments=plain, shown=shown, cached=True))
        tried = await attempts.read(tool, checked, self._context(caller, timeout))
        if tried.proof is not Proof.DONE:
            return self._counted(call.end("failed", tried, arguments=plain, shown=shown))
        if tool.cache_s and args.is_whole(tried.result):
            self._cache.put(self._key(tool, plain, caller), tried.result, seconds=tool.cache_s)
        return self._counted(call.end("succeeded", tried, arguments=plain, shown=shown))

    def _key(self, tool: Tool, plain: JSON, caller: Caller) -> cache.Key:
        return cache.key_of(tool, plain, caller, self.limits.version)

    def _kept(self, tool: Tool, plain: JSON, caller: Caller, *, fresh: bool) -> Tried | None:
        """What the same question was answered a moment ago, if that may still be said."""
        if not tool.cache_s or fresh:
            return None
        body = self._cache.get(self._key(tool, plain, caller))
        self._count("cache", tool=tool.name, reason="miss" if body is None else "hit", ms=0)
        return None if body is None else Tried(proof=Proof.DONE, result=orjson.loads(body))

    async def propose(
        self,
        name: str,
        arguments: object,
        *,
        caller: Caller,
        version: int | None = None,
        besides: Collection[str] = (),
        together: Iterable[Proposal] = (),
    ) -> Proposal | Outcome:
        """Work a write out in full, to be shown for consent; a failed Outcome says why it cannot be proposed.

        `besides`: the actions whose place it takes, which its limits leave out. `together`: what is proposed at once
        with it, which they count.
        """
        tool = self.catalog.get(name, version)
        call = record.begin(name, version, tool, caller, self.limits.version)
        try:
            tool, checked = self._checked(tool, name, arguments, caller)
            if tool.kind != "transact":
                raise errors.Rejected(f"{name} only reads; there is nothing to consent to", reason="policy")
            plain = args.plain(checked)
            decision = await self._decided(tool, plain, caller, besides=besides, together=together)
        except (errors.Rejected, errors.AskModel) as error:
            return self._refuse(call, error, arguments)
        return Proposal(
            tool=tool.name,
            version=tool.version,
            arguments=plain,
            args_hash=args.hash_of(tool, plain),
            amount=limits.amount_of(self.limits.of(tool), plain),
            approval=decision.approval,
            audit=(call.audit(plain, verdict="proposed"),),
        )

    async def _decided(
        self, tool: Tool, plain: JSON, caller: Caller, *, besides: Collection[str], together: Iterable[Proposal] = ()
    ) -> Decision:
        """What policy says of these very arguments after what was done lately; raises Rejected."""
        rules, spent = self.limits.of(tool), NOTHING
        if rules.counts:
            read = await self._ledger.spent(caller.session_id, tool.name, besides=besides)
            spent = limits.add(read, [one.amount for one in together if one.tool == tool.name])
        return _raised(policy.decide(tool, caller, rules=rules, now=datetime.now(UTC), arguments=plain, spent=spent))

    async def perform(
        self, action: Action, *, caller: Caller, timeout: float, confirmation: str | None, mail: Mail | None = None
    ) -> Outcome:
        """Carry out a confirmed write under the key `action.id`. Its step to `dispatched` must be committed before.

        Policy and hash are checked again on fresh data. Never raises for a fault outside.
        """
        call = record.of_action(action, caller, confirmation, self.limits.version)
        try:
            tool, checked = self._rechecked(action, caller)
            decision = await self._decided(tool, args.plain(checked), caller, besides=(action.id,))
            if decision.approval and not limits.is_approved(action, decision.approval):
                raise errors.Rejected(f"staff must approve it: {decision.approval.why}", reason="approval")
            await self._rates.check(tool, caller)
        except (errors.Rejected, errors.AskModel) as error:
            return self._refuse(call, error, action.arguments)
        self._cache.forget(caller)
        state, tried = await attempts.write(tool, checked, self._writing(action, caller, timeout, mail))
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
        mail: Mail | None = None,
        only_read: bool = False,
    ) -> Outcome:
        """Find out what became of a write that was dispatched and never answered; never repeats one without a key.

        Read back first. With a key that the other side still remembers it is then repeated; otherwise it stays unknown,
        which is for a person to decide. `only_read`: a person is deciding, so nothing is sent under their hands.
        """
        call = record.of_action(action, caller, confirmation, self.limits.version)
        try:
            context = self._writing(action, caller, timeout, mail)
            state, tried = await self._settled(action, dispatched_ms_ago, context, only_read=only_read)
        except (errors.Rejected, errors.AskModel) as error:
            return self._refuse(call, error, action.arguments, state="unknown")
        finally:
            self._cache.forget(caller)
        return self._counted(call.end(state, tried, arguments=action.arguments))

    async def _settled(
        self, action: Action, dispatched_ms_ago: int, context: Context, *, only_read: bool
    ) -> tuple[State, Tried]:
        tool, checked = args.as_stored(self.catalog.get(action.tool, action.version), action)
        found = await attempts.probe(tool, checked, context)
        if found.proof is Proof.DONE:
            return "succeeded", found
        if only_read or not args.is_repeatable(tool, dispatched_ms_ago):
            message = "it is not known whether it took effect"
            return "unknown", Tried(proof=Proof.DOUBT, reason=found.reason, message=message, attempts=found.attempts)
        tool, checked = self._rechecked(action, context.caller, repeated=True)
        state, tried = await attempts.write(tool, checked, context, doubt=True)
        return state, attempts.after(found, tried)

    def _checked(
        self, tool: Tool | None, name: str, arguments: object, caller: Caller, *, repeated: bool = False
    ) -> tuple[Tool, BaseModel]:
        """A tool the caller may use and its validated arguments; raises Rejected or AskModel."""
        if tool is None:
            raise _not_there(name, self.catalog.get(name))
        rules = policy.repeated(self.limits.of(tool)) if repeated else self.limits.of(tool)
        _raised(policy.decide(tool, caller, rules=rules, now=datetime.now(UTC)))
        return tool, schema.validate(
            tool.arguments, args.as_json(arguments, tool.most_in), filled=args.identity(tool, caller)
        )

    def _rechecked(self, action: Action, caller: Caller, *, repeated: bool = False) -> tuple[Tool, BaseModel]:
        """The same on fresh data for what was consented to: identity is filled in anew and the hash must still hold.

        `repeated`: it has left before, so what changes by the hour does not keep it from being sent again.
        """
        tool = self.catalog.get(action.tool, action.version)
        given = args.without_identity(tool, action.arguments) if tool else {}
        tool, checked = self._checked(tool, action.tool, given, caller, repeated=repeated)
        if tool.kind != "transact" or not action.args_hash == args.hash_of(tool, args.plain(checked)) == args.hash_of(
            tool, action.arguments
        ):
            raise errors.Rejected("the terms are no longer those that were agreed to", reason="changed")
        return tool, checked

    def _context(self, caller: Caller, timeout: float) -> Context:
        return Context(caller=caller, systems=self._systems, timeout=timeout)

    def _writing(self, action: Action, caller: Caller, timeout: float, mail: Mail | None) -> Context:
        """What a write gets: its key, and the mail only where its effect is ours to commit."""
        tool = self.catalog.get(action.tool, action.version)
        own = mail if tool and tool.effect == "transactional" else None
        return replace(self._context(caller, timeout), key=action.id, mail=own)

    def _refuse(
        self, call: Record, error: errors.Rejected | errors.AskModel, arguments: object, *, state: State = "failed"
    ) -> Outcome:
        """The outcome of a call that was never made."""
        reason = error.reason if isinstance(error, errors.Rejected) else "invalid"
        event: Literal["schema", "policy"] = "policy" if isinstance(error, errors.Rejected) else "schema"
        known = self.catalog.get(call.tool) is not None
        self._count(event, tool=call.tool if known else "unknown", reason=reason, ms=0)
        after = error.seconds if isinstance(error, TooOften) else None
        tried = Tried(proof=Proof.NOT_NOW, reason=reason, message=str(error), after=after)
        return call.end(state, tried, arguments=args.presentable(arguments), shown={}, verdict=reason)

    def _counted(self, outcome: Outcome) -> Outcome:
        if outcome.reason in {"schema", "too_large"}:
            self._count("schema", tool=outcome.tool, reason="result", ms=outcome.ms)
        self._count("call", tool=outcome.tool, reason=outcome.reason or "ok", ms=outcome.ms)
        return outcome


def _not_there(name: str, newest: Tool | None) -> errors.Rejected:
    """A version that a deploy took away can be told from a name that never was."""
    if newest is None or newest.internal:
        unknown = policy.unknown(name)
        return errors.Rejected(unknown.message, reason=unknown.reason)
    return errors.Rejected(f"this version of {name} is not here any more; there is {newest.id}", reason="version")


def _raised(decision: Decision) -> Decision:
    if not decision.allowed:
        raise errors.Rejected(decision.message, reason=decision.reason)
    return decision
