"""A customer's browser: keeps token, cursor and unacknowledged frames; comes back whenever the line breaks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from tests.harness.outside import Json
from tests.harness.waiting import PATIENCE_S, until

AGAIN_S = 0.1
BROKEN = (aiohttp.ClientError, ConnectionError, TimeoutError, OSError)


@dataclass(slots=True, kw_only=True)
class WebClient:
    """One browser with the widget's habits: unacknowledged frames are sent again, with the same id."""

    http: aiohttp.ClientSession
    url: str
    identity: str | None = None
    visitor: str | None = None
    cursor: int = 0
    unacked: dict[str, Json] = field(default_factory=dict)
    acked: dict[str, int] = field(default_factory=dict)
    messages: dict[str, Json] = field(default_factory=dict)
    frames: list[Json] = field(default_factory=list)
    welcomes: int = 0
    wire: aiohttp.ClientWebSocketResponse | None = None

    async def stay(self) -> None:
        """Be connected, again and again, until cancelled."""
        while True:
            with contextlib.suppress(*BROKEN):
                await self._visit()
            self.wire = None
            await asyncio.sleep(AGAIN_S)

    async def _visit(self) -> None:
        headers = {"Origin": self.url}
        async with self.http.ws_connect(f"{self.url}/chat/ws", headers=headers, timeout=_closing()) as wire:
            hello = {"type": "hello", "visitor": self.visitor, "identity": self.identity, "after": self.cursor}
            await wire.send_json(hello)
            async for message in wire:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    return
                self._take(json.loads(message.data))
                if self.wire is None and self.frames[-1]["type"] == "welcome":
                    self.wire = wire
                    for frame in list(self.unacked.values()):
                        await wire.send_json(frame)

    def _take(self, frame: Json) -> None:
        self.frames.append(frame)
        match frame["type"]:
            case "welcome":
                self._welcomed(frame)
            case "ack":
                self.unacked.pop(frame["id"], None)
                self.acked[frame["id"]] = frame["seq"]
            case "message":
                self._show(frame)
            case "error" if frame.get("id") in self.unacked and frame.get("code") != "too_fast":
                self.unacked.pop(frame["id"])

    def _welcomed(self, frame: Json) -> None:
        self.welcomes += 1
        self.visitor = frame["visitor"]
        if frame.get("reset"):
            self.messages.clear()
            self.cursor = 0
        for message in frame["messages"]:
            self._show(message)
        self.cursor = max(self.cursor, frame["seq"])

    def _show(self, message: Json) -> None:
        self.messages[message["id"]] = message
        self.cursor = max(self.cursor, message["seq"])
        if message["id"] in self.acked:
            self.acked[message["id"]] = message["seq"]  # it may stand elsewhere after two sessions became one

    # --- what a person does

    async def say(self, text: str, *, id: str | None = None) -> str:  # noqa: A002
        """Send a text; answers its id."""
        return await self._send({"type": "message", "id": id or str(uuid.uuid4()), "text": text})

    async def press(self, value: str, *, id: str | None = None) -> str:  # noqa: A002
        """Press a button; answers the id of the frame."""
        return await self._send({"type": "choice", "id": id or str(uuid.uuid4()), "value": value})

    async def sign_in(self, identity: str) -> None:
        """Come back with a signed token, as the widget does when the page's customer signs in."""
        self.identity, before = identity, self.welcomes
        if self.wire is not None:
            await self.wire.close()

        async def welcomed() -> bool:
            return self.welcomes > before

        await until(welcomed, "a welcome after the sign-in")

    async def _send(self, frame: Json) -> str:
        self.unacked[frame["id"]] = frame
        if self.wire is not None:
            with contextlib.suppress(*BROKEN):
                await self.wire.send_json(frame)
        return str(frame["id"])

    async def acknowledged(self, client_id: str, *, patience: float = PATIENCE_S) -> int:
        """Wait for the ack; answers the sequence number."""

        async def look() -> bool:
            return client_id in self.acked

        await until(look, f"the ack of {client_id}", patience=patience)
        return self.acked[client_id]

    async def answer(self, client_id: str, *, patience: float = PATIENCE_S) -> Json:
        """Wait for the first thing the bot says in this chat after a message of ours."""
        await self.acknowledged(client_id, patience=patience)

        def after(message: Json) -> bool:
            return self.is_answer(message) and message["seq"] > self.acked[client_id]

        await self.seen(after, f"an answer to {client_id}", patience=patience)
        return next(m for m in self.shown() if after(m))

    async def seen(self, check: Callable[[Json], bool], what: str, *, patience: float = PATIENCE_S) -> Json:
        """Wait until a message is shown that passes the check; answers the newest."""

        async def look() -> Json | None:
            return next((m for m in reversed(self.shown()) if check(m)), None)

        return await until(look, what, patience=patience)

    async def ask(self, text: str) -> Json:
        """Say something and wait for the answer."""
        return await self.answer(await self.say(text))

    async def click(self, message: Json, label: str) -> Json:
        """Press the button of a message whose label begins so, and wait for the answer."""
        return await self.answer(await self.press(button(message, label)))

    def shown(self) -> list[Json]:
        """Everything on the screen, in order."""
        return sorted(self.messages.values(), key=lambda m: m["seq"])

    def said_by_bot(self) -> list[str]:
        """The bot's texts in this chat."""
        return [m["text"] for m in self.shown() if self.is_answer(m)]

    @staticmethod
    def is_answer(message: Json) -> bool:
        """Whether a message was said in this chat, and not by the customer."""
        return bool(message["author"] != "user" and message["channel"] == "web")


def button(message: Json, label: str) -> str:
    """The value of the button whose label begins so."""
    return str(next(c["value"] for c in message["choices"] if c["label"].startswith(label)))


def _closing() -> aiohttp.ClientWSTimeout:
    return aiohttp.ClientWSTimeout(ws_close=1.0)


@asynccontextmanager
async def browser(
    http: aiohttp.ClientSession, url: str, *, identity: str | None = None, visitor: str | None = None
) -> AsyncIterator[WebClient]:
    """A browser on the page for as long as the context lasts."""
    client = WebClient(http=http, url=url, identity=identity, visitor=visitor)
    life = asyncio.create_task(client.stay())
    try:

        async def welcomed() -> bool:
            return client.wire is not None

        await until(welcomed, "a welcome")
        yield client
    finally:
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)
