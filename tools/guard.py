"""A breaker around any outside API: while it fails, it is left alone. Repeats nothing."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from state import errors
from state.breaker import Breaker
from tools import base, failures
from tools.request import Request

FAIR_S = 1.0  # who did not answer within less has not failed
ANSWERED = frozenset({"busy", "too_large"})
"""Reasons of failures that are answers: one person's question that has too long an answer shuts nobody out."""


class Guarded:
    """One outside API, asked only while its breaker lets calls pass. Raises what the API raises."""

    def __init__(self, name: str, inner: base.System, breaker: Breaker) -> None:
        """Take the API and what is known of its failures."""
        self.name = name
        self.inner = inner
        self.breaker = breaker

    async def get(self, path: str, *, params: Mapping[str, str] | None = None, timeout: float) -> Any:  # noqa: ANN401
        """Read."""
        return await self._counted(lambda: self.inner.get(path, params=params, timeout=timeout), timeout)

    async def post(self, path: str, body: Mapping[str, Any], *, key: str | None, timeout: float) -> Any:  # noqa: ANN401
        """Write, once."""
        return await self._counted(lambda: self.inner.post(path, body, key=key, timeout=timeout), timeout)

    async def request(self, request: Request, *, timeout: float) -> Any:  # noqa: ANN401  JSON
        """Send one request of any kind, once."""
        return await self._counted(lambda: self.inner.request(request, timeout=timeout), timeout)

    async def _counted(self, send: Callable[[], Awaitable[Any]], timeout: float) -> Any:  # noqa: ANN401  JSON
        """Send and tell the breaker what became of it; whatever was answered, even a refusal, shows a live API."""
        if timeout <= 0:
            raise failures.NotSent(f"no time was left to ask {self.name}", reason="timeout")
        self._check()
        reached: bool | None = None  # stays None when the call is cancelled: then nothing was learned
        try:
            answer = await send()
            reached = True
        except errors.BotError as error:
            reached = _reached(error, timeout)
            raise
        finally:
            self.breaker.settle(reached=reached, now=time.monotonic())
        return answer

    def _check(self) -> None:
        """Refuse while the API is left alone: nothing is sent, and whoever asks knows when to come again."""
        wait = self.breaker.wait(time.monotonic())
        if wait:
            detail = f"{self.name} did not answer {self.breaker.failures} times in a row; next try in {wait:.0f} s"
            raise failures.NotSent(detail, after=wait)


def _reached(error: errors.BotError, timeout: float) -> bool | None:
    """Whether a failure shows that the API is there; None: it shows nothing."""
    if not isinstance(error, (failures.Unavailable, failures.Uncertain)) or error.reason in ANSWERED:
        return True
    return None if error.reason == "timeout" and timeout < FAIR_S else False
