"""When to leave a failing system alone: one that calls, stores or tells nothing itself, and knows no clock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Breaker:
    """Leaves a system alone after several failures in a row, then lets one call through to see whether it is back.

    `opens_after`: failures in a row; `pause_s`: how long it is left alone; `probe_s`: what others are told to wait
    while one call is on its way to find out.
    """

    opens_after: int = 5
    pause_s: float = 15.0
    probe_s: float = 0.2
    failures: int = 0
    open_until: float = 0.0
    probing: bool = False

    def wait(self, now: float) -> float:
        """Tell how many seconds are left before a call may pass; 0: pass. The first to pass again is the probe."""
        if self.failures < self.opens_after:
            return 0.0
        if self.probing or now < self.open_until:
            return max(self.open_until - now, self.probe_s)
        self.probing = True
        return 0.0

    def left(self, now: float) -> float | None:
        """Seconds until the next probe while it is open, 0.0 when that is due; None while calls pass."""
        return max(0.0, self.open_until - now) if self.failures >= self.opens_after else None

    def settle(self, *, reached: bool | None, now: float) -> None:
        """Count what became of a call; even a wrong answer shows that the system is there. None: not known."""
        self.probing = False
        if reached is None:
            return
        self.failures = 0 if reached else self.failures + 1
        if self.failures >= self.opens_after:
            self.open_until = now + self.pause_s
