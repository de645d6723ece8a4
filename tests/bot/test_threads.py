"""Threads of tickets: every line told once, in order, looked for before it is told again; another way if need be."""

from __future__ import annotations

import types
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from bot.parts import Parts
from bot.threads import Threads
from channels.staff import Case, Note, Posted
from config.tuning import Tuning
from state import events as ev
from state.session import Ticket
from state.store import Store
from tests.contract import stores
from tests.contract.stores import commit, leased, reply, said, turn
from tests.harness.waiting import until

OPENED = ev.TicketOpened(ticket="k1", number=1001, subject="Refund of 20001", reason="asked_for_person")


@dataclass(slots=True)
class Board:
    """A staff channel in memory. `trouble`: what it answers, one per call, before it works again."""

    name: str = "board"
    told: list[str] = field(default_factory=list)
    cards: list[Case] = field(default_factory=list)
    agains: list[bool] = field(default_factory=list)
    trouble: list[Posted] = field(default_factory=list)
    places: int = 0

    async def open_case(self, case: Case, *, again: bool) -> Posted:
        """Post a card."""
        self.agains.append(again)
        if self.trouble:
            return self.trouble.pop(0)
        self.cards.append(case)
        self.places += 1
        return Posted(state="done", place=f"C1/{self.places}")

    async def update_case(self, place: str, case: Case) -> Posted:
        """Show the card anew."""
        if self.trouble:
            return self.trouble.pop(0)
        self.cards.append(case)
        return Posted(state="done", place=place)

    async def post(self, place: str, note: Note, *, again: bool) -> Posted:
        """Add a line."""
        self.agains.append(again)
        if self.trouble:
            return self.trouble.pop(0)
        self.told.append(f"{note.kind}: {note.text}")
        return Posted(state="done", place=place)


@dataclass(slots=True)
class World:
    """A store with a ticket, a board, and what staff were told otherwise."""

    store: Store
    board: Board
    alerts: list[str] = field(default_factory=list)

    async def alert(self, alert_id: str, ticket: Ticket, case: Case, reason: str) -> bool:
        """Take an alert."""
        assert (ticket.number, alert_id) == (case.number, f"alert-{ticket.id}-{case.number}")
        self.alerts.append(reason)
        return True

    def threads(self, worker: str = "w1", **tuning: Any) -> Threads:
        """What is tested."""
        settings = types.SimpleNamespace(tuning=Tuning(sweep_s=0.02, **tuning))
        parts = types.SimpleNamespace(settings=settings, store=self.store, worker=worker, workflows={})
        return Threads(cast("Parts", parts), self.board, self.alert)

    async def rows(self) -> list[Any]:
        """Threads with news."""
        return await stores.rows(self.store, "SELECT * FROM staff_threads WHERE due_at IS NOT NULL")

    async def quiet(self) -> None:
        """Wait until everything is told."""

        async def look() -> bool:
            return not await self.rows()

        await until(look, "every thread to be told")


@pytest.fixture
async def world(migrated_sqlite_url: str) -> AsyncIterator[World]:
    """A customer who asked for a person."""
    store = await stores.open_store(migrated_sqlite_url)
    await turn(store, said("before"), text="never in the thread")
    lease = await leased(store, said("I want a person", name="Kim"))
    opened = await store.open_session(lease)
    await commit(store, lease, opened, OPENED, reply(opened, "ticket 1001"))
    yield World(store=store, board=Board())
    await store.close()


async def test_a_ticket_becomes_a_card_and_its_log_a_thread(world: World) -> None:
    """From what opened it on; nothing twice, and the card as things stand."""
    threads = world.threads()
    threads.start()
    await world.quiet()
    assert ["bot: ticket 1001"] == world.board.told
    (card,) = world.board.cards
    assert (1001, "open", "asked for person", "bot") == (card.number, card.status, card.reason, card.mode)
    assert "Kim" in card.customer
    await turn(world.store, said("are you there?"), text="a person will come")
    threads.wake()
    await world.quiet()
    assert ["bot: ticket 1001", "customer: are you there?", "bot: a person will come"] == world.board.told
    assert {False} == set(world.board.agains)
    assert 1 == world.board.places
    await threads.drain(1)


async def test_a_resolved_thread_is_told_only_of_its_own(world: World) -> None:
    """Once there is a newer ticket, what is said goes to that one; a draft asked for in the old one stays there."""
    lease = await leased(world.store, said("thank you"))
    opened = await world.store.open_session(lease)
    closed = ev.TicketClosed(ticket="k1", outcome="bot", goal=True, reason="done")
    await commit(world.store, lease, opened, closed, replace(OPENED, ticket="k2", number=1002))
    threads = world.threads()
    threads.start()
    await world.quiet()
    world.board.told.clear()
    await turn(world.store, said("hello again"), text="here I am")
    threads.wake()
    await world.quiet()
    assert ["customer: hello again", "bot: here I am"] == world.board.told
    lease = await leased(world.store, said("are you there?"))
    opened = await world.store.open_session(lease)
    await commit(world.store, lease, opened, ev.NoteWritten(text="a draft", kind="draft", ticket="k1"))
    threads.wake()
    await world.quiet()
    assert 1 == world.board.told.count("internal: a draft")
    await threads.drain(1)


async def test_what_fails_is_tried_again_in_order_and_looked_for_first(world: World) -> None:
    """A limit is waited for; after any failure the channel is asked whether the line is there already."""
    world.board.trouble = [Posted(state="retry", reason="ratelimited", after=0.01), Posted(state="retry", after=0.01)]
    threads = world.threads()
    threads.start()
    await world.quiet()
    assert ["bot: ticket 1001"] == world.board.told
    assert [False, True] == world.board.agains[:2]
    assert [] == world.alerts
    await threads.drain(1)


async def test_staff_are_told_another_way_once(world: World) -> None:
    """When the channel is gone: at once, and not again for the same ticket; it comes back by itself."""
    world.board.trouble = [Posted(state="gone", reason="token_revoked", after=0.01) for _ in range(5)]
    threads = world.threads()
    threads.start()
    await world.quiet()
    assert ["token_revoked"] == world.alerts
    assert ["bot: ticket 1001"] == world.board.told
    await threads.drain(1)


async def test_a_channel_that_is_slow_for_long_is_told_of_too(world: World) -> None:
    """Though each failure alone would be waited for."""
    world.board.trouble = [Posted(state="retry", reason="unreachable", after=0.02) for _ in range(8)]
    threads = world.threads(staff_alert_s=0.05)
    threads.start()
    await world.quiet()
    assert ["unreachable"] == world.alerts
    await threads.drain(1)


async def test_what_waits_for_its_turn_is_no_trouble(world: World) -> None:
    """Nobody is alarmed, and nothing is looked for, since nothing was sent."""
    world.board.trouble = [Posted(state="later", reason="paced", after=0.02) for _ in range(8)]
    threads = world.threads(staff_alert_s=0.05)
    threads.start()
    await world.quiet()
    assert ([], {False}) == (world.alerts, set(world.board.agains))
    assert ["bot: ticket 1001"] == world.board.told
    await threads.drain(1)


async def test_a_thread_that_was_deleted_begins_anew(world: World) -> None:
    """With a new card; what was told before is not told again."""
    threads = world.threads()
    threads.start()
    await world.quiet()
    world.board.trouble = [Posted(state="retry", reason="thread_lost", after=0.01)]
    await turn(world.store, said("hello?"), text="yes?")
    threads.wake()
    await world.quiet()
    assert 2 == world.board.places
    assert ["bot: ticket 1001", "customer: hello?", "bot: yes?"] == world.board.told
    await threads.drain(1)


async def test_two_workers_tell_everything_once(world: World) -> None:
    """Each thread belongs to one of them at a time."""
    one, two = world.threads("w1"), world.threads("w2")
    one.start()
    two.start()
    for number in range(5):
        await turn(world.store, said(f"message {number}"), text=f"answer {number}")
        one.wake()
        two.wake()
    await world.quiet()
    told = [line for number in range(5) for line in (f"customer: message {number}", f"bot: answer {number}")]
    assert ["bot: ticket 1001", *told] == world.board.told
    await one.drain(1)
    await two.drain(1)
