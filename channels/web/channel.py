"""The web chat: its routes, its open connections, its files. It reads no frame itself."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property

from aiohttp import web

from channels.base import Capabilities, Ports
from channels.web import web_files
from channels.web.web_desk import CHANNEL, Desk
from channels.web.web_guard import Guard, host_of
from channels.web.web_http import Plain
from channels.web.web_socket import Connection
from state.identity import Address
from state.messages import Outbound, Receipt

SOCKETS_PER_HOST = 200
GOODBYE_S = 2.0


class Web:
    """The channel of the web chat."""

    name = CHANNEL
    capabilities = Capabilities(text_limit=8_000, buttons=20, pull=True, html=True)

    def __init__(self, ports: Ports) -> None:
        """Keep the ports; files are read at start."""
        self._ports = ports
        self._desk = Desk(ports)
        self._guard = Guard(ports.settings.origins())
        self._plain = Plain(self._desk, ports, self._guard)
        self._connections: set[Connection] = set()
        self._hosts: Counter[str] = Counter()
        self._empty = asyncio.Event()
        self._empty.set()

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """The page, the script, the WebSocket and its twin."""
        return [
            web.get("/chat", self._page),
            web.get("/chat/widget.js", self._script),
            web.get("/chat/ws", self._socket, allow_head=False),
            web.post("/chat/messages", self._plain.post),
            web.get("/chat/messages", self._plain.get),
            web.options("/chat/messages", self._plain.preflight),
            web.get("/chat/events", self._events, allow_head=False),
            web.options("/chat/events", self._plain.preflight),
        ]

    async def start(self) -> None:
        """Read and pack the files, so that the first visitor need not wait."""
        _ = self._files

    async def close(self) -> None:
        """Ask every client to come back, and cut off who has not gone after two seconds."""
        for connection in list(self._connections):
            connection.restart()
        self._plain.restart()
        try:
            async with asyncio.timeout(GOODBYE_S):
                await self._empty.wait()
        except TimeoutError:
            for connection in list(self._connections):
                connection.abort()

    async def send(self, outbound: Outbound) -> Receipt:
        """Count a committed reply as handed over: clients fetch it by their cursor."""
        return Receipt(outbox_id=outbound.id, state="sent")

    async def typing(self, to: Address, inbound_id: str) -> None:
        """Do nothing: the engine's hint on the session shows it."""

    @cached_property
    def _files(self) -> tuple[web_files.File, web_files.File]:
        return web_files.page(), web_files.script()

    async def _page(self, request: web.Request) -> web.Response:
        return self._files[0].answer(request)

    async def _script(self, request: web.Request) -> web.Response:
        return self._files[1].answer(request)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        self._guard.check(request)
        if not self._ports.ready():
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "2"})
        host = host_of(request)
        connection = Connection(self._desk, self._ports, host=host)
        with self._admitted(host, connection):
            return await connection.serve(request)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        with self._admitted(host_of(request)):
            return await self._plain.events(request)

    @contextmanager
    def _admitted(self, host: str | None, connection: Connection | None = None) -> Iterator[None]:
        """Hold a place among the open connections; one host gets only so many."""
        if host is not None and self._hosts[host] >= SOCKETS_PER_HOST:
            raise web.HTTPTooManyRequests(headers={"Retry-After": "30"})
        key = host or ""
        self._hosts[key] += 1
        self._empty.clear()
        if connection is not None:
            self._connections.add(connection)
        try:
            yield
        finally:
            self._hosts[key] -= 1
            self._hosts += Counter()  # drops those at zero
            if connection is not None:
                self._connections.discard(connection)
            if not self._hosts:
                self._empty.set()
