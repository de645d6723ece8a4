"""Random interleavings of customers, turns, senders, staff and crashes: does the bot ever speak out of turn?

Runs the real store. One run is a few dozen transactions in an order drawn from a seed, with two workers and two
senders that may die between any two of them. After each step the store is asked what it let happen.
`python -m tests.takeover.interleavings --help` has the long form; the short one is test_interleavings.py.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from state import errors, migrations
from state import events as ev
from state.approvals import Who
from state.identity import Address
from state.lease import Lease
from state.messages import Outbound, Receipt, StaffAct
from state.sql.turns import Opened
from state.store import Store
from tests.contract import stores

STEPS = 34
STAFF = (
    Who(id="T1/U1", name="Robin", scopes=frozenset({"tickets:work"})),
    Who(id="T1/U2", name="Sam", scopes=frozenset({"tickets:work"})),
)
TICKET = ev.TicketOpened(ticket="k", number=0, subject="help", reason="asked_for_person")


@dataclass(slots=True)
class Turn:
    """A turn under way in one worker."""

    lease: Lease
    opened: Opened


@dataclass(slots=True)
class Run:
    """One interleaving: a customer, a ticket, two workers and two senders. `spoke`: what the bot said out of turn.

    `sessions`: those that are the conversation; a browser's joins them when it turns out to be the same person's.
    """

    store: Store
    chance: random.Random
    number: int
    session: str = ""
    sessions: set[str] = field(default_factory=set)
    staffed: bool = False
    turns: dict[str, Turn] = field(default_factory=dict)
    sending: dict[str, list[Outbound]] = field(default_factory=lambda: {"w1": [], "w2": []})
    spoke: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    @property
    def phone(self) -> str:
        """The customer's number, one of its own per run."""
        return f"+1556{self.number:07d}"

    @property
    def browser(self) -> Address:
        """The customer's browser, of which nobody knows at first that it is theirs."""
        return stores.visitor(f"v{self.number}")

    async def begin(self) -> None:
        """A customer with a ticket, answered once, who opened the web chat before or after."""
        web_first = self.chance.random() < 0.5
        if web_first:
            await self._browses()
        lease = await stores.leased(self.store, stores.said("help", sender=stores.phone(self.phone)))
        opened = await self.store.open_session(lease)
        ticket = replace(TICKET, ticket=f"k{self.number}", number=self.number)
        await stores.commit(self.store, lease, opened, ticket, stores.reply(opened, "ticket opened"))
        self.session = lease.session_id
        self.sessions.add(self.session)
        if not web_first:
            await self._browses()

    async def _browses(self) -> None:
        await stores.execute(self.store, "UPDATE sessions SET created_at = created_at - 1000")
        await self.store.accept(stores.said("hi", sender=self.browser), stores.LEFT)
        await stores.execute(self.store, "UPDATE sessions SET created_at = created_at - 1000")

    async def step(self) -> None:
        """Let something happen, and look what came of it."""
        steps: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (5, self.customer_writes),
            (5, self.worker_claims),
            (7, self.turn_commits),
            (2, self.turn_appends),
            (1, self.worker_dies),
            (4, self.sender_claims),
            (5, self.sender_settles),
            (1, self.sender_dies),
            (3, self.staff_takes_over),
            (3, self.staff_hands_back),
            (2, self.staff_replies),
            (1, self.clock_ticks),
            (1, self.browser_is_theirs),
        ]
        (chosen,) = self.chance.choices([one for _, one in steps], [weight for weight, _ in steps])
        self.seen[chosen.__name__] += 1
        await chosen()

    async def customer_writes(self) -> None:
        """A message comes in, on either channel."""
        sender = self.chance.choice((stores.phone(self.phone), self.browser))
        await self.store.accept(stores.said("and?", sender=sender), stores.LEFT)

    async def browser_is_theirs(self) -> None:
        """The customer signs in: from now on both are one conversation."""
        claims = stores.claims(f"C-{self.number}", phone=self.phone)
        proven = await self.store.prove(self.browser, claims, method="token", create=False)
        self.session = proven.session_id
        self.sessions |= {proven.session_id, *proven.frozen}

    async def worker_claims(self) -> None:
        """A worker takes the session, if it is free."""
        worker = self.chance.choice(("w1", "w2"))
        if worker in self.turns:
            return
        for lease in await self.store.claim(worker, limit=1, lease_ms=self.chance.choice((0, 60_000))):
            self.turns[worker] = Turn(lease, await self.store.open_session(lease))

    async def turn_commits(self) -> None:
        """A worker ends its turn: with the bot's words, or with staff's where there are any."""
        if not self.turns:
            return
        worker = self.chance.choice(sorted(self.turns))
        turn = self.turns.pop(worker)
        staffs = [s.data for s in turn.opened.pending if isinstance(s.data, ev.StaffReplied)]
        words = [stores.reply(turn.opened, one.text, author="staff", name=one.name) for one in staffs]
        if turn.opened.session.mode == "bot" or self.chance.random() < 0.3:  # a turn that would break the rule, too
            words.append(stores.reply(turn.opened, "the bot speaks"))
        try:
            written = await stores.commit(self.store, turn.lease, turn.opened, *words, worker=worker)
        except errors.LeaseLost:
            self.seen["refused"] += 1
            return
        said = [one for one in words if one.author == "bot"]
        if said and self.staffed and turn.lease.session_id in self.sessions:
            self.spoke.append("a commit put the bot's words into the log")
        for outbox in written.claimed:
            await self._claimed(worker, await self.store.load_delivery(outbox))

    async def turn_appends(self) -> None:
        """A worker makes a short commit in the middle of its turn."""
        if not self.turns:
            return
        worker = self.chance.choice(sorted(self.turns))
        turn = self.turns[worker]
        degraded = ev.TurnDegraded(reason="test", to="offline")
        try:
            written = await self.store.append(turn.lease, stores.work(turn.opened, degraded))
        except errors.LeaseLost:
            del self.turns[worker]
            return
        turn.opened = replace(turn.opened, session=written.session, next_seq=written.next_seq)

    async def worker_dies(self) -> None:
        """A worker is killed; its lease runs out."""
        if self.turns:
            lost = self.turns.pop(self.chance.choice(sorted(self.turns))).lease.session_id
            await stores.execute(self.store, "UPDATE sessions SET lease_until = 0 WHERE id = :id", id=lost)

    async def sender_claims(self) -> None:
        """A sender takes what is due."""
        worker = self.chance.choice(("w1", "w2"))
        claim_ms = self.chance.choice((0, 60_000))
        for outbound in await self.store.claim_deliveries(worker, limit=9, claim_ms=claim_ms):
            await self._claimed(worker, outbound)

    async def _claimed(self, worker: str, outbound: Outbound) -> None:
        """From here on the reply may leave at any moment: so this is when somebody speaks."""
        if outbound.author == "bot" and self.staffed and outbound.session_id in self.sessions:
            self.spoke.append("a sender was given the bot's words")
        self.sending[worker].append(outbound)

    async def sender_settles(self) -> None:
        """A send ends, well or not."""
        worker = self.chance.choice(("w1", "w2"))
        if self.sending[worker]:
            outbound = self.sending[worker].pop(0)
            state = self.chance.choice(("sent", "sent", "retry", "unknown", "failed"))
            await self.store.settle_deliveries([(Receipt(outbox_id=outbound.id, state=state), 0.0)], worker)

    async def sender_dies(self) -> None:
        """A sender is killed; its claims run out."""
        worker = self.chance.choice(("w1", "w2"))
        self.sending[worker].clear()
        sql = "UPDATE outbox SET next_at = 0 WHERE claim_owner = :worker AND state = 'claimed'"
        await stores.execute(self.store, sql, worker=worker)

    async def _act(self, verb: str, text: str = "") -> bool:
        who = self.chance.choice(STAFF)
        given = StaffAct(
            channel="slack",
            account="T1",
            provider_id=uuid.uuid4().hex,
            staff=who.id,
            verb=verb,
            number=self.number,
            text=text,
        )
        acted, _ = await self.store.act(given, who, stores.LEFT)
        return acted.done

    async def staff_takes_over(self) -> None:
        """Somebody of staff takes the conversation, also from a colleague."""
        if await self._act("take_over"):
            self.staffed = True

    async def staff_hands_back(self) -> None:
        """Staff give it back."""
        if await self._act("hand_back"):
            self.staffed = False

    async def staff_replies(self) -> None:
        """Staff write to the customer, which takes the conversation."""
        if await self._act("reply", "a person speaks"):
            self.staffed = True

    async def clock_ticks(self) -> None:
        """What the clock does every second."""
        await self.store.give_up(86_400_000)
        await self.store.run_out(abandoned_s=86_400)

    async def in_the_log(self) -> list[str]:
        """The same question asked of the log: the bot's words between a takeover and a hand-back."""
        taken, found = False, []
        for stored in await self.store.events(self.session, 0):
            match stored.data:
                case ev.StaffTookOver():
                    taken = True
                case ev.IdentityLinked() if stored.data.carried.get("holder"):
                    taken = True
                case ev.StaffHandedBack() | ev.TicketClosed():
                    taken = False
                case ev.ReplyQueued(author="bot") if taken:
                    found.append(f"event {stored.seq} is the bot's")
        return found


async def one(store: Store, number: int, seed: int) -> Run:
    """Run one interleaving."""
    run = Run(store=store, chance=random.Random(f"{seed}/{number}"), number=number)
    await run.begin()
    for _ in range(STEPS):
        await run.step()
    run.spoke += await run.in_the_log()
    return run


async def many(url: str, runs: int, seed: int) -> tuple[list[str], Counter[str]]:
    """Run many on one store; what the bot said out of turn, and how often each step was taken."""
    store = await stores.open_store(url)
    spoke: list[str] = []
    seen: Counter[str] = Counter()
    try:
        for number in range(1, runs + 1):
            run = await one(store, number, seed)
            spoke += [f"run {number} of seed {seed}: {what}" for what in run.spoke]
            seen += run.seen
            await stores.execute(store, "UPDATE sessions SET ready_at = NULL, lease_owner = NULL")
            await stores.execute(store, "UPDATE outbox SET state = 'sent' WHERE state IN ('pending', 'claimed')")
    finally:
        await store.close()
    return spoke, seen


def main() -> int:
    """Run the long form and print what was counted."""
    parser = argparse.ArgumentParser(prog="python -m tests.takeover.interleavings", description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000, help="how many interleavings (%(default)s)")
    parser.add_argument("--seed", type=int, default=20261128, help="what they are drawn from (%(default)s)")
    parser.add_argument("--database", default="", help="an empty database (default: a scratch file of SQLite)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = given.database or f"sqlite:///{Path(folder) / 'takeover.db'}"
        migrations.upgrade(url)
        spoke, seen = asyncio.run(many(url, given.runs, given.seed))
    lines = [*spoke, f"{given.runs} interleavings, {seen.total()} steps, {seen['refused']} turns refused"]
    sys.stdout.write("\n".join([*lines, f"times the bot spoke out of turn: {len(spoke)}", ""]))
    return 1 if spoke else 0


if __name__ == "__main__":
    raise SystemExit(main())
