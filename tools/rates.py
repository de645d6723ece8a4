"""How often one user may use one tool. Counts through a port, since other processes count as well."""

from __future__ import annotations

import math
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Protocol

from config.tool_rules import ToolPolicies
from state import errors
from state.hints import Limiter
from tools.base import OPERATOR, SYSTEM, Caller, Tool

WINDOW_S = 60.0


class Allow(Protocol):
    """Whether one more use of `key` keeps it at `limit` in `per_s` seconds: `state.hints`."""

    def __call__(self, key: str, limit: int, per_s: float) -> Awaitable[bool]:
        """Take one use if there is room."""
        ...


class TooOften(errors.Rejected):
    """This was asked for too often in a short time."""

    def __init__(self, tool: str, seconds: float) -> None:
        """`seconds`: after which another try is let through."""
        super().__init__(f"{tool} was used too often just now; try again in {seconds:.0f} seconds", reason="rate")
        self.seconds = seconds


def in_this_process() -> Allow:
    """Counting for one process alone: tests, scripts."""
    limiter = Limiter()

    async def allow(key: str, limit: int, per_s: float) -> bool:
        return limiter.allow(key, limit, per_s)

    return allow


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The limits of policies.yaml, counted per user and tool. The engine's own calls, and operators', are not."""

    rules: ToolPolicies = field(default_factory=ToolPolicies)
    allow: Allow = field(default_factory=in_this_process)

    async def check(self, tool: Tool, caller: Caller) -> None:
        """Take one use; raises TooOften, which says when there is room again."""
        limit = self.rules.of(tool.name, tool.kind).rate_per_minute
        if limit is None or caller.actor in {SYSTEM, OPERATOR}:
            return
        if not await self.allow(f"tool:{tool.name}:{caller.user_id}", limit, WINDOW_S):
            raise TooOften(tool.name, math.ceil(WINDOW_S / limit))
