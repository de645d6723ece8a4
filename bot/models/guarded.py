"""Deadline, retries and a circuit breaker around any model. The only place where a model call is repeated."""

from __future__ import annotations

import asyncio
import dataclasses
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from bot.models.base import Model, ModelDown, ModelRefused, ModelWrong, Prompt, Reply, Usage
from bot.models.patience import ModelError, RetryPolicy, next_wait
from state.breaker import Breaker

Verb = Literal["plan", "generate"]
Outcome = Literal["ok", "down", "wrong", "refused", "paused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What became of one attempt, for the session's log and the metrics. Holds no text of the prompt or the answer.

    `outcome`: `ok`; `down`, `wrong` or `refused` as the error was; `paused`: not tried, the breaker is open.
    """

    backend: str
    verb: Verb
    prompt_version: str
    number: int
    outcome: Outcome
    ms: int = 0
    model: str = ""
    detail: str = ""
    usage: Usage = field(default_factory=Usage)


OnCall = Callable[[Attempt], None]


def _ignore(_: Attempt) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """One call of the caller's: what is asked and until when."""

    verb: Verb
    prompt: Prompt
    deadline: float


@dataclass(kw_only=True)
class Guarded:
    """A model that retries within the deadline, then asks its fallback, if it has one, or raises the last error."""

    inner: Model
    fallback: Model | None = None
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    on_call: OnCall = _ignore
    clock: Callable[[], float] = time.monotonic
    breaker: Breaker | None = None
    name: str = field(init=False)

    def __post_init__(self) -> None:
        """Carry the inner model's name."""
        self.name = self.inner.name
        self._breaker = self.breaker or _breaker(self.policy)

    def listening(self, on_call: OnCall) -> Guarded:
        """Give a view of the same model that tells its attempts to `on_call`: one turn's own record."""
        return dataclasses.replace(self, on_call=on_call, breaker=self._breaker)

    async def plan(self, prompt: Prompt, *, timeout: float) -> Reply:
        """Choose: call functions, or answer in text."""
        return await self._ask(_Question(verb="plan", prompt=prompt, deadline=self.clock() + timeout))

    async def generate(self, prompt: Prompt, *, timeout: float) -> Reply:
        """Answer in text; functions are not offered."""
        return await self._ask(_Question(verb="generate", prompt=prompt, deadline=self.clock() + timeout))

    async def close(self) -> None:
        """Close the model and its fallback."""
        await self.inner.close()
        if self.fallback is not None:
            await self.fallback.close()

    async def _ask(self, question: _Question) -> Reply:
        if self.fallback is None:
            return await self._persist(question)
        reserve = min(self.policy.reserve, (question.deadline - self.clock()) / 2)
        try:
            return await self._persist(dataclasses.replace(question, deadline=question.deadline - reserve))
        except (ModelDown, ModelWrong, ModelRefused):
            return await self._attempt(self.fallback, question, number=1)

    async def _persist(self, question: _Question) -> Reply:
        """Ask until there is an answer, or no sense in asking again."""
        number = 0
        while True:
            number += 1
            self._check_breaker(question, number=number)
            try:
                return await self._counted(question, number=number)
            except (ModelDown, ModelWrong, ModelRefused) as error:
                left = question.deadline - self.clock()
                wait = next_wait(self.policy, error, failures=number, left=left, chance=random.random())
                if wait is None:
                    raise
            await asyncio.sleep(wait)

    def _check_breaker(self, question: _Question, *, number: int) -> None:
        """Refuse at once while the backend is left alone: waiting for it would only delay the fallback."""
        wait = self._breaker.wait(self.clock())
        if wait:
            detail = f"{self.name} is left alone after {self._breaker.failures} failures in a row"
            self.on_call(dataclasses.replace(_blank(self.inner, question, number), detail=detail))
            raise ModelDown(detail, after=wait)

    async def _counted(self, question: _Question, *, number: int) -> Reply:
        """Make one attempt and tell the breaker what became of it."""
        reached: bool | None = None  # stays None when the turn is cancelled: then nothing was learned
        try:
            reply = await self._attempt(self.inner, question, number=number)
            reached = True
        except ModelDown:
            reached = False
            raise
        except (ModelWrong, ModelRefused):
            reached = True
            raise
        finally:
            self._breaker.settle(reached=reached, now=self.clock())
        return reply

    async def _attempt(self, model: Model, question: _Question, *, number: int) -> Reply:
        """Make one attempt within what is left of the time, and tell the caller what became of it."""
        began = self.clock()
        blank = _blank(model, question, number)
        try:
            reply = await _call(model, question, timeout=question.deadline - began)
        except (ModelDown, ModelWrong, ModelRefused) as error:
            usage = Usage() if isinstance(error, ModelDown) else error.usage
            told = dataclasses.replace(blank, outcome=_word(error), detail=str(error), usage=usage)
            self.on_call(dataclasses.replace(told, ms=self._ms_since(began)))
            raise
        told = dataclasses.replace(blank, outcome="ok", model=reply.model, usage=reply.usage)
        self.on_call(dataclasses.replace(told, ms=self._ms_since(began)))
        return reply

    def _ms_since(self, began: float) -> int:
        return round((self.clock() - began) * 1000)


def _breaker(policy: RetryPolicy) -> Breaker:
    return Breaker(opens_after=policy.opens_after, pause_s=policy.pause, probe_s=policy.shortest)


async def _call(model: Model, question: _Question, *, timeout: float) -> Reply:
    """Call the model; whatever it promises about time, it is held to it."""
    ask = model.plan if question.verb == "plan" else model.generate
    try:
        async with asyncio.timeout(timeout):
            return await ask(question.prompt, timeout=timeout)
    except TimeoutError as error:
        raise ModelDown("the model did not answer in time") from error


def _blank(model: Model, question: _Question, number: int) -> Attempt:
    version = question.prompt.version
    return Attempt(backend=model.name, verb=question.verb, prompt_version=version, number=number, outcome="paused")


def _word(error: ModelError) -> Outcome:
    match error:
        case ModelDown():
            return "down"
        case ModelWrong():
            return "wrong"
        case ModelRefused():
            return "refused"
