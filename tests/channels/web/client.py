"""A client of the web chat that speaks the wire contract and nothing else."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestClient

from channels.web.channel import Web
from tests.channels.world import World

PATIENCE_S = 8.0
Frame = dict[str, Any]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  # what is waited for has no event
            await asyncio.sleep(0.01)


@dataclass(kw_only=True)
class Socket:
    """One WebSocket of a visitor."""

    wire: ClientWebSocketResponse
    token: str | None = None
    welcome: Frame = field(default_factory=dict)

    async def send(self, frame: Frame | str | bytes) -> None:
        """Send a frame, or anything else."""
        if isinstance(frame, bytes):
            await self.wire.send_bytes(frame)
        else:
            await self.wire.send_str(frame if isinstance(frame, str) else json.dumps(frame))

    async def hello(self, **fields: object) -> Frame:
        """Say hello and take the answer."""
        frame = {"type": "hello", "visitor": self.token, "identity": None, "after": 0, **fields}
        await self.send(frame)
        self.welcome = await self.next()
        self.token = self.welcome.get("visitor", self.token)
        return self.welcome

    async def say(self, text: str, *, id: str | None = None) -> str:  # noqa: A002
        """Send a message; answers its id."""
        client_id = id or str(uuid.uuid4())
        await self.send({"type": "message", "id": client_id, "text": text})
        return client_id

    async def next(self, kind: str | None = None) -> Frame:
        """The next frame, or the next of a kind."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = await self.wire.receive()
                assert message.type is WSMsgType.TEXT, (message.type, message.data, message.extra)
                frame: Frame = json.loads(message.data)
                if kind in {None, frame["type"]}:
                    return frame

    async def closed(self) -> int | None:
        """Read on until the server closes; its code."""
        async with asyncio.timeout(PATIENCE_S):
            while (message := await self.wire.receive()).type is WSMsgType.TEXT:
                pass
        assert message.type in {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED}
        return self.wire.close_code


@dataclass(kw_only=True)
class Chat:
    """A served web chat."""

    client: TestClient[web.Request, web.Application]
    channel: Web
    world: World
    origin: str

    @asynccontextmanager
    async def open(
        self,
        *,
        token: str | None = None,
        origin: str | None = None,
        **options: Any,  # aiohttp's own
    ) -> AsyncIterator[Socket]:
        """Open a WebSocket without saying hello."""
        headers = {"Origin": origin or self.origin}
        async with self.client.ws_connect("/chat/ws", headers=headers, **options) as wire:
            yield Socket(wire=wire, token=token)

    @asynccontextmanager
    async def visit(self, *, token: str | None = None, **hello: object) -> AsyncIterator[Socket]:
        """Open a WebSocket and say hello."""
        async with self.open(token=token) as socket:
            await socket.hello(**hello)
            yield socket

    async def post(
        self, frame: object, *, token: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Frame]:
        """POST one frame; status and answer."""
        known = {"Authorization": f"Bearer {token}"} if token else {}
        sent = {"Origin": self.origin, "Content-Type": "application/json", **known, **(headers or {})}
        body = frame if isinstance(frame, (bytes, str)) else json.dumps(frame)
        async with self.client.post("/chat/messages", headers=sent, data=body) as response:
            text = await response.text()
            return response.status, json.loads(text) if text.startswith("{") else {"text": text}

    async def get(self, after: object = 0, *, token: str | None = None) -> tuple[int, Frame]:
        """GET what came after a number."""
        headers = {"Origin": self.origin, **({"Authorization": f"Bearer {token}"} if token else {})}
        async with self.client.get("/chat/messages", params={"after": str(after)}, headers=headers) as response:
            return response.status, json.loads(await response.text())
