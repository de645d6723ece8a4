"""Hints as channels hear them: a callback per topic instead of a feed. Holds nothing that may not be lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from state.hints import Hints


class Hearing:
    """The `Hints` port of channels over the process's hints."""

    def __init__(self, hints: Hints) -> None:
        """Take the process's hints."""
        self._hints = hints

    def subscribe(self, topic: str, on_hint: Callable[[Mapping[str, Any]], None]) -> Callable[[], None]:
        """Hand every hint of a topic to `on_hint` until the returned callable is called."""
        task = asyncio.create_task(self._follow(topic, on_hint))

        def end() -> None:
            task.cancel()

        return end

    async def allow(self, key: str, *, limit: int, window_s: float) -> bool:
        """Count one use of a key."""
        return await self._hints.allow(key, limit, window_s)

    async def _follow(self, topic: str, on_hint: Callable[[Mapping[str, Any]], None]) -> None:
        async with self._hints.subscribe(topic) as feed:
            async for hint in feed:
                on_hint(hint)
