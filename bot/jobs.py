"""What the clock runs: unknown outcomes, times that run out, giving up on replies. Every job may run twice, or late."""

from __future__ import annotations

import asyncio
import time

from bot import loops, observe
from config.tuning import Tuning
from state.hints import Hints
from state.store import Store

USES_KEPT_S = 3 * 86_400  # longer than any window of a counter
CLEANING_S = 3_600.0
log = observe.get_logger()


class Clock:
    """Ticks once per sweep. Its jobs are single statements that several clocks may run at once without harm."""

    def __init__(self, store: Store, hints: Hints, tuning: Tuning) -> None:
        """Take what the jobs need."""
        self._store = store
        self._hints = hints
        self._tuning = tuning
        self._task: asyncio.Task[None] | None = None
        self._cleaned_at = -CLEANING_S

    def start(self) -> None:
        """Start ticking."""
        clock = loops.forever(self._tick, pause_s=self._tuning.sweep_s, failed="clock_failed")
        self._task = asyncio.create_task(clock, name="clock")

    def stop(self) -> None:
        """Stop ticking."""
        if self._task:
            self._task.cancel()

    async def _tick(self) -> None:
        await asyncio.sleep(self._tuning.sweep_s)
        await self._store.forget_codes()
        if time.monotonic() - self._cleaned_at >= CLEANING_S:
            self._cleaned_at = time.monotonic()
            await self._store.forget_uses(USES_KEPT_S)
        if await self._store.due_actions():
            self._hints.publish("wake", {"ms": 0})
        if await self._store.run_out(abandoned_s=self._tuning.abandoned_days * 86_400):
            self._hints.publish("wake", {"ms": 0})
        for row in await self._store.give_up(int(self._tuning.outbox_give_up_s * 1000)):
            log.error(
                "reply_given_up",
                session=row["session_id"],
                channel=row["channel"],
                outbox=row["id"],
                reason=row["reason"],
            )
