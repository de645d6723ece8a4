"""The store's contract: of a reply that will never arrive its session is told, once, wherever the word comes from."""

from __future__ import annotations

import asyncio

import pytest

from state import events as ev
from state.identity import Address
from state.messages import Receipt, StatusUpdate
from state.store import Store
from tests.contract import stores
from tests.contract.stores import commit, leased, phone, reply, said, turn

DAY_MS = 86_400_000


def mailbox() -> Address:
    """An address for letters."""
    return Address(channel="email", address="kim@example.com")


async def failed(store: Store, outbox_id: str, reason: str = "blocked") -> None:
    """The provider refused it for good."""
    await store.settle_deliveries([(Receipt(outbox_id=outbox_id, state="failed", reason=reason), 0.0)], "w1")


async def word(store: Store, outbox_id: str, status: str, *, provider_id: str = "SM1") -> None:
    """The provider's later word."""
    update = StatusUpdate(
        channel="whatsapp", provider_id=provider_id, status=status, outbox_id=outbox_id, reason="unreachable"
    )
    await store.delivery_status(update)


async def told(store: Store) -> list[ev.DeliveryFailed]:
    """What all sessions were told."""
    found = []
    for row in await store.sessions():
        events = await store.events(row["id"], 0)
        found += [one.data for one in events if isinstance(one.data, ev.DeliveryFailed)]
    return found


async def pending(store: Store) -> list[str]:
    """What the next turn of the only session that is ready finds to do."""
    (lease,) = await store.claim("w2", limit=9, lease_ms=15_000)
    return [one.kind for one in (await store.open_session(lease)).pending]


async def test_a_refusal_makes_the_session_ready(store: Store) -> None:
    """With the reply, its address and the reason; the next turn finds it."""
    written = await turn(store, text="your invoice is paid")
    await failed(store, written.claimed[0])
    (event,) = await told(store)
    assert (written.claimed[0], "whatsapp", "blocked") == (event.outbox, event.channel, event.reason)
    lost = await store.reply(event.outbox)
    assert lost
    assert ("your invoice is paid", event.identity) == (lost.text, lost.identity)
    assert ["DeliveryFailed"] == await pending(store)


async def test_what_is_to_be_tried_again_is_not_lost(store: Store) -> None:
    """Only the last word counts."""
    written = await turn(store)
    for state in ("retry", "unknown", "sent"):
        await store.settle_deliveries([(Receipt(outbox_id=written.claimed[0], state=state), 0.0)], "w1")
    assert [] == await told(store)
    assert [] == await store.claim("w2", limit=9, lease_ms=15_000)


async def test_a_later_word_tells_it_too(store: Store) -> None:
    """Once, however often and in whatever order the words come."""
    written = await turn(store)
    await store.settle_deliveries([(Receipt(outbox_id=written.claimed[0], state="sent", provider_id="SM1"), 0.0)], "w1")
    for status in ("sent", "failed", "failed", "delivered", "failed"):
        await word(store, written.claimed[0], status)
    assert ["unreachable"] == [event.reason for event in await told(store)]


async def test_a_refusal_and_its_later_word_are_one(store: Store) -> None:
    """The answer to the call said it, the callback says it again."""
    written = await turn(store)
    await failed(store, written.claimed[0])
    await word(store, written.claimed[0], "failed")
    assert 1 == len(await told(store))


async def test_a_bounce_knows_our_id_alone(store: Store) -> None:
    """It does not know what the mail server called the letter."""
    written = await turn(store, said(sender=mailbox()))
    receipt = Receipt(outbox_id=written.claimed[0], state="sent", provider_id="4F2A91C0B7")
    await store.settle_deliveries([(receipt, 0.0)], "w1")
    update = StatusUpdate(
        channel="email", provider_id="", status="failed", outbox_id=written.claimed[0], reason="bounced 5.1.1"
    )
    await store.delivery_status(update)
    assert ["bounced 5.1.1"] == [event.reason for event in await told(store)]
    (row,) = await stores.rows(store, "SELECT provider_id, state FROM outbox")
    assert ("4F2A91C0B7", "failed") == (row["provider_id"], row["state"])


async def test_what_is_given_up_is_told(store: Store) -> None:
    """After a day of trying."""
    written = await turn(store)
    await store.settle_deliveries([(Receipt(outbox_id=written.claimed[0], state="retry", reason="busy"), 0.0)], "w1")
    await stores.execute(store, "UPDATE outbox SET first_attempt_at = first_attempt_at - :ms", ms=DAY_MS + 1)
    assert 1 == len(await store.give_up(DAY_MS))
    assert ["busy"] == [event.reason for event in await told(store)]
    assert [] == await store.give_up(DAY_MS)


async def test_words_of_the_system_are_not_told_of(store: Store) -> None:
    """Who asked for a code need not know whether it reached somebody."""
    lease = await leased(store)
    opened = await store.open_session(lease)
    written = await commit(store, lease, opened, reply(opened, "your code is on its way", author="system"))
    await failed(store, written.claimed[0])
    assert [] == await told(store)


async def test_a_session_that_went_on_elsewhere_is_told_there(store: Store) -> None:
    """The reply was of a session that is frozen now; whoever talks to the person now learns of it."""
    await turn(store)
    written = await turn(store, said(sender=mailbox()))
    await store.prove(mailbox(), stores.claims(), method="token", create=True)
    proven = await store.prove(phone(), stores.claims(), method="token", create=False)
    assert proven.frozen
    await failed(store, written.claimed[0])
    live = await store.events(proven.session_id, 0)
    assert ["DeliveryFailed"] == [one.kind for one in live if one.kind == "DeliveryFailed"]
    assert 1 == len(await told(store))


@pytest.mark.parametrize("kind", ["receipt", "status"])
async def test_many_at_once_are_told_once_each(store: Store, kind: str) -> None:
    """Receipts, callbacks, messages and turns of the same sessions, all at the same time."""
    sent = []
    for number in range(8):
        written = await turn(store, said(sender=phone(f"+1555000000{number}")))
        sent.append(written.claimed[0])
    if kind == "receipt":
        work = [
            store.settle_deliveries([(Receipt(outbox_id=one, state="failed"), 0.0) for one in part], "w1")
            for part in (sent[:5], sent[3:], list(reversed(sent)))
        ]
    else:
        work = [word(store, one, "failed", provider_id=f"SM{one}") for one in sent * 3]
    messages = [store.accept(said(sender=phone(f"+1555000000{number}")), stores.LEFT) for number in range(8)]
    await asyncio.gather(*work, *messages, store.give_up(0))
    assert sorted(sent) == sorted(event.outbox for event in await told(store))


async def test_a_failure_reported_long_after_is_made_up(store: Store) -> None:
    """Whoever has an old letter can write a bounce of it; it is not said again."""
    written = await turn(store)
    await store.settle_deliveries([(Receipt(outbox_id=written.claimed[0], state="sent", provider_id="SM1"), 0.0)], "w1")
    await stores.execute(store, "UPDATE outbox SET handed_at = handed_at - :days", days=8 * DAY_MS)
    await word(store, written.claimed[0], "failed")
    assert [] == await told(store)
    (row,) = await stores.rows(store, "SELECT state, status FROM outbox WHERE id = :id", id=written.claimed[0])
    assert ("sent", None) == (row["state"], row["status"])
