"""The store's contract under everything at once: messages twice, links, many workers, leases that ran out."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from state import errors
from state import events as ev
from state.lease import Lease
from state.messages import Receipt
from state.store import Store
from tests.contract import stores
from tests.contract.stores import PACE, claims, phone, reply, said, visitor

PEOPLE = 6
MESSAGES = 180
PROCESSES = 3


@dataclass
class Storm:
    """What is done, by whom, and what came of it."""

    processes: list[Store]
    dice: random.Random
    accepted: set[str] = field(default_factory=set)
    answered: Counter[str] = field(default_factory=Counter)
    sent: list[str] = field(default_factory=list)
    calm: bool = False

    async def write(self, number: int) -> None:
        """One message, from a phone or a browser, now and then twice at once."""
        person, store = number % PEOPLE, self.dice.choice(self.processes)
        sender = self.dice.choice((phone(_number(person)), visitor(f"v{person}"), visitor(f"w{person}")))
        message = said(f"m{number}", sender=sender, provider_id=f"m{number}")
        pace = replace(PACE, worker=f"p{self.processes.index(store)}", lease=self.dice.choice((2, 15_000)))
        calls = [store.accept(message, pace) for _ in range(self.dice.choice((1, 1, 3)))]
        results = await asyncio.gather(*calls, return_exceptions=True)
        for result in results:
            if isinstance(result, errors.RetryLater):
                continue
            assert not isinstance(result, BaseException), result
            self.accepted.add(message.provider_id)
            if result[1] and result[1].lease:
                await self.answer(store, result[1].lease)

    async def prove(self, person: int) -> None:
        """A browser signs in, as its customer with a verified number."""
        store = self.dice.choice(self.processes)
        address = visitor(f"{self.dice.choice('vw')}{person}")
        proof = claims(f"C-{person}", phone=_number(person))
        try:
            await store.prove(address, proof, method="token", create=True)
        except errors.RetryLater:
            return

    async def answer(self, store: Store, lease: Lease) -> None:
        """A turn, at times so slow that it loses its lease."""
        try:
            opened = await store.open_session(lease)
            if self.dice.random() < 0.3 and not self.calm:
                await asyncio.sleep(0.01)
            texts = [s.data.text for s in opened.pending if isinstance(s.data, ev.MessageReceived)]
            answers = [reply(opened, " ".join(texts))] if texts else []
            written = await stores.commit(store, lease, opened, *answers, worker=lease.owner)
        except errors.LeaseLost:
            return
        except errors.RetryLater:
            await _quietly(store, lease)
            return
        self.answered.update(texts)
        await self.send(store, written.claimed, lease.owner)

    async def send(self, store: Store, claimed: tuple[str, ...], owner: str) -> None:
        """Deliver, or fail to at first."""
        for outbox_id in claimed:
            assert (await store.load_delivery(outbox_id)).text
            state = "retry" if self.dice.random() < 0.2 and not self.calm else "sent"
            if state == "sent":
                self.sent.append(outbox_id)
            await store.settle_deliveries([(Receipt(outbox_id=outbox_id, state=state), 0.0)], owner)

    async def work(self, number: int) -> None:
        """A process's loop over ready sessions and open replies."""
        store, owner = self.processes[number], f"p{number}"
        for lease in await store.claim(owner, limit=4, lease_ms=15_000 if self.calm else self.dice.choice((3, 15_000))):
            await self.answer(store, lease)
        replies = await store.claim_deliveries(owner, limit=4, claim_ms=5_000)
        await self.send(store, tuple(outbound.id for outbound in replies), owner)


async def test_whatever_happens_at_once_every_message_is_answered_once(store_url: str) -> None:
    """In one session per person, without a gap, and every reply leaves in its order."""
    async with _processes(store_url) as processes:
        storm = Storm(processes=processes, dice=random.Random(7))
        await _rage(storm)
        await _settle(storm)
        store = processes[0]
        assert {f"m{n}" for n in range(MESSAGES)} == storm.accepted == set(storm.answered)
        assert {1} == set(storm.answered.values())
        live = [row for row in await store.sessions(limit=1_000) if row["forwarded_to"] is None]
        assert PEOPLE == len(live)
        for row in await store.sessions(limit=1_000):
            await _check(store, row["id"])
        await _check_order(storm)


async def _rage(storm: Storm) -> None:
    """All of it at the same time."""
    numbers = list(range(MESSAGES))
    while numbers:
        batch, numbers = numbers[:18], numbers[18:]
        everything = [storm.write(n) for n in batch]
        everything += [storm.prove(storm.dice.randrange(PEOPLE)) for _ in range(3)]
        everything += [storm.work(n) for n in range(len(storm.processes))]
        storm.dice.shuffle(everything)
        await asyncio.gather(*everything)


async def _settle(storm: Storm) -> None:
    """Let everybody sign in once more and every queue run dry."""
    storm.calm = True
    for n in range(MESSAGES):
        if f"m{n}" not in storm.accepted:
            await storm.write(n)
    for person in range(PEOPLE):
        for name in "vw":
            proof = claims(f"C-{person}", phone=_number(person))
            await storm.processes[0].prove(visitor(f"{name}{person}"), proof, method="token", create=True)
    store = storm.processes[0]
    health: dict[str, int] = {}
    for _ in range(400):
        await stores.execute(store, "UPDATE sessions SET lease_until = 1 WHERE lease_owner IS NOT NULL")
        await stores.execute(store, "UPDATE outbox SET next_at = 1 WHERE state IN ('pending', 'claimed')")
        await stores.execute(store, "UPDATE sessions SET ready_at = 1 WHERE ready_at IS NOT NULL")
        await storm.work(0)
        health = await store.health()
        if not health["outbox_open"] and not health["sessions_ready"]:
            return
    pytest.fail(f"the queues do not run dry: {health}")


async def _check(store: Store, session_id: str) -> None:
    """No gap, nothing unanswered, no lease left, and the state is the fold of its log."""
    found = await store.session(session_id)
    assert found
    row, session = found
    seqs = [s.seq for s in await store.events(session_id, 0)]
    assert list(range(1, row["next_seq"])) == seqs
    assert row["in_seq"] <= row["done_seq"] or row["forwarded_to"]
    assert session == await store.refold(session_id)


async def _check_order(storm: Storm) -> None:
    """Every reply left once, and to each address in the order in which they were written."""
    written = await stores.rows(
        storm.processes[0], "SELECT id, identity_id, state FROM outbox ORDER BY created_at, seq"
    )
    assert {"sent"} == {row["state"] for row in written}
    to = {row["id"]: row["identity_id"] for row in written}
    assert len(to) == len(storm.sent)
    for identity in set(to.values()):
        assert [n for n in to if to[n] == identity] == [n for n in storm.sent if to[n] == identity]


async def _quietly(store: Store, lease: Lease) -> None:
    try:
        await store.fail(lease, after_ms=0)
    except errors.RetryLater:
        return


def _number(person: int) -> str:
    return f"+1555010{person:04}"


@asynccontextmanager
async def _processes(url: str) -> AsyncIterator[list[Store]]:
    """Several processes on PostgreSQL; on SQLite there is only ever one."""
    async with AsyncExitStack() as closing:
        opened = []
        for _ in range(PROCESSES if url.startswith("postgresql:") else 1):
            opened.append(await stores.open_store(url))
            closing.push_async_callback(opened[-1].close)
        yield opened
