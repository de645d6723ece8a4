"""How many bytes of mails may be in memory at once, over all ways in. Whoever comes when it is full comes later."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from state import errors

MOST = 160_000_000  # about six of the largest mails


@dataclass(slots=True)
class Room:
    """What is left. One per channel."""

    most: int = MOST
    used: int = 0

    def hold(self) -> Hold:
        """Begin to hold a mail; `with` gives its room back."""
        return Hold(self)


@dataclass(slots=True)
class Hold:
    """The room that one mail takes, as it comes in."""

    _room: Room
    _size: int = field(default=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._room.used -= self._size
        self._size = 0

    def take(self, size: int) -> None:
        """Take room for more bytes. Raises RetryLater when there is none."""
        if self._room.used + size > self._room.most:
            raise errors.RetryLater("too many mails at once")
        self._room.used += size
        self._size += size
