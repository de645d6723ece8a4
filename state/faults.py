"""Crash points for tests: `FAULT=point:n:action` acts on the n-th pass of a point. Inert unless the variable is set."""

from __future__ import annotations

import os
import signal
import sys
import time

ACTIONS = frozenset({"kill", "exit", "sleep", "raise", "note"})

POINTS = (
    "ingest.pre_commit",
    "ingest.post_commit",
    "ingest.pre_notify",
    "turn.claimed",
    "model.called",
    "turn.append",
    "turn.appended",
    "tool.pre_send",
    "tool.sent",
    "tool.result",
    "turn.pre_commit",
    "turn.commit",
    "turn.committed",
    "send.claimed",
    "send.pre",
    "send.accepted",
    "send.receipt",
    "link.commit",
    "staff.pre_commit",
    "staff.post_commit",
    "thread.posted",
)
"""Every boundary that a process may die at. The crash sweep of the tests visits them all."""


class Fault(Exception):
    """Raised by a crash point whose action is `raise`."""


def _parse(text: str) -> dict[str, list[tuple[int, str]]]:
    plan: dict[str, list[tuple[int, str]]] = {}
    for part in filter(None, text.split(",")):
        point_name, _, rest = part.partition(":")
        nth, _, action = rest.partition(":")
        if point_name not in POINTS or not nth.isdigit() or action not in ACTIONS:
            raise SystemExit(
                f"FAULT: {part!r} is not point:n:action with a known point and one of {', '.join(sorted(ACTIONS))}"
            )
        plan.setdefault(point_name, []).append((int(nth), action))
    return plan


_plan = _parse(os.environ.get("FAULT", ""))
_passes: dict[str, int] = {}


def point(name: str) -> None:
    """Pass a crash point; does nothing unless FAULT names it."""
    if not _plan:
        return
    _passes[name] = _passes.get(name, 0) + 1
    for nth, action in _plan.get(name, ()):
        if _passes[name] == nth:
            _act(name, action)


def _act(name: str, action: str) -> None:
    sys.stderr.write(f"FAULT {name} {action}\n")
    sys.stderr.flush()
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "exit":
        os._exit(70)
    elif action == "sleep":
        time.sleep(5)
    elif action == "raise":
        raise Fault(name)
