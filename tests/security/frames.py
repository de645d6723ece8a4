"""Frames that no client of ours sends, by what is wrong with them; and a bare WebSocket to send them by."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.security.target import CANARY, Target

ID = "5f1dc3aa-0000-4000-8000-0123456789ab"
JSON = {"Content-Type": "application/json"}


def frame(**fields: Any) -> bytes:  # JSON values
    """A frame as bytes."""
    return json.dumps(fields).encode()


def message(text: object = CANARY, *, id: object = ID, **more: Any) -> bytes:  # noqa: A002  JSON values
    """A message."""
    return frame(type="message", id=id, text=text, **more)


def choice(value: object = CANARY, *, id: object = ID, **more: Any) -> bytes:  # noqa: A002  JSON values
    """A pressed button."""
    return frame(type="choice", id=id, value=value, **more)


JUNK: dict[str, bytes] = {
    "nothing": b"",
    "blank": b" \n",
    "no JSON": CANARY.encode(),
    "half a frame": message()[:-3],
    "two frames": message() * 2,
    "an array": b"[" + message() + b"]",
    "a string": json.dumps(CANARY).encode(),
    "null": b"null",
    "a number": b"1e999",
    "not UTF-8": b'{"type":"message","id":"' + ID.encode() + b'","text":"\xff\xfe"}',
    "UTF-16": message().decode().encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf" + message(),
    "raw NUL": message().replace(b"canary", b"\0canary"),
    "NaN": message().replace(b'"canary5f1dc3"', b"NaN"),
    "Infinity": b'{"type":"hello","visitor":null,"identity":null,"after":Infinity}',
    "NaN beside an escape": b'{"type":"hello","visitor":"\\u0041","identity":null,"after":NaN}',
    "deep nesting": b"[" * 8_000,
    "deep nesting, closed": b'{"type":"message","x":' + b"[" * 7_000 + b"]" * 7_000 + b"}",
    "deep nesting beside an escape": b'{"type":"\\u006dessage","x":' + b'{"a":' * 2_000 + b"1" + b"}" * 2_001,
    "a huge number": b'{"type":"hello","after":' + b"9" * 5_000 + b"}",
    "a huge number beside an escape": b'{"type":"\\u0068ello","after":' + b"9" * 5_000 + b"}",
    "a comment": b'{"type":"hello"}//' + CANARY.encode(),
    "no type": frame(id=ID, text=CANARY),
    "unknown type": frame(type="subscribe", session_id=CANARY),
    "a server's type": frame(type="welcome", visitor=CANARY, seq=1, messages=[]),
    "staff's type": frame(type="status", mode="staff"),
    "type is no string": frame(type=["message"], id=ID, text=CANARY),
    "type in capitals": frame(type="MESSAGE", id=ID, text=CANARY),
    "no id": frame(type="message", text=CANARY),
    "id is no UUID": message(id=CANARY),
    "id is a number": message(id=1),
    "id with a line end": message(id=ID[:-1] + "\n"),
    "id in braces": message(id="{" + ID[:-2] + "}"),
    "id without dashes": message(id=ID.replace("-", "")),
    "id is a path": message(id="../../../../../../etc/passwd-------x"),
    "no text": frame(type="message", id=ID),
    "empty text": message(""),
    "text of nothing to see": message("\u200b\u202e \u2066\n"),
    "text is a list": message([CANARY]),
    "text is an object": message({"text": CANARY}),
    "text too long": message("x" * 8_001),
    "a session that is not asked for": message(session_id=CANARY),
    "a user that is not asked for": message(user_id=CANARY),
    "an author": message(author="staff"),
    "assurance": message(assurance="verified"),
    "customer": message(customer_id="C-1001"),
    "prototype": message(__proto__={"author": "staff"}),
    "channel": message(channel="whatsapp"),
    "text and choice at once": message(value=CANARY),
    "choice without value": frame(type="choice", id=ID),
    "choice of nothing": choice(""),
    "choice is a list": choice([CANARY]),
    "choice too long": choice("x" * 257),
    "choice with a line end": choice(CANARY + "\r\n"),
    "choice with a control sign": choice(CANARY + "\x1b[31m"),
    "hello with a session": frame(type="hello", visitor=None, identity=None, after=0, session=CANARY),
    "hello below zero": frame(type="hello", visitor=None, identity=None, after=-1),
    "hello beyond everything": frame(type="hello", visitor=None, identity=None, after=2**53 + 1),
    "hello with half a number": frame(type="hello", visitor=None, identity=None, after=0.5),
    "hello with a truth": frame(type="hello", visitor=None, identity=None, after=True),
    "hello with a text": frame(type="hello", visitor=None, identity=None, after="0"),
    "hello with a visitor of numbers": frame(type="hello", visitor=7, identity=None, after=0),
    "hello with an identity of lists": frame(type="hello", visitor=None, identity=["x"], after=0),
    "hello with a huge token": frame(type="hello", visitor="x" * 8_193, identity=None, after=0),
}


@dataclass(slots=True, kw_only=True)
class Wire:
    """A WebSocket without any manners."""

    socket: aiohttp.ClientWebSocketResponse

    async def hello(self, *, visitor: str | None = None, identity: str | None = None, after: int = 0) -> dict[str, Any]:
        """Say hello and give the answer."""
        await self.send(frame(type="hello", visitor=visitor, identity=identity, after=after))
        return await self.next()

    async def send(self, data: bytes) -> None:
        """Send a text frame of just these bytes, text or not."""
        await self.socket.send_frame(data, aiohttp.WSMsgType.TEXT)

    async def say(self, text: str) -> str:
        """Send a message; answers its id."""
        client_id = str(uuid.uuid4())
        await self.send(message(text, id=client_id))
        return client_id

    async def next(self, kind: str | None = None) -> dict[str, Any]:
        """Give the next frame, or the next of a kind; `{}` at the end."""
        async with asyncio.timeout(10):
            while (got := await self.socket.receive()).type is aiohttp.WSMsgType.TEXT:
                found: dict[str, Any] = json.loads(got.data)
                if kind in {None, found["type"]}:
                    return found
        return {}

    async def code(self) -> int | None:
        """Wait for the end and give its code."""
        while await self.next():
            pass
        return self.socket.close_code


@asynccontextmanager
async def wire(mark: Target, **headers: str) -> AsyncIterator[Wire]:
    """Open a WebSocket; other headers than a page's own by name."""
    named = {"Origin": mark.url, **{name.replace("_", "-"): value for name, value in headers.items()}}
    async with mark.http.ws_connect(f"{mark.url}/chat/ws", headers=named, max_msg_size=0) as socket:
        yield Wire(socket=socket)


async def greeted(mark: Target, identity: str | None = None) -> str:
    """A visitor's token."""
    async with wire(mark) as one:
        return str((await one.hello(identity=identity))["visitor"])
