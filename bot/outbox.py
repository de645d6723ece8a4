"""Sends committed replies in order per session and channel; records receipts, many in one commit. Writes no words."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping

from bot import loops, observe
from bot.turn import Done
from channels import render
from channels.base import Capabilities, Channel
from config.tuning import Tuning
from state import errors, faults
from state.identity import Address
from state.messages import Choice, Outbound, Receipt
from state.sql import deliveries
from state.store import Store

BATCH = 100
SENDS_AT_ONCE = 32
REMEMBERED = 50_000
SAFE = 0.8  # of a claim's time: whoever sends is done before another may claim the reply
log = observe.get_logger()


def composer(capabilities: Mapping[str, Capabilities]) -> Callable[[str, str, list[dict[str, str]]], list[str]]:
    """How a reply is cut for a channel: only at its limit, with room for choices that it shows as numbered text."""

    def compose(text: str, channel: str, choices: list[dict[str, str]]) -> list[str]:
        can = capabilities[channel]
        offered = [Choice(label=c["label"], value=c["value"]) for c in choices]
        room = render.measure(render.numbered("", offered)) + 2 if offered and len(offered) > can.buttons else 0
        return render.split(text, can.text_limit - room) or [text]

    return compose


class Sender:
    """The outbox's own workers; turns cannot starve them."""

    def __init__(self, store: Store, channels: Mapping[str, Channel], tuning: Tuning, *, worker: str) -> None:
        """`channels`: those that send (a channel whose client fetches needs no sender)."""
        self._store = store
        self._channels = channels
        self._tuning = tuning
        self._worker = worker
        self._addresses: OrderedDict[str, Address] = OrderedDict()
        self._receipts: asyncio.Queue[tuple[Receipt, float]] = asyncio.Queue()
        self._sends: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._draining = False

    def start(self) -> None:
        """Start sweeping and recording."""
        pause = self._tuning.sweep_s
        self._loops = [
            asyncio.create_task(loops.forever(self._sweep, pause_s=pause, failed="outbox_claim_failed"), name="outbox"),
            asyncio.create_task(loops.forever(self._record, pause_s=pause, failed="receipts_lost"), name="receipts"),
        ]

    async def drain(self, seconds: float) -> None:
        """Let sends end and record their receipts."""
        self._draining = True
        if self._sends:
            await asyncio.wait(self._sends, timeout=seconds)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._receipts.join(), 3)
        for loop in self._loops:
            loop.cancel()

    def offer(self, done: Done) -> None:
        """Send what a turn left for this process."""
        self._spawn(self._send_claimed(done))

    def wake(self) -> None:
        """Look for due replies now."""
        self._wake.set()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)

    async def _send_claimed(self, done: Done) -> None:
        """One turn's replies, one after another; when one does not leave, the later ones go back into the line.

        They were all claimed at once: one that could not leave before its claim ends goes back too, untried.
        """
        until = _now() + self._tuning.claim_s * SAFE
        waiting = [reply.outbox for _, reply in done.outgoing]
        for number, (seq, reply) in enumerate(done.outgoing):
            address = await self._address(reply.identity)
            if address is None or (number and until - _now() < self._tuning.claim_s / 2):
                break
            waiting.remove(reply.outbox)
            receipt = await self._send(deliveries.outbound(done.session_id, seq, reply, address), until=until)
            if receipt.state != "sent":
                break
        if waiting:
            with contextlib.suppress(errors.BotError):
                await self._store.put_back(waiting, self._worker)

    async def _address(self, identity: str) -> Address | None:
        """An identity's address; it never changes, so it is remembered."""
        known = self._addresses.get(identity)
        if known is None:
            try:
                known = await self._store.address(identity)
            except errors.BotError:
                return None
            if known is not None:
                self._addresses[identity] = known
                if len(self._addresses) > REMEMBERED:
                    self._addresses.popitem(last=False)
        return known

    async def _send(self, outbound: Outbound, *, until: float) -> Receipt:
        """One attempt, over before its claim is; whatever happens there is a receipt."""
        faults.point("send.claimed")
        channel = self._channels.get(outbound.channel)
        if channel is None:
            receipt = Receipt(outbox_id=outbound.id, state="failed", reason="channel_off")
        elif not outbound.text:
            receipt = Receipt(outbox_id=outbound.id, state="failed", reason="erased")
        else:
            try:
                async with asyncio.timeout_at(until):
                    receipt = await channel.send(outbound)
            except Exception as error:
                log.exception("send_failed", channel=outbound.channel, outbox=outbound.id)
                receipt = Receipt(outbox_id=outbound.id, state="unknown", reason=type(error).__name__)
        if receipt.state != "sent":
            log.warning(
                "reply_not_sent",
                channel=outbound.channel,
                outbox=outbound.id,
                state=receipt.state,
                reason=receipt.reason,
            )
        self._receipts.put_nowait((receipt, self._wait(receipt, outbound.attempt)))
        return receipt

    def _wait(self, receipt: Receipt, attempt: int) -> float:
        """Seconds until the next attempt."""
        if receipt.state == "unknown":
            return max(self._tuning.reconcile_wait_s if attempt == 1 else 0.0, self._backoff(attempt))
        return max(receipt.after or 0.0, self._backoff(attempt))

    def _backoff(self, attempt: int) -> float:
        return float(min(self._tuning.outbox_first_s * 2 ** min(attempt - 1, 20), self._tuning.outbox_longest_s))

    async def _sweep(self) -> None:
        """Claim what is due: when woken, and every second."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), self._tuning.sweep_s)
        self._wake.clear()
        room = SENDS_AT_ONCE - len(self._sends)
        if self._draining or room <= 0:
            return
        claim_ms = int(self._tuning.claim_s * 1000)
        for outbound in await self._store.claim_deliveries(self._worker, limit=room, claim_ms=claim_ms):
            self._spawn(self._send_due(outbound))

    async def _send_due(self, outbound: Outbound) -> None:
        await self._send(outbound, until=_now() + self._tuning.claim_s * SAFE)
        await self._receipts.join()
        self.wake()  # the next one in line may leave now

    async def _record(self) -> None:
        """Write receipts, as many as there are, in one commit; keeps them until the database took them.

        Those lost by an error nobody foresaw do no harm: their claims end, and the provider is asked before a resend.
        """
        batch = [await self._receipts.get()]
        while len(batch) < BATCH and not self._receipts.empty():
            batch.append(self._receipts.get_nowait())
        try:
            while not await self._recorded(batch):  # noqa: ASYNC110 - a database rings no bell when it is back
                await asyncio.sleep(self._tuning.sweep_s)
        finally:
            for _ in batch:
                self._receipts.task_done()

    async def _recorded(self, batch: list[tuple[Receipt, float]]) -> bool:
        try:
            await self._store.settle_deliveries(batch, self._worker)
        except errors.BotError as error:
            log.warning("receipts_not_recorded", error=str(error))
            return False
        return True


def _now() -> float:
    return asyncio.get_running_loop().time()
