"""The store's contract, over SQLite and PostgreSQL: taking messages in, exactly once and in order."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from state import errors
from state import events as ev
from state.identity import Assurance
from state.session import Session
from state.sql.turns import Work
from state.store import Store
from tests.contract import stores
from tests.contract.stores import ANN, BEN, LEFT, PACE, phone, said

MANY = 24


async def test_a_message_is_recorded_and_its_session_ready(store: Store) -> None:
    """Once `accept` returns, the message is an event, and its turn may run."""
    accepted, ready = await store.accept(said("where is my refund?", name="Ann"), LEFT)
    assert accepted.new
    assert ready
    assert (0, None) == (ready.wait_ms, ready.lease)
    event = (await store.events(accepted.session_id, 0))[0]
    assert isinstance(event.data, ev.MessageReceived)
    assert ("where is my refund?", "Ann", "channel") == (event.data.text, event.data.name, event.data.assurance)
    assert 1 == event.seq == accepted.seq


async def test_the_same_id_is_the_same_message(store: Store) -> None:
    """A webhook that comes again changes nothing and learns where the message stands."""
    first, _ = await store.accept(said("once", provider_id="m1"), LEFT)
    second, ready = await store.accept(said("once more", provider_id="m1"), LEFT)
    assert second == replace(first, new=False)
    assert ready is None
    assert ["once"] == await _texts(store, first.session_id)


async def test_the_same_id_means_another_message_elsewhere(store: Store) -> None:
    """Ids are the provider's: another channel, or another account of it, may use the same one."""
    messages = [
        said("a", provider_id="m1"),
        said("b", provider_id="m1", account="AC2"),
        said("c", provider_id="m1", sender=stores.visitor()),
    ]
    assert [True, True, True] == [(await store.accept(message, LEFT))[0].new for message in messages]


async def test_a_message_that_comes_many_times_at_once_counts_once(store: Store) -> None:
    """However many webhooks carry it in the same moment, and from a stranger at that."""
    results = await asyncio.gather(*(store.accept(said("hi", provider_id="m1"), LEFT) for _ in range(MANY)))
    assert 1 == sum(accepted.new for accepted, _ in results)
    assert 1 == len({(accepted.session_id, accepted.seq) for accepted, _ in results})
    assert 1 == len(await stores.rows(store, "SELECT id FROM users"))
    assert 1 == len(await stores.rows(store, "SELECT seq FROM events"))


async def test_messages_that_come_at_once_stand_in_one_row_without_gaps(store: Store) -> None:
    """One person, one session, numbers from 1 to n, whatever comes together."""
    results = await asyncio.gather(*(store.accept(said(f"{n}"), LEFT) for n in range(MANY)))
    assert 1 == len({accepted.session_id for accepted, _ in results})
    assert set(range(1, MANY + 1)) == {accepted.seq for accepted, _ in results}
    kept = await store.events(results[0][0].session_id, 0)
    assert list(range(1, MANY + 1)) == [event.seq for event in kept]
    by_seq = {accepted.seq: str(n) for n, (accepted, _) in enumerate(results)}
    assert by_seq == {s.seq: s.data.text for s in kept if isinstance(s.data, ev.MessageReceived)}


async def test_people_do_not_wait_for_one_another(store: Store) -> None:
    """Many strangers at once get a session each."""
    results = await asyncio.gather(*(store.accept(said(sender=phone(f"+1555{n:07}")), PACE) for n in range(MANY)))
    assert MANY == len({accepted.session_id for accepted, _ in results})
    assert all(ready and ready.lease for _, ready in results)


async def test_the_lease_comes_with_the_message(store: Store) -> None:
    """Who takes a message in may run its turn at once; nobody else can then."""
    lease = await stores.leased(store)
    assert ("w1", 1, 1) == (lease.owner, lease.fence, lease.attempts)
    assert [] == await store.claim("w2", limit=5, lease_ms=1_000)


async def test_the_first_message_runs_at_once_and_the_next_of_a_burst_waits(store: Store) -> None:
    """After silence there is nothing to wait for; while one is unanswered, more may be coming."""
    pace = replace(LEFT, burst_wait=400, burst_idle=1_000)
    waits = [(await store.accept(said(text), pace))[1] for text in ("one", "two")]
    assert [0, 400] == [ready.wait_ms for ready in waits if ready]


async def test_a_message_soon_after_the_last_waits_even_when_that_is_answered(store: Store) -> None:
    """A quick answer does not cut a burst in two."""
    await stores.turn(store)
    _, ready = await store.accept(said("and another thing"), replace(PACE, burst_wait=400, burst_idle=60_000))
    assert ready
    assert (400, None) == (ready.wait_ms, ready.lease)


async def test_a_burst_waits_no_longer_than_its_cap(store: Store) -> None:
    """Who never stops writing is answered all the same."""
    pace = replace(LEFT, burst_wait=3_000, burst_max=4_000)
    await store.accept(said("one"), pace)
    await stores.execute(store, "UPDATE sessions SET burst_at = burst_at - 3900")
    _, ready = await store.accept(said("two"), pace)
    assert ready
    assert ready.wait_ms <= 100
    await stores.execute(store, "UPDATE sessions SET burst_at = burst_at - 3900")
    _, ready = await store.accept(said("three"), pace)
    assert ready
    assert 0 == ready.wait_ms


async def test_a_channel_without_a_burst_wait_is_answered_at_once(store: Store) -> None:
    """Mail comes whole."""
    for text in ("one", "two"):
        _, ready = await store.accept(said(text), LEFT)
        assert ready
        assert 0 == ready.wait_ms


async def test_a_message_to_a_session_that_backs_off_does_not_hurry_it(store: Store) -> None:
    """A turn that failed is tried again when its time has come, whoever writes meanwhile."""
    lease = await stores.leased(store)
    await store.fail(lease, after_ms=30_000)
    _, ready = await store.accept(said("hello?"), PACE)
    assert ready
    assert ready.lease is None
    assert 25_000 < ready.wait_ms <= 30_000


async def test_a_claim_does_not_lower_what_is_known_but_counts_for_its_message(store: Store) -> None:
    """Somebody who only says who they are gets no proof from what that address proved before."""
    await store.accept(said("it is me"), LEFT)
    accepted, _ = await store.accept(said("so they say", assurance=Assurance.CLAIMED), LEFT)
    kept = [s.data for s in await store.events(accepted.session_id, 0)]
    assert ["channel", "claimed"] == [event.assurance for event in kept if isinstance(event, ev.MessageReceived)]
    found = await stores.rows(store, "SELECT assurance FROM identities")
    assert ["channel"] == [row["assurance"] for row in found]


async def test_an_address_is_found_again(store: Store) -> None:
    """The live session of an address, and the addresses of a user."""
    assert await store.live(phone(ANN)) is None
    accepted, _ = await store.accept(said(sender=phone(ANN)), LEFT)
    row = await store.live(phone(ANN))
    assert row
    assert (accepted.session_id, accepted.user_id) == (row["id"], row["user_id"])
    assert [phone(ANN)] == [address for _, address, _ in await store.addresses(accepted.user_id)]
    assert phone(ANN) == await store.address(row["identity_id"])
    assert await store.live(phone(BEN)) is None
    assert await store.address("nobody") is None


async def test_one_transaction_that_fails_leaves_the_others_alone(store: Store) -> None:
    """Transactions that share a durable commit, or a moment, do not share their failures."""
    stale = replace(await stores.leased(store), fence=99)
    good = [store.accept(said(f"{n}", sender=phone(BEN)), LEFT) for n in range(6)]
    bad = [store.commit(stale, _nothing(), done_seq=1, worker="w1", claim_ms=1) for _ in range(6)]
    done = await asyncio.gather(
        *(pair for both in zip(good, bad, strict=True) for pair in both), return_exceptions=True
    )
    assert 6 == sum(isinstance(result, errors.LeaseLost) for result in done)
    live = await store.live(phone(BEN))
    assert live
    assert 6 == len(await store.events(live["id"], 0))


async def test_a_store_that_was_closed_says_so(store_url: str) -> None:
    """A late caller is told to come back; it does not wait for ever."""
    closed = await stores.open_store(store_url)
    await closed.close()
    with pytest.raises(errors.RetryLater):
        await closed.accept(said(), LEFT)
    with pytest.raises(errors.RetryLater):
        await closed.health()


async def test_an_unknown_database_is_refused_by_name() -> None:
    """The line names the setting and what it may be."""
    with pytest.raises(
        errors.BadInput, match=r"DATABASE_URL: 'mysql' is not a store; use sqlite:///path or postgresql"
    ):
        await stores.open_store("mysql://localhost/x")


def _nothing() -> Work:
    return Work(turn="t", base=Session(), next_seq=2, entries=[])


async def _texts(store: Store, session_id: str) -> list[str]:
    found = [s.data for s in await store.events(session_id, 0)]
    return [event.text for event in found if isinstance(event, ev.MessageReceived)]
