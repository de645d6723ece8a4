"""The store's contract: what staff say of a write that nobody could tell of; once, against what they were shown."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from typing import Any

import pytest

from state import errors
from state import events as ev
from state.approvals import Who
from state.identity import Address
from state.lease import Lease
from state.messages import Acted, StaffAct
from state.sql.turns import Opened
from state.store import Store
from tests.contract import stores
from tests.contract.stores import LEFT, commit, leased, phone, said

ROBIN = Who(id="T1/U1", name="Robin", scopes=frozenset({"tickets:work"}))
PROPOSED = ev.ActionProposed(
    action="a1", task="t1", tool="pay", version=1, arguments={"amount": "9.00 USD"}, args_hash="h1", terms="pay"
)
OPENED = ev.TicketOpened(ticket="k1", number=1001, subject="pay", reason="unknown_outcome")
RAISED = ev.DoubtRaised(action="a1", ticket="k1", shown="seen", title="pay", lines=[["Amount", "9.00 USD"]])
MOVES: list[ev.Event] = [
    ev.ActionMoved(action="a1", state="confirmed", source=1),
    ev.ActionMoved(action="a1", state="dispatched"),
    ev.ActionMoved(action="a1", state="unknown", attempts=[{"n": 1, "reason": "timeout", "ms": 9, "verb": "call"}]),
]


async def in_doubt(store: Store) -> None:
    """A write that was sent and never answered, with its ticket."""
    lease = await leased(store)
    opened = await store.open_session(lease)
    events: tuple[ev.Event, ...] = (ev.TaskStarted(task="t1", workflow="pay"), PROPOSED, *MOVES, OPENED, RAISED)
    moves = {"a1": ("awaiting_confirmation", "unknown")}
    await commit(store, lease, opened, *events, proposals=[PROPOSED], moves=moves, settle_in={"a1": 3_600_000})


async def settle(store: Store, text: str = "happened", who: Who = ROBIN, **more: Any) -> Acted:
    """A click on one of the two buttons."""
    fields = {"provider_id": uuid.uuid4().hex, "number": 1001, "action": "a1", "args_hash": "seen", **more}
    given = StaffAct(channel="slack", account="T1", staff=who.id, verb="settle", text=text, **fields)
    return (await store.act(given, who, LEFT))[0]


async def looking(store: Store) -> tuple[Lease, Opened]:
    """A turn that looks the write up meanwhile."""
    lease = await leased(store, said("well?"))
    return lease, await store.open_session(lease)


async def row_of(store: Store) -> tuple[object, object]:
    """The action in the ledger: its state, and when it is looked up again."""
    row = await store.action("a1")
    assert row
    return row["state"], row["settle_at"]


@pytest.mark.parametrize("text,state", [("happened", "succeeded"), ("not_happened", "failed")])
async def test_the_word_of_staff_settles_it(store: Store, text: str, state: str) -> None:
    """It moves in the ledger and in the log; nobody looks it up again, and a turn is due to tell the customer."""
    await in_doubt(store)

    assert (await settle(store, text)).done

    assert (state, None) == await row_of(store)
    (row,) = await store.sessions()
    found = await store.session(row["id"])
    assert found
    action = found[1].actions["a1"]
    assert action.doubt
    assert (state, text, "T1/U1") == (action.state, action.doubt.verdict, action.doubt.staff)
    assert [("timeout", "call")] == [(one["reason"], one["verb"]) for one in action.attempts]
    assert row["ready_at"] is not None


async def test_one_word_of_many_counts(store: Store) -> None:
    """Five people at once, of two opinions: one is heard, the others are told who was."""
    await in_doubt(store)
    opinions = ["happened", "not_happened", "happened", "not_happened", "happened"]
    told = await asyncio.gather(*(settle(store, text) for text in opinions))
    assert ["decided"] * 4 == [one.reason for one in told if not one.done]
    (row,) = await store.sessions()
    assert 1 == [stored.kind for stored in await store.events(row["id"], 0)].count("ActionSettled")


@pytest.mark.parametrize(
    "change,reason",
    [
        ({"args_hash": "else"}, "void"),
        ({"action": "a2"}, "void"),
        ({"text": "perhaps"}, "void"),
        ({"who": replace(ROBIN, scopes=frozenset())}, "role"),
    ],
)
async def test_what_does_not_count(store: Store, change: dict[str, Any], reason: str) -> None:
    """Other evidence than was shown, another write, no word at all, no role."""
    await in_doubt(store)
    assert (False, reason) == ((told := await settle(store, **change)).done, told.reason)
    assert "unknown" == (await row_of(store))[0]


async def test_nobody_settles_what_they_asked_for(store: Store) -> None:
    """A staff member who is the customer has no say in it."""
    await in_doubt(store)
    await store.prove(phone(), stores.claims(), method="token", create=False)
    await store.prove(Address(channel="slack", address=ROBIN.id), stores.claims(), method="token", create=True)
    assert "requester" == (await settle(store)).reason


async def test_an_answer_that_comes_late_does_nothing(store: Store) -> None:
    """A turn that was reading it back gets nothing in; what it found does not undo what staff said."""
    await in_doubt(store)
    lease, opened = await looking(store)

    assert (await settle(store, "not_happened")).done

    late = ev.ActionMoved(action="a1", state="succeeded", result={"id": 1})
    with pytest.raises(errors.LeaseLost):
        await commit(store, lease, opened, late, moves={"a1": ("unknown", "succeeded")})
    assert ("failed", None) == await row_of(store)


async def test_the_systems_own_answer_comes_first(store: Store) -> None:
    """Once it was read back there is nothing left to say."""
    await in_doubt(store)
    lease, opened = await looking(store)
    found = ev.ActionMoved(action="a1", state="succeeded", result={"id": 1})
    await commit(store, lease, opened, found, moves={"a1": ("unknown", "succeeded")})

    told = await settle(store, "not_happened")

    assert (False, "decided") == (told.done, told.reason)
    assert "succeeded" == (await row_of(store))[0]
