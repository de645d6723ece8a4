"""Calling tools from outside the conversation, whichever door it comes by: the operators' API, or MCP. Speaks no HTTP.

A lookup or transform runs at once. A write is taken in like a message, carried out by the turn of whoever it is for,
and waited for here.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from bot import called, directory, observe
from bot.draft import audit_line
from bot.parts import Parts
from state.hints import Hints
from state.identity import Assurance
from state.messages import Called, OperatorCall
from state.session import Session
from state.sql.database import Row
from tools.base import Caller, Tool
from tools.gateway import Eligible

log = observe.get_logger()
LOOKUP_S = 15.0
LONGEST_WAIT_S = 25.0
FIRST_LOOK_S, LONGEST_LOOK_S = 0.05, 1.0
STILL = frozenset({"accepted", "awaiting_confirmation", "confirmed", "dispatched", "unknown"})
"""States in which a write may still come to an end by itself, soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call as it was asked for. `key`: counts once per actor (None: a lookup that is made whenever it is asked)."""

    actor: str
    scopes: frozenset[str]
    tool: Tool
    version: int | None
    user: str | None
    arguments: dict[str, Any]
    key: str | None
    reason: str = ""

    def call(self) -> OperatorCall:
        """The call as the store takes it in."""
        return OperatorCall(
            by=self.actor,
            key=self.key or uuid.uuid4().hex,
            user=self.user,
            tool=self.tool.name,
            version=self.tool.version,
            asked=self.version,
            arguments=self.arguments,
            reason=self.reason,
            scopes=tuple(sorted(self.scopes)),
            writes=self.tool.kind == "transact",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a call came to. `reason`: done, waits, other, nobody or busy; `answer`: state, and result or error."""

    reason: str
    action: str | None = None
    answer: dict[str, Any] = field(default_factory=dict)


class Toolbox:
    """Every tool of the deployment, for callers outside the conversation."""

    def __init__(self, parts: Parts, hints: Hints, take: Callable[[OperatorCall], Awaitable[Called]]) -> None:
        """`take`: takes a write in; `hints`: say when to look what became of it."""
        self.parts = parts
        self._hints = hints
        self._take = take

    def scopes(self) -> frozenset[str]:
        """Whatever the tools ask for."""
        return frozenset().union(*(tool.scopes for tool in self.parts.gateway.catalog))

    async def eligible(self, user: str | None, actor: str, scopes: frozenset[str]) -> dict[str, Eligible] | None:
        """Which tools this caller may use for a user, and why not; None when there is no such user."""
        found = await self.parts.store.calls.place(user)
        if found is None and await self._met(user):
            found = await self.parts.store.calls.place(user)
        if found is None:
            return None
        caller = _caller(found, actor, scopes)
        return {one.name: one for one in self.parts.gateway.eligible(caller)}

    async def call(self, asked: Asked) -> Told:
        """Call a tool and wait for what it comes to."""
        call = self._write if asked.tool.kind == "transact" else self._look_up
        told = await call(asked)
        if told.reason == "nobody" and await self._met(asked.user):
            told = await call(asked)
        return told

    async def _met(self, user: str | None) -> bool:
        """Whether somebody whom nobody knew is on file; they are known from now on, though they never wrote."""
        try:
            return await directory.meet(self.parts, user)
        except directory.Silent:
            log.info("directory_silent")
            return False

    async def _write(self, asked: Asked) -> Told:
        taken = await self._take(asked.call())
        if taken.action is None or taken.reason not in {"new", "again"}:
            return _of_lookup(taken)
        async with self._hints.subscribe(f"session:{taken.session_id}") as feed:
            return await self._outcome(taken, feed.get)

    async def _outcome(self, taken: Called, hint: Callable[[float], Awaitable[object]]) -> Told:
        """Look until it is over, waits for a person, or takes too long; a hint says when, silence says nothing."""
        until, pause = time.monotonic() + LONGEST_WAIT_S, FIRST_LOOK_S
        now: Called | None = taken
        while True:
            now = await self.parts.store.calls.of(taken.action or "")
            if now is None or (told := told_of(now)).reason == "done" or now.state not in STILL:
                return told_of(now or taken)
            began = time.monotonic()
            if began >= until:
                return told
            heard = await hint(min(pause, until - began))
            if heard is None and time.monotonic() - began < pause / 2:
                return told  # the feed has ended: this process is stopping
            pause = min(2 * pause, LONGEST_LOOK_S)

    async def _look_up(self, asked: Asked) -> Told:
        given = asked.call() if asked.key else None
        if given:
            taken = await self._take(given)
            if taken.reason not in {"new", "again"} or taken.answer or taken.action:
                return _of_lookup(taken)
        found = await self.parts.store.calls.place(asked.user)
        if found is None:
            return Told(reason="nobody")
        outcome = await self.parts.gateway.look_up(
            asked.tool.name,
            asked.arguments,
            caller=_caller(found, asked.actor, asked.scopes),
            timeout=LOOKUP_S,
            version=asked.tool.version,
        )
        answer = called.answer(outcome)
        keep = given if outcome.state == "succeeded" else None
        lines = [audit_line(line) for line in outcome.audit]
        kept = await self.parts.store.calls.looked_up(found[0], lines, keep, orjson.dumps(answer))
        return Told(reason="done", answer=kept.answer if kept and kept.answer else answer)


def _caller(found: tuple[Row, Session], actor: str, scopes: frozenset[str]) -> Caller:
    row, session = found
    return Caller(
        actor=actor,
        session_id=row["id"],
        user_id=row["user_id"],
        channel=called.CHANNEL,
        assurance=Assurance.VERIFIED,
        customer_id=session.customer_id,
        scopes=scopes,
        wrote=session.wrote,
    )


def _of_lookup(taken: Called) -> Told:
    """What a call came to that becomes no write here, or was refused its key."""
    if taken.reason in {"new", "again"}:
        return told_of(taken)
    return Told(reason=taken.reason)


def told_of(now: Called) -> Told:
    """How far a call is, as whoever called is told it."""
    if now.answer:
        return Told(reason="done", action=now.action, answer=now.answer)
    if now.state in called.ENDED:
        return Told(reason="done", action=now.action, answer=called.ended(now.state))
    if now.state in {"succeeded", "failed"}:
        return Told(reason="done", action=now.action, answer=called.by_hand(now.state))
    return Told(reason="waits", action=now.action, answer={"state": now.state, "result": None})
