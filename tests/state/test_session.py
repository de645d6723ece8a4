"""The folded state as one value: written, read back, and refused when its meaning changed."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from state import session as ses
from state.session import Action, Holder, Question, Reach, Session, Slot, Task, Ticket

TASK = Task(
    id="t1",
    workflow="refund",
    slots={"invoice_id": Slot(value="18492", by="user", seq=3)},
    step="request",
    question=Question(id="q1", slot="confirmation", choices=({"label": "Yes"},), action="a1", asked_seq=5),
    started_seq=2,
)
ACTION = Action(
    id="a1", task="t1", tool="pay", version=1, arguments={"n": 1}, args_hash="h", terms="x", state="unknown"
)
FULL = Session(
    seq=9,
    customer_id="C-1001",
    name="Kim",
    reach={"i1": Reach(identity="i1", channel="web", assurance="verified", last_seq=8, last_at=1)},
    last_identity="i1",
    task=TASK,
    waiting=(Task(id="t2", workflow="handoff"),),
    ended=(Task(id="t0", workflow="invoice_status", outcome="done"),),
    actions={"a1": ACTION},
    entities={"invoice_id": Slot(value="18492", by="tool")},
    tickets=(Ticket(id="k1", number=1001, subject="s", reason="r"),),
    holder=Holder(staff="T1/U1", name="Robin", since=7, ticket="k1"),
)


@pytest.mark.parametrize("session", [Session(), FULL])
def test_a_session_reads_back_as_it_was_written(session: Session) -> None:
    """Every field, empty or full."""
    assert session == ses.load(ses.dump(session))


def test_a_state_of_another_version_is_not_read() -> None:
    """Its fields may mean something else; it is folded again from the log."""
    assert ses.load(_changed(version=ses.VERSION + 1)) is None
    assert ses.load(orjson.dumps({"session": {}})) is None


def test_fields_of_a_newer_version_are_dropped() -> None:
    """Going back one version loses what the old one cannot know, and nothing else."""
    body = orjson.loads(ses.dump(FULL))
    plain: dict[str, Any] = body["session"]
    for place in (plain, plain["task"], plain["task"]["question"], plain["actions"]["a1"], plain["reach"]["i1"]):
        place["invented_later"] = 1
    assert FULL == ses.load(orjson.dumps(body))


def test_a_task_is_found_wherever_it_is() -> None:
    """Active, set aside or ended; a value by its slot's name."""
    found = [FULL.find_task(name) for name in ("t1", "t2", "t0", "t9")]
    assert ["refund", "handoff", "invoice_status", None] == [task.workflow if task else None for task in found]
    assert Session().find_task("t1") is None
    assert ("18492", None) == (TASK.value("invoice_id"), TASK.value("order_id"))


@pytest.mark.parametrize(
    "state,is_open",
    [
        ("awaiting_confirmation", True),
        ("confirmed", True),
        ("dispatched", True),
        ("unknown", True),
        ("succeeded", False),
        ("failed", False),
        ("declined", False),
        ("expired", False),
        ("cancelled", False),
    ],
)
def test_an_action_is_open_until_it_is_settled(state: str, is_open: bool) -> None:
    """Whatever may still happen is open."""
    action = Action(id="a", task="t", tool="x", version=1, arguments={}, args_hash="h", terms="", state=state)
    assert is_open == action.open
    assert ([action] if is_open else []) == Session(actions={"a": action}).open_actions()


def _changed(*, version: int) -> bytes:
    return orjson.dumps({**orjson.loads(ses.dump(FULL)), "version": version})
