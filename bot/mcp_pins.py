"""`python -m bot mcp …`: look at the tools of MCP servers, and pin them once they were reviewed."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from config.outside import McpServer
from config.settings import Settings
from state import errors
from tools import mcp
from tools.mcp import Pin
from tools.mcp_client import McpSystem

CONNECT_S = 30.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what may be asked."""
    parser.add_argument("what", choices=["list", "pin"], help="list: show its tools; pin: keep them as reviewed")
    parser.add_argument("server", help="the server's name under mcp in tools.yaml")


async def run(asked: argparse.Namespace, settings: Settings) -> list[str]:
    """Do it; answers the lines to print. Raises BadInput for a server that tools.yaml does not name."""
    server = settings.outside.mcp.get(asked.server)
    if server is None:
        there = ", ".join(settings.outside.mcp) or "none"
        raise errors.BadInput(f"mcp: tools.yaml names no server {asked.server!r} (it names {there})")
    path = settings.outside.folder / server.pin
    before = mcp.read(path, asked.server) if path.exists() else Pin()
    now = await _asked(asked.server, server)
    if asked.what == "pin":
        mcp.write(path, now)
    end = (
        f"pinned in {path}; commit it" if asked.what == "pin" else f"to pin them: python -m bot mcp pin {asked.server}"
    )
    return [*_lines(server, before, now), end]


async def _asked(name: str, server: McpServer) -> Pin:
    system = McpSystem(name, server, Pin())
    try:
        return await system.tools(CONNECT_S)
    finally:
        await system.close()


def _lines(server: McpServer, before: Pin, now: Pin) -> Iterator[str]:
    """One line a tool: whether it is on, and what changed since it was pinned."""
    ours = {one.tool: name for name, one in server.tools.items()}
    for tool in now.tools:
        known = before.find(tool.name)
        state = "as pinned" if known == tool else "CHANGED since it was pinned" if known else "new"
        use = f"on, as {ours[tool.name]}" if tool.name in ours else "off"
        words = " ".join(tool.description.split())[:80]
        yield _plain(f"{tool.name:32} {use:32} {state}: {words}")
    for tool in before.tools:
        if now.find(tool.name) is None:
            yield _plain(f"{tool.name:32} {'on' if tool.name in ours else 'off':32} GONE since it was pinned")


def _plain(line: str) -> str:
    """A line without signs that a terminal obeys: a server's words must not repaint what is reviewed."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line)
