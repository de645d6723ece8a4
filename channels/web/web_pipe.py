"""Frames on their way to one client: bounded, written by one task, given up when the client does not read."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from channels.web import web_frames

MOST_FRAMES = 256
MOST_BYTES = 1024 * 1024
SEND_S = 10.0


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a connection ends, in WebSocket's terms."""

    code: int
    reason: str = ""


SLOW = Ending(4008, "too slow; reconnect to resume")
FULL = Ending(1013, "too far behind; reconnect to resume")

Write = Callable[[bytes, int | None], Awaitable[None]]


class Pipe:
    """A bounded queue with one end. Whoever puts never waits, so no client can hold up the engine."""

    def __init__(self) -> None:
        """Make it inside the running loop."""
        self._queue: deque[tuple[bytes, int | None, bool]] = deque()
        self._frames = self._bytes = 0
        self._ending: Ending | None = None
        self._changed = asyncio.Event()

    @property
    def ended(self) -> bool:
        """Whether nothing more will be taken."""
        return self._ending is not None

    def put(self, frame: Mapping[str, Any], *, asked: bool = False) -> None:
        """Queue a frame; a client that is too far behind is given up instead.

        `asked`: the client asked for just this, such as what it missed, so that it does not count.
        """
        if self._ending is not None:
            return
        data = web_frames.encode(frame)
        self._queue.append((data, frame.get("seq"), asked))
        self._count(data, asked=asked, sign=1)
        if self._frames > MOST_FRAMES or self._bytes > MOST_BYTES:
            self._queue.clear()
            self._ending = FULL
        self._changed.set()

    def end(self, ending: Ending) -> None:
        """Take nothing more; what is queued still leaves. The first ending counts."""
        self._ending = self._ending or ending
        self._changed.set()

    async def drain(self, write: Write, *, idle_s: float | None = None, idle: Write | None = None) -> Ending:
        """Write frames until the end; answers why it ended. After `idle_s` without a frame, `idle` is called."""
        while True:
            while self._queue:
                data, seq, asked = self._queue.popleft()
                self._count(data, asked=asked, sign=-1)
                if not await self._in_time(write(data, seq)):
                    return SLOW
            if self._ending is not None:
                return self._ending
            self._changed.clear()
            if await _changed_within(self._changed, idle_s) or idle is None:
                continue
            if not await self._in_time(idle(b"", None)):
                return SLOW

    def _count(self, data: bytes, *, asked: bool, sign: int) -> None:
        if not asked:
            self._frames += sign
            self._bytes += sign * len(data)

    async def _in_time(self, writing: Awaitable[None]) -> bool:
        try:
            async with asyncio.timeout(SEND_S):
                await writing
        except TimeoutError:
            return False
        return True


async def _changed_within(event: asyncio.Event, seconds: float | None) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
