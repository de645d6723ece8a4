"""The web chat over plain HTTP, for networks that block WebSockets: POST a frame, GET what came, or stream it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import structlog
from aiohttp import web

from channels import bodies
from channels.base import Ports
from channels.web import web_desk, web_frames
from channels.web.web_desk import Desk, Welcome
from channels.web.web_feed import BROKEN, Feed
from channels.web.web_frames import Frame, Hello, Refusal, Said
from channels.web.web_guard import Guard, host_of
from channels.web.web_pipe import Ending, Pipe, Write
from state import errors

KEEP_ALIVE_S = 15.0
RECONNECT_MS = 2_000
RESTART = Ending(1012)

log = structlog.get_logger()


class Plain:
    """The handlers of the HTTP twin."""

    def __init__(self, desk: Desk, ports: Ports, guard: Guard) -> None:
        """Share the desk with the WebSocket."""
        self._desk, self._ports, self._guard = desk, ports, guard
        self.pipes: set[Pipe] = set()

    async def preflight(self, request: web.Request) -> web.Response:
        """Answer OPTIONS."""
        return self._guard.preflight(request)

    async def post(self, request: web.Request) -> web.Response:
        """Take one client frame: hello gives the welcome, a message or choice its ack."""
        self._guard.check(request)
        return await self._answered(request, self._take(request))

    async def get(self, request: web.Request) -> web.Response:
        """Give committed messages after a cursor."""
        self._guard.check(request)
        return await self._answered(request, self._missed(request))

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Stream the same frames as the WebSocket, as server-sent events."""
        self._guard.check(request)
        try:
            welcome = await self._resumed(request)
        except Refusal as refusal:
            return self._json(request, refusal.frame(), status=refusal.status)
        except errors.BotError as error:
            return self._away(request, error)
        return await self._stream(request, welcome)

    def restart(self) -> None:
        """End all streams; their clients come back."""
        for pipe in list(self.pipes):
            pipe.end(RESTART)

    async def _take(self, request: web.Request) -> Frame:
        if request.content_type != "application/json":
            raise Refusal("bad_frame", "The content type must be application/json.", status=415)
        try:
            raw = await bodies.read(request, limit=web_frames.FRAME_LIMIT)
        except web.HTTPRequestEntityTooLarge:
            raise Refusal("too_long", "The frame is larger than 16 KB.", status=413) from None
        except web.HTTPBadRequest:
            raise Refusal("bad_frame", "The body does not arrive as its headers say.") from None
        frame = web_frames.read(raw)
        if isinstance(frame, Hello):
            return (await self._desk.greet(frame)).frame
        return await self._say(request, frame)

    async def _say(self, request: web.Request, said: Said) -> Frame:
        visitor_id = self._visitor(request)
        if not self._ports.ready():
            raise errors.RetryLater("draining")
        return web_desk.ack(said, await self._desk.take(visitor_id, said, host=host_of(request)))

    async def _missed(self, request: web.Request) -> Frame:
        visitor_id, after = self._visitor(request), _after(request)
        place = await self._desk.place(visitor_id)
        if place is None:
            return {"messages": [], "seq": 0}
        return {"messages": await self._desk.messages(place.session_id, after), "seq": place.seq}

    async def _resumed(self, request: web.Request) -> Welcome:
        visitor_id, after = self._visitor(request), _after(request)
        if not self._ports.ready():
            raise errors.RetryLater("draining")
        return await self._desk.resume(visitor_id, after=after)

    def _visitor(self, request: web.Request) -> str:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        visitor_id = self._desk.visitor_of(token.strip()) if scheme.lower() == "bearer" else None
        if visitor_id is None:
            raise Refusal(
                "unknown_visitor", "Say hello first; its token goes into the Authorization header.", status=401
            )
        return visitor_id

    # --- the stream

    async def _stream(self, request: web.Request, welcome: Welcome) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={
                **self._guard.headers(request),
                "Content-Type": "text/event-stream",
                "X-Accel-Buffering": "no",  # nginx would hold events back
            }
        )
        await response.prepare(request)
        await response.write(f"retry: {RECONNECT_MS}\n\n".encode())
        pipe = Pipe()
        feed = Feed(self._desk, self._ports.hints, pipe)
        self.pipes.add(pipe)
        feed.resume(welcome)
        feeder = asyncio.create_task(_follow(feed, pipe))
        try:
            await pipe.drain(_writer(response), idle_s=KEEP_ALIVE_S, idle=_keep_alive(response))
        except (ConnectionError, RuntimeError) as error:  # aiohttp's words for a client that is gone
            log.debug("web_stream_gone", error=type(error).__name__)
        finally:
            self.pipes.discard(pipe)
            feed.end()
            feeder.cancel()
            await asyncio.gather(feeder, return_exceptions=True)
        return response

    # --- answers

    async def _answered(self, request: web.Request, work: Awaitable[Frame]) -> web.Response:
        try:
            return self._json(request, await work)
        except Refusal as refusal:
            return self._json(request, refusal.frame(), status=refusal.status)
        except errors.BotError as error:
            return self._away(request, error)

    def _json(self, request: web.Request, frame: Frame, *, status: int = 200) -> web.Response:
        headers = self._guard.headers(request)
        if status == 429:
            headers["Retry-After"] = "5"
        body = web_frames.encode(frame)
        return web.Response(body=body, status=status, content_type="application/json", headers=headers)

    def _away(self, request: web.Request, error: errors.BotError) -> web.Response:
        log.warning("web_request_delayed", error=type(error).__name__)
        headers = {**self._guard.headers(request), "Retry-After": "2"}
        return web.Response(text="not now; try again\n", status=503, headers=headers)


async def _follow(feed: Feed, pipe: Pipe) -> None:
    try:
        await feed.run()
    finally:
        pipe.end(BROKEN)


def _writer(response: web.StreamResponse) -> Write:
    async def write(data: bytes, seq: int | None) -> None:
        place = f"id: {seq}\n".encode() if seq is not None else b""
        await response.write(place + b"data: " + data + b"\n\n")

    return write


def _keep_alive(response: web.StreamResponse) -> Write:
    async def write(data: bytes, seq: int | None) -> None:
        del data, seq
        await response.write(b": still here\n\n")

    return write


def _after(request: web.Request) -> int:
    """Read the cursor from the query, or as a browser repeats it."""
    text = request.query.get("after") or request.headers.get("Last-Event-ID") or "0"
    if not (text.isascii() and text.isdecimal() and len(text) <= 16):
        raise Refusal("bad_frame", "after must be a sequence number, 0 or more.")
    return int(text)
