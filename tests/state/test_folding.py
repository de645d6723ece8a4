"""Folding any events in any order: never an error, never without bounds, and the same from any point on."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from state import events as ev
from state import reduce_staff, reducers
from state import session as ses
from state.session import Session
from tests.state import some

Moves = dict[str, list[str]]


class Folding(RuleBasedStateMachine):
    """One session that everything happens to."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[ev.Stored] = []
        self.session = Session()
        self.dispatched: set[str] = set()
        self.needed = 0

    @rule(event=some.EVENTS)
    def happen(self, event: ev.Event) -> None:
        """Any event at all."""
        self._append(event)

    @rule(action=st.sampled_from(some.ACTIONS), states=st.lists(st.sampled_from(some.STATES), max_size=4))
    def act(self, action: str, states: list[str]) -> None:
        """A write, from its proposal through any states in any order."""
        task = self.session.task.id if self.session.task else "t1"
        self._append(
            ev.ActionProposed(action=action, task=task, tool="pay", version=1, arguments={}, args_hash="h", terms="x")
        )
        for state in ("confirmed", "dispatched", *states):
            self._append(ev.ActionMoved(action=action, state=state))

    @rule(task=st.sampled_from(some.TASKS))
    def begin(self, task: str) -> None:
        """A task and a question."""
        self._append(ev.TaskStarted(task=task, workflow="refund"))
        self._append(ev.Asked(task=task, slot="invoice_id", question="q1"))
        self._append(ev.ReplyQueued(outbox="o", channel="web", identity="i1", text="which?", about="q1"))

    @rule()
    def be_erased(self) -> None:
        """An event whose key was destroyed."""
        self.log.append(ev.Stored(seq=len(self.log) + 1, kind="MessageReceived", at=0, data=None))
        self.session = reducers.fold(self.session, self.log[-1:])

    @rule(moved=st.integers(0, 3))
    def be_linked(self, moved: int) -> None:
        """What this session knows comes back to it as if it were another's."""
        at = len(self.log) + 1
        places = sorted({max(1, at - 2 * n) for n in range(1, moved + 1)})
        carried = reducers.carried(self.session, at=at, moved=places)
        self._append(ev.IdentityLinked(other_session="s", other_user="u", reason="token", carried=_as_kept(carried)))

    @invariant()
    def it_is_bounded(self) -> None:
        """However long the log; only writes that may have happened are never forgotten."""
        session = self.session
        assert len(session.waiting) <= reducers.KEEP_WAITING
        assert len(session.ended) <= reducers.KEEP_ENDED
        assert len(session.tickets) <= reduce_staff.KEEP_TICKETS
        assert len(session.reach) <= reducers.KEEP_REACH
        assert len(session.actions) <= max(reducers.KEEP_ACTIONS, self.needed)

    @invariant()
    def it_is_where_its_log_is(self) -> None:
        """Its position is that of the last event."""
        assert len(self.log) == self.session.seq

    @invariant()
    def its_tasks_are_told_apart(self) -> None:
        """A task is active or waiting, once; what ended has an outcome and asks nothing."""
        session = self.session
        current = [t for t in (session.task, *session.waiting) if t]
        assert not any(t.outcome for t in current)
        assert all(t.outcome and t.question is None for t in session.ended)

    @invariant()
    def nothing_that_left_is_forgotten(self) -> None:
        """An action that was dispatched stays until its outcome is certain."""
        for action in self.dispatched:
            assert action in self.session.actions

    @invariant()
    def it_survives_being_kept(self) -> None:
        """Written and read back it is the same."""
        assert self.session == ses.load(ses.dump(self.session))

    def teardown(self) -> None:
        """Folding the log again, at once or in two parts, gives the same."""
        assert self.session == reducers.fold(Session(), self.log)
        half = len(self.log) // 2
        assert self.session == reducers.fold(reducers.fold(Session(), self.log[:half]), self.log[half:])

    def _append(self, event: ev.Event) -> None:
        seq = len(self.log) + 1
        before = {k: a.state for k, a in self.session.actions.items()}
        self.log.append(ev.Stored(seq=seq, kind=type(event).__name__, at=seq * 10, data=event))
        self.session = reducers.apply(self.session, event, seq=seq, at=seq * 10)
        self._check_moves(event, before)

    def _check_moves(self, event: ev.Event, before: dict[str, str]) -> None:
        """An action goes where the table lets it go, and only by an event about it."""
        for name, action in self.session.actions.items():
            was = before.get(name)
            if was is not None and was != action.state:
                assert isinstance(event, ev.ActionMoved)
                assert action.state in reducers.ACTION_ORDER[was]
            if action.state == "dispatched":
                self.dispatched.add(name)
            elif action.state != "unknown":
                self.dispatched.discard(name)
        tasks = {t.id for t in (self.session.task, *self.session.waiting) if t}
        kept = [a for a in self.session.actions.values() if reducers._matters(a, current=a.task in tasks)]
        self.needed = max(self.needed, len(kept))  # what is settled since goes at the next tidying


def _as_kept(carried: dict[str, Any]) -> dict[str, Any]:
    """As it is after a while in the log."""
    kept = ev.decode(
        "IdentityLinked", ev.encode(ev.IdentityLinked(other_session="", other_user="", reason="", carried=carried))
    )
    assert isinstance(kept, ev.IdentityLinked)
    return kept.carried


Folding.TestCase.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
TestFolding = Folding.TestCase


@given(st.lists(some.EVENTS, max_size=30), st.integers(0, 30))
def test_folding_in_two_parts_is_folding(events: list[ev.Event], cut: int) -> None:
    """A state that is kept somewhere on the way changes nothing, though it was written and read in between."""
    log = [ev.Stored(seq=n, kind=type(e).__name__, at=n, data=e) for n, e in enumerate(events, start=1)]
    kept = ses.load(ses.dump(reducers.fold(Session(), log[:cut])))
    assert kept is not None
    assert reducers.fold(Session(), log) == reducers.fold(kept, log[cut:])
