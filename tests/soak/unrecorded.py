"""Sabotage, so that the soak can find it: a write is sent without `dispatched` being committed first. Has no tool."""

from __future__ import annotations

from typing import Any

from bot.draft import Draft
from state.store import Store
from tools.base import Tool

TOOLS: list[Tool] = []
append = Store.append


async def forgotten(self: Store, lease: Any, work: Any, **more: Any) -> Any:  # noqa: ANN401  as the store has them
    """Commit everything but the step to `dispatched`."""
    dispatches = any(to == "dispatched" for _, to in work.moves.values())
    return None if dispatches else await append(self, lease, work, **more)


written = Draft.written


def kept(self: Draft, what: Any) -> None:  # noqa: ANN401  what the store answers
    """Go on as if it had been committed; it is, with the outcome, at the end of the turn."""
    if what is not None:
        written(self, what)


setattr(Store, "append", forgotten)  # noqa: B010  a method is not for others to set
setattr(Draft, "written", kept)  # noqa: B010
