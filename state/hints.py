"""Hints between processes: wake-ups, streamed text for sockets, throttles. All may be lost; nothing true lives here.

A payload is a flat, small set of ids and words. Whoever acts on one looks the truth up in the database: a feed that
stays silent means "look yourself", never "nothing happened".
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from typing import Protocol, Self

from state import HINTS

Scalar = str | int | float | bool | None
Payload = dict[str, Scalar]

FEED_SIZE = 256
MAX_FIELDS = 16
MAX_TEXT = 16_384
MAX_KEYS = 10_000


class Feed:
    """What one subscriber has not read yet; the oldest falls off when it does not keep up."""

    def __init__(self, size: int = FEED_SIZE) -> None:
        self.dropped = 0
        self._waiting: deque[Payload] = deque(maxlen=size)
        self._news = asyncio.Event()
        self._closed = False

    def put(self, payload: Payload) -> None:
        """Add a hint, at the cost of the oldest."""
        if self._closed:
            return
        self.dropped += len(self._waiting) == self._waiting.maxlen
        self._waiting.append(payload)
        self._news.set()

    def close(self) -> None:
        """End the feed; what waits may still be read."""
        self._closed = True
        self._news.set()

    async def get(self, timeout: float | None = None) -> Payload | None:
        """The next hint; None after `timeout` seconds of silence, or when the feed has ended."""
        try:
            async with asyncio.timeout(timeout):
                return await anext(self, None)
        except TimeoutError:
            return None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Payload:
        while not self._waiting:
            if self._closed:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()


class Hints(Protocol):
    """Fan-out and throttling for all processes of a deployment."""

    @property
    def healthy(self) -> bool:
        """Whether hints reach other processes at the moment. False costs latency only."""
        ...

    async def start(self) -> None:
        """Connect in the background; a server that is down is no error."""

    async def close(self) -> None:
        """End all feeds and connections."""

    def publish(self, topic: str, payload: Mapping[str, Scalar]) -> None:
        """Tell every subscriber of a topic, here and elsewhere. Returns at once; what cannot be told is lost."""

    def subscribe(self, topic: str) -> AbstractAsyncContextManager[Feed]:
        """A feed of a topic's hints for as long as the context lasts."""
        ...

    async def allow(self, key: str, limit: int, per_s: float) -> bool:
        """Whether one more use of `key` keeps it at `limit` in `per_s` seconds."""
        ...


def well_formed(payload: object) -> bool:
    """Whether this is a payload: a small flat object of short texts, numbers and booleans."""
    if not isinstance(payload, dict) or len(payload) > MAX_FIELDS:
        return False
    room = MAX_TEXT
    for name, value in payload.items():
        if not isinstance(name, str) or not isinstance(value, (str, int, float, bool, type(None))):
            return False
        room -= len(name) + (len(value) if isinstance(value, str) else 0)
    return room >= 0


class Fanout:
    """The feeds of this process, by topic."""

    def __init__(self) -> None:
        self._feeds: defaultdict[str, list[Feed]] = defaultdict(list)

    def topics(self) -> set[str]:
        """The topics somebody listens to."""
        return set(self._feeds)

    def tell(self, topic: str, payload: Payload) -> None:
        """Give every subscriber a copy."""
        for feed in self._feeds.get(topic, ()):
            feed.put(dict(payload))

    def add(self, topic: str) -> Feed:
        """Open a feed."""
        feed = Feed()
        self._feeds[topic].append(feed)
        return feed

    def remove(self, topic: str, feed: Feed) -> None:
        """Close a feed; a topic without feeds is forgotten."""
        feed.close()
        self._feeds[topic].remove(feed)
        if not self._feeds[topic]:
            del self._feeds[topic]

    def close(self) -> None:
        """End every feed."""
        for feeds in self._feeds.values():
            for feed in feeds:
                feed.close()


class Limiter:
    """Counts uses per key in this process. A key's uses are spread evenly, with bursts up to its limit."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._full_at: dict[str, float] = {}

    def allow(self, key: str, limit: int, per_s: float) -> bool:
        """Take one use if there is room."""
        now = self._clock()
        start = max(self._full_at.get(key, now), now)
        if limit < 1 or start - now > per_s - per_s / limit:
            return False
        self._full_at[key] = start + per_s / limit
        if len(self._full_at) > MAX_KEYS:
            self._forget(now)
        return True

    def _forget(self, now: float) -> None:
        """Drop keys that are free again; under a flood of keys the half that is free soonest goes too."""
        busy = {key: at for key, at in self._full_at.items() if at > now}
        if len(busy) > MAX_KEYS:
            busy = dict(sorted(busy.items(), key=lambda pair: pair[1])[MAX_KEYS // 2 :])
        self._full_at = busy


class LocalHints:
    """Hints within one process."""

    healthy = True

    def __init__(self) -> None:
        self._fanout = Fanout()
        self._limiter = Limiter()

    async def start(self) -> None:
        """Nothing to connect to."""

    async def close(self) -> None:
        """End all feeds."""
        self._fanout.close()

    def publish(self, topic: str, payload: Mapping[str, Scalar]) -> None:
        """Tell every subscriber in this process."""
        if well_formed(given := dict(payload)):
            self._fanout.tell(topic, given)

    @asynccontextmanager
    async def subscribe(self, topic: str) -> AsyncIterator[Feed]:
        """A feed of a topic's hints for as long as the context lasts."""
        feed = self._fanout.add(topic)
        try:
            yield feed
        finally:
            self._fanout.remove(topic, feed)

    async def allow(self, key: str, limit: int, per_s: float) -> bool:
        """Whether one more use of `key` keeps it at `limit` in `per_s` seconds."""
        return self._limiter.allow(key, limit, per_s)


def make_hints(redis_url: str | None, key: bytes) -> Hints:
    """Hints through Redis when there is a URL, else within this process. `key`: 32 bytes all processes share."""
    if redis_url is None:
        return LocalHints()
    module, _, name = HINTS["redis"].partition(":")
    made: Hints = getattr(import_module(module), name)(redis_url, key)
    return made
