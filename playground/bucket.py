"""A token bucket: so many a second, bursts up to a limit. Pure but for the clock."""

import time
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Bucket:
    """A token bucket: `rate` requests a second, bursts up to `room`."""

    rate: float
    room: float
    level: float = 0
    at: float = field(default_factory=time.monotonic)

    def take(self) -> float:
        """Let one request in and return 0, or return the seconds to wait."""
        now = time.monotonic()
        self.level, self.at = max(0, self.level - (now - self.at) * self.rate), now
        if self.level + 1 > self.room:
            return (self.level + 1 - self.room) / self.rate
        self.level += 1
        return 0
