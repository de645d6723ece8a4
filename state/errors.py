"""Every error of ours, named by who must react. Defines no behaviour.

BotError
├─ RetryLater      the worker tries again
│  └─ Conflict     a transaction lost a race and is run again at once
├─ LeaseLost       another worker has the session: drop what was done
├─ AskModel        the model corrects its call
├─ AskHuman        a person must look
├─ Rejected        policy forbids it: say so and stop
├─ BadInput        the sender is told what is wrong and where
└─ KeyMissing      a key is not to be had: fail closed
"""

from __future__ import annotations


class BotError(Exception):
    """Something went wrong."""

    def __init__(self, detail: str | None = None) -> None:
        """Take the detail, or the class's first docstring line as the message."""
        super().__init__(detail or (type(self).__doc__ or "").strip().splitlines()[0])


class RetryLater(BotError):
    """The other system is busy; try again later."""

    def __init__(self, detail: str | None = None, *, after: float | None = None) -> None:
        """`after`: seconds the other side asked us to wait, if it said so."""
        super().__init__(detail)
        self.after = after


class Conflict(RetryLater):
    """A transaction lost a race; run it again."""


class LeaseLost(BotError):
    """The session belongs to another worker now."""


class AskModel(BotError):
    """The call is wrong; the model may correct it once."""


class AskHuman(BotError):
    """A person must decide."""


class Rejected(BotError):
    """Policy forbids it."""

    def __init__(self, detail: str | None = None, *, reason: str = "policy") -> None:
        """`reason`: one word for counters and logs."""
        super().__init__(detail)
        self.reason = reason


class BadInput(BotError):
    """The input is wrong."""


class KeyMissing(BotError):
    """A key for encrypted data is missing or was destroyed."""
