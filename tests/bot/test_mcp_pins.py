"""What is printed of a server's tools for whoever reviews them."""

from __future__ import annotations

from bot import mcp_pins
from config.outside import McpServer
from tools.mcp import Pin, Pinned

SERVER = McpServer.model_validate(
    {"command": ["shop"], "pin": "shop.json", "tools": {"stock_of": {"tool": "stock", "anyone": True}}}
)


def test_every_tool_is_a_line_that_says_what_changed() -> None:
    """A server cannot paint over it: what a terminal would obey is not printed."""
    before = Pin(tools=(Pinned(name="stock", description="Old words."), Pinned(name="gone")))
    now = Pin(tools=(Pinned(name="stock", description="\x1b[2K\rNew\nwords."), Pinned(name="more")))
    changed, new, gone = mcp_pins._lines(SERVER, before, now)
    assert "on, as stock_of" in changed
    assert changed.endswith("CHANGED since it was pinned: \N{REPLACEMENT CHARACTER}[2K New words.")
    assert ("off", "new:") == tuple(new.split()[1:])
    assert "GONE" in gone
