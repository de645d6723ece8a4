"""The store's contract: leases, fencing, what a turn sees and what its commit writes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from state import errors
from state import events as ev
from state.lease import Lease
from state.session import Session
from state.sql.turns import AuditLine
from state.store import Store
from tests.contract import stores
from tests.contract.stores import LEFT, PROPOSED, commit, leased, phone, reply, said, turn, work

MANY = 16


async def test_a_turn_sees_what_is_unanswered_and_answers_it(store: Store) -> None:
    """Opened with everything pending; after its commit nothing is."""
    lease = await leased(store, said("one"))
    await store.accept(said("two"), LEFT)
    opened = await store.open_session(lease)
    assert ["one", "two"] == [s.data.text for s in opened.pending if isinstance(s.data, ev.MessageReceived)]
    written = await commit(store, lease, opened, reply(opened, "both"))
    assert (None, (3,)) == (written.due_ms, written.seqs)
    row, session = await _session(store, lease)
    assert (3, 2, None, 0) == (row["next_seq"] - 1, row["done_seq"], row["ready_at"], row["attempts"])
    assert written.session == session == await store.refold(lease.session_id)
    assert [] == await store.claim("w1", limit=5, lease_ms=1_000)


async def test_the_next_turn_stands_on_the_last(store: Store) -> None:
    """State is carried by the session's row; what was said lately is there to be read."""
    await turn(store, said("first"), ev.TaskStarted(task="t1", workflow="refund"), text="which one?")
    lease = await leased(store, said("18492"))
    opened = await store.open_session(lease)
    assert opened.session.task
    assert "refund" == opened.session.task.workflow
    assert ["first", "which one?", "18492"] == [getattr(s.data, "text", None) for s in opened.recent]
    assert [4] == [s.seq for s in opened.pending]


async def test_a_message_during_a_turn_is_the_next_turns(store: Store) -> None:
    """It keeps its place in the log, the turn's own events come after it, and another turn is due."""
    lease = await leased(store, said("one"))
    opened = await store.open_session(lease)
    accepted, ready = await store.accept(said("two", name="Ann"), stores.PACE)
    assert ready
    assert ready.lease is None
    written = await commit(store, lease, opened, reply(opened))
    assert (2, (3,), 0) == (accepted.seq, written.seqs, written.due_ms)
    assert "Ann" == written.session.name
    assert written.session == await store.refold(lease.session_id)
    (again,) = await store.claim("w2", limit=5, lease_ms=1_000)
    opened = await store.open_session(again)
    assert ["two"] == [s.data.text for s in opened.pending if isinstance(s.data, ev.MessageReceived)]


async def test_what_others_append_during_a_turn_is_folded_in(store: Store) -> None:
    """A proof of identity in the middle of a turn is in the state that the turn commits."""
    lease = await leased(store, said(sender=stores.visitor()))
    opened = await store.open_session(lease)
    await store.prove(stores.visitor(), stores.claims(name="Kim"), method="token", create=False)
    written = await store.append(lease, work(opened, ev.TaskStarted(task="t1", workflow="refund")))
    assert ("C-1001", "Kim") == (written.session.customer_id, written.session.name)
    more = replace(work(opened, reply(opened)), base=written.session, next_seq=written.next_seq)
    written = await store.commit(lease, more, done_seq=opened.upto, worker="w1", claim_ms=1)
    assert "C-1001" == written.session.customer_id
    assert written.session == await store.refold(lease.session_id)
    assert written.due_ms is not None  # the proof came after the turn had looked


async def test_an_event_is_folded_with_the_time_it_is_kept_with(store: Store) -> None:
    """Folding the log again gives the very same state, times included."""
    lease = await leased(store)
    opened = await store.open_session(lease)
    events: list[ev.Event] = [
        PROPOSED,
        ev.ActionMoved(action="a1", state="confirmed"),
        ev.ActionMoved(action="a1", state="dispatched"),
    ]
    written = await store.append(lease, work(opened, *events, proposals=[PROPOSED]))
    assert written.session.actions["a1"].dispatched_at is not None
    assert written.session == await store.refold(lease.session_id)


async def test_sessions_are_claimed_oldest_first_and_only_when_due(store: Store) -> None:
    """Up to the limit, and not before their time."""
    for n in range(3):
        await store.accept(said(sender=phone(f"+1555000000{n}")), LEFT)
        await stores.execute(store, "UPDATE sessions SET ready_at = ready_at - 1000 WHERE lease_until = 0")
    await store.accept(said(sender=phone("+15550000009")), LEFT)
    await stores.execute(
        store, "UPDATE sessions SET ready_at = ready_at + 60000 WHERE next_seq = 2 AND ready_at = in_at"
    )
    first = await store.claim("w1", limit=2, lease_ms=15_000)
    rest = await store.claim("w2", limit=9, lease_ms=15_000)
    assert (2, 1) == (len(first), len(rest))
    texts = [await _phone_of(store, lease) for lease in (*first, *rest)]
    assert {"+15550000000", "+15550000001"} == set(texts[:2])
    assert "+15550000002" == texts[2]


async def test_many_workers_never_share_a_session(store: Store) -> None:
    """Every session is claimed exactly once, whoever claims at the same moment."""
    for n in range(MANY):
        await store.accept(said(sender=phone(f"+1555{n:07}")), LEFT)
    rounds = [store.claim(f"w{n}", limit=3, lease_ms=15_000) for n in range(MANY)]
    leases = [lease for found in await asyncio.gather(*rounds) for lease in found]
    assert MANY == len(leases) == len({lease.session_id for lease in leases})
    assert all(lease.fence == 1 for lease in leases)


async def test_a_lease_that_ran_out_is_taken_and_its_holder_can_do_nothing(store: Store) -> None:
    """The zombie cannot open, append, commit, renew or release; the new holder is not disturbed."""
    zombie = await leased(store)
    opened = await store.open_session(zombie)
    await _expire(store)
    (lease,) = await store.claim("w2", limit=1, lease_ms=15_000)
    assert (zombie.fence + 1, 2) == (lease.fence, lease.attempts)
    for late in (
        store.open_session(zombie),
        store.append(zombie, work(opened, ev.TaskStarted(task="t", workflow="w"))),
        commit(store, zombie, opened, reply(opened)),
    ):
        with pytest.raises(errors.LeaseLost):
            await late
    assert {zombie.session_id} == await store.renew([zombie], lease_ms=15_000)
    await store.release(zombie, after_ms=0)
    assert 0 == await store.fail(zombie, after_ms=0)
    row, _ = await _session(store, lease)
    assert ("w2", lease.fence) == (row["lease_owner"], row["fence"])
    opened = await store.open_session(lease)
    assert 2 == opened.next_seq  # nothing of the zombie's is in the log
    await commit(store, lease, opened, reply(opened))


async def test_a_message_takes_over_a_lease_that_ran_out(store: Store) -> None:
    """A new message finds the old worker gone and runs at once, with the unanswered ones."""
    zombie = await leased(store, said("one"))
    await _expire(store)
    lease = await leased(store, said("two"))
    assert zombie.fence + 1 == lease.fence
    assert 2 == len((await store.open_session(lease)).pending)


async def test_a_position_is_committed_once(store: Store) -> None:
    """The same turn cannot commit twice, nor can two turns of one lease."""
    lease = await leased(store)
    opened = await store.open_session(lease)
    results = await asyncio.gather(
        *(commit(store, lease, opened, reply(opened)) for _ in range(6)), return_exceptions=True
    )
    assert 5 == sum(isinstance(result, errors.LeaseLost) for result in results)
    assert 2 == len(await store.events(lease.session_id, 0))


async def test_a_renewed_lease_holds(store: Store) -> None:
    """Renewal moves its end; what is not held is told."""
    lease = await leased(store)
    await _expire(store)
    stranger = replace(lease, session_id="nobody")
    assert {"nobody"} == await store.renew([lease, stranger], lease_ms=15_000)
    assert [] == await store.claim("w2", limit=5, lease_ms=1_000)


async def test_a_released_lease_does_not_count_as_an_attempt(store: Store) -> None:
    """It was given back unused, and is due when it was said to be."""
    lease = await leased(store)
    await store.release(lease, after_ms=0)
    (again,) = await store.claim("w2", limit=5, lease_ms=1_000)
    assert 1 == again.attempts
    await store.release(again, after_ms=60_000)
    assert [] == await store.claim("w2", limit=5, lease_ms=1_000)


async def test_a_session_that_fails_counts_attempts_and_for_how_long(store: Store) -> None:
    """Attempts are counted before the work, so a kill counts too; success forgets them."""
    lease = await leased(store)
    assert 0 <= await store.fail(lease, after_ms=0) < 5_000
    await stores.execute(store, "UPDATE sessions SET failing_since = failing_since - 90000")
    (lease,) = await store.claim("w1", limit=1, lease_ms=15_000)
    assert (2, True) == (lease.attempts, lease.failing_ms >= 90_000)
    assert await store.fail(lease, after_ms=0) >= 90_000
    (lease,) = await store.claim("w1", limit=1, lease_ms=15_000)
    opened = await store.open_session(lease)
    await commit(store, lease, opened, reply(opened))
    assert 1 == (await leased(store)).attempts


async def test_starting_ends_every_lease(migrated_sqlite_url: str) -> None:
    """On SQLite whoever starts is alone: sessions are due at once, half-made sends wait for the provider's word."""
    store = await stores.open_store(migrated_sqlite_url)
    await leased(store)
    lease = await leased(store, said(sender=phone(stores.BEN)))
    opened = await store.open_session(lease)
    await commit(store, lease, opened, reply(opened))
    await store.end_all_leases(reconcile_ms=30_000)
    assert 1 == len(await store.claim("w2", limit=5, lease_ms=1_000))
    assert [] == await store.claim_deliveries("w2", limit=5, claim_ms=1_000)
    await stores.execute(store, "UPDATE outbox SET first_attempt_at = first_attempt_at - 30000")
    await store.end_all_leases(reconcile_ms=30_000)
    assert [2] == [outbound.attempt for outbound in await store.claim_deliveries("w2", limit=5, claim_ms=1_000)]
    await store.close()


async def test_only_one_wins_the_step_to_dispatched(store: Store) -> None:
    """The ledger's compare-and-set: a second dispatch of the same action is refused, and nothing of it is written."""
    lease = await leased(store)
    opened = await store.open_session(lease)
    written = await store.append(lease, work(opened, PROPOSED, proposals=[PROPOSED]))
    moved = ev.ActionMoved(action="a1", state="confirmed")
    move: dict[str, Any] = {"moves": {"a1": ("awaiting_confirmation", "dispatched")}, "settle_in": {"a1": 0}}
    one = replace(work(opened, moved, **move), base=written.session, next_seq=written.next_seq)
    results = await asyncio.gather(*(store.append(lease, one) for _ in range(6)), return_exceptions=True)
    assert 5 == sum(isinstance(result, errors.LeaseLost) for result in results)
    row = await store.action("a1")
    assert row
    assert ("dispatched", True) == (row["state"], row["dispatched_at"] is not None)
    assert 3 == len(await store.events(lease.session_id, 0))


async def test_an_unknown_outcome_is_asked_for_until_a_turn_looks(store: Store) -> None:
    """A turn that had a message to answer instead, and so never looked, does not end the asking."""
    lease = await leased(store)
    opened = await store.open_session(lease)
    steps: dict[str, Any] = {"moves": {"a1": ("awaiting_confirmation", "unknown")}, "settle_in": {"a1": 0}}
    await commit(store, lease, opened, PROPOSED, proposals=[PROPOSED], **steps)
    assert [lease.session_id] == [row["session_id"] for row in await store.due_actions()]
    assert [] == await store.due_actions()
    busy = await leased(store, said("hello?"))
    opened = await store.open_session(busy)
    await commit(store, busy, opened, reply(opened))
    await stores.execute(store, "UPDATE actions SET settle_at = settle_at - 60000")
    assert [lease.session_id] == [row["session_id"] for row in await store.due_actions()]
    (again,) = await store.claim("w1", limit=5, lease_ms=1_000)
    opened = await store.open_session(again)
    assert () == opened.pending
    await commit(store, again, opened, moves={"a1": ("unknown", "succeeded")})
    await stores.execute(store, "UPDATE actions SET settle_at = settle_at - 60000")
    assert [] == await store.due_actions()


async def test_tickets_and_audit_lines_are_written_with_the_turn(store: Store) -> None:
    """Numbers count up and are readable; the line says who did what."""
    numbers = await asyncio.gather(*(store.next_number("ticket") for _ in range(8)))
    assert list(range(1001, 1009)) == sorted(numbers)
    lease = await leased(store)
    opened = await store.open_session(lease)
    ticket = ev.TicketOpened(ticket="t1", number=numbers[0], subject="Refund of 18492", reason="approval")
    line = AuditLine(id="l1", actor="customer", tool="get_invoice@1", verdict="allowed", body=b'{"invoice_id":"18492"}')
    await commit(store, lease, opened, ticket, audits=[line])
    (found,) = await store.tickets()
    assert ("Refund of 18492", numbers[0], "open") == (found["subject"], found["number"], found["status"])
    (kept,) = await stores.rows(store, "SELECT actor, tool, verdict, session_id FROM audit")
    assert ("customer", "get_invoice@1", "allowed", lease.session_id) == tuple(
        kept[k] for k in ("actor", "tool", "verdict", "session_id")
    )


async def test_a_state_of_another_version_is_folded_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an older program folded is not trusted; the log is."""
    await turn(store, said(name="Ann"), ev.TaskStarted(task="t1", workflow="refund"))
    monkeypatch.setattr("state.session.VERSION", 99)
    opened = await store.open_session(await leased(store, said("next")))
    assert "Ann" == opened.session.name
    assert opened.session.task
    assert "refund" == opened.session.task.workflow


async def test_what_operators_read(store: Store) -> None:
    """Sessions, their events and replies, the queue's figures; what is not there is None."""
    written = await turn(store, said("hello"), text="hi")
    (row,) = await store.sessions()
    assert written.session == (await _session_of(store, row["id"]))
    assert [] == await store.sessions(before=row["in_at"])
    assert ["MessageReceived", "ReplyQueued"] == [s.kind for s in await store.events(row["id"], 0)]
    assert ["claimed"] == [d["state"] for d in await store.deliveries(row["id"])]
    assert {"outbox_open": 1, "sessions_ready": 0} == {
        k: v for k, v in (await store.health()).items() if "age" not in k
    }
    assert await store.session("nobody") is None
    assert await store.action("nothing") is None
    with pytest.raises(errors.BadInput):
        await store.refold("nobody")


async def _session(store: Store, lease: Lease) -> tuple[Any, Session]:
    found = await store.session(lease.session_id)
    assert found
    return found


async def _session_of(store: Store, session_id: str) -> Session:
    found = await store.session(session_id)
    assert found
    return found[1]


async def _phone_of(store: Store, lease: Lease) -> str:
    ((_, address, _),) = await store.addresses(lease.user_id)
    return address.address


async def _expire(store: Store) -> None:
    """Let every lease have run out."""
    await stores.execute(store, "UPDATE sessions SET lease_until = 1")


async def test_a_turn_may_ask_for_another_one(store: Store) -> None:
    """It is due though nothing happens; a commit that asks for none takes it back."""
    lease = await leased(store, said("all of them"))
    opened = await store.open_session(lease)
    written = await commit(store, lease, opened, reply(opened, "some"), again_ms=60_000)
    assert written.due_ms is not None
    assert 59_000 < written.due_ms <= 60_000
    assert [] == await store.claim("w1", limit=5, lease_ms=1_000)
    lease = await leased(store, said("thanks"))
    await commit(store, lease, await store.open_session(lease), again_ms=0)
    (again,) = await store.claim("w1", limit=5, lease_ms=1_000)
    opened = await store.open_session(again)
    assert ((), None) == (opened.pending, (await commit(store, again, opened)).due_ms)
    row, _ = await _session(store, again)
    assert row["ready_at"] is None
