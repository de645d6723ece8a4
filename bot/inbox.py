"""The one way in: commit a message, then acknowledge, then run its turn. Also where a signed identity is accepted."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from bot import metrics
from channels.base import Identified, Place
from config.policies import Policies
from config.settings import Settings
from state import faults
from state.approvals import Who
from state.hints import Hints
from state.identity import Address, Claims
from state.lease import Lease
from state.messages import Accepted, Acted, Called, Inbound, OperatorCall, StaffAct
from state.sql.inbox import Pace, Ready
from state.store import Store

NOT_STAFF = "You are not on the list of staff (policies.yaml), so nothing was done."


class Inbox:
    """Takes messages in.

    `run` gets a lease that was taken with the message, `wake` the ms after which a turn is due.
    """

    def __init__(
        self,
        store: Store,
        hints: Hints,
        settings: Settings,
        policies: Policies,
        *,
        worker: str | None,
        run: Callable[[Lease], None],
        wake: Callable[[int], None],
    ) -> None:
        """`worker`: this process's name when it runs turns, else None; `policies`: who is staff."""
        self._store = store
        self._hints = hints
        self._tuning = settings.tuning
        self._lease_ms = int(settings.tuning.lease_s * 1000)
        self._policies = policies
        self._demo = settings.slack_emulated
        self._run = run
        self._wake = wake
        self.worker = worker

    async def accept(self, message: Inbound) -> Accepted:
        """Record one message durably; once this returns it may be acknowledged. Raises RetryLater when it cannot be."""
        pace = Pace(
            burst_idle=int(self._tuning.burst_idle_s * 1000),
            burst_wait=int(self._tuning.burst_wait(message.channel) * 1000),
            burst_max=int(self._tuning.burst_max_s * 1000),
            lease=self._lease_ms,
            worker=self.worker,
            code_tries=self._tuning.code_tries,
        )
        accepted, ready = await self._store.accept(message, pace)
        metrics.message_accepted(message.channel, new=accepted.new)
        faults.point("ingest.pre_notify")
        if ready is not None:
            self._go(ready, accepted.session_id, {"seq": accepted.seq})
        return accepted

    async def act(self, given: StaffAct) -> Acted:
        """Record one act of staff durably; once this returns it may be acknowledged. Raises RetryLater."""
        who = self._who(given.staff)
        if who is None:
            return Acted(done=False, reason="not_staff", message=NOT_STAFF)
        pace = Pace(burst_idle=0, burst_wait=0, burst_max=0, lease=self._lease_ms, worker=self.worker)
        assignee = self._who(given.text) if given.verb == "assign" and given.text else None
        acted, ready = await self._store.act(given, who, pace, assignee=assignee)
        metrics.staff_acted(given.verb, acted.reason)
        if ready is not None and acted.session_id:
            mode = {"take_over": "staff", "reply": "staff", "hand_back": "bot"}.get(given.verb)
            self._go(ready, acted.session_id, {"seq": acted.seq, **({"mode": mode} if mode else {})})
        return acted

    async def call(self, given: OperatorCall) -> Called:
        """Record one call of a tool durably; the next turn of its session carries a write out. Raises RetryLater."""
        pace = Pace(burst_idle=0, burst_wait=0, burst_max=0, lease=self._lease_ms, worker=self.worker)
        called, ready = await self._store.calls.take(given, pace)
        faults.point("ingest.pre_notify")
        if ready is not None:
            self._go(ready, called.session_id, {"called": True})
        return called

    def _who(self, staff_id: str) -> Who | None:
        found = self._policies.find(staff_id, demo=self._demo)
        if found is None:
            return None
        scopes = self._policies.scopes(*found.roles)
        return Who(id=found.id, name=found.name, scopes=scopes, email=found.email.casefold() if found.email else None)

    def _go(self, ready: Ready, session_id: str, hint: dict[str, str | int]) -> None:
        """Run the session's turn here when its lease came along, else see to it that somebody does."""
        if ready.lease:
            self._run(ready.lease)
        else:
            self._wake(ready.wait_ms)
            self._hints.publish("wake", {"ms": ready.wait_ms})
        self._hints.publish(f"session:{session_id}", hint)

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
