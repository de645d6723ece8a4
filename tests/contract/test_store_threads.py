"""The store's contract: in which order staff are told of tickets."""

from __future__ import annotations

from state import events as ev
from state.identity import Address, Assurance
from state.store import Store
from tests.contract import stores
from tests.contract.stores import commit, leased, said


async def _opened(store: Store, number: int, reason: str, address: str, assurance: Assurance) -> None:
    """Somebody of their own has a ticket."""
    sender = Address(channel="email", address=address)
    lease = await leased(store, said(channel="email", sender=sender, assurance=assurance))
    opened = await store.open_session(lease)
    event = ev.TicketOpened(ticket=f"k{number}", number=number, subject="News", reason=reason)
    await commit(store, lease, opened, event)


async def test_who_waits_for_staff_comes_before_a_flood_of_mails(store: Store) -> None:
    """However late: first what must be approved or is in somebody's hands, then who asked for a person, proven."""
    for number in range(1001, 1006):
        await _opened(store, number, "mail", f"?victim{number}@example.com", Assurance.CLAIMED)
    await _opened(store, 1006, "asked_for_person", "?victim@example.com", Assurance.CLAIMED)
    await _opened(store, 1007, "asked_for_person", "kim@example.com", Assurance.CHANNEL)
    await _opened(store, 1008, "approval", "lee@example.com", Assurance.CHANNEL)
    await _opened(store, 1009, "mail", "?taken@example.com", Assurance.CLAIMED)
    await stores.execute(store, "UPDATE tickets SET assignee = 'T1/U1' WHERE number = 1009")
    await stores.execute(store, "UPDATE staff_threads SET due_at = (SELECT number FROM tickets WHERE id = ticket_id)")
    found = [await store.claim_threads("w1", limit=1, claim_s=30) for _ in range(5)]
    assert ["k1008", "k1009", "k1007", "k1001", "k1002"] == [due.ticket for (due,) in found]


async def test_what_waits_for_its_turn_has_not_failed(store: Store) -> None:
    """It comes again then, and is told of as though nothing had been tried."""
    await _opened(store, 1001, "mail", "kim@example.com", Assurance.CHANNEL)
    (due,) = await store.claim_threads("w1", limit=9, claim_s=30)
    await store.thread_later(due, "w1", after_s=60)
    assert [] == await store.claim_threads("w1", limit=9, claim_s=30)
    await stores.execute(store, "UPDATE staff_threads SET due_at = 0")
    (due,) = await store.claim_threads("w1", limit=9, claim_s=30)
    assert (0, 0) == (due.attempts, due.failing_ms)
