"""The store's contract: replies on their way, in order per session and channel, each with one outcome."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from state import events as ev
from state.identity import Address
from state.lease import Lease
from state.messages import Outbound, Receipt, StatusUpdate
from state.sql.database import Row
from state.sql.turns import Written
from state.store import Store
from tests.contract import stores
from tests.contract.stores import commit, leased, phone, reply, said, turn

CLAIM_MS = 30_000
LATTICE = ("queued", "sending", "sent", "delivered", "read")


async def test_a_reply_is_born_claimed_by_the_process_that_wrote_it(store: Store) -> None:
    """It may be sent at once; nobody else finds it until the claim has run out."""
    written = await turn(store, text="your invoice is paid")
    assert 1 == len(written.claimed)
    outbound = await store.load_delivery(written.claimed[0])
    assert ("your invoice is paid", phone(), 1) == (outbound.text, outbound.to, outbound.attempt)
    assert [] == await _claim(store, "w2")
    await _later(store, CLAIM_MS)
    (again,) = await _claim(store, "w2")
    assert (outbound.id, 2, outbound.first_attempt_at) == (again.id, again.attempt, again.first_attempt_at)


async def test_all_parts_of_a_reply_are_claimed_together(store: Store) -> None:
    """One process sends them one after the other."""
    lease = await leased(store)
    opened = await store.open_session(lease)
    written = await commit(store, lease, opened, reply(opened, "one"), reply(opened, "two"))
    assert 2 == len(written.claimed)


async def test_a_reply_waits_for_the_one_before_it(store: Store) -> None:
    """Behind a reply that is still on its way nothing of the same channel leaves."""
    first = await turn(store, text="one")
    second = await turn(store, text="two")
    assert () == second.claimed
    assert [] == await _claim(store, "w2")
    await _settle(store, first.claimed[0], "sent")
    assert ["two"] == [outbound.text for outbound in await _claim(store, "w2")]


async def test_channels_and_people_do_not_wait_for_one_another(store: Store) -> None:
    """A stuck reply holds up its own session and channel only."""
    assert (await turn(store)).claimed
    await store.prove(phone(), stores.claims(), method="token", create=False)
    await store.prove(_mail(), stores.claims(), method="token", create=True)
    assert (await turn(store, said(sender=_mail()))).claimed
    assert (await turn(store, said(sender=phone(stores.BEN)))).claimed


async def test_many_senders_never_share_a_reply(store: Store) -> None:
    """Each is claimed once, and only the first of its line."""
    for n in range(8):
        sender = phone(f"+1555000000{n}")
        await turn(store, said(sender=sender), text="one")
        await turn(store, said(sender=sender), text="two")
    await _later(store, CLAIM_MS)
    found = await asyncio.gather(*(store.claim_deliveries(f"w{n}", limit=3, claim_ms=CLAIM_MS) for n in range(8)))
    claimed = [outbound for part in found for outbound in part]
    assert 8 == len({outbound.id for outbound in claimed}) == len(claimed)
    assert {"one"} == {outbound.text for outbound in claimed}


async def test_a_receipt_ends_the_sending(store: Store) -> None:
    """Sent and failed are final; what the provider called it, why, and when it was handed over are kept."""
    written = await turn(store)
    await store.settle_deliveries([(_receipt(written.claimed[0], "sent", provider_id="SM1", ms=50), 0.0)], "w1")
    row = await _row(store)
    assert ("sent", "SM1", True) == (row["state"], row["provider_id"], row["handed_at"] is not None)
    assert {"SM1"} == await store.delivered("whatsapp", ["SM1", "SM2"], "another")
    assert set() == await store.delivered("whatsapp", ["SM1"], written.claimed[0])
    assert set() == await store.delivered("email", ["SM1"], "another")
    await _later(store, CLAIM_MS)
    assert [] == await _claim(store, "w2")
    failed = await turn(store)
    await _settle(store, failed.claimed[0], "failed", reason="opted_out")
    assert ("failed", "opted_out", None) == _outcome(await _row(store, 1))


@pytest.mark.parametrize("state", ["retry", "unknown"])
async def test_a_reply_that_did_not_leave_is_tried_again_in_time(store: Store, state: str) -> None:
    """Not before the wait is over; the next attempt knows that it is not the first."""
    written = await turn(store)
    await _settle(store, written.claimed[0], state, wait=5.0)
    assert [] == await _claim(store, "w1")
    await _later(store, 5_000)
    (again,) = await _claim(store, "w1")
    assert (written.claimed[0], 2) == (again.id, again.attempt)


async def test_a_receipt_of_somebody_who_lost_the_claim_is_void(store: Store) -> None:
    """The sender that took the reply over decides what became of it."""
    written = await turn(store)
    await _later(store, CLAIM_MS)
    await _claim(store, "w2")
    await _settle(store, written.claimed[0], "failed")
    assert "claimed" == (await _row(store))["state"]
    await store.settle_deliveries([(_receipt(written.claimed[0], "sent"), 0.0)], "w2")
    assert "sent" == (await _row(store))["state"]


async def test_a_claim_that_was_never_tried_goes_back(store: Store) -> None:
    """As if it had not been claimed: due at once, and no attempt counted."""
    lease = await leased(store)
    opened = await store.open_session(lease)
    written = await commit(store, lease, opened, reply(opened, "one"), reply(opened, "two"))
    first, second = written.claimed
    await store.put_back([second], "w2")  # not its own
    assert "claimed" == (await _row(store, 1))["state"]
    await _settle(store, first, "retry", wait=60.0)
    await store.put_back([second], "w1")
    row = await _row(store, 1)
    assert ("pending", 0) == (row["state"], row["attempts"])
    assert [] == await _claim(store, "w1")  # the first part is not through
    await _later(store, 60_000)
    assert [first] == [outbound.id for outbound in await _claim(store, "w1")]
    await _settle(store, first, "sent")
    assert [(second, 1)] == [(outbound.id, outbound.attempt) for outbound in await _claim(store, "w1")]


async def test_what_cannot_be_delivered_is_given_up(store: Store) -> None:
    """After its time, visibly; a reply that is tried for the first time is not."""
    written = await turn(store)
    await _settle(store, written.claimed[0], "retry")
    assert [] == await store.give_up(86_400_000)
    await stores.execute(store, "UPDATE outbox SET first_attempt_at = first_attempt_at - 86400001")
    assert [written.claimed[0]] == [row["id"] for row in await store.give_up(86_400_000)]
    assert ("failed", "gave_up", None) == _outcome(await _row(store))
    assert [] == await store.give_up(86_400_000)


async def test_a_stuck_reply_blocks_the_next_for_two_minutes_at_most(store: Store) -> None:
    """Then it fails and says so, and the line moves on."""
    first = await turn(store, text="one")
    await _settle(store, first.claimed[0], "retry", wait=600.0)
    await stores.execute(store, "UPDATE outbox SET first_attempt_at = first_attempt_at - 121000")
    assert [] == await store.give_up(86_400_000)  # nobody waits behind it
    await turn(store, text="two")
    assert [first.claimed[0]] == [row["id"] for row in await store.give_up(86_400_000)]
    assert ["two"] == [outbound.text for outbound in await _claim(store, "w1")]


@pytest.mark.parametrize("order", list(itertools.permutations(("sent", "delivered", "read"))))
async def test_statuses_count_by_rank_in_any_order(store: Store, order: tuple[str, ...]) -> None:
    """The provider's words come late and mixed up; the farthest one stands."""
    written = await _sent(store)
    for status in order:
        await store.delivery_status(StatusUpdate(channel="whatsapp", provider_id="SM1", status=status))
    assert ("sent", "read") == ((await _row(store))["state"], (await _row(store))["status"])
    assert written.claimed


async def test_statuses_never_go_back(store: Store) -> None:
    """Neither does failure end: what failed stays failed. A word nobody knows changes nothing."""
    await _sent(store)
    for status in LATTICE:
        await store.delivery_status(StatusUpdate(channel="whatsapp", provider_id="SM1", status=status))
        assert status == (await _row(store))["status"]
    for status in (*LATTICE, "dreamt"):
        await store.delivery_status(StatusUpdate(channel="whatsapp", provider_id="SM1", status=status))
        assert "read" == (await _row(store))["status"]
    await store.delivery_status(StatusUpdate(channel="whatsapp", provider_id="SM1", status="failed", reason="63016"))
    await store.delivery_status(StatusUpdate(channel="whatsapp", provider_id="SM1", status="delivered"))
    assert ("failed", "63016", "failed") == _outcome(await _row(store))


async def test_a_status_with_our_id_proves_that_an_unsure_send_went_out(store: Store) -> None:
    """The provider's word by another way saves the second send; the receipt that comes later changes nothing."""
    written = await turn(store)
    update = StatusUpdate(channel="whatsapp", provider_id="SM1", status="sent", outbox_id=written.claimed[0])
    await store.delivery_status(update)
    row = await _row(store)
    assert ("sent", "SM1", True) == (row["state"], row["provider_id"], row["handed_at"] is not None)
    await _settle(store, written.claimed[0], "unknown")
    assert "sent" == (await _row(store))["state"]


async def test_a_status_of_another_channel_or_message_changes_nothing(store: Store) -> None:
    """Our id in a callback is only as good as its channel, and names one message of the provider's."""
    written = await _sent(store)
    for update in (
        StatusUpdate(channel="email", provider_id="SM1", status="failed", outbox_id=written.claimed[0]),
        StatusUpdate(channel="whatsapp", provider_id="SM2", status="failed", outbox_id=written.claimed[0]),
        StatusUpdate(channel="whatsapp", provider_id="SM2", status="failed"),
        StatusUpdate(channel="whatsapp", provider_id="SM2", status="failed", outbox_id="nothing"),
    ):
        await store.delivery_status(update)
    assert ("sent", None) == ((await _row(store))["state"], (await _row(store))["status"])


async def test_a_status_for_a_reply_that_was_never_tried_changes_nothing(store: Store) -> None:
    """A reply still waiting its turn cannot have arrived."""
    await turn(store)
    await turn(store, text="two")
    row = await _row(store, 1)
    update = StatusUpdate(channel="whatsapp", provider_id="SM9", status="read", outbox_id=row["id"])
    await store.delivery_status(update)
    assert ("pending", None) == ((await _row(store, 1))["state"], (await _row(store, 1))["status"])


async def test_the_open_question_knows_whether_it_was_handed_over(store: Store) -> None:
    """A yes counts only after that: on its way, handed over, or never."""
    lease = await leased(store)
    opened = await store.open_session(lease)
    asked: list[ev.Event] = [
        ev.TaskStarted(task="t1", workflow="refund"),
        ev.Asked(task="t1", slot="confirmation", question="q1", action="a1"),
        reply(opened, "49.00 USD?", about="q1"),
    ]
    written = await commit(store, lease, opened, *asked)
    opened = await store.open_session(await leased(store, said("yes")))
    assert (None, True) == (opened.handed_at, opened.handing)
    await _settle(store, written.claimed[0], "sent")
    assert written.session.task
    (again,) = await _reopened(store)
    opened = await store.open_session(again)
    assert opened.handed_at is not None
    assert not opened.handing


async def test_a_question_that_is_fetched_was_handed_over_when_it_was_committed(store: Store) -> None:
    """The web's client reads what is committed; there is no outbox row to look at."""
    lease = await leased(store, said(sender=stores.visitor()))
    opened = await store.open_session(lease)
    asked: list[ev.Event] = [
        ev.TaskStarted(task="t1", workflow="refund"),
        ev.Asked(task="t1", slot="confirmation", question="q1"),
        reply(opened, "sure?", about="q1"),
    ]
    await commit(store, lease, opened, *asked, deliveries=[])
    opened = await store.open_session(await leased(store, said("yes", sender=stores.visitor())))
    events = {s.seq: s.at for s in await store.events(lease.session_id, 0)}
    assert (events[4], False) == (opened.handed_at, opened.handing)


async def test_an_erased_reply_has_nowhere_to_go(store: Store) -> None:
    """With the person's key destroyed neither text nor address is left."""
    written = await turn(store)
    await stores.execute(store, "DELETE FROM data_keys WHERE owner LIKE 'i:%'")
    for owner in [f"i:{identity}" for identity, _, _ in await store.addresses(await _user(store))]:
        store.vault.forget(owner)
    outbound = await store.load_delivery(written.claimed[0])
    assert ("", "erased") == (outbound.text, outbound.to.address)


async def test_a_reply_that_cannot_be_read_holds_up_nobody_else(store: Store) -> None:
    """Its text was altered on disk: the other people's replies leave all the same, and it stays in sight."""
    bad = await turn(store, text="unreadable")
    await turn(store, said(sender=phone(stores.BEN)), text="fine")
    await stores.execute(
        store,
        "UPDATE events SET body = :body WHERE kind = 'ReplyQueued' AND session_id = :id",
        body=b"\x01" + bytes(40),
        id=(await store.live(phone()) or {})["id"],
    )
    await _later(store, CLAIM_MS)
    assert ["fine"] == [outbound.text for outbound in await _claim(store, "w2")]
    row = await _row(store)
    assert (bad.claimed[0], "claimed", 2) == (row["id"], row["state"], row["attempts"])


async def _claim(store: Store, worker: str) -> list[Outbound]:
    return await store.claim_deliveries(worker, limit=20, claim_ms=CLAIM_MS)


async def _later(store: Store, milliseconds: int) -> None:
    """Let the time of every open reply have come."""
    await stores.execute(store, "UPDATE outbox SET next_at = next_at - :ms", ms=milliseconds + 1)


def _receipt(outbox_id: str, state: str, *, provider_id: str | None = None, ms: int = 0) -> Receipt:
    return Receipt(outbox_id=outbox_id, state=state, provider_id=provider_id, ms=ms)


async def _settle(store: Store, outbox_id: str, state: str, *, wait: float = 0.0, reason: str | None = None) -> None:
    await store.settle_deliveries([(Receipt(outbox_id=outbox_id, state=state, reason=reason), wait)], "w1")


async def _sent(store: Store) -> Written:
    written = await turn(store)
    await store.settle_deliveries([(_receipt(written.claimed[0], "sent", provider_id="SM1"), 0.0)], "w1")
    return written


async def _reopened(store: Store) -> list[Lease]:
    await stores.execute(store, "UPDATE sessions SET lease_until = 1")
    return await store.claim("w1", limit=5, lease_ms=15_000)


async def _row(store: Store, number: int = 0) -> Row:
    found = await stores.rows(store, "SELECT * FROM outbox ORDER BY created_at, seq")
    return found[number]


def _outcome(row: Row) -> tuple[str, str | None, str | None]:
    return row["state"], row["reason"], row["status"]


def _mail() -> Address:
    return Address(channel="email", address="kim@example.com")


async def _user(store: Store) -> str:
    live = await store.live(phone())
    assert live
    return str(live["user_id"])
