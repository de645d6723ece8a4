"""Claims ready sessions and runs their turns, many at once. Keeps leases alive, backs off, quarantines.

Never loses a message: whatever goes wrong here, the session stays ready in the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable
from dataclasses import replace

from bot import answers, directory, handoff, loops, metrics, observe, operators, replies, turn
from bot.draft import Draft
from bot.holding import Patience
from bot.parts import Parts
from state import errors
from state import events as ev
from state.hints import Hints
from state.lease import Lease

DEFER_MS = 250
log = observe.get_logger()


class Worker:
    """Runs turns. `offer` takes a lease that `accept` took; `wake` looks for ready sessions at once."""

    def __init__(self, parts: Parts, hints: Hints, send: Callable[[turn.Done], None]) -> None:
        """`send` gets what a turn left: replies that this process may send at once, news for staff."""
        self.parts = parts
        self._hints = hints
        self._send = send
        self._turns: dict[Lease, asyncio.Task[None]] = {}
        self._timers: set[asyncio.TimerHandle] = set()
        self._wake = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self.draining = False

    @property
    def free(self) -> int:
        """How many more turns may run now."""
        return max(0, self.parts.settings.tuning.turns_at_once - len(self._turns))

    def start(self) -> None:
        """Start looking for work."""
        pause = self.parts.settings.tuning.sweep_s
        self._loops = [
            asyncio.create_task(loops.forever(self._sweep, pause_s=pause, failed="claim_failed"), name="sweep"),
            asyncio.create_task(loops.forever(self._renew, pause_s=0.0, failed="renew_failed"), name="renew"),
        ]

    def listen(self, hints: Hints) -> None:
        """Be woken by other processes' hints."""
        self._loops.append(asyncio.create_task(self._listen(hints), name="wake"))

    async def _listen(self, hints: Hints) -> None:
        async with hints.subscribe("wake") as feed:
            async for hint in feed:
                wait = hint.get("ms")
                self.wake(wait if isinstance(wait, int) else 0)

    async def drain(self, seconds: float) -> None:
        """Take no new work; let running turns end, and give back the leases of those that do not."""
        self.draining = True
        for timer in self._timers:
            timer.cancel()
        for loop in self._loops:
            loop.cancel()
        if self._turns:
            await asyncio.wait(self._turns.values(), timeout=seconds)
        left = dict(self._turns)
        for task in left.values():
            task.cancel()
        for lease in left:
            with contextlib.suppress(errors.BotError):
                await self.parts.store.release(lease, after_ms=0)

    def offer(self, lease: Lease) -> None:
        """Run a turn on a lease that is held already."""
        task = asyncio.create_task(self._run(lease), name=f"turn {lease.session_id}")
        self._turns[lease] = task
        task.add_done_callback(lambda _: self._turns.pop(lease, None))

    def wake(self, after_ms: int = 0) -> None:
        """Look for ready sessions now, or after a while."""
        if after_ms <= 0:
            self._wake.set()
            return
        loop = asyncio.get_running_loop()
        handle = loop.call_later(after_ms / 1000 + 0.002, self._alarm)
        self._timers.add(handle)
        self._timers = {timer for timer in self._timers if not timer.cancelled() and timer.when() >= loop.time()}

    def _alarm(self) -> None:
        self._wake.set()

    async def _sweep(self) -> None:
        """Claim what is ready: when woken, and every second in case no one woke us."""
        tuning = self.parts.settings.tuning
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), tuning.sweep_s)
        self._wake.clear()
        if self.draining or not self.free:
            return
        lease_ms = int(tuning.lease_s * 1000)
        for lease in await self.parts.store.claim(self.parts.worker, limit=self.free, lease_ms=lease_ms):
            self.offer(lease)

    async def _renew(self) -> None:
        """Keep the leases of running turns alive; a turn whose lease is lost is stopped."""
        tuning = self.parts.settings.tuning
        await asyncio.sleep(tuning.renew_s)
        if not (held := list(self._turns)):
            return
        lost = await self.parts.store.renew(held, lease_ms=int(tuning.lease_s * 1000))
        for lease in held:
            task = self._turns.get(lease)  # gone when the turn ended meanwhile: then nothing was lost
            if lease.session_id in lost and task:
                metrics.lease_lost()
                task.cancel()

    async def _run(self, lease: Lease) -> None:
        """One turn and whatever may go wrong with it."""
        with (
            observe.bound(session=lease.session_id, turn=uuid.uuid4().hex[:12]),
            observe.turn(attempt=lease.attempts) as line,
        ):
            try:
                line.add(outcome=await self._attempt(lease))
            except asyncio.CancelledError:
                line.add(outcome="cancelled")
            except errors.RetryLater as error:
                line.add(outcome="postponed", error=type(error).__name__, detail=str(error))
                await self._failed(lease)
            except Exception as error:
                line.add(outcome="failed", error=type(error).__name__, detail=str(error))
                log.exception("turn_failed")
                await self._failed(lease)
            finally:
                self._turns.pop(lease, None)
                if self.free == 1:
                    self._wake.set()

    async def _attempt(self, lease: Lease) -> str:
        tuning = self.parts.settings.tuning
        if lease.attempts > tuning.poison_attempts and lease.failing_ms >= tuning.poison_window_s * 1000:
            self._finished(await _quarantine(lease, self.parts))
            return "quarantined"
        patience = Patience(self.parts, self._hints, self._send)
        try:
            self._finished(await turn.run(lease, self.parts, lambda draft: self._started(draft, patience)))
        except errors.LeaseLost:
            metrics.lease_lost()
            return "lease_lost"
        except answers.Defer:
            await self.parts.store.release(lease, after_ms=DEFER_MS)
            self.wake(DEFER_MS)
            return "deferred"
        except directory.Moved as moved:
            for session in moved.frozen:
                self._hints.publish(f"session:{session}", {"reset": True} if moved.parted else {"linked": moved.to})
            with contextlib.suppress(errors.BotError):
                await self.parts.store.release(lease, after_ms=0)  # the session may be the one that stayed
            self.wake()
            return "linked"
        finally:
            await patience.end()
        return "done"

    def _started(self, draft: Draft, patience: Patience) -> None:
        patience.watch(draft)
        if draft.messages:
            self._hints.publish(f"session:{draft.lease.session_id}", {"typing": True})

    def _finished(self, done: turn.Done) -> None:
        """Tell whoever waits: the sender, open sockets, and ourselves when more is to be done."""
        self._send(done)
        self._hints.publish(f"session:{done.session_id}", {"seq": done.seq, "typing": False})
        if done.due_ms is not None:
            self.wake(done.due_ms)

    async def _failed(self, lease: Lease) -> None:
        """Give the session back; it is tried again after a while that grows with every attempt."""
        backoff = self.parts.settings.tuning.attempt_backoff_s
        wait = int(backoff[min(lease.attempts - 1, len(backoff) - 1)] * 1000)
        try:
            await self.parts.store.fail(lease, after_ms=wait)
        except errors.BotError as error:
            log.warning("giving_back_failed", error=str(error))
        self.wake(wait)


async def _quarantine(lease: Lease, parts: Parts) -> turn.Done:
    """Set aside messages that no turn survives: a ticket for a person, an honest word, and the session goes on."""
    opened = await parts.store.open_session(lease)
    draft = Draft.start(lease, opened, scopes=parts.scopes)
    draft.emit(ev.MessageQuarantined(upto=opened.upto, reason=f"{lease.attempts} attempts failed"))
    if operators.quarantined(draft):
        subject = "A call of a tool could not be carried out"
        await handoff.open_ticket(draft, parts, reason=operators.REASON, subject=subject)
    else:
        subject = "A message could not be processed"
        ticket = await handoff.open_ticket(draft, parts, reason="quarantined", subject=subject)
        draft.say(replies.render(parts.replies["quarantined"], {"ticket": {"number": ticket.number}}))
    return await turn.finish(draft, replace(parts, deadline=0.0))
