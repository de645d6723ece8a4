"""What lookups answered lately, kept in this process: bounded in number, size and age. Asks nobody."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from tools.base import Caller, Tool

ENTRIES = 10_000
ROOM = 32_000_000
OVERHEAD = 600  # what an entry takes beside its texts


class Key(NamedTuple):
    """What an answer depends on. `wrote`: any news of a write of this person makes older answers unreachable."""

    tool: str
    arguments: bytes
    user_id: str
    customer_id: str | None
    policy: str
    wrote: int


def key_of(tool: Tool, arguments: dict[str, Any], caller: Caller, policy: str) -> Key:
    """The key of a call with these arguments, those from the session included."""
    canonical = orjson.dumps(arguments, option=orjson.OPT_SORT_KEYS)
    return Key(tool.id, canonical, caller.user_id, caller.customer_id, policy, caller.wrote)


@dataclass(frozen=True, slots=True)
class _Held:
    """An answer as JSON, whose it is, and until when it holds."""

    user_id: str
    body: bytes
    until: float
    size: int


@dataclass(slots=True, kw_only=True)
class Cache:
    """The answers used last. Each is kept as text: what a caller does with its copy changes no other's."""

    entries: int = ENTRIES
    room: int = ROOM
    clock: Callable[[], float] = time.monotonic
    size: int = 0
    _held: OrderedDict[Key, _Held] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        """How many answers are kept."""
        return len(self._held)

    def get(self, key: Key) -> bytes | None:
        """The answer, as JSON; None when there is none, it is too old, or it is not this user's."""
        held = self._held.get(key)
        if held is None:
            return None
        if held.until <= self.clock() or held.user_id != key.user_id:
            self._drop(key)
            return None
        self._held.move_to_end(key)
        return held.body

    def put(self, key: Key, result: object, *, seconds: float) -> None:
        """Keep an answer; what was not used for longest goes. One that would take a tenth of the room is not kept."""
        body = orjson.dumps(result)
        size = len(body) + len(key.arguments) + OVERHEAD
        self._drop(key)
        if size > self.room // 10:
            return
        self._held[key] = _Held(key.user_id, body, self.clock() + seconds, size)
        self.size += size
        while len(self._held) > self.entries or self.size > self.room:
            self._drop(next(iter(self._held)))

    def forget(self, caller: Caller) -> None:
        """Drop what is known of a person who is being written for, under whichever user they are known here."""
        for key in [k for k in self._held if _is_of(k, caller)]:
            self._drop(key)

    def _drop(self, key: Key) -> None:
        held = self._held.pop(key, None)
        if held is not None:
            self.size -= held.size


def _is_of(key: Key, caller: Caller) -> bool:
    return key.user_id == caller.user_id or (caller.customer_id is not None and key.customer_id == caller.customer_id)
