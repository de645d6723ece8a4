"""The store's contract: a person who has a conversation has it on every channel that turns out to belong to it."""

from __future__ import annotations

import pytest

from state import errors
from state.messages import Receipt
from state.sql.links import Proven
from state.store import Store
from tests.contract import stores
from tests.contract.stores import ANN, claims, commit, leased, phone, reply, said, turn, visitor
from tests.contract.test_store_staff import OPENED, act


async def _linked(store: Store) -> Proven:
    """The browser's token names the phone: both are one person."""
    return await store.prove(visitor(), claims(phone=ANN), method="token", create=False)


async def _two_of_one(store: Store, *, phone_first: bool) -> None:
    """A phone with ticket 1001 and a browser that will turn out to be the same person; all was answered."""
    for address in (phone(), visitor()) if phone_first else (visitor(), phone()):
        events = (OPENED,) if address.channel == "whatsapp" else ()
        written = await turn(store, said(sender=address), *events, text="answered")
        await store.settle_deliveries([(stores.sent(one), 0.0) for one in written.claimed], "w1")
        await stores.execute(store, "UPDATE sessions SET created_at = created_at - 1000")


@pytest.mark.parametrize("phone_first", [True, False])
async def test_who_took_over_has_the_conversation_after_a_link(store: Store, phone_first: bool) -> None:
    """Whichever session stays: the bot stays silent on all channels, until it is handed back."""
    await _two_of_one(store, phone_first=phone_first)
    late = await turn(store, said("one", sender=visitor()), text="not begun to be sent")
    await stores.execute(store, "UPDATE outbox SET state = 'pending' WHERE state = 'claimed'")
    await act(store, "take_over")

    proven = await _linked(store)

    live = await store.live(visitor())
    assert live
    assert ("staff", proven.session_id) == (live["mode"], live["id"])
    lease = await leased(store, said("and now?", sender=visitor()))
    opened = await store.open_session(lease)
    assert ("staff", "Robin") == (opened.session.mode, opened.session.holder and opened.session.holder.name)
    with pytest.raises(errors.LeaseLost, match="a person has the conversation"):
        await commit(store, lease, opened, reply(opened, "never said"))
    (row,) = await stores.rows(store, "SELECT state FROM outbox WHERE id = :id", id=late.claimed[0])
    assert "withheld" == row["state"]
    assert [] == await store.claim_deliveries("w2", limit=9, claim_ms=1_000)

    await act(store, "hand_back")
    live = await store.live(visitor())
    assert live
    assert "bot" == live["mode"]


@pytest.mark.parametrize("state", ["pending", "claimed"])
async def test_taking_over_silences_what_a_linked_session_still_owes(store: Store, state: str) -> None:
    """A reply from before the link is the bot's as well: it does not leave once a person has the conversation."""
    await _two_of_one(store, phone_first=False)
    owed = await turn(store, said("one"), text="still in the line")
    if state == "pending":
        await stores.execute(store, "UPDATE outbox SET state = 'pending' WHERE state = 'claimed'")
    proven = await _linked(store)
    assert proven.frozen

    await act(store, "take_over")

    if state == "claimed":
        await store.settle_deliveries([(Receipt(outbox_id=owed.claimed[0], state="retry"), 0.0)], "w1")
    (row,) = await stores.rows(store, "SELECT state FROM outbox WHERE id = :id", id=owed.claimed[0])
    assert "withheld" == row["state"]
    assert [] == await store.claim_deliveries("w2", limit=9, claim_ms=1_000)


async def test_a_link_undone_gives_the_conversation_back_where_it_was_taken(store: Store) -> None:
    """The person still has the phone's conversation; the bot has the browser's again."""
    await _two_of_one(store, phone_first=False)
    await act(store, "take_over")
    await _linked(store)
    await store.unlink(phone(), reason="operator")
    modes = [(await store.live(address) or {})["mode"] for address in (phone(), visitor())]
    assert ["staff", "bot"] == modes
