"""What the shop does to each call, and where the bot dies: pure functions of a seed. Strikes nothing by itself."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence

from state.faults import POINTS

WRITES = {
    "fine": 24,
    "applied, connection dropped": 8,
    "applied, answered too late": 3,
    "applied too late": 3,
    "applied, answered twice": 4,
    "applied, the shop dies": 3,
    "the shop dies first": 3,
    "applied, 500": 6,
    "500": 4,
    "429": 5,
    "reset unread": 5,
    "hangs": 2,
    "refused": 4,
    "applied, half an answer": 4,
    "applied, caller paused": 3,
    "caller paused, then applied": 3,
    "applied, caller killed": 5,
    "caller killed, then applied": 4,
}
"""What may happen to a call that writes, and how often in relation."""

READS = {"fine": 14, "500": 2, "reset unread": 2, "hangs": 1, "429": 1, "half an answer": 1}
"""What may happen when a write is read back."""

ELSEWHERE = frozenset({"link.commit", "staff.pre_commit", "staff.post_commit", "thread.posted"})
"""Points that these conversations do not pass; the sweep visits them."""
AROUND_A_WRITE = ("tool.pre_send", "tool.sent", "tool.result", "turn.append", "turn.appended")
DEEPEST = 20
LONGEST_SILENCE = 5
MOST_READS = 8


def chance(seed: int, *about: object) -> random.Random:
    """Random numbers that are the same for the same seed and the same matter."""
    text = "/".join(str(part) for part in (seed, *about))
    return random.Random(hashlib.sha256(text.encode()).digest())


def of_write(seed: int, order: str, n: int, only: Sequence[str] = ()) -> str:
    """What happens to the n-th call that would write this order; any of `only` where they are named."""
    numbers = chance(seed, "write", order, n)
    return numbers.choice(only) if only else numbers.choices(list(WRITES), list(WRITES.values()))[0]


def of_read(seed: int, tool: str, order: str, n: int) -> str:
    """What happens to the n-th time an order is read back; for `silent` reading back is down for a while at first."""
    if tool == "silent" and n <= chance(seed, "silence", order).randint(1, LONGEST_SILENCE):
        return "down"
    if n > MOST_READS:
        return "fine"  # it is read back for ever; that much trouble is enough for one order
    return chance(seed, "read", order, n).choices(list(READS), list(READS.values()))[0]


def deaths(seed: int, member: int, command: str) -> Iterator[str]:
    """Where a process of the bot dies in each of its lives, without end. Points around a write come up more often."""
    passed = [point for point in (*POINTS, *AROUND_A_WRITE * 2) if point not in ELSEWHERE and _passes(command, point)]
    numbers = chance(seed, "deaths", member)
    while True:
        yield f"{numbers.choice(passed)}:{numbers.randint(1, DEEPEST)}:kill"


def _passes(command: str, point: str) -> bool:
    """Whether a process with this command passes a point: one takes messages, another works on them, or does both."""
    return command not in {"web", "worker"} or (command == "web") == point.startswith("ingest")
