"""Sabotage, so that the soak can find it: a write of unknown outcome is sent again, key or not. Has no tool."""

from __future__ import annotations

from tools import arguments
from tools.base import Tool

TOOLS: list[Tool] = []


def always(tool: Tool, dispatched_ms_ago: int) -> bool:
    """Whether it may be sent again: always."""
    del tool, dispatched_ms_ago
    return True


assert callable(arguments.is_repeatable)
setattr(arguments, "is_repeatable", always)  # noqa: B010  a function is not for others to set
