"""The store's contract: calls of tools from outside, taken in once by their key for ever, each a turn of its own."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import orjson
import pytest

from state import events as ev
from state.lease import Lease
from state.messages import Called, OperatorCall
from state.sql.calls import MOST_OPEN
from state.sql.turns import Opened
from state.store import Store
from tests.contract import stores
from tests.contract.stores import ANN, BEN, LEFT, PACE, commit, leased, phone, reply, said, turn

PAY = OperatorCall(
    by="operator", key="k1", user=f"whatsapp:{ANN}", tool="pay", version=1, asked=None, arguments={"amount": 5}
)
DONE: dict[str, Any] = {"state": "succeeded", "result": {"receipt": 7}}


async def take(store: Store, given: OperatorCall = PAY) -> Called:
    """Take a call in and leave its turn to whoever claims."""
    return (await store.calls.take(given, LEFT))[0]


async def claimed(store: Store) -> tuple[Lease, Opened]:
    """The next turn."""
    (lease,) = await store.claim("w1", limit=1, lease_ms=60_000)
    return lease, await store.open_session(lease)


def proposed(call: Called) -> ev.ActionProposed:
    """The write that a call becomes."""
    assert call.action
    return ev.ActionProposed(
        action=call.action, task="operator", tool="pay", version=1, arguments={"amount": 5}, args_hash="h", terms=""
    )


async def carry_out(store: Store, call: Called) -> None:
    """The call's turn, all of it."""
    lease, opened = await claimed(store)
    event = proposed(call)
    moves = {event.action: ("awaiting_confirmation", "succeeded")}
    answers = {event.action: orjson.dumps(DONE)}
    await commit(store, lease, opened, event, proposals=[event], moves=moves, answers=answers)


async def test_a_call_counts_once_for_ever(store: Store) -> None:
    """Of many at once one is new; what it came to is told to all that come later, whoever the user is by then."""
    await turn(store)
    many = await asyncio.gather(*(take(store) for _ in range(8)))
    assert ["again"] * 7 + ["new"] == sorted(one.reason for one in many)
    assert 1 == len({one.action for one in many})
    assert ("accepted", None) == (many[0].state, many[0].answer)

    await carry_out(store, many[0])

    again = await take(store)
    assert ("again", many[0].action, "succeeded", DONE) == (again.reason, again.action, again.state, again.answer)
    assert again == await store.calls.of(again.action or "")
    await stores.execute(store, "DELETE FROM identities")
    assert DONE == (await take(store)).answer


@pytest.mark.parametrize(
    "other",
    [
        replace(PAY, arguments={"amount": 6}),
        replace(PAY, arguments={}),
        replace(PAY, tool="refund"),
        replace(PAY, asked=1),
        replace(PAY, user=f"whatsapp:{BEN}"),
        replace(PAY, user=None),
        replace(PAY, user="nobody"),
    ],
)
async def test_a_key_stands_for_one_call(store: Store, other: OperatorCall) -> None:
    """Other arguments, another tool, version or user under it are refused, and change nothing."""
    await turn(store)
    await turn(store, said(sender=phone(BEN)))
    await take(store)
    before = await stores.rows(store, "SELECT COUNT(*) AS n FROM events")
    assert "other" == (await take(store, other)).reason
    assert before == await stores.rows(store, "SELECT COUNT(*) AS n FROM events")
    assert "new" == (await take(store, replace(other, key="k2", user=PAY.user))).reason
    assert "new" == (await take(store, replace(PAY, by="mcp:reports"))).reason


async def test_the_same_user_by_another_name_is_the_same(store: Store) -> None:
    """By their id, or by another address of theirs."""
    await turn(store)
    (row,) = await store.sessions()
    call = await take(store)
    assert call.action == (await take(store, replace(PAY, user=row["user_id"]))).action


async def test_who_is_not_known_is_not_called_for(store: Store) -> None:
    """No such id, no such address, nothing of the kind; the key stays free. For nobody it has a place of its own."""
    for user in ("x", "whatsapp:+1", ":", "x:", "%:%"):
        assert "nobody" == (await take(store, replace(PAY, user=user))).reason
    assert [] == await store.sessions()
    call = await take(store, replace(PAY, user=None))
    assert "new" == call.reason
    assert call.session_id == (await take(store, replace(PAY, user=None, key="k2"))).session_id


async def test_a_call_has_a_turn_of_its_own(store: Store) -> None:
    """What the customer says before and after it is answered before and after it."""
    lease = await leased(store, said("one"))
    first = await take(store)
    await store.accept(said("two"), LEFT)
    seen = []
    opened = await store.open_session(lease)
    while True:
        seen.append([s.kind for s in opened.pending])
        written = await commit(store, lease, opened)
        if written.due_ms is None:
            break
        lease, opened = await claimed(store)
    assert [["MessageReceived"], ["OperatorCalled"], ["MessageReceived"]] == seen
    assert first.action


async def test_a_refused_commit_answers_nothing(store: Store) -> None:
    """The first word on a call is the last: neither a zombie's nor a second one's counts."""
    await turn(store)
    call = await take(store)
    await carry_out(store, call)
    lease = await leased(store)
    opened = await store.open_session(lease)
    wrong = orjson.dumps({"state": "failed", "error": {}})
    await commit(store, lease, opened, reply(opened), answers={call.action or "": wrong})
    assert DONE == (await take(store)).answer


async def test_too_many_at_once_are_refused_and_leave_the_key_free(store: Store) -> None:
    """So the session's state is bounded; once one is answered there is room."""
    await turn(store)
    calls = [await take(store, replace(PAY, key=f"k{n}")) for n in range(MOST_OPEN)]
    assert {"new"} == {one.reason for one in calls}
    assert "busy" == (await take(store, replace(PAY, key="more"))).reason
    assert "again" == (await take(store, replace(PAY, key="k0"))).reason
    await carry_out(store, calls[0])
    assert "new" == (await take(store, replace(PAY, key="more"))).reason
    assert "busy" == (await take(store, replace(PAY, key="one more"))).reason
    lease, opened = await claimed(store)
    event = proposed(calls[1])
    await commit(store, lease, opened, event, proposals=[event])
    await stores.execute(store, "UPDATE actions SET state = 'cancelled' WHERE state = 'awaiting_confirmation'")
    assert "new" == (await take(store, replace(PAY, key="one more"))).reason


async def test_a_call_goes_along_when_its_user_turns_out_to_be_another(store: Store) -> None:
    """It is carried out where the two are one now, and its key leads there."""
    await turn(store)
    await turn(store, said(sender=stores.visitor(), channel="web"))
    call = await take(store, replace(PAY, user="web:v1"))
    for address in (phone(), stores.visitor()):
        await store.prove(address, stores.claims(), method="token", create=True)
    (row,) = [row for row in await store.sessions() if not row["forwarded_to"]]
    lease, opened = await claimed(store)
    await commit(store, lease, opened)  # the proof
    lease, opened = await claimed(store)
    assert (row["id"], ["OperatorCalled"]) == (lease.session_id, [s.kind for s in opened.pending])
    event = proposed(call)
    moves = {event.action: ("awaiting_confirmation", "succeeded")}
    await commit(
        store, lease, opened, event, proposals=[event], moves=moves, answers={event.action: orjson.dumps(DONE)}
    )
    again = await take(store, replace(PAY, user="web:v1"))
    assert (DONE, row["id"]) == (again.answer, again.session_id)


async def test_a_keyed_lookup_keeps_its_first_answer(store: Store) -> None:
    """It becomes no event; the first answer that is kept is the one."""
    await turn(store)
    read = replace(PAY, writes=False)
    taken, ready = await store.calls.take(read, PACE)
    assert ("new", None, None) == (taken.reason, taken.action, ready)
    found = await store.calls.place(PAY.user)
    assert found
    for answer in (DONE, {"state": "succeeded", "result": None}):
        kept = await store.calls.looked_up(found[0], [], read, orjson.dumps(answer))
        assert kept
        assert DONE == kept.answer
    assert DONE == (await take(store, read)).answer


async def test_whose_key_is_gone_reads_as_erased(store: Store) -> None:
    """The answer was theirs; that the call was made stays known."""
    await turn(store)
    call = await take(store)
    await carry_out(store, call)
    await stores.execute(store, "DELETE FROM data_keys WHERE owner LIKE 'u:%'")
    fresh = Store(store.database, type(store.vault)(stores.KEKS, stores.INDEX_KEY))
    assert "erased" == (await fresh.calls.take(PAY, LEFT))[0].state
