"""Socket Mode: the app dials in and Slack sends through the socket what it would post otherwise. Decides nothing."""

import asyncio
import secrets
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from playground import slack_wire
from playground.deliveries import Delivery
from playground.slack_people import APP

Json = dict[str, Any]
ENVELOPES = {"event": "events_api", "interaction": "interactive", "command": "slash_commands"}
LASTS_S = 30.0  # how long an address that `apps.connections.open` gave may be dialled


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What came of one attempt to reach the app: a status, or the reason why there is none."""

    by: str
    status: int | None = None
    reason: str | None = None
    text: str = ""
    no_retry: bool = False
    headers: Json | None = None

    @property
    def taken(self) -> bool:
        """Tell whether the app took responsibility."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def json(self) -> Json:
        """Return the answer's object; anything else is an empty one."""
        try:
            data = orjson.loads(self.text)
        except orjson.JSONDecodeError:
            return {}
        return data if isinstance(data, dict) else {}


@dataclass(slots=True, kw_only=True)
class Sockets:
    """The sockets of the app; an envelope goes to one of them and waits for its acknowledgement."""

    tickets: dict[str, float] = field(default_factory=dict)
    open: list[web.WebSocketResponse] = field(default_factory=list)
    waiting: dict[str, asyncio.Future[Json]] = field(default_factory=dict)

    def ticket(self) -> str:
        """Let somebody dial in once, soon."""
        name = secrets.token_urlsafe(12)
        self.tickets[name] = time.monotonic() + LASTS_S
        return name

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Greet whoever dials in with a ticket, then take acknowledgements until he leaves."""
        if self.tickets.pop(request.query.get("ticket", ""), 0) < time.monotonic():
            raise web.HTTPNotFound
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.open.append(socket)
        try:
            await socket.send_json(self._hello())
            async for frame in socket:
                if frame.type == WSMsgType.TEXT:
                    self._acknowledge(frame.data)
        finally:
            self.open.remove(socket)
        return socket

    async def send(self, delivery: Delivery, *, number: int, reason: str, patience: float) -> Receipt:
        """Send one envelope; without an acknowledgement in time it counts as not taken."""
        if not self.open:
            return Receipt(by="socket", reason="connection_failed")
        socket, name = self.open[number % len(self.open)], str(uuid.uuid4())
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self.waiting[name] = answer
        envelope = {
            "envelope_id": name,
            "type": ENVELOPES[delivery.kind],
            "payload": slack_wire.payload(delivery),
            "accepts_response_payload": delivery.kind != "event",
        }
        if delivery.kind == "event":
            envelope |= {"retry_attempt": number, "retry_reason": reason}
        try:
            async with asyncio.timeout(patience):
                await socket.send_json(envelope)
                found = await answer
            said = found.get("payload")
            return Receipt(by="socket", status=200, text=orjson.dumps(said).decode() if said else "")
        except TimeoutError:
            return Receipt(by="socket", reason="http_timeout")
        except ConnectionError:
            return Receipt(by="socket", reason="connection_failed")
        finally:
            self.waiting.pop(name, None)

    async def disconnect(self, reason: str) -> int:
        """Ask every app to dial in anew, as Slack does every few hours, and hang up."""
        leaving = list(self.open)
        for socket in leaving:
            if reason != "dropped":
                await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "playground"}})
            await socket.close()
        return len(leaving)

    def _hello(self) -> Json:
        debug = {"host": "playground", "build_number": 1, "approximate_connection_time": 18060}
        about = {"app_id": APP}
        return {"type": "hello", "num_connections": len(self.open), "debug_info": debug, "connection_info": about}

    def _acknowledge(self, text: str) -> None:
        try:
            frame = orjson.loads(text)
        except orjson.JSONDecodeError:
            return
        answer = self.waiting.get(str(frame.get("envelope_id"))) if isinstance(frame, dict) else None
        if answer is not None and not answer.done():
            answer.set_result(frame)
