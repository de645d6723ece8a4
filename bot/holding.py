"""One line to who waits for a slow turn, never two: committed beside it under its own lease. Decides no words."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable

from bot import observe
from bot.draft import Draft
from bot.parts import Parts
from bot.turn import Done
from state import errors
from state import events as ev
from state.hints import Hints
from state.sql.deliveries import Delivery
from state.sql.log import Entry
from state.sql.turns import Work

log = observe.get_logger()


class Patience:
    """Waits beside one attempt at a turn. What it commits stands in the log, so that no later attempt says it again."""

    def __init__(self, parts: Parts, hints: Hints, send: Callable[[Done], None]) -> None:
        """Make it when the attempt begins; `watch` starts the wait, `end` ends it in any case."""
        self._parts = parts
        self._hints = hints
        self._send = send
        self._began = asyncio.get_running_loop().time()
        self._committing = False
        self._task: asyncio.Task[None] | None = None

    def watch(self, draft: Draft) -> None:
        """Begin to wait for the turn's end, if its channel is impatient and nobody was told to wait yet."""
        waited_for = waiting(draft)
        seconds = self._parts.settings.tuning.holding_s.get(draft.channel)
        if seconds is None or waited_for is None or draft.opened.session.held_seq >= waited_for:
            return
        until = self._began + seconds
        self._task = asyncio.create_task(self._say(draft, until), name=f"patience {draft.lease.session_id}")

    async def end(self) -> None:
        """The turn is over: say nothing any more. What is being committed is waited for."""
        if self._task is None:
            return
        if not self._committing:
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _say(self, draft: Draft, until: float) -> None:
        await asyncio.sleep(until - asyncio.get_running_loop().time())
        self._committing = True
        try:
            await self._commit(draft)
        except errors.BotError as error:  # the turn was faster, a person took over, or the database is away
            log.info("holding_line_unsaid", session=draft.lease.session_id, error=type(error).__name__)

    async def _commit(self, draft: Draft) -> None:
        parts, lease = self._parts, draft.lease
        reach = draft.opened.session.reach.get(draft.identity)
        reply = ev.ReplyQueued(
            outbox=uuid.uuid4().hex,
            channel=draft.channel,
            identity=draft.identity,
            text=parts.replies["holding"],
            kind="holding",
            why="answered where it was asked",
            thread=reach.thread if reach else {},
        )
        delivery = Delivery(id=reply.outbox, entry=0, channel=draft.channel, identity=draft.identity)
        work = Work(
            turn=uuid.uuid4().hex,
            base=draft.opened.session,
            next_seq=draft.opened.next_seq,
            entries=[Entry(reply, draft.identity)],
            deliveries=[] if parts.capabilities[draft.channel].pull else [delivery],
        )
        claim_ms = int(parts.settings.tuning.claim_s * 1000)
        written = await parts.store.append(lease, work, worker=parts.worker, claim_ms=claim_ms)
        outgoing = tuple(zip(written.seqs, [reply], strict=True)) if written.claimed else ()
        self._send(Done(session_id=lease.session_id, seq=written.seqs[0], outgoing=outgoing, due_ms=None))
        self._hints.publish(f"session:{lease.session_id}", {"seq": written.seqs[0]})


def waiting(draft: Draft) -> int | None:
    """The place of the first message that somebody waits for an answer to, None when nobody does."""
    return next((stored.seq for stored, message in draft.messages if not message.extra.get("silent")), None)
