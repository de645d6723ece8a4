"""What each event does to a session, case by case."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from state import events as ev
from state import reducers
from state.reduce_staff import KEEP_TICKETS
from state.reducers import ACTION_ORDER, KEEP_ACTIONS, KEEP_ENDED, KEEP_REACH, KEEP_WAITING
from state.session import Session

HELLO = ev.MessageReceived(channel="web", identity="i1", assurance="channel", message_id="m", text="hello")
STARTED = ev.TaskStarted(task="t1", workflow="refund", slots={"reason": "late"})
ASKED = ev.Asked(task="t1", slot="invoice_id", question="q1", choices=[{"label": "x"}], expires=99)
PROPOSED = ev.ActionProposed(
    action="a1", task="t1", tool="pay", version=2, arguments={"n": 1}, args_hash="h", terms="49.00 USD", reason="refund"
)


def after(*events: ev.Event, session: Session | None = None) -> Session:
    """A session that these events happened to, at 1, 2, 3 … and ten times that in milliseconds."""
    start = session or Session()
    for seq, event in enumerate(events, start=start.seq + 1):
        start = reducers.apply(start, event, seq=seq, at=seq * 10)
    return start


def test_a_message_says_who_wrote_from_where() -> None:
    """The last address is where the reply goes; the first name given stays."""
    one = after(HELLO)
    assert ("i1", 1, 10) == (one.last_identity, one.reach["i1"].last_seq, one.reach["i1"].last_at)
    other = ev.MessageReceived(
        channel="whatsapp", identity="i2", assurance="channel", message_id="m", text="hi", name="Ann"
    )
    again = ev.MessageReceived(channel="web", identity="i1", assurance="verified", message_id="n", text="x", name="Eve")
    session = after(HELLO, other, again)
    assert ("i1", "Ann", ["i2", "i1"]) == (session.last_identity, session.name, list(session.reach))
    assert "verified" == session.reach["i1"].assurance


def test_a_claim_takes_nothing_from_who_is_known() -> None:
    """Neither its proof, nor where replies go; somebody of whom there are only claims is reached all the same."""
    other = ev.MessageReceived(channel="email", identity="i2", assurance="channel", message_id="m", text="hi")
    forged = ev.MessageReceived(channel="web", identity="i1", assurance="claimed", message_id="n", text="x", name="Eve")
    known = after(HELLO, other)
    session = after(forged, session=known)
    assert (known.last_identity, "i2") == (session.last_identity, known.last_identity)
    before, now = known.reach["i1"], session.reach["i1"]
    assert (before.assurance, before.last_at) == (now.assurance, now.last_at)
    alone = after(forged)
    assert ("i1", "claimed", "Eve") == (alone.last_identity, alone.reach["i1"].assurance, alone.name)


def test_what_nobody_wrote_leads_no_reply_elsewhere() -> None:
    """A holiday note changes neither where replies go nor the thread they go on in; alone, it is still an address."""
    thread = {"thread": {"subject": "A question"}}
    note = {"thread": {"subject": "I am away"}, "silent": True}
    mail = ev.MessageReceived(
        channel="email", identity="i2", assurance="channel", message_id="m", text="hi", extra=thread
    )
    known = after(mail, HELLO)
    assert known == replace(after(replace(mail, extra=note), session=known), seq=known.seq)
    alone = after(HELLO, replace(mail, extra=note))
    assert ("i1", {"i1", "i2"}) == (alone.last_identity, set(alone.reach))
    assert "i2" == after(replace(mail, extra=note)).last_identity


def test_the_addresses_used_last_are_kept() -> None:
    """The oldest falls out, and is there again with its next message."""
    many = [
        ev.MessageReceived(channel="web", identity=f"i{n}", assurance="channel", message_id="m", text="x")
        for n in range(KEEP_REACH + 1)
    ]
    session = after(*many)
    assert KEEP_REACH == len(session.reach)
    assert "i0" not in session.reach
    assert "i0" in after(many[0], session=session).reach


@pytest.mark.parametrize(
    "method,known,expected",
    [
        ("token", False, "verified"),
        ("token", True, "verified"),
        ("directory", True, "channel"),
        ("attribute", False, "channel"),
    ],
)
def test_a_proof_names_the_customer(method: str, known: bool, expected: str) -> None:
    """A token verifies the address; a directory or an attribute says whose it is, and no more."""
    proof = ev.IdentityVerified(channel="web", identity="i1", method=method, customer_id="C-1", name="Kim")
    session = after(*([HELLO] if known else []), proof)
    assert ("C-1", "Kim", expected) == (session.customer_id, session.name, session.reach["i1"].assurance)
    nobody = ev.IdentityVerified(channel="web", identity="i1", method=method)
    assert ("C-1", "Kim") == (after(nobody, session=session).customer_id, after(nobody, session=session).name)


def test_a_task_begins_is_asked_about_and_ends() -> None:
    """Slots given at the start are the policy's; an answer closes the question; what ended is remembered."""
    session = after(STARTED, ev.StepEntered(task="t1", step="retrieve"), ASKED)
    assert session.task
    assert session.task.question
    assert ("late", "policy", "retrieve") == (
        session.task.value("reason"),
        session.task.slots["reason"].by,
        session.task.step,
    )
    assert (3, 99, None) == (
        session.task.question.asked_seq,
        session.task.question.expires,
        session.task.question.replied_seq,
    )
    set_other = after(ev.SlotsSet(task="t1", values={"note": "x"}, by="user"), session=session)
    assert set_other.task
    assert set_other.task.question
    answered = after(ev.SlotsSet(task="t1", values={"invoice_id": "18492"}, by="user", source=2), session=session)
    assert answered.task
    assert answered.task.question is None
    assert (2, "18492") == (answered.task.slots["invoice_id"].seq, answered.entities["invoice_id"].value)
    ended = after(ev.TaskEnded(task="t1", outcome="done"), session=answered)
    assert ended.task is None
    assert ["done"] == [task.outcome for task in ended.ended]


def test_only_numbers_that_name_things_are_remembered() -> None:
    """What the conversation is about: slots and arguments that end in `_id`, and only with a value."""
    values = {"invoice_id": "1", "note": "x", "order_id": None}
    session = after(STARTED, ev.SlotsSet(task="t1", values=values, by="user"))
    assert {"invoice_id": "1"} == {k: s.value for k, s in session.entities.items()}
    found = ev.ToolSucceeded(tool="get", version=1, arguments={"invoice_id": "2", "order_id": None, "q": 1}, result={})
    session = after(found, session=session)
    assert ("2", "tool") == (session.entities["invoice_id"].value, session.entities["invoice_id"].by)
    nothing = ev.ToolSucceeded(tool="get", version=1, arguments={}, result={})
    assert session.entities == after(nothing, session=session).entities


def test_another_task_sets_the_active_one_aside() -> None:
    """It waits with its question, can be changed and resumed; the oldest falls off the end."""
    second = ev.TaskStarted(task="t2", workflow="handoff")
    session = after(STARTED, ASKED, second)
    assert ("t2", ["t1"]) == (session.task and session.task.id, [t.id for t in session.waiting])
    session = after(ev.SlotsSet(task="t1", values={"invoice_id": "1"}, by="model"), session=session)
    assert "1" == session.waiting[0].value("invoice_id")
    back = after(ev.TaskResumed(task="t1"), session=session)
    assert ("t1", ["t2"]) == (back.task and back.task.id, [t.id for t in back.waiting])
    gone = after(ev.TaskEnded(task="t1", outcome="declined"), session=session)
    assert ("t2", ()) == (gone.task and gone.task.id, gone.waiting)
    many = after(*(ev.TaskStarted(task=f"x{n}", workflow="w") for n in range(KEEP_WAITING + 3)))
    assert ["x2", "x3", "x4"] == [t.id for t in many.waiting]
    ended = after(*(e for n in range(KEEP_ENDED + 2) for e in _whole_task(n)))
    assert [f"x{n}" for n in range(2, KEEP_ENDED + 2)] == [t.id for t in ended.ended]


@pytest.mark.parametrize(
    "event",
    [
        ev.TaskResumed(task="t9"),
        ev.TaskEnded(task="t9", outcome="done"),
        ev.SlotsSet(task="t9", values={"a": 1}, by="user"),
        ev.StepEntered(task="t9", step="x"),
        ev.Asked(task="t9", slot="x", question="q"),
        ev.ActionMoved(action="a9", state="confirmed"),
        ev.ReplyQueued(outbox="o", channel="web", identity="i1", text="x", about="q9"),
        ev.ReplyQueued(outbox="o", channel="web", identity="i1", text="x"),
    ],
)
@pytest.mark.parametrize("session", [Session(), after(STARTED), after(STARTED, ASKED)])
def test_events_about_what_is_not_there_change_nothing(event: ev.Event, session: Session) -> None:
    """But for the position."""
    assert {**_fields(session), "seq": session.seq + 1} == _fields(after(event, session=session))


def test_what_ended_does_not_change_any_more() -> None:
    """Neither its slots nor its outcome."""
    session = after(STARTED, ev.TaskEnded(task="t1", outcome="done"))
    late = after(ev.StepEntered(task="t1", step="x"), ev.TaskEnded(task="t1", outcome="failed"), session=session)
    assert session.ended == late.ended


def test_a_question_knows_the_reply_that_carries_it() -> None:
    """Its place, its time and its outbox id: consent is what comes after it was handed over."""
    reply = ev.ReplyQueued(outbox="o1", channel="web", identity="i1", text="which?", about="q1")
    session = after(STARTED, ASKED, reply)
    assert session.task
    assert session.task.question
    question = session.task.question
    assert (3, 30, "o1") == (question.replied_seq, question.replied_at, question.reply)


@pytest.mark.parametrize("state", sorted({*ACTION_ORDER, "succeeded", "failed", "declined", "expired", "cancelled"}))
@pytest.mark.parametrize("to", sorted({s for after_it in ACTION_ORDER.values() for s in after_it} | {"nonsense"}))
def test_an_action_goes_only_where_it_may(state: str, to: str) -> None:
    """The table of states, whole; whatever is not in it is not done."""
    session = after(PROPOSED, *(ev.ActionMoved(action="a1", state=step) for step in _way_to(state)))
    assert state == session.actions["a1"].state
    moved = after(ev.ActionMoved(action="a1", state=to), session=session).actions["a1"]
    assert (to if to in ACTION_ORDER.get(state, ()) else state) == moved.state


def test_an_action_remembers_its_consent_its_dispatch_and_its_doubts() -> None:
    """What settling it needs; a result once known is not lost."""
    session = after(
        PROPOSED,
        ev.ActionMoved(action="a1", state="confirmed", by="customer", source=7),
        ev.ActionMoved(action="a1", state="dispatched", source=8),
        ev.ActionMoved(action="a1", state="unknown"),
        ev.ActionMoved(action="a1", state="unknown"),
        ev.ActionMoved(action="a1", state="succeeded", result={"refund": "R1"}),
    )
    action = session.actions["a1"]
    assert (7, 30, 2, {"refund": "R1"}) == (action.consent_seq, action.dispatched_at, action.doubts, action.result)
    assert ("49.00 USD", {"n": 1}, 2, "refund") == (action.terms, action.arguments, action.version, action.reason)


def test_an_action_is_proposed_once() -> None:
    """The same id again does not begin it anew."""
    session = after(PROPOSED, ev.ActionMoved(action="a1", state="declined"), PROPOSED)
    assert "declined" == session.actions["a1"].state


def test_actions_that_nothing_hangs_on_are_forgotten() -> None:
    """The oldest beyond a number; what may have been sent, or may still be asked for, stays."""
    sent = after(*_proposed(range(KEEP_ACTIONS + 3), "gone", "confirmed", "dispatched"))
    assert KEEP_ACTIONS + 3 == len(sent.actions)
    settled = after(*_proposed(range(KEEP_ACTIONS + 3), "gone", "declined"))
    assert [f"a{n}" for n in range(3, KEEP_ACTIONS + 3)] == list(settled.actions)
    orphans = after(*_proposed(range(KEEP_ACTIONS + 3), "gone"))
    assert KEEP_ACTIONS == len(orphans.actions)
    asked = after(STARTED, *_proposed([0], "t1"), *_proposed(range(1, KEEP_ACTIONS + 3), "gone", "declined"))
    assert "a0" in asked.actions
    done = after(
        STARTED,
        *_proposed([0], "t1", "confirmed", "dispatched", "succeeded"),
        *_proposed(range(1, KEEP_ACTIONS + 3), "gone", "declined"),
    )
    assert "a0" in done.actions
    assert "a0" not in after(ev.TaskEnded(task="t1", outcome="done"), *_proposed([99], "gone"), session=done).actions


def test_tickets_are_listed_and_the_oldest_forgotten() -> None:
    """As the customer may ask about them."""
    opened = [ev.TicketOpened(ticket=f"k{n}", number=n, subject="s", reason="r") for n in range(KEEP_TICKETS + 1)]
    session = after(*opened)
    assert list(range(1, KEEP_TICKETS + 1)) == [ticket.number for ticket in session.tickets]
    newest = session.tickets[-1]
    assert ("k10", 10, "s", "open") == (newest.id, newest.number, newest.subject, newest.status)


@pytest.mark.parametrize(
    "event",
    [
        ev.IntentRouted(intent="refund", by="offline"),
        ev.ModelCalled(backend="b", model="m", prompt_version="p", outcome="ok", ms=1),
        ev.ToolFailed(tool="t", version=1, arguments={"invoice_id": "1"}, reason="down"),
        ev.ToolRefused(tool="t", reason="policy"),
        ev.MessageQuarantined(upto=1, reason="x"),
        ev.TurnDegraded(reason="x", to="offline"),
    ],
)
def test_what_is_only_on_record_changes_nothing(event: ev.Event) -> None:
    """Such events are for people who read the log."""
    assert {**_fields(after(HELLO)), "seq": 2} == _fields(after(HELLO, event))


def test_an_erased_event_only_moves_the_position() -> None:
    """Its words are gone; what came after stands where it stood."""
    gone = ev.Stored(seq=1, kind="MessageReceived", at=1, data=None)
    kept = ev.Stored(seq=2, kind="MessageReceived", at=20, data=HELLO)
    session = reducers.fold(Session(), [gone, kept])
    assert (2, 2) == (session.seq, session.reach["i1"].last_seq)


def test_a_frozen_session_knows_where_it_went() -> None:
    """And nothing else changes."""
    assert "s2" == after(HELLO, ev.SessionForwarded(to="s2", reason="token")).forwarded_to


def test_a_link_brings_what_the_other_session_knew() -> None:
    """Task, question, open writes, focus, addresses and tickets; what is here already stays."""
    other = after(
        ev.MessageReceived(
            channel="whatsapp", identity="i2", assurance="channel", message_id="m", text="x", name="Ann"
        ),
        ev.IdentityVerified(channel="whatsapp", identity="i2", method="directory", customer_id="C-1"),
        ev.TaskStarted(task="t0", workflow="invoice_status"),
        STARTED,
        ev.SlotsSet(task="t1", values={"invoice_id": "18492"}, by="user"),
        PROPOSED,
        ASKED,
        ev.TicketOpened(ticket="k1", number=7, subject="s", reason="r"),
    )
    session = after(_link(other, at=2), session=after(HELLO))
    assert ("t1", ["t0"]) == (session.task and session.task.id, [t.id for t in session.waiting])
    assert ("C-1", "Ann", "i2") == (session.customer_id, session.name, session.last_identity)
    assert {"i1", "i2"} == set(session.reach)
    assert (["a1"], [7]) == (list(session.actions), [ticket.number for ticket in session.tickets])
    assert ("18492", 2) == (session.entities["invoice_id"].value, session.entities["invoice_id"].seq)
    busy = after(HELLO, ev.TaskStarted(task="t5", workflow="handoff"))
    session = after(_link(other, at=3), session=busy)
    assert ("t5", ["t0", "t1"]) == (session.task and session.task.id, [t.id for t in session.waiting])


def test_a_link_of_strangers_who_said_nothing_brings_nothing() -> None:
    """Not even an address to reply to; an old event without a word on what came along is read too."""
    assert after(HELLO).last_identity == after(_link(Session(), at=2), session=after(HELLO)).last_identity
    bare = ev.IdentityLinked(other_session="s", other_user="u", reason="token")
    assert after(bare).last_identity is None


@pytest.mark.parametrize(
    "moved,asked,replied",
    [((), 20, 20), ((9,), 20, 20), ((2,), 21, 21), ((2, 3), 21, 22), ((2, 3, 4), 21, 22), ((1, 2, 3, 4, 5), 22, 23)],
)
def test_places_of_the_other_log_are_told_anew(moved: tuple[int, ...], asked: int, replied: int) -> None:
    """What came after a message that comes along is still after it, and what came before it still before."""
    reply = ev.ReplyQueued(outbox="o1", channel="web", identity="i1", text="sure?", about="q1")
    other = after(STARTED, ASKED, reply)
    carried = reducers.carried(other, at=20, moved=moved)
    question = carried["tasks"][0]["question"]
    assert (asked, replied, 30) == (question["asked_seq"], question["replied_seq"], question["replied_at"])
    assert (20, 20) == (carried["tasks"][0]["started_seq"], carried["tasks"][0]["slots"]["reason"]["seq"])


def test_only_open_writes_come_along_and_their_consent_stays_behind() -> None:
    """A place in the other log would be taken for a place in this one."""
    steps = [ev.ActionMoved(action="a1", state=state, source=40) for state in ("confirmed", "dispatched")]
    done = ev.ActionProposed(action="a2", task="t1", tool="pay", version=1, arguments={}, args_hash="h", terms="x")
    other = after(PROPOSED, *steps, done, ev.ActionMoved(action="a2", state="declined"))
    carried = reducers.carried(other, at=5)
    assert {"a1": None} == {name: action["consent_seq"] for name, action in carried["actions"].items()}


def _link(other: Session, *, at: int) -> ev.IdentityLinked:
    carried = reducers.carried(other, at=at)
    event = ev.decode("IdentityLinked", ev.encode(_linked(carried)))
    assert isinstance(event, ev.IdentityLinked)
    return event


def _linked(carried: dict[str, Any]) -> ev.IdentityLinked:
    return ev.IdentityLinked(other_session="s", other_user="u", reason="token", carried=carried)


def _fields(session: Session) -> dict[str, Any]:
    return {name: getattr(session, name) for name in Session.__dataclass_fields__}


def _whole_task(number: int) -> list[ev.Event]:
    return [ev.TaskStarted(task=f"x{number}", workflow="w"), ev.TaskEnded(task=f"x{number}", outcome="done")]


def _proposed(numbers: Iterable[int], task: str, *states: str) -> list[ev.Event]:
    found: list[ev.Event] = []
    for n in numbers:
        found.append(
            ev.ActionProposed(action=f"a{n}", task=task, tool="t", version=1, arguments={}, args_hash="h", terms="x")
        )
        found += [ev.ActionMoved(action=f"a{n}", state=state) for state in states]
    return found


def _way_to(state: str) -> list[str]:
    ways = {
        "awaiting_confirmation": [],
        "awaiting_approval": ["awaiting_approval"],
        "confirmed": ["confirmed"],
        "declined": ["declined"],
        "expired": ["expired"],
        "cancelled": ["cancelled"],
        "dispatched": ["confirmed", "dispatched"],
    }
    return ways.get(state) or (["confirmed", "dispatched", state] if state not in ways else [])


def test_a_task_whose_write_is_under_way_is_not_forgotten() -> None:
    """Whatever the person begins meanwhile, here or on a channel that is linked: a late approval still finds it."""
    agreed = ev.ActionMoved(action="a1", state="awaiting_approval", by="customer", source=1)
    others = [ev.TaskStarted(task=f"x{n}", workflow="w") for n in range(KEEP_WAITING + 3)]
    session = after(STARTED, PROPOSED, agreed, *others)
    assert ["t1", "x3", "x4"] == [t.id for t in session.waiting]
    linked = ev.IdentityLinked(
        other_session="s0",
        other_user="u0",
        reason="r",
        identities=[],
        carried=reducers.carried(after(*(replace(one, task=f"y{one.task}") for one in others)), at=99),
    )
    assert "t1" in {t.id for t in after(linked, session=session).waiting}
