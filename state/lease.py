"""The right to run one session's turn, for a while. Fenced: who lost it cannot commit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Held by `owner` (a worker's id) on a session; every commit checks `fence`.

    `attempts` counts runs of the same messages, `failing_ms` how long they have been failing.
    """

    session_id: str
    user_id: str
    owner: str
    fence: int
    attempts: int
    failing_ms: int = 0
