"""How patient we are with a model: how long to wait before asking again. Calls nothing, knows no clock."""

from __future__ import annotations

from dataclasses import dataclass

from bot.models.base import ModelDown, ModelRefused, ModelWrong

ModelError = ModelDown | ModelWrong | ModelRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How patient we are: repetitions, the pauses between them, and when a backend is left alone for a while.

    `shortest`: no attempt is begun with less time than this. `reserve`: time kept for the fallback, when there is one.
    """

    retries: int = 2
    first_wait: float = 0.5
    max_wait: float = 8.0
    shortest: float = 0.2
    reserve: float = 1.0
    opens_after: int = 5
    pause: float = 15.0


def next_wait(policy: RetryPolicy, error: ModelError, *, failures: int, left: float, chance: float) -> float | None:
    """Decide how long to wait before the next attempt; None: give up. `chance` in 0..1 keeps callers apart.

    A server that asks for more patience than there is time is not asked again, so that the caller falls back at once.
    A useless answer is asked for once more, without a pause.
    """
    if isinstance(error, ModelRefused) or failures > policy.retries:
        return None
    if isinstance(error, ModelWrong):
        wait = 0.0 if error.again and failures == 1 else None
    else:
        backoff = min(policy.max_wait, policy.first_wait * 2.0 ** (failures - 1))
        wait = max(backoff * (1 - chance / 2), error.after or 0.0)
    return wait if wait is not None and wait + policy.shortest <= left else None
