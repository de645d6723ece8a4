"""What an MCP client is told of a call, where there is no result that its schema could be held against."""

from __future__ import annotations

from typing import Any

import pytest

from bot import called
from bot.mcp_server import _told
from bot.toolbox import Told


@pytest.mark.parametrize(
    "answer, words",
    [
        (called.by_hand("succeeded"), "It was done"),
        (called.by_hand("failed"), "Staff found that it did not happen."),
        ({"state": "erased"}, "was erased"),
    ],
)
def test_an_answer_without_a_result_is_words(answer: dict[str, Any], words: str) -> None:
    """A client holds every result that is no error against the tool's schema, and would break on these."""
    told = _told(Told(reason="done", action="a1", answer=answer))
    assert told["isError"]
    assert "structuredContent" not in told
    assert words in told["content"][0]["text"]
