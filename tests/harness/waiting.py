"""Waiting for a condition, with an end. Never waits for a time to pass."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp

T = TypeVar("T")
PATIENCE_S = 30.0
LOOK_S = 0.02
LOOK_LONGEST_S = 0.2
AWAY = (aiohttp.ClientError, OSError)  # whoever is asked is being started again


class GaveUp(AssertionError):
    """A condition did not come true in time."""


async def until(
    look: Callable[[], Awaitable[T | None]], what: str, *, patience: float = PATIENCE_S, every: float = LOOK_S
) -> T:
    """Look again and again, less and less often, until there is something; raises GaveUp naming what was missed.

    A look that finds nobody there has seen nothing.
    """
    end = time.monotonic() + patience
    found: T | None = None
    while True:
        with contextlib.suppress(*AWAY):
            found = await look()
        if found is not None and found is not False:
            return found
        if time.monotonic() > end:
            raise GaveUp(f"waited {patience:.0f} s in vain for {what}")
        await asyncio.sleep(every)
        every = min(every * 1.3, LOOK_LONGEST_S)
