"""Running a tool: one attempt named by what it proves, and when to repeat it. Knows no policy and writes no audit."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ValidationError

from state import errors, faults
from tools import failures, schema
from tools.base import Attempt, Context, Effect, Tool

State = Literal["succeeded", "failed", "unknown"]

READ_ATTEMPTS = 3
WRITE_ATTEMPTS = 3
FIRST_WAIT = 0.1
GRACE = 0.25  # a tool that keeps its deadline by itself can say more about a failure than we can from outside


class Proof(Enum):
    """What an attempt proves about its effect."""

    DONE = "it succeeded"
    NONE = "it had no effect and never will"
    NOT_NOW = "it had no effect this time"
    DOUBT = "it may have had an effect"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One attempt. `unsent`: no byte left; `again`: another one could do better; `after`: seconds to wait.

    `conflict`: refused because of what was done before, which may have been an earlier attempt of the same call.
    `part`: what there is of a lookup's answer though it failed. `attempts`: this one and what was tried before it for
    the same call, oldest first.
    """

    proof: Proof
    result: Any = None
    reason: str = ""
    message: str = ""
    code: str = ""
    unsent: bool = False
    again: bool = False
    conflict: bool = False
    after: float | None = None
    part: Any = None
    attempts: tuple[Attempt, ...] = ()


NOTHING = Tried(proof=Proof.NOT_NOW)
"""Before the first attempt."""


def told(history: Sequence[Attempt]) -> str:
    """What was tried in vain, in a few words: "tried 3 times: timeout, timeout, unavailable"; "" for less than two."""
    if len(history) < 2:
        return ""
    reasons = (f"read back: {one.reason}" if one.verb == "probe" else one.reason for one in history)
    return f"tried {len(history)} times: {', '.join(reasons)}"


def classify(error: Exception) -> Tried:
    """What a failure proves. A plain RetryLater, and whatever nobody foresaw, leaves doubt."""
    match error:
        case failures.Unavailable() | failures.Uncertain():
            return _unanswered(error)
        case errors.RetryLater():
            return _unanswered(failures.Uncertain(str(error), after=error.after))
        case TimeoutError():
            return _unanswered(failures.Uncertain("no answer in time", reason="timeout"))
        case errors.BotError():
            return _answered(error)
        case ValidationError():
            message = f"the answer was not as expected: {schema.explain(error)}"
            return Tried(proof=Proof.DOUBT, reason="schema", message=message)
    return Tried(proof=Proof.DOUBT, reason="defect", message=f"the tool failed ({type(error).__name__})")


def _unanswered(error: failures.Unavailable | failures.Uncertain) -> Tried:
    without_effect = isinstance(error, (failures.NotSent, failures.Throttled))
    return Tried(
        proof=Proof.NOT_NOW if without_effect else Proof.DOUBT,
        reason=error.reason,
        message=str(error),
        unsent=isinstance(error, failures.NotSent),
        again=error.reason != "too_large",
        after=error.after,
    )


def _answered(error: errors.BotError) -> Tried:
    said = str(error)
    match error:
        case failures.NotFound():
            return Tried(proof=Proof.NONE, reason="not_found", message=said)
        case failures.Declined():
            return Tried(proof=Proof.NONE, reason="rejected", message=said, code=error.code, conflict=error.conflict)
        case errors.Rejected():
            return Tried(proof=Proof.NONE, reason="rejected", message=said, code=error.reason)
        case errors.AskModel():
            return Tried(proof=Proof.NONE, reason="invalid", message=said)
        case errors.AskHuman():
            return Tried(proof=Proof.NOT_NOW, reason="denied", message=said)
    return Tried(proof=Proof.DOUBT, reason="defect", message=said)


def decide_write(
    effect: Effect | None, tried: Tried, *, doubt: bool
) -> Literal["succeeded", "failed", "unknown", "again"]:
    """What follows from an attempt to write, if time allows. `doubt`: an earlier attempt may have had an effect.

    With a key the other side knows a repeated call, so its clear answer counts for all attempts; without one, only what
    never left may be repeated.
    """
    if tried.proof is Proof.DONE:
        return "succeeded"
    if tried.proof is Proof.NONE:
        return "failed"
    doubt = doubt or tried.proof is Proof.DOUBT
    if tried.again and (effect in {"keyed", "transactional"} or (tried.unsent and not doubt)):
        return "again"
    return "unknown" if doubt else "failed"


def wait_before(attempt: int, after: float | None, chance: float) -> float:
    """Seconds to wait before attempt 2, 3, …: what the other side asked for, else growing, with jitter."""
    if after is not None:
        return after + 0.1 * chance
    return FIRST_WAIT * float(2 ** (attempt - 2)) * (0.5 + chance)


async def read(tool: Tool, arguments: BaseModel, context: Context) -> Tried:
    """Run a lookup or transform, repeated while it helps and time is left."""
    tried = NOTHING
    for attempt in range(1, READ_ATTEMPTS + 1):
        share = context.remaining / (READ_ATTEMPTS + 1 - attempt)
        part = tried.part
        tried = after(tried, await _once(tool, tool.run, arguments, _narrowed(context, share)))
        tried = tried if tried.part is not None else replace(tried, part=part)
        if not tried.again or not await _rested(attempt, READ_ATTEMPTS, tried, context):
            return _with_part(tried)
    raise AssertionError("the last attempt always returns")


def _with_part(tried: Tried) -> Tried:
    """A part of the answer is better than none; the answer itself says that it is not all."""
    if tried.proof is Proof.DONE or tried.part is None:
        return tried
    return replace(tried, proof=Proof.DONE, result=tried.part, reason="", message="")


async def write(tool: Tool, arguments: BaseModel, context: Context, *, doubt: bool = False) -> tuple[State, Tried]:
    """Run a transact tool under `context.key`; answers succeeded, failed or unknown, and the attempt that showed it."""
    tried = NOTHING
    for attempt in range(1, WRITE_ATTEMPTS + 1):
        tried = after(tried, await _send(tool, arguments, context, attempt))
        state = decide_write(tool.effect, tried, doubt=doubt)
        if state == "again":
            doubt = doubt or tried.proof is Proof.DOUBT
            if await _rested(attempt, WRITE_ATTEMPTS, tried, context):
                continue
            state = "unknown" if doubt else "failed"
        if state == "failed" and doubt and tool.probe:
            return await _contradicted(tool, arguments, context, tried)
        return ("unknown" if state == "failed" and doubt and tried.conflict else state), tried
    raise AssertionError("the last attempt always returns")


async def probe(tool: Tool, arguments: BaseModel, context: Context) -> Tried:
    """Read a write back by its key; NONE when the other side knows nothing of it."""
    if tool.probe is None:
        return Tried(proof=Proof.DOUBT, reason="unknown", message="it cannot be read back")
    return await _once(tool, tool.probe, arguments, context, verb="probe")


def after(before: Tried, tried: Tried) -> Tried:
    """What was tried with the history of what was tried before it, numbered through."""
    history = (*before.attempts, *tried.attempts)
    return replace(tried, attempts=tuple(replace(one, n=n) for n, one in enumerate(history, 1)))


async def _contradicted(tool: Tool, arguments: BaseModel, context: Context, refused: Tried) -> tuple[State, Tried]:
    """A refusal after an attempt in doubt: what the record says decides."""
    found = after(refused, await probe(tool, arguments, context))
    if found.proof is Proof.DONE:
        return "succeeded", found
    refused = replace(refused, attempts=found.attempts)
    return ("failed", refused) if found.proof is Proof.NONE else ("unknown", refused)


async def _send(tool: Tool, arguments: BaseModel, context: Context, attempt: int) -> Tried:
    repeatable = tool.effect in {"keyed", "transactional"}
    share = context.remaining / (WRITE_ATTEMPTS + 1 - attempt) if repeatable else context.remaining
    faults.point("tool.pre_send")
    tried = await _once(tool, tool.run, arguments, _narrowed(context, share))
    faults.point("tool.sent")
    return tried


def _narrowed(context: Context, seconds: float) -> Context:
    return Context(caller=context.caller, systems=context.systems, timeout=seconds, key=context.key, mail=context.mail)


async def _rested(attempt: int, limit: int, tried: Tried, context: Context) -> bool:
    """Wait before the next attempt; False when there is none, or no time for it."""
    wait = wait_before(attempt + 1, tried.after, random.random())
    if attempt >= limit or wait >= context.remaining:
        return False
    await asyncio.sleep(wait)
    return True


async def _once(
    tool: Tool,
    function: Callable[[Any, Context], Awaitable[BaseModel | None]],
    arguments: BaseModel,
    context: Context,
    *,
    verb: Literal["call", "probe"] = "call",
) -> Tried:
    """One attempt, with its line of history."""
    began = time.monotonic()
    tried = await _tried(tool, function, arguments, context)
    ms = round((time.monotonic() - began) * 1000)
    return replace(tried, attempts=(Attempt(n=1, reason=tried.reason or "ok", ms=ms, verb=verb),))


async def _tried(
    tool: Tool, function: Callable[[Any, Context], Awaitable[BaseModel | None]], arguments: BaseModel, context: Context
) -> Tried:
    if context.remaining <= 0:
        return Tried(proof=Proof.NOT_NOW, reason="timeout", message="no time was left", unsent=True)
    try:
        async with asyncio.timeout(context.remaining + GRACE):
            result = await function(arguments, context)
        if result is None:
            return Tried(proof=Proof.NONE, reason="not_found", message="there is no trace of it")
        return Tried(proof=Proof.DONE, result=_declared(tool, result))
    except failures.Partial as error:
        return replace(classify(error), part=orjson.loads(error.result.model_dump_json()))
    except Exception as error:  # whatever a tool does wrong is an answer of its own, never the end of the turn
        return classify(error)


def _declared(tool: Tool, result: BaseModel) -> Any:  # noqa: ANN401  plain JSON
    """The result as plain JSON, checked against the full model: declared fields only."""
    body = result.model_dump_json()
    if len(body) > tool.most_out:
        raise failures.Uncertain(f"an answer of more than {tool.most_out} characters", reason="too_large")
    tool.result.model_validate_json(body)
    return orjson.loads(body)
