"""Keeps the staff's channel up to date: every ticket a thread with a card. Writes no markup and decides nothing.

The database says what is still to be told (`staff_threads`); each line is kept as told right after it was, and looked
for before it is told again. When the channel is gone, staff are told another way.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot import cases, loops, metrics, observe
from bot.parts import Parts
from channels.staff import Case, Posted, StaffChannel
from state import errors, faults
from state import events as ev
from state.session import Session, Ticket
from state.sql.threads import Due

AT_ONCE = 8
FIRST_S, LONGEST_S = 1.0, 60.0
BEFORE = 40  # events before the ticket that the card's "what the bot did" looks at
log = observe.get_logger()

Alert = Callable[[str, Ticket, Case, str], Awaitable[bool]]
"""Tell staff another way: alert id, ticket, card, what is wrong; whether it was told."""


class Lost(Exception):
    """A thread could not be brought up to date now."""

    def __init__(self, posted: Posted) -> None:
        """How the channel answered."""
        super().__init__(posted.reason)
        self.posted = posted


class Threads:
    """Brings threads up to date, several at once, each by one worker."""

    def __init__(self, parts: Parts, channel: StaffChannel, alert: Alert) -> None:
        """`channel`: where staff work."""
        self._parts = parts
        self._store = parts.store
        self._claim_s = parts.settings.tuning.claim_s
        self._channel = channel
        self._alert = alert
        self._wake = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._busy: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Start looking for news."""
        pause = self._parts.settings.tuning.sweep_s
        work = loops.forever(self._sweep, pause_s=pause, failed="threads_claim_failed")
        self._loop = asyncio.create_task(work, name="threads")

    def wake(self) -> None:
        """Look now."""
        self._wake.set()

    async def drain(self, seconds: float) -> None:
        """Stop; what is not told yet is told by the next process."""
        if self._loop:
            self._loop.cancel()
        if self._busy:
            await asyncio.wait(self._busy, timeout=seconds)
        for task in self._busy:
            task.cancel()

    async def _sweep(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), self._parts.settings.tuning.sweep_s)
        self._wake.clear()
        room = AT_ONCE - len(self._busy)
        if room <= 0:
            return
        for due in await self._store.claim_threads(self._parts.worker, limit=room, claim_s=self._claim_s):
            task = asyncio.create_task(self._told(due))
            self._busy.add(task)
            task.add_done_callback(self._busy.discard)

    async def _told(self, due: Due) -> None:
        """One thread, from what was told to what is so; whatever goes wrong it stays due."""
        try:
            while (told := await self._bring_up(due)) != due:
                due = told
            await self._store.thread_done(due, self._parts.worker)
            self.wake()
        except Lost as lost:
            await self._failed(due, lost.posted)
        except errors.BotError as error:
            log.warning("thread_postponed", ticket=due.ticket, error=str(error))

    async def _bring_up(self, due: Due) -> Due:
        """Tell a page of news; the thread as it is then."""
        found = await self._read(due)
        if found is None:
            return due
        session, ticket, recent = found
        shown = cases.case(ticket, session, recent, self._parts.workflows)
        place, card = due.place, due.card
        if place is None:
            opened = await self._done(self._channel.open_case(shown, again=due.attempts > 0))
            place, card = opened.place, cases.fingerprint(shown)
            faults.point("thread.posted")
            await self._keep(due, place, due.posted_seq, card)
        if place is None:
            raise Lost(Posted(state="retry", reason="no_place"))
        if card != cases.fingerprint(shown):  # before the lines: a button that no longer counts goes first
            card = cases.fingerprint(shown)
            await self._done(self._channel.update_case(place, shown))
            await self._keep(due, place, due.posted_seq, card)
        seq = await self._post_news(due, place, session, ticket, recent)
        return replace(due, place=place, card=card, posted_seq=seq)

    async def _post_news(self, due: Due, place: str, session: Session, ticket: Ticket, recent: list[ev.Stored]) -> int:
        """Post what happened since, line by line."""
        seq, again = due.posted_seq, due.attempts > 0
        for stored in recent:
            if stored.seq <= due.posted_seq:
                continue
            line = cases.note(stored, session, ticket)
            if line:
                await self._done(self._channel.post(place, line, again=again))
                again = False
                faults.point("thread.posted")
                await self._keep(due, place, stored.seq, None)
            seq = stored.seq
        await self._keep(due, place, seq, None)
        return seq

    async def _done(self, telling: Awaitable[Posted]) -> Posted:
        """One call of the channel, over before the claim is."""
        try:
            async with asyncio.timeout(self._claim_s * 0.8):
                posted = await telling
        except TimeoutError:
            raise Lost(Posted(state="retry", reason="no_answer")) from None
        if posted.state != "done":
            raise Lost(posted)
        return posted

    async def _keep(self, due: Due, place: str | None, seq: int, card: str | None) -> None:
        await self._store.thread_posted(
            due.ticket, self._parts.worker, place=place, seq=seq, card=card, claim_s=self._claim_s
        )

    async def _read(self, due: Due) -> tuple[Session, Ticket, list[ev.Stored]] | None:
        """The session with its ticket, and its events from a little before what was told."""
        found = await self._store.session(due.session_id)
        if found is None:
            return None
        session = found[1]
        ticket = session.find_ticket(due.ticket)
        if ticket is None:
            return None
        return session, ticket, await self._store.events(due.session_id, max(0, due.posted_seq - BEFORE))

    async def _failed(self, due: Due, posted: Posted) -> None:
        """Try again later, more and more slowly; staff are told another way when it goes on."""
        if posted.state == "later":
            await self._store.thread_later(due, self._parts.worker, after_s=posted.after or FIRST_S)
            return
        gone = posted.state == "gone"
        after = posted.after or min(LONGEST_S, FIRST_S * 2 ** min(due.attempts, 10))
        metrics.staff_thread_failed(posted.reason or posted.state)
        log.warning("thread_not_told", ticket=due.ticket, reason=posted.reason, after=after)
        failing_ms = await self._store.thread_failed(
            due, self._parts.worker, after_s=after, reason=posted.reason, lost=posted.reason == "thread_lost"
        )
        alert_ms = self._parts.settings.tuning.staff_alert_s * 1000
        if not due.alerted and (gone or failing_ms >= alert_ms):
            await self._tell_otherwise(due, posted)

    async def _tell_otherwise(self, due: Due, posted: Posted) -> None:
        found = await self._read(due)
        if found is None:
            return
        session, ticket, recent = found
        shown = cases.case(ticket, session, recent, self._parts.workflows)
        if await self._alert(f"alert-{due.ticket}-{ticket.number}", ticket, shown, posted.reason):
            await self._store.thread_alerted(due.ticket)
