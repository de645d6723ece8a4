"""What one client sees live: committed messages by cursor, and what passes by. No hint is relied on, none believed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from channels.web import web_frames
from channels.web.web_desk import Desk, Welcome
from channels.web.web_pipe import Ending, Pipe
from state import errors, hints
from state.hints import Hints, Payload

IDLE_S = 20.0  # without a hint, look this often all the same
WAITING_S = 1.0  # and this often while an answer is due
WAITING_FOR_S = 120.0

BROKEN = Ending(1011, "something went wrong; reconnect to resume")
# Hints to ourselves: look for messages; compare with the truth; only wake up; "what was queued before is old".
LOOK: Payload = {"seq": None}
COMPARE: Payload = {"linked": None}
WAKE: Payload = {"wake": None}
MARK: Payload = {"mark": None}

log = structlog.get_logger()


class Feed:
    """Follows one session for one client. Its `lock` keeps an ack before every frame of its turn."""

    def __init__(self, desk: Desk, source: Hints, pipe: Pipe) -> None:
        """Nothing is followed before `begin` or `resume`."""
        self.lock = asyncio.Lock()
        self.cursor = 0
        self.visitor_id = ""
        self._desk, self._source, self._pipe = desk, source, pipe
        self._session: str | None = None
        self._early: frozenset[str] = frozenset()
        self._own: set[int] = set()
        self._streaming: set[str] = set()
        self._muted: set[str] = set()
        self._marks = 0
        self._typing = False
        self._news = hints.Feed()  # stands in until a session is followed
        self._due_until = 0.0
        self._leave: Callable[[], None] | None = None

    def begin(self, welcome: Welcome) -> None:
        """Send the welcome and go on after it."""
        self._pipe.put(welcome.frame, asked=True)
        self._go_on(welcome)

    def resume(self, welcome: Welcome) -> None:
        """Send what was missed, message by message; the welcome itself only when the client must start over."""
        if "reset" in welcome.frame:
            self._pipe.put(welcome.frame, asked=True)
        else:
            for message in welcome.frame["messages"]:
                self._pipe.put(message, asked=True)
        self._go_on(welcome)

    def end(self) -> None:
        """Listen to nothing any more."""
        if self._leave is not None:
            self._leave()
            self._leave = None

    def answered(self, session_id: str, seq: int) -> bool:
        """Note that the client's own message has become `seq`; False when that is in a session it does not follow."""
        if seq > self.cursor:
            self._own.add(seq)
        self._session = self._session or session_id
        return self._session == session_id

    def expect(self) -> None:
        """Be impatient from now on: the visitor wrote, here or in another tab."""
        self._due_until = _now() + WAITING_FOR_S
        self._news.put(WAKE if self._session else COMPARE)

    async def move(self) -> None:
        """Start over in the session that the visitor now stands in. The lock must be held."""
        self.begin(await self._desk.moved(self.visitor_id))

    async def run(self) -> None:
        """Pass on news until the client is gone. A database that is away only delays it."""
        while not self._pipe.ended:
            try:
                await self._follow(self._session)
            except errors.BotError as error:
                log.warning("web_feed_delayed", error=type(error).__name__, session=self._session)
                await asyncio.sleep(WAITING_S)

    def _go_on(self, welcome: Welcome) -> None:
        self.visitor_id = welcome.visitor.id
        self.cursor, self._early = welcome.cursor, welcome.early
        self._own.clear()
        self._session = welcome.session_id
        self.end()
        self._leave = self._desk.listen(self.visitor_id, self.expect)
        self._news.put(LOOK)  # wakes whoever waits in the session before

    async def _follow(self, session: str | None) -> None:
        """Follow one session until it is another one; without one, wait until there is."""
        if session is None:
            self._news = hints.Feed()
            await self._pass_on(session)
            return
        self._marks = 0
        async with self._source.subscribe(f"session:{session}") as self._news:
            self._news.put(LOOK)  # something may have been committed just before
            await self._pass_on(session)

    async def _pass_on(self, session: str | None) -> None:
        dropped = 0
        while self._session == session and not self._pipe.ended:
            hint = await self._next()
            async with self.lock:
                if self._session != session:
                    return
                if self._news.dropped > dropped:
                    dropped = self._news.dropped
                    self._withdraw()
                    hint = None
                await self._act(hint)

    async def _next(self) -> Payload | None:
        """Give the next hint, or None after a time without one."""
        hurried = _now() < self._due_until or not self._source.healthy
        patience = WAITING_S if hurried else IDLE_S
        began = _now()
        hint = await self._news.get(patience)
        if hint is None and _now() - began < patience / 2:  # the feed has ended: the server is going down
            await asyncio.sleep(WAITING_S)
        return hint

    async def _act(self, hint: Payload | None) -> None:
        if hint is None or "linked" in hint:
            await self._compare()
            return
        if "reset" in hint:
            await self.move()
            return
        if "mark" in hint:
            self._marks = max(0, self._marks - 1)
        if frame := web_frames.live(hint):  # a hint may say two things: the end of typing, and what was typed
            self._stream(frame)
        if "seq" in hint:
            await self._fetch()

    def _stream(self, frame: web_frames.Frame) -> None:
        """Pass on what happens while an answer is made, unless the answer was shown meanwhile."""
        turn = frame.get("turn", "")
        if frame["type"] == "delta":
            if self._marks:
                self._muted.add(turn)
            if turn in self._muted:
                return
            self._streaming.add(turn)
        elif frame["type"] == "discard":
            self._streaming.discard(turn)
        elif frame["type"] == "typing":
            on = frame["on"] and not self._marks
            if on == self._typing:
                return
            self._typing = on
        self._pipe.put(frame)

    def _withdraw(self) -> None:
        """Take streamed text back when a part of it was lost; the whole message comes by its number."""
        for turn in sorted(self._streaming):
            self._pipe.put({"type": "discard", "turn": turn})
        self._muted |= self._streaming
        self._streaming.clear()
        self._marks = 0  # the mark may have been among what was lost

    async def _compare(self) -> None:
        """Compare with the truth: the session may be another one, or have news that no hint told."""
        place = await self._desk.place(self.visitor_id)
        if place is None:
            return
        if self._session is None:
            self._session = place.session_id
        elif place.session_id != self._session:
            await self.move()
        elif place.seq > self.cursor:
            await self._fetch()
            self.cursor = max(self.cursor, place.seq)

    async def _fetch(self) -> None:
        if self._session is None:
            return
        for message in await self._desk.messages(self._session, self.cursor):
            seq = int(message["seq"])
            self.cursor = max(self.cursor, seq)
            if seq in self._own or message.get("id") in self._early:
                self._own.discard(seq)  # the client shows its own words since the ack
                continue
            if message.get("author") != "user":
                self._arrived()
            self._pipe.put(message)

    def _arrived(self) -> None:
        """Note that an answer is here: what is still queued about its making comes too late."""
        self._due_until = 0.0
        self._streaming.clear()
        self._muted.clear()
        self._marks += 1
        self._news.put(MARK)


def _now() -> float:
    return asyncio.get_running_loop().time()
