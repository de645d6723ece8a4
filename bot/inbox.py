"""The one way in: commit a message, then acknowledge, then run its turn. Also where a signed identity is accepted."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from bot import metrics
from channels.base import Identified, Place
from config.tuning import Tuning
from state import faults
from state.hints import Hints
from state.identity import Address, Claims
from state.lease import Lease
from state.messages import Accepted, Inbound
from state.sql.inbox import Pace
from state.store import Store


class Inbox:
    """Takes messages in.

    `run` gets a lease that was taken with the message, `wake` the ms after which a turn is due.
    """

    def __init__(
        self,
        store: Store,
        hints: Hints,
        tuning: Tuning,
        *,
        worker: str | None,
        run: Callable[[Lease], None],
        wake: Callable[[int], None],
    ) -> None:
        """`worker`: this process's name when it runs turns, else None."""
        self._store = store
        self._hints = hints
        self._tuning = tuning
        self._run = run
        self._wake = wake
        self.worker = worker

    async def accept(self, message: Inbound) -> Accepted:
        """Record one message durably; once this returns it may be acknowledged. Raises RetryLater when it cannot be."""
        pace = Pace(
            burst_idle=int(self._tuning.burst_idle_s * 1000),
            burst_wait=int(self._tuning.burst_wait(message.channel) * 1000),
            burst_max=int(self._tuning.burst_max_s * 1000),
            lease=int(self._tuning.lease_s * 1000),
            worker=self.worker,
        )
        accepted, ready = await self._store.accept(message, pace)
        metrics.message_accepted(message.channel, new=accepted.new)
        faults.point("ingest.pre_notify")
        if ready is None:
            return accepted
        if ready.lease:
            self._run(ready.lease)
        else:
            self._wake(ready.wait_ms)
            self._hints.publish("wake", {"ms": ready.wait_ms})
        self._hints.publish(f"session:{accepted.session_id}", {"seq": accepted.seq})
        return accepted

    async def identify(self, visitor: Address, claims: Claims) -> Identified:
        """Take a verified token's word for who a visitor is. A browser that was somebody else becomes a new visitor."""
        proven = await self._store.prove(visitor, claims, method="token", create=True)
        reset = bool(proven.frozen)
        if proven.foreign:
            visitor = Address(channel=visitor.channel, address=secrets.token_hex(16))
            proven = await self._store.prove(visitor, claims, method="token", create=True)
            reset = True
        for session in proven.frozen:
            self._hints.publish(f"session:{session}", {"linked": proven.session_id})
        self._wake(0)
        self._hints.publish("wake", {"ms": 0})
        return Identified(user_id=proven.user_id, session_id=proven.session_id, visitor=visitor, reset=reset)

    async def find(self, address: Address) -> Place | None:
        """Where an address stands."""
        row = await self._store.live(address)
        if row is None:
            return None
        return Place(session_id=row["id"], user_id=row["user_id"], seq=row["next_seq"] - 1, mode=row["mode"])
