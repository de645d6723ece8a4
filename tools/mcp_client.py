"""A connection to an MCP server, as a system: a request's path is the tool's name, its body the arguments.

It speaks through the official SDK, which is imported when a server is first called. The server may ask nothing of us
(no sampling, no elicitation), and a tool that is no longer as it was pinned is not called.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import structlog

from config.outside import McpServer, Outside
from state import errors
from tools import failures, mcp
from tools.mcp import Pin, Pinned
from tools.request import Request

log = structlog.get_logger()
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT")
"""What a program that we start sees of our environment: no secret of ours."""
NEEDS = "MCP servers need the official SDK: pip install --require-hashes -r requirements/mcp.txt"

MOST_PAGES = 50
LONGEST_S = 60.0  # of one request; the caller has a shorter time of its own
INTERNAL_ERROR = -32603
LOST = frozenset({-32000, -32600, -32700})
"""Codes by which the SDK says that the connection is closed, its session has ended, or an answer was none."""


def systems(outside: Outside) -> dict[str, McpSystem]:
    """The servers of tools.yaml of which a tool is on, none of them connected yet."""
    return {
        name: McpSystem(name, server, mcp.read(outside.folder / server.pin, name))
        for name, server in outside.mcp.items()
        if server.tools
    }


class McpSystem:
    """One server. It is connected at the first call, and again after it went away; `close` ends it."""

    def __init__(self, name: str, server: McpServer, pin: Pin) -> None:
        """`pin`: its tools as reviewed."""
        self.name = name
        self._server = server
        self._pin = pin
        self._changed: frozenset[str] = frozenset()
        self._client: Any = None
        self._owner: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()
        self._lock = asyncio.Lock()

    async def get(self, path: str, *, params: Mapping[str, str] | None = None, timeout: float) -> Any:  # noqa: ANN401
        """No server of this kind is asked like that."""
        del path, params, timeout
        raise errors.AskHuman(f"{self.name} is an MCP server; call its tools")

    async def post(self, path: str, body: Mapping[str, Any], *, key: str | None, timeout: float) -> Any:  # noqa: ANN401
        """Call a tool."""
        del key
        return await self.request(Request(method="POST", path=path, body=body), timeout=timeout)

    async def request(self, request: Request, *, timeout: float) -> Any:  # noqa: ANN401
        """Call a tool, once; answers `{"text", "fields"}`. Raises NotSent, Uncertain, Declined or AskHuman."""
        until = asyncio.get_running_loop().time() + timeout
        client, ended = await self._connected(until)
        if request.path in self._changed:
            raise errors.AskHuman(
                f"{self.name}: {request.path} is not as it was reviewed; look, then: python -m bot mcp pin {self.name}"
            )
        try:
            async with asyncio.timeout_at(until):
                answer = await client.call_tool(request.path, dict(request.body or {}))
        except TimeoutError as error:
            raise failures.Uncertain(f"{self.name} did not answer in time", reason="timeout") from error
        except Exception as error:
            raise self._named(error, ended) from error
        return self._answer(answer)

    async def tools(self, timeout: float) -> Pin:
        """Its tools as they are now, to be pinned."""
        client, _ = await self._connected(asyncio.get_running_loop().time() + timeout)
        return await _pin(client)

    async def close(self) -> None:
        """End the connection, and the program where we started one."""
        self._ended.set()
        if self._owner is not None:
            await asyncio.gather(self._owner, return_exceptions=True)
            self._owner = None

    def _named(self, error: Exception, ended: asyncio.Event) -> Exception:
        """A failure of the protocol or the connection, by what it proves. The SDK names lost connections by a code."""
        from mcp import MCPError  # the SDK is an extra, and slow to load

        code = error.code if isinstance(error, MCPError) else None
        if code == INTERNAL_ERROR:
            return failures.Uncertain(f"{self.name} answered with an error of its own")
        if code is not None and code not in LOST:
            return failures.Declined(f"{self.name} refused the call", code=str(code))
        ended.set()  # the next call connects anew
        return failures.Uncertain(f"{self.name} broke off ({type(error).__name__})")

    def _answer(self, answer: Any) -> dict[str, Any]:  # noqa: ANN401 - the SDK's own
        text = "\n".join(block.text for block in answer.content if block.type == "text")
        if answer.is_error:
            raise failures.Declined(text[:300] or f"{self.name} refused the call")
        return {"text": text, "fields": answer.structured_content}

    async def _connected(self, until: float) -> tuple[Any, asyncio.Event]:
        """The client, connected, and what ends its connection. Raises NotSent: no call has left."""
        try:
            async with asyncio.timeout_at(until), self._lock:
                if self._owner is None or self._owner.done() or self._ended.is_set():
                    await self.close()
                    self._ended = asyncio.Event()
                    await self._connect()
                return self._client, self._ended
        except TimeoutError as error:
            raise failures.NotSent(f"{self.name} cannot be reached in time", reason="timeout") from error

    async def _connect(self) -> None:
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._owner = asyncio.create_task(self._own(ready, self._ended), name=f"mcp {self.name}")
        try:
            await asyncio.shield(ready)
        finally:
            if not ready.done():  # whoever called waits no more; what is half connected is nobody's
                self._ended.set()
                self._owner.cancel()

    async def _own(self, ready: asyncio.Future[None], ended: asyncio.Event) -> None:
        """Hold the connection: the SDK wants the task that opened it to close it."""
        try:
            async with AsyncExitStack() as stack:
                self._client = await stack.enter_async_context(_client(self._server, stack))
                self._compare(await _pin(self._client))
                ready.set_result(None)
                await ended.wait()
        except Exception as error:
            if not ready.done():
                named = error if isinstance(error, errors.BotError) else None
                ready.set_exception(named or failures.NotSent(f"{self.name} cannot be reached"))
            log.warning("mcp_connection_ended", server=self.name, error=type(error).__name__)

    def _compare(self, now: Pin) -> None:
        """Note which tools are no longer as they were reviewed."""
        changed = [one.name for one in self._pin.tools if now.find(one.name) != one]
        self._changed = frozenset(changed)
        if changed:
            log.warning("mcp_tools_changed", server=self.name, tools=changed)


def _client(server: McpServer, stack: AsyncExitStack) -> Any:  # noqa: ANN401 - the SDK's own
    """A client of the SDK, not connected yet; `stack` closes what is its own. AskHuman where the SDK is not there."""
    try:
        import httpx2  # an extra, and slow to load
        from mcp import Client, StdioServerParameters
        from mcp.client.streamable_http import streamable_http_client
    except ImportError as error:
        raise errors.AskHuman(NEEDS) from error
    if server.url is None:
        known = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        program = StdioServerParameters(command=server.command[0], args=list(server.command[1:]), env=known)
        return Client(program, cache=None)
    http = httpx2.AsyncClient(headers=server.auth.headers(), timeout=LONGEST_S)
    stack.push_async_callback(http.aclose)
    return Client(streamable_http_client(server.url, http_client=http), cache=None)


async def _pin(client: Any) -> Pin:  # noqa: ANN401 - the SDK's own
    """Every tool of a connected server, page after page."""
    found: list[Any] = []
    cursor = None
    for _ in range(MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        found += page.tools
        cursor = page.next_cursor
        if cursor is None:
            break
    return Pin(tools=tuple(_pinned(one) for one in sorted(found, key=lambda one: str(one.name))))


def _pinned(tool: Any) -> Pinned:  # noqa: ANN401 - the SDK's own
    return Pinned(
        name=tool.name, description=tool.description or "", arguments=tool.input_schema, result=tool.output_schema
    )
