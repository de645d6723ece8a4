"""The store's contract: acts of staff, taken in once, effective at once, and never against the rules."""

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
from state.messages import Acted, Receipt, StaffAct
from state.sql.inbox import Ready
from state.sql.turns import Opened
from state.store import Store
from tests.contract import stores
from tests.contract.stores import LEFT, PACE, commit, leased, phone, reply, said, turn

ROBIN = Who(id="T1/U1", name="Robin", scopes=frozenset({"tickets:work"}))
SAM = Who(id="T1/U2", name="Sam", scopes=frozenset({"tickets:work", "billing:approve"}), email="sam@example.com")
PROPOSED = ev.ActionProposed(
    action="a1", task="t1", tool="pay", version=1, arguments={"amount": "900.00 USD"}, args_hash="h1", terms="pay"
)
ASKED = ev.ApprovalRequested(
    action="a1", ticket="k1", args_hash="h1", scope="billing:approve", why="above 500", title="Refund", expires=2**50
)
OPENED = ev.TicketOpened(ticket="k1", number=1001, subject="Refund of 20001", reason="approval")


async def ticketed(store: Store) -> None:
    """A customer who wrote, was answered, and has ticket 1001."""
    lease = await leased(store)
    opened = await store.open_session(lease)
    written = await commit(store, lease, opened, OPENED, reply(opened, "hello"))
    await store.settle_deliveries([(stores.sent(one), 0.0) for one in written.claimed], "w1")


async def asked(store: Store, *, expires_ms: int = 3_600_000) -> None:
    """A write that the customer agreed to and staff must approve."""
    lease = await leased(store)
    opened = await store.open_session(lease)
    moved = ev.ActionMoved(action="a1", state="awaiting_approval", by="customer", source=1)
    events = (ev.TaskStarted(task="t1", workflow="refund"), PROPOSED, OPENED, moved, ASKED)
    await commit(
        store,
        lease,
        opened,
        *events,
        proposals=[PROPOSED],
        moves={"a1": ("awaiting_confirmation", "awaiting_approval")},
        expire_in={"a1": expires_ms},
    )


async def act(store: Store, verb: str, who: Who = ROBIN, **more: Any) -> tuple[Acted, Ready | None]:
    """An act on ticket 1001, by default one that was never seen."""
    fields = {"provider_id": uuid.uuid4().hex, "number": 1001, **more}
    given = StaffAct(channel="slack", account="T1", staff=who.id, verb=verb, **fields)
    return await store.act(given, who, LEFT)


async def decide(store: Store, verb: str = "approve", who: Who = SAM, **more: Any) -> Acted:
    """A click on a button of the request."""
    return (await act(store, verb, who, **{"action": "a1", "args_hash": "h1", **more}))[0]


async def kinds(store: Store) -> list[str]:
    """The session's log by kind."""
    (row,) = await store.sessions()
    return [stored.kind for stored in await store.events(row["id"], 0)]


async def state_of(store: Store, column: str = "state") -> object:
    """The action in the ledger."""
    row = await store.action("a1")
    assert row
    return row[column]


async def test_taking_over_stops_the_turn_that_runs(store: Store) -> None:
    """What it thought of is never said; its message is left to the person."""
    await ticketed(store)
    lease = await leased(store, said("and now?"))
    opened = await store.open_session(lease)

    done, ready = await act(store, "take_over")

    assert (True, "done", 1001) == (done.done, done.reason, done.number)
    assert ready
    with pytest.raises(errors.LeaseLost):
        await commit(store, lease, opened, reply(opened, "never said"))
    (row,) = await store.sessions()
    assert "staff" == row["mode"]
    assert ["hello"] == [s.data.text for s in await store.events(row["id"], 0) if isinstance(s.data, ev.ReplyQueued)]


async def test_the_bot_cannot_speak_even_with_a_lease(store: Store) -> None:
    """The commit itself refuses the bot's words while a person has the conversation; staff's own go through."""
    await ticketed(store)
    await act(store, "take_over")
    lease = await leased(store, said("hello?"))
    opened = await store.open_session(lease)
    assert "staff" == opened.session.mode
    for write in (commit, _append):
        with pytest.raises(errors.LeaseLost, match="a person has the conversation"):
            await write(store, lease, opened, reply(opened, "never said"))
    written = await commit(store, lease, opened, reply(opened, "Robin here", author="staff", name="Robin"))
    outbound = await store.load_delivery(written.claimed[0])
    assert ("staff", "Robin", "Robin here") == (outbound.author, outbound.name, outbound.text)


async def _append(store: Store, lease: Lease, opened: Opened, *events: ev.Event) -> None:
    await store.append(lease, stores.work(opened, *events))


@pytest.mark.parametrize("state", ["pending", "claimed"])
async def test_what_the_bot_had_not_begun_to_send_stays_unsent(store: Store, state: str) -> None:
    """A reply in the line is withheld at once, one that fails after the takeover is not tried again."""
    await ticketed(store)
    first = await turn(store, said("one"), text="on its way")
    second = await turn(store, said("two"), text="in the line")
    assert (1, 0) == (len(first.claimed), len(second.claimed))
    if state == "pending":
        await store.settle_deliveries([(Receipt(outbox_id=first.claimed[0], state="retry"), 0.0)], "w1")

    await act(store, "take_over")

    if state == "claimed":
        await store.settle_deliveries([(Receipt(outbox_id=first.claimed[0], state="retry"), 0.0)], "w1")
    (row,) = await store.sessions()
    assert ["sent", "withheld", "withheld"] == [d["state"] for d in await store.deliveries(row["id"])]
    assert [] == await store.claim_deliveries("w2", limit=9, claim_ms=1_000)
    await act(store, "hand_back")
    assert [] == await store.claim_deliveries("w2", limit=9, claim_ms=1_000)


async def test_a_sender_that_died_does_not_hold_up_the_person(store: Store) -> None:
    """Its claim runs out, the reply is withheld, and staff's words leave."""
    await ticketed(store)
    await turn(store, said("one"), text="its sender dies")
    await act(store, "take_over")
    lease = await leased(store, said("two"))
    opened = await store.open_session(lease)
    written = await commit(store, lease, opened, reply(opened, "Robin here", author="staff"))
    assert () == written.claimed
    await stores.execute(store, "UPDATE outbox SET next_at = 0 WHERE state = 'claimed'")
    await store.give_up(86_400_000)
    assert ["Robin here"] == [o.text for o in await store.claim_deliveries("w2", limit=9, claim_ms=1_000)]


async def test_a_reply_takes_the_conversation_and_a_hand_back_gives_it(store: Store) -> None:
    """In the log, in the state, and in the row that every commit looks at."""
    await ticketed(store)
    await act(store, "reply", text="I am looking into it")
    assert ["StaffTookOver", "TicketChanged", "StaffReplied"] == (await kinds(store))[-3:]
    (row,) = await store.sessions()
    found = await store.session(row["id"])
    assert found
    assert ("staff", "Robin") == (found[1].mode, found[1].holder and found[1].holder.name)
    await act(store, "reply", text="Found it")
    assert "StaffReplied" == (await kinds(store))[-1]
    done, _ = await act(store, "hand_back")
    assert done.done
    assert ("void", False) == ((await act(store, "hand_back"))[0].reason, (await act(store, "hand_back"))[0].done)
    (row,) = await store.sessions()
    assert "bot" == row["mode"]


async def test_an_act_counts_once(store: Store) -> None:
    """A retried request, or a double click, is the same act."""
    await ticketed(store)
    first = await asyncio.gather(*(act(store, "reply", text="hi", provider_id="e1") for _ in range(5)))
    assert ["again"] * 4 + ["done"] == sorted(one.reason for one, _ in first)
    assert 1 == (await kinds(store)).count("StaffReplied")


async def test_a_refused_act_leaves_its_id_to_whoever_may(store: Store) -> None:
    """A draft's button that the wrong person pressed first still works for the right one, once."""
    await ticketed(store)
    nobody = Who(id="T1/U9", name="Nobody", scopes=frozenset())
    found = [(await act(store, "reply", who, text="hi", provider_id="e1"))[0] for who in (nobody, ROBIN, SAM)]
    assert ["role", "done", "again"] == [one.reason for one in found]
    assert 1 == (await kinds(store)).count("StaffReplied")


async def test_an_approval_is_given_once(store: Store) -> None:
    """Of many at once, one wins; the action carries who, when and why; late ones hear that it is decided."""
    await asked(store)
    verbs = ("approve", "deny") * 2
    clicks = await asyncio.gather(*(decide(store, verb, text="fine") for verb in verbs))
    assert 1 == sum(one.done for one in clicks)
    assert {"decided"} == {one.reason for one in clicks if not one.done}
    assert 1 == (await kinds(store)).count("ApprovalDecided")
    won = next(one for one in clicks if one.done)
    assert ("confirmed" if won.message == "Approved." else "declined") == await state_of(store)
    (row,) = await store.sessions()
    found = await store.session(row["id"])
    assert found
    given = found[1].actions["a1"].approval
    assert given
    assert ("T1/U2", "Sam", "fine") == (given.staff, given.name, given.reason)
    assert given.at
    assert "already" in (await decide(store)).message


@pytest.mark.parametrize(
    "who,more,reason",
    [
        (ROBIN, {}, "role"),
        (SAM, {"args_hash": "h2"}, "void"),
        (SAM, {"action": "a2"}, "void"),
        (SAM, {"action": None}, "void"),
        (SAM, {"number": 9}, "no_ticket"),
        (replace(SAM, scopes=frozenset()), {}, "role"),
    ],
)
async def test_what_may_not_be_decided_is_not(store: Store, who: Who, more: dict[str, Any], reason: str) -> None:
    """The wrong role, other arguments, another action, another ticket: said and on record, and nothing changes."""
    await asked(store)
    before = await kinds(store)
    refused = await decide(store, who=who, **more)
    assert (False, reason) == (refused.done, refused.reason)
    told = [] if reason == "no_ticket" else ["Refused"]
    assert ([*before, *told], "awaiting_approval") == (await kinds(store), await state_of(store))
    assert (await decide(store)).done


@pytest.mark.parametrize("how", ["slack identity", "own address", "verified attribute"])
async def test_nobody_decides_on_what_they_asked_for(store: Store, how: str) -> None:
    """A staff member who is the customer, by whatever address they are known."""
    await asked(store)
    if how == "verified attribute":
        await store.prove(phone(), stores.claims(email=SAM.email), method="token", create=False)
    else:
        other = Address(channel="slack", address=SAM.id)
        if how == "own address":
            other = Address(channel="email", address=SAM.email or "")
        await store.prove(phone(), stores.claims(), method="token", create=False)
        await store.prove(other, stores.claims(), method="token", create=True)
    refused = await decide(store)
    assert (False, "requester") == (refused.done, refused.reason)
    assert "awaiting_approval" == await state_of(store)


async def test_an_approval_runs_out(store: Store) -> None:
    """The clock lets it, once; a late click hears it, and the session has something to do."""
    await asked(store, expires_ms=0)
    (session,) = await store.run_out(abandoned_s=86_400)
    assert [] == await store.run_out(abandoned_s=86_400)
    assert ("expired", None) == (await state_of(store), await state_of(store, "expires_at"))
    late = await decide(store)
    assert (False, "expired") == (late.done, late.reason)
    (lease,) = await store.claim("w1", limit=1, lease_ms=1_000)
    opened = await store.open_session(lease)
    assert (session, ["ApprovalExpired"]) == (lease.session_id, [s.kind for s in opened.pending])


async def test_the_customers_change_of_mind_voids_the_request(store: Store) -> None:
    """An action that was cancelled meanwhile cannot be approved any more."""
    await asked(store)
    lease = await leased(store, said("forget it"))
    opened = await store.open_session(lease)
    cancelled = ev.ActionMoved(action="a1", state="cancelled", by="customer")
    await commit(store, lease, opened, cancelled, moves={"a1": ("awaiting_approval", "cancelled")})
    refused = await decide(store)
    assert (False, "void", "cancelled") == (refused.done, refused.reason, await state_of(store))


async def test_tickets_keep_what_became_of_them(store: Store) -> None:
    """Assignee, priority, outcome: in the row that lists are made of."""
    await ticketed(store)
    await act(store, "take_over")
    await act(store, "priority", text="high")
    assert "void" == (await act(store, "priority", text="whatever"))[0].reason
    (ticket,) = await stores.rows(store, "SELECT assignee, priority, status, wait_until FROM tickets")
    assert ("T1/U1", "high", "open", None) == tuple(dict(ticket).values())
    done, _ = await act(store, "resolve", text="unsolved")
    (lease,) = await store.claim("w1", limit=1, lease_ms=1_000)
    opened = await store.open_session(lease)
    closed = ev.TicketClosed(ticket="k1", outcome="staff", goal=False, reason="unsolved", by="T1/U1")
    written = await commit(store, lease, opened, closed)
    assert (True, "bot") == (done.done, written.session.mode)
    (ticket,) = await stores.rows(store, "SELECT status, outcome, goal, outcome_reason FROM tickets")
    assert ("resolved", "staff", 0, "unsolved") == tuple(dict(ticket).values())
    assert "closed" == (await act(store, "resolve"))[0].reason


async def test_a_customer_who_never_answers_abandons_the_ticket(store: Store) -> None:
    """After the set time it is closed with that outcome, once."""
    await ticketed(store)
    await stores.execute(store, "UPDATE tickets SET status = 'pending', updated_at = 0")
    await store.run_out(abandoned_s=86_400)
    await store.run_out(abandoned_s=86_400)
    assert 1 == (await kinds(store)).count("TicketClosed")
    (ticket,) = await stores.rows(store, "SELECT status, outcome, goal FROM tickets")
    assert ("resolved", "abandoned", 0) == tuple(dict(ticket).values())


async def test_nobody_came_is_told_once(store: Store) -> None:
    """A ticket that waits for a person lets its session know when the time is over; a takeover ends the waiting."""
    lease = await leased(store)
    opened = await store.open_session(lease)
    await commit(store, lease, opened, OPENED, handoff_wait_ms=1)
    await stores.execute(store, "UPDATE tickets SET wait_until = 1")
    assert 1 == len(await store.run_out(abandoned_s=86_400))
    assert [] == await store.run_out(abandoned_s=86_400)
    assert 1 == (await kinds(store)).count("HandoffTimedOut")
    await stores.execute(store, "UPDATE tickets SET wait_until = 1")
    await act(store, "take_over")
    assert [] == await store.run_out(abandoned_s=86_400)


async def test_threads_are_claimed_told_and_given_back(store: Store) -> None:
    """One worker at a time; what was told is kept; news that come meanwhile stay due; a failure backs off."""
    await ticketed(store)
    (due,) = await store.claim_threads("w1", limit=9, claim_s=30)
    assert ("k1", None, 0, False) == (due.ticket, due.place, due.attempts, due.alerted)
    assert [] == await store.claim_threads("w2", limit=9, claim_s=30)
    await store.thread_posted("k1", "w1", place="C1/1.2", seq=due.posted_seq + 1, card="c")
    await stores.execute(store, "UPDATE staff_threads SET due_at = due_at + 1")
    await store.thread_done(due, "w1")
    (again,) = await store.claim_threads("w2", limit=9, claim_s=30)
    assert ("C1/1.2", due.posted_seq + 1, "c") == (again.place, again.posted_seq, again.card)
    await store.thread_done(again, "w2")
    assert [] == await store.claim_threads("w2", limit=9, claim_s=30)

    done, _ = await act(store, "take_over", number=None, place="C1/1.2")
    assert ("k1", True) == (done.ticket, done.done)
    (due,) = await store.claim_threads("w1", limit=9, claim_s=30)
    assert await store.thread_failed(due, "w1", after_s=60, reason="ratelimited", lost=False) >= 0
    assert [] == await store.claim_threads("w1", limit=9, claim_s=30)
    await act(store, "reply", text="hi")
    assert [] == await store.claim_threads("w1", limit=9, claim_s=30)
    await stores.execute(store, "UPDATE staff_threads SET due_at = 0")
    (due,) = await store.claim_threads("w1", limit=9, claim_s=30)
    assert (1, True) == (due.attempts, due.failing_ms >= 0)
    await store.thread_failed(due, "w1", after_s=0, reason="thread_lost", lost=True)
    (due,) = await store.claim_threads("w1", limit=9, claim_s=30)
    assert (None, None, 2) == (due.place, due.card, due.attempts)


async def test_a_claim_whose_holder_died_counts_as_an_attempt(store: Store) -> None:
    """So that the next one looks before it tells anything again."""
    await ticketed(store)
    await store.claim_threads("w1", limit=9, claim_s=0)
    await stores.execute(store, "UPDATE staff_threads SET claim_until = 0")
    (due,) = await store.claim_threads("w2", limit=9, claim_s=30)
    assert 1 == due.attempts


async def test_hard_counters_count_for_all(store: Store) -> None:
    """At most the limit within a window, whoever asks at the same time."""
    found = await asyncio.gather(*(store.allow("codes|x", 3, 60.0) for _ in range(8)))
    assert 3 == sum(found)
    assert await store.allow("codes|y", 3, 60.0)
    await stores.execute(store, "UPDATE quotas SET start = 0")
    assert await store.allow("codes|x", 3, 60.0)


async def test_cursors_are_kept(store: Store) -> None:
    """None before the first, then the last that was kept."""
    assert await store.cursor("imap|inbox", None) is None
    for value in ("1:7", "1:9"):
        await store.cursor("imap|inbox", value)
    assert "1:9" == await store.cursor("imap|inbox", None)


async def test_an_answer_finds_where_it_belongs(store: Store) -> None:
    """By our id of the reply or the provider's, also after a link; a number only for its own customer."""
    written = await turn(store, said("hi"), OPENED, text="answer me")
    (outbox,) = written.claimed
    await store.settle_deliveries([(Receipt(outbox_id=outbox, state="sent", provider_id="<p1@ses>"), 0.0)], "w1")
    for known in (outbox, "<p1@ses>"):
        found = await store.replied(known)
        assert found
        assert phone() == found.address
    assert await store.replied("x") is None
    own = await store.ticket_of(1001, phone())
    assert own
    assert 1001 == own.ticket
    await store.accept(said(sender=phone(stores.BEN)), PACE)
    assert await store.ticket_of(1001, phone(stores.BEN)) is None
    assert await store.ticket_of(1001, phone("+15550109999")) is None
    assert await store.ticket_of(7, phone()) is None
