"""One WebSocket of the web chat: a reader, a writer and a feed. It knows frames and codes, and no engine."""

from __future__ import annotations

import asyncio
import contextlib

import structlog
from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from channels.base import Ports
from channels.web import web_desk, web_frames
from channels.web.web_desk import Desk
from channels.web.web_feed import BROKEN, Feed
from channels.web.web_frames import Hello, Refusal, Said
from channels.web.web_pipe import Ending, Pipe
from state import errors

HELLO_S = 10.0
HEARTBEAT_S = 25.0
CLOSE_S = 2.0
LINGER_S = 5.0
MOST_STRIKES = 10  # frames that were refused; then it is no mistake any more

IDENTITY = Ending(4401, "the sign-in was not accepted")
JUNK = Ending(WSCloseCode.POLICY_VIOLATION, "too many frames that cannot be read")
NO_HELLO = Ending(WSCloseCode.POLICY_VIOLATION, "the first frame must be hello")
AWAY = Ending(WSCloseCode.TRY_AGAIN_LATER, "not now; reconnect to resume")
RESTART = WSCloseCode.SERVICE_RESTART

log = structlog.get_logger()


class Connection:
    """One client from its first frame to its end."""

    def __init__(self, desk: Desk, ports: Ports, *, host: str | None) -> None:
        """`host`: where it comes from, for limits."""
        self._desk, self._ports, self._host = desk, ports, host
        self._pipe = Pipe()
        self.feed = Feed(desk, ports.hints, self._pipe)
        self._socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_S, max_msg_size=web_frames.FRAME_LIMIT + 1, compress=False, timeout=CLOSE_S
        )
        self._request: web.Request | None = None
        self._strikes = 0

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Upgrade, then talk until either side has had enough."""
        self._request = request
        await self._socket.prepare(request)
        reader, writer = asyncio.create_task(self._read()), asyncio.create_task(self._write())
        try:
            await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
            if self._pipe.ended and not writer.done():  # what is queued still leaves
                await asyncio.wait({writer}, timeout=2 * CLOSE_S)
        finally:
            await _cancelled(reader, writer)
        return self._socket

    def restart(self) -> None:
        """Tell the client to come back and from where; what is queued still leaves."""
        self._pipe.end(Ending(RESTART, f"restarting; resume after {self.feed.cursor}"))

    def abort(self) -> None:
        """Cut the connection of a client that does not go."""
        if self._request is not None and self._request.transport is not None:
            self._request.transport.abort()

    # --- reading

    async def _read(self) -> None:
        if not await self._greet():
            return
        feeder = asyncio.create_task(self._follow())
        try:
            await self._listen()
        finally:
            self.feed.end()
            await _cancelled(feeder)

    async def _greet(self) -> bool:
        """Await hello and answer it; False when there was none that could be."""
        try:
            async with asyncio.timeout(HELLO_S):
                frame = await self._receive()
        except TimeoutError:
            frame = None
        if not isinstance(frame, Hello):
            self._end(NO_HELLO)
            return False
        try:
            self.feed.begin(await self._desk.greet(frame))
        except Refusal as refusal:
            self._pipe.put(refusal.frame())
            self._end(IDENTITY)
            return False
        except errors.BotError as error:
            log.warning("web_hello_failed", error=type(error).__name__)
            self._end(AWAY)
            return False
        return True

    async def _listen(self) -> None:
        while not self._pipe.ended and (frame := await self._receive()) is not None:
            if not isinstance(frame, Said):
                self._refuse(Refusal("bad_frame", "hello was said already."))
            elif not self._ports.ready():
                self.restart()
            else:
                await self._take(frame)

    async def _receive(self) -> Hello | Said | None:
        """Give the next frame that can be read; None at the end of the connection or of our patience."""
        while not self._pipe.ended:
            message = await self._socket.receive()
            if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                return None
            try:
                return _read(message)
            except Refusal as refusal:
                self._refuse(refusal)
        return None

    async def _take(self, said: Said) -> None:
        """Commit and acknowledge under the feed's lock, so that the ack precedes every frame of its turn."""
        async with self.feed.lock:
            try:
                accepted = await self._desk.take(self.feed.visitor_id, said, host=self._host)
            except Refusal as refusal:
                self._pipe.put(refusal.frame())
                return
            except errors.BotError as error:
                log.warning("web_message_not_accepted", error=type(error).__name__)
                self._end(AWAY)  # without an ack the client keeps the message and sends it again
                return
            self._pipe.put(web_desk.ack(said, accepted))
            if not self.feed.answered(accepted.session_id, accepted.seq):
                await self.feed.move()

    def _refuse(self, refusal: Refusal) -> None:
        self._pipe.put(refusal.frame())
        self._strikes += 1
        if self._strikes >= MOST_STRIKES:
            self._end(JUNK)

    def _end(self, ending: Ending) -> None:
        self._pipe.end(ending)

    # --- writing

    async def _write(self) -> None:
        ending = await self._drained()
        log.debug("web_socket_ends", code=ending.code, why=ending.reason)
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(CLOSE_S):
                await self._socket.close(code=ending.code, message=ending.reason.encode())
        if self._request is not None and (transport := self._request.transport) is not None:
            # A client that does not read has full buffers; it gets some time to find the reason in them.
            asyncio.get_running_loop().call_later(LINGER_S, transport.abort)

    async def _drained(self) -> Ending:
        try:
            return await self._pipe.drain(self._send)
        except (ConnectionError, RuntimeError) as error:  # aiohttp's words for a socket that is gone
            log.debug("web_socket_gone", error=type(error).__name__)
            return Ending(WSCloseCode.GOING_AWAY)

    async def _send(self, data: bytes, seq: int | None) -> None:
        del seq  # it is in the frame
        await self._socket.send_frame(data, WSMsgType.TEXT)

    async def _follow(self) -> None:
        """Run the feed; whatever stops it ends the connection too, so that the client comes back."""
        try:
            await self.feed.run()
        finally:
            self._end(BROKEN)


def _read(message: WSMessage) -> Hello | Said:
    if message.type is WSMsgType.BINARY:
        raise Refusal("bad_frame", "A frame must be text.")
    return web_frames.read(message.data)


async def _cancelled(*tasks: asyncio.Task[None]) -> None:
    """End tasks; raises what one of them had failed with."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result
