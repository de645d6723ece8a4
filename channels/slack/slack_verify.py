"""Whether a request is Slack's: the signature over its raw bytes, its age, and whether it was answered before. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict

WINDOW_S = 300
REMEMBER_S = 2 * WINDOW_S  # a time stamp may lie ahead by the window and stays good for as long again
MOST = 20_000
LONGEST_TIME = 15


def is_genuine(secret: str, *, raw: bytes, timestamp: str, signature: str, now: float) -> bool:
    """Say whether Slack signed these bytes, within the window. Whatever the headers hold, it does not raise."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= LONGEST_TIME):
        return False
    if abs(now - int(timestamp)) > WINDOW_S:
        return False
    expected = sign(secret, raw=raw, timestamp=timestamp)
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogateescape"))


def sign(secret: str, *, raw: bytes, timestamp: str) -> str:
    """Give the signature that Slack would send with these bytes."""
    base = b"v0:" + timestamp.encode() + b":" + raw
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class Answered:
    """The signatures of requests that were answered with success; the same one again has nothing new to say.

    One that was answered 503 is not kept: its repeat may be the only copy. This is a cheap first look in one process;
    what an act's own id says in the database holds for all.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._until: OrderedDict[str, float] = OrderedDict()

    def keep(self, signature: str, *, now: float) -> None:
        """Remember one, and forget what is too old or too much."""
        self._until[signature] = now + REMEMBER_S
        while self._until and (len(self._until) > MOST or next(iter(self._until.values())) < now):
            self._until.popitem(last=False)

    def __contains__(self, signature: object) -> bool:
        return signature in self._until
