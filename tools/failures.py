"""How a call to another system can fail, named by what it proves about the effect. Decides nothing.

BotError
├─ RetryLater
│  └─ Unavailable   no usable answer to a read
│     ├─ Partial    a part of it is there
│     ├─ NotSent    provably no byte left: even a write may be repeated
│     └─ Throttled  it answered "not now": a write was not taken
├─ Uncertain        a write may have happened: never repeated without a key
├─ NotFound         it answered "there is no such thing"
└─ Declined         it answered "no", for good, and said why
"""

from __future__ import annotations

from pydantic import BaseModel

from state import errors


class Unavailable(errors.RetryLater):
    """The other system is not available at the moment."""

    def __init__(self, detail: str | None = None, *, after: float | None = None, reason: str = "unavailable") -> None:
        """`after`: seconds it asked us to wait; `reason`: one word for counters."""
        super().__init__(detail, after=after)
        self.reason = reason


class NotSent(Unavailable):
    """The other system could not be reached; nothing was sent."""


class Throttled(Unavailable):
    """The other system takes no more requests at the moment."""

    def __init__(self, detail: str | None = None, *, after: float | None = None) -> None:
        """`after`: seconds it asked us to wait."""
        super().__init__(detail, after=after, reason="busy")


class Partial(Unavailable):
    """A part of what was asked for is there; the rest did not come."""

    def __init__(self, cause: Unavailable, *, result: BaseModel) -> None:
        """`cause`: why the rest did not come; `result`: what there is, which says itself that it is not all."""
        super().__init__(str(cause), after=cause.after, reason=cause.reason)
        self.result = result


class Uncertain(errors.BotError):
    """The request was sent, but no usable answer came back; it may have taken effect."""

    def __init__(self, detail: str | None = None, *, after: float | None = None, reason: str = "unavailable") -> None:
        """`after`: seconds it asked us to wait; `reason`: one word for counters."""
        super().__init__(detail)
        self.after = after
        self.reason = reason


class NotFound(errors.BotError):
    """There is no such record."""


class Declined(errors.BotError):
    """The other system refused the request."""

    def __init__(self, detail: str | None = None, *, code: str = "", conflict: bool = False) -> None:
        """`code`: the other system's own word for why; `conflict`: what was done before is in the way of it."""
        super().__init__(detail)
        self.code = code
        self.conflict = conflict
