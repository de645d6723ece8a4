"""What the ledger of writes says was done lately, as values for a decision. Reads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

DAY_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one user did with one tool in the last 24 hours, or may still have done or be about to do.

    `calls`: how many writes; `sums`: currency → amount in ten-thousandths.
    """

    calls: int = 0
    sums: Mapping[str, int] = field(default_factory=dict)


NOTHING = Spent()
